# SPDX-License-Identifier: MIT
"""Requests that one thread reads and another answers: the time in between is hand-off, and all of it adds up."""

from tests.bpf.targets import EACH_NS, TargetTest, Target, client
from tests.lib import attached

EACH = 100


class Handoff(TargetTest):
    def _check(self, arguments, connections, line):
        count = EACH * connections
        with Target("handoff", *arguments) as server:
            with attached(server.pid) as capture:
                client("--port", server.port, "--connections", connections, "--requests", EACH, "--line", line)
            own = server.finish()["handoff"]
        found = self.assert_exact(capture.report, f"request :{server.port}", count)
        self.assertEqual(own["count"], count)
        whole, inside, passed = own["whole"], own["inside"], own["phase"]["wall_ns"]
        components = found["components_ns"]
        self.assert_within(found["mean_ns"] * count, inside["wall_ns"], whole["wall_ns"], count, "duration")
        # A worker that has finished may still wait for the queue's mutex: by its own clock it has not taken up yet.
        self.assert_within(components["handoff"] + components["lock"], passed, passed, count, "handoff")
        worked = "sleep" if line.startswith("sleep") else "on_cpu"
        rest = sum(components[name] for name in components if name not in ("handoff", "lock", "runq"))
        self.assert_within(rest, inside["wall_ns"] - inside["runq_ns"] - passed,
                           whole["wall_ns"] - whole["runq_ns"] - passed, count, "the work itself")
        self.assertGreater(components[worked], 0.9 * rest, components)
        self.assertGreater(components["handoff"], 0.9 * passed - count * EACH_NS, components)

    def test_idle_worker_woken_by_a_condition(self):
        self._check(["condition"], 1, "spin 500")

    def test_idle_worker_woken_by_an_eventfd(self):
        self._check(["eventfd", "--epoll"], 1, "spin 500")

    def test_idle_worker_woken_by_a_pipe(self):
        self._check(["pipe"], 1, "sleep 500")

    def test_busy_worker_with_a_queue_and_a_condition(self):
        self._check(["condition", "--epoll"], 4, "spin 500")

    def test_busy_worker_with_a_queue_and_a_pipe(self):
        self._check(["pipe", "--epoll"], 4, "spin 500")

    def test_busy_worker_with_a_reader_for_each_connection(self):
        self._check(["eventfd"], 4, "sleep 500")

    def test_several_workers(self):
        self._check(["condition", "--epoll", "--workers", "3"], 6, "sleep 1000")
