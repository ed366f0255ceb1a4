# SPDX-License-Identifier: MIT
"""A target that the kernel kills because its cgroup has no memory left."""

import os
import pathlib
import unittest

from tests.bpf.targets import TargetTest, Target
from tests.lib import attached

MIB = 1 << 20
LIMIT = 48 * MIB


def make_group():
    """A memory cgroup with a limit, version 1 or 2; None where none can be made."""
    for top, limit in (("memory", "memory.limit_in_bytes"), ("", "memory.max")):
        group = pathlib.Path("/sys/fs/cgroup") / top / f"pss-bpf-oom-{os.getpid()}"
        if not (group.parent / "cgroup.procs").exists():
            continue
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(str(LIMIT), encoding="ascii")
            return group
        except OSError:
            group.rmdir()
    return None


class OutOfMemory(TargetTest):
    def test_a_kill_for_memory_is_told_as_such(self):
        group = make_group()
        if group is None:
            raise unittest.SkipTest("no memory cgroup can be made here")
        self.addCleanup(group.rmdir)
        with Target("memory", "leak", 4 * MIB, 20000, 200) as target:
            (group / "cgroup.procs").write_text(str(target.pid), encoding="ascii")
            with attached(target.pid) as capture:
                target.go()
                target.wait(60)
        report = capture.report
        self.assertEqual(report["capture"]["end"], "target-exit")
        self.assertTrue(any("memory" in one["what"] for one in report["errors"]), report["errors"])
        self.assertLessEqual(abs(report["memory"]["limit_bytes"] - LIMIT), 4096)
        self.assertTrue(any(one["cause"] == "out of memory" and one["severity"] == "critical"
                            for one in report["findings"]), report["findings"])
