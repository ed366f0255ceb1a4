# SPDX-License-Identifier: MIT
"""Comparing a report with what a server or its load generator counted itself."""

import contextlib
import time
import unittest

from tests.lib import attached, need_root
from tests.servers.control import Missing
from tests.servers.machine import Others

ATTACHED_SECONDS = 5.5
IDLE_SECONDS = 0.5
TOLERANCE = 0.005
DISTURBED_SHARE = 0.05
UNDISTURBED = ("memory_stability", "error_volatility", "branching_entropy")
# Operations that these stand for are in the exact counts all the same.
COUNTED_ANYWAY = {"ring_full", "life_ring_full", "context_switch"}


def operation(report, name):
    """The operation of that name; fails with the names that there are."""
    found = [one for one in report["operations"] if one["name"] == name]
    if not found:
        raise AssertionError(f"no operation {name!r} among {[one['name'] for one in report['operations']]}")
    return found[0]


def unseen(report):
    """How many requests and calls the report says it may have missed."""
    return sum(count for cause, count in report["coverage"]["lost"].items() if cause not in COUNTED_ANYWAY)


class ServerTest(unittest.TestCase):
    """Base of the tests with real servers: starts `server()` once for all tests of a class."""

    server = None

    @classmethod
    def start(cls):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        need_root()
        try:
            cls.server = cls.enterClassContext(cls.start())
        except Missing as missing:
            raise unittest.SkipTest(str(missing)) from missing

    @contextlib.contextmanager
    def observed(self, server=None, *options):
        """Attaches, idles, runs the load in the body, and stays attached for 5 s in all; then .report is there."""
        begin, others = time.monotonic(), Others()
        with attached((server or self.server).pid, *options) as capture:
            time.sleep(IDLE_SECONDS)
            yield capture
            time.sleep(max(0.3, ATTACHED_SECONDS - (time.monotonic() - begin)))
            self.taken_by_others = others.share()

    def assert_counted(self, report, name, truth, in_flight=0, tolerance=TOLERANCE):
        """
        The count agrees with the truth within the tolerance, and what is missing is reported as lost. in_flight:
        requests of which the truth is not known (cut off by the load generator). Returns the operation.
        """
        found = operation(report, name)
        lost = {cause: count for cause, count in report["coverage"]["lost"].items() if count}
        said = f"{name}: counted {found['count']}, truth {truth} (+-{in_flight}), lost {lost}"
        print(said, f"PSS {report['pss']}")  # shown by the runner when the test fails
        self.assertGreater(truth, 0, said)
        self.assertLessEqual(abs(found["count"] - truth), tolerance * truth + in_flight, said)
        self.assertLessEqual(truth - found["count"], unseen(report) + in_flight, "not reported as lost: " + said)
        self.assertLessEqual(unseen(report), tolerance * truth + in_flight, "reported as lost, and is not: " + said)
        self.assertLessEqual(found["operations"], found["count"], said)
        components = sum(found["components_ns"].values())
        duration = found["mean_ns"] * found["operations"]
        self.assertAlmostEqual(components / duration, 1, delta=0.01, msg=f"{name}: components do not sum to the time")
        return found

    def assert_steady(self, report, at_least=80):
        """
        A steady server under steady load scores well, and nothing is said to be critical. Where others had a part of
        the CPUs it is not steady: then only what they cannot disturb is looked at.
        """
        said = f"PSS {report['pss']}, {report['breakdown']}, {report['findings']}"
        print(f"taken by others: {self.taken_by_others:.1%}")
        for dimension in UNDISTURBED:
            self.assertGreaterEqual(report["breakdown"][dimension], 0.8, said)
        if self.taken_by_others > DISTURBED_SHARE:
            return
        self.assertGreaterEqual(report["pss"] or 0, at_least, said)
        self.assertFalse([one for one in report["findings"] if one["severity"] == "critical"], said)
