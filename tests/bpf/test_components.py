# SPDX-License-Identifier: MIT
"""Where the time of an operation went, against the clocks of a server that did one known thing in each request."""

import os
import tempfile

from tests.bpf.targets import COMPONENTS, TargetTest, Target, client
from tests.lib import Disturbed, attached
from tests.lib.record_file import operations

# Kind of request, amount, the component that it is about.
KINDS = (
    ("spin", 1000, "on_cpu"),
    ("sleep", 1000, "sleep"),
    ("timeout", 1000, "sleep"),
    ("lock", 1000, "lock"),
    ("flock", 1000, "lock"),
    ("upstream", 1000, "net"),
    ("ready", 1000, "net"),
    ("pipe", 1000, "other"),
    ("stop", 1000, "other"),
    ("child", 1000, "other"),
    ("fsync", 1, "disk"),
    ("fault", 256, "fault"),
    ("mapped", 4, "fault"),
    ("mixed", 400, None),
)
ROUNDS = 200


def total(group):
    """Sums over operations of a record file, in the form of a report's operation."""
    return {
        "duration_ns": sum(one.duration_ns for one in group),
        "components_ns": {name: sum(one.component_ns[i] for one in group) for i, name in enumerate(COMPONENTS)},
    }


class ComponentsOfAServer(TargetTest):
    """One connection asks for all kinds in turn; the recorded operations are told apart by their order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = [part for kind, amount, _ in KINDS for part in ("--line", f"{kind} {amount}")]
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="pss-test-"))
        record = os.path.join(folder, "capture")
        peer = cls.enterClassContext(Target("phases"))
        server = cls.enterClassContext(Target("phases", "--upstream", peer.port))
        with attached(server.pid, "--record", record) as capture:
            client("--port", server.port, "--requests", ROUNDS * len(KINDS), *lines)
        cls.report, cls.peer_port = capture.report, peer.port
        cls.name = f"request :{server.port}"
        cls.own = server.finish()
        cls.operations = sorted(operations(record, cls.name), key=lambda one: one.start_ns)
        cls.calls = sorted(operations(record, f"call 127.0.0.1:{peer.port}"), key=lambda one: one.start_ns)

    def test_counts(self):
        self.assert_exact(self.report, self.name, ROUNDS * len(KINDS))
        self.assertEqual(len(self.operations), ROUNDS * len(KINDS))

    def test_calls_to_the_slow_peer(self):
        asks = [kind for kind, _, _ in KINDS if kind in ("upstream", "ready", "mixed")]
        self.assert_exact(self.report, f"call 127.0.0.1:{self.peer_port}", ROUNDS * len(asks))

    def test_each_operation_adds_up(self):
        for one in self.operations + self.calls:
            self.assertLessEqual(abs(sum(one.component_ns) - one.duration_ns), 0.01 * one.duration_ns, one)

    def test_record_and_report_agree(self):
        sums = total(self.operations)
        exact = self.report["operations"][[one["name"] for one in self.report["operations"]].index(self.name)]
        for name in COMPONENTS:
            self.assertAlmostEqual(sums["components_ns"][name], exact["components_ns"][name],
                                   delta=1000 + 1e-6 * sums["duration_ns"], msg=name)

    def _group(self, kind):
        self.assertEqual(len(self.operations), ROUNDS * len(KINDS))
        at = [one[0] for one in KINDS].index(kind)
        return self.operations[at::len(KINDS)]

    def _check(self, kind, **allowed):
        named = dict((name, component) for name, _, component in KINDS)[kind]
        own = self.own[kind]
        self.assertEqual(own["count"], ROUNDS)
        self.assert_clocks(total(self._group(kind)), own, named, **allowed)

    def test_spin_is_on_cpu(self):
        self._check("spin")

    def test_nanosleep_is_sleep(self):
        self._check("sleep")

    def test_readiness_wait_that_times_out_is_sleep(self):
        self._check("timeout")

    def test_mutex_held_by_another_thread_is_lock(self):
        self._check("lock")

    def test_file_lock_is_lock(self):
        self._check("flock")

    def test_read_from_a_slow_peer_is_net(self):
        self._check("upstream")

    def test_readiness_wait_for_a_slow_peer_is_net(self):
        self._check("ready")

    def test_pipe_is_other(self):
        self._check("pipe")

    def test_being_stopped_is_other(self):
        self._check("stop")

    def test_waiting_for_a_child_is_other(self):
        # After a fork pages are copied when written: a few faults are part of it.
        self._check("child", also=("fault",))

    def test_fsync_is_disk(self):
        self._check("fsync", waits=4)

    def test_touching_fresh_pages_is_fault(self):
        self._check("fault")

    def test_touching_pages_of_a_file_is_fault(self):
        self._check("mapped", waits=4)

    def test_fresh_pages_are_counted(self):
        pages = dict((kind, amount) for kind, amount, _ in KINDS)["fault"]
        for one in self._group("fault"):
            self.assertGreaterEqual(one.fault_bytes, pages * 4096)
            self.assertLess(one.fault_bytes, (pages + 16) * 4096)
        for one in self._group("spin"):
            self.assertLess(one.fault_bytes, 16 * 4096)

    def test_a_mixed_request_is_taken_apart(self):
        found, own = total(self._group("mixed")), self.own["mixed"]
        amount = dict((kind, amount) for kind, amount, _ in KINDS)["mixed"] * 1000 * ROUNDS
        components, phase = found["components_ns"], own["phase"]
        wait = phase["wall_ns"] - phase["runq_ns"] - phase["cpu_ns"]
        for name in ("on_cpu", "sleep", "lock", "net", "other"):
            self.assertGreaterEqual(components[name], amount * 0.95 - ROUNDS * 50_000, name)
        four = sum(components[name] for name in ("sleep", "lock", "net", "other"))
        self.assert_within(four, wait, wait, ROUNDS, "the four waits")


class ComponentsUnderContention(TargetTest):
    def test_sharing_a_cpu_with_a_hog_is_run_queue(self):
        cpu = max(os.sched_getaffinity(0))
        with Target("phases", "--cpu", cpu) as server:
            with Target("hog", cpu), attached(server.pid) as capture:
                client("--port", server.port, "--requests", 200, "--line", "spin 4000")
            own = server.finish()["spin"]
        if own["whole"]["runq_ns"] < 0.1 * own["whole"]["wall_ns"]:
            raise Disturbed("by the target's own account it did not have to share its CPU")
        found = self.assert_exact(capture.report, f"request :{server.port}", 200)
        found["duration_ns"] = found["mean_ns"] * found["operations"]
        self.assert_clocks(found, own, "on_cpu")
        self.assertGreater(found["components_ns"]["runq"], 0.05 * found["duration_ns"])
