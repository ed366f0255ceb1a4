# SPDX-License-Identifier: MIT
"""Programs without requests: turns of an event loop, bursts of a batch program."""

from tests.bpf.targets import TargetTest, Target, operation
from tests.lib import attached


class Loops(TargetTest):
    def _observe(self, *arguments):
        with Target("loop", *arguments) as loop:
            with attached(loop.pid) as capture:
                loop.go()
                own = loop.totals()["turn"]
        return capture.report, own

    def _assert_time(self, found, own, extra):
        """extra: short operations that are no turn (starting, printing)."""
        count, whole = own["count"], own["whole"]
        self.assertGreaterEqual(found["count"], count)
        self.assertLessEqual(found["count"], count + extra)
        self.assert_adds_up(found)
        self.assert_within(found["mean_ns"] * found["operations"], whole["wall_ns"], whole["wall_ns"], count, "duration")
        self.assert_within(found["components_ns"]["on_cpu"], *[whole["wall_ns"] - whole["runq_ns"]] * 2, count, "on_cpu")
        self.assert_within(found["components_ns"]["runq"], *[whole["runq_ns"]] * 2, count, "runq")

    def test_turns_of_an_event_loop(self):
        report, own = self._observe("timer", 4000, 2000, 250)
        found = operation(report, "tick loop")
        self.assertEqual(report["scored_kinds"], ["tick"])
        self._assert_time(found, own, 2)

    def test_bursts_of_a_batch_program(self):
        report, own = self._observe("batch", 1000, 3000, 250)
        found = operation(report, "task loop")
        self.assertEqual(report["scored_kinds"], ["task"])
        self._assert_time(found, own, 8)
