# SPDX-License-Identifier: MIT
"""What the system tests share. `from tests.lib import ...`; the modules behind it are an inner matter."""

from tests.lib.paths import BUILD, PSS, ROOT, demo, target
from tests.lib.process import Process, TimedOut, end_leftovers, free_port, run
from tests.lib.pss import Capture, attached, need_root, report, run_pss
from tests.lib.clock import Disturbed, cpu_ns, run_delay_ns, steal_ticks

__all__ = [
    "BUILD", "PSS", "ROOT", "demo", "target",
    "Process", "TimedOut", "end_leftovers", "free_port", "run",
    "Capture", "attached", "need_root", "report", "run_pss",
    "Disturbed", "cpu_ns", "run_delay_ns", "steal_ticks",
]
