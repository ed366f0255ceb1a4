# SPDX-License-Identifier: MIT
"""Targets of known behaviour: starting them, loading them, and comparing a report with what they say of themselves."""

import json
import os
import subprocess
import tempfile
import unittest

from tests.lib import Process, need_root, run, target

# What an observer may differ by from a target's own clocks: so much of the time, or so much in each operation.
SHARE = 0.05
EACH_NS = 50_000

COMPONENTS = ("on_cpu", "runq", "lock", "disk", "net", "fault", "sleep", "handoff", "other")
# The exact counts hold in spite of these.
HARMLESS = {"ring_full", "life_ring_full", "context_switch"}


class Target(Process):
    """A target; servers say `port N` first, others `ready PID` and then wait for `go`."""

    def __init__(self, name, *arguments, **options):
        super().__init__([target(name), *arguments], stdin=subprocess.PIPE, **options)
        found = self.wait_line(r"^(port|ready) (\d+)$")
        self.port = int(found[2]) if found[1] == "port" else None

    def go(self):
        """One line on its standard input."""
        self.popen.stdin.write(b"\n")
        self.popen.stdin.flush()

    def own(self):
        """The JSON that it printed about itself, the last one."""
        found = [line for line in self.lines["stdout"] if line.startswith("{")]
        if not found:
            raise AssertionError(f"{self} has printed no totals")
        return json.loads(found[-1])

    def finish(self):
        """Tells a server to end; what it says of itself."""
        code = self.stop()
        if code != 0:
            raise AssertionError(f"{self} ended with {code}")
        return self.own()

    def totals(self, timeout=60):
        """Waits for what a target that is no server says of itself."""
        return json.loads(self.wait_line(r"^\{.*\}$", timeout)[0])


def client(*arguments, timeout=120):
    """Runs the load to its end; what it counted. Every request must have been answered."""
    code, out, err = run([target("client"), *arguments], timeout)
    if code != 0:
        raise AssertionError(f"client ended with {code}: {out[:500]} {err}")
    return json.loads(out)


def operation(report, name):
    """The operation of that name; fails with the names that there are."""
    found = [one for one in report["operations"] if one["name"] == name]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} operations {name!r} among {[one['name'] for one in report['operations']]}")
    return found[0]


def lost(report):
    """What the report says it may have missed, by cause."""
    return {cause: count for cause, count in report["coverage"]["lost"].items() if count}


class TargetTest(unittest.TestCase):
    """Base of the tests with targets: comparisons that say what they compared."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        need_root()

    def folder(self):
        return self.enterContext(tempfile.TemporaryDirectory(prefix="pss-test-", dir=os.environ.get("TMPDIR", "/tmp")))

    def assert_within(self, measured, low, high, count, what):
        """A sum over `count` operations lies between two own readings, give or take SHARE or EACH_NS an operation."""
        slack = max(SHARE * high, EACH_NS * count)
        said = (f"{what}: measured {measured / count / 1000:.1f} us an operation, own clock "
                f"{low / count / 1000:.1f} to {high / count / 1000:.1f} (of {count})")
        self.assertGreaterEqual(measured, low - slack, said)
        self.assertLessEqual(measured, high + slack, said)

    def assert_adds_up(self, found):
        """The components of a report's operation sum to its time."""
        components = sum(found["components_ns"].values())
        duration = found["mean_ns"] * found["operations"]
        self.assertAlmostEqual(components / duration, 1, delta=0.01, msg=f"{found['name']}: {found['components_ns']}")

    def assert_exact(self, report, name, count, operations=None):
        """Counted exactly, added up, and nothing lost; the operation."""
        found = operation(report, name)
        said = f"{name}: counted {found['count']} in {found['operations']} operations, true are {count}; " \
               f"lost {lost(report)}; all: {[(one['name'], one['count']) for one in report['operations']]}"
        self.assertEqual(found["count"], count, said)
        self.assertEqual(found["operations"], operations or count, said)
        self.assertFalse(set(lost(report)) - HARMLESS, said)
        self.assert_adds_up(found)
        return found

    def assert_clocks(self, found, own, named, also=(), waits=1):
        """
        The component `named` of the operations found (component_ns sums and duration) agrees with the wait that the
        target measured, on-CPU and run-queue time with the rest, and every other component is small. own: of totals.h.

        Where a wait ends there is no one truth: the capture ends it where the waker begins to wake, the kernel's
        run_delay begins when the thread has reached its CPU's queue, an interrupt to another CPU later. Operations
        of several short waits are allowed EACH_NS more in runq, and less in `named`, for each further one.
        """
        count = own["count"]
        whole, inside, phase = own["whole"], own["inside"], own["phase"]
        if named == "fault":
            wait = phase["wall_ns"] - phase["runq_ns"]
        elif named == "on_cpu":
            wait = 0
        else:
            wait = phase["wall_ns"] - phase["runq_ns"] - phase["cpu_ns"]
        components = found["components_ns"]
        shift = (waits - 1) * EACH_NS * count
        self.assert_within(found["duration_ns"], inside["wall_ns"], whole["wall_ns"], count, "duration")
        if wait:
            self.assert_within(components[named], max(0, wait - shift), wait, count, named)
        if shift:
            self.assert_within(components[named] + components["runq"], wait + inside["runq_ns"],
                               wait + whole["runq_ns"], count, f"{named} and runq together")
        self.assert_within(components["runq"], inside["runq_ns"], whole["runq_ns"] + shift, count, "runq")
        self.assert_within(components["on_cpu"], inside["wall_ns"] - inside["runq_ns"] - wait,
                           whole["wall_ns"] - whole["runq_ns"] - wait, count, "on_cpu")
        for other in set(COMPONENTS) - {named, "on_cpu", "runq", *also}:
            self.assert_within(components[other], 0, 0, count, f"{other} in a phase of {named}")
