# SPDX-License-Identifier: MIT
"""What becomes of pss-bpf itself: killed, flooded, out of disk. The target goes on, counts stay exact, nothing stays."""

import json
import os
import signal
import time

from tests.bpf.targets import HARMLESS, TargetTest, Target, client, lost, operation
from tests.lib import Capture, Process, PSS, attached, run, run_pss
from tests.lib.record_file import Reader


def held(pid):
    """Ids of the BPF programs and links that a process holds by descriptors."""
    found = {"prog": set(), "link": set()}
    folder = f"/proc/{pid}/fdinfo"
    for name in os.listdir(folder):
        with open(f"{folder}/{name}", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file.read().splitlines() if ":" in line)
        for kind in found:
            if f"{kind}_id" in fields and (kind == "link" or "link_id" not in fields):
                found[kind].add(int(fields[f"{kind}_id"]))
    return found


def existing(kind):
    """Ids of all that the kernel has of a kind."""
    code, out, err = run(["bpftool", "--json", kind, "show"])
    if code != 0:
        raise AssertionError(f"bpftool: {err}")
    return {one["id"] for one in json.loads(out)}


class Observer(TargetTest):
    def _assert_gone(self, ids, seconds=10):
        """The kernel frees what nobody holds a moment later."""
        deadline = time.monotonic() + seconds
        while True:
            left = {kind: ids[kind] & existing(kind) for kind in ids}
            if not any(left.values()):
                return
            self.assertLess(time.monotonic(), deadline, f"still there: {left}")
            time.sleep(0.1)

    def _ends_clean(self, number):
        with Target("server") as server:
            capture = Capture(server.pid)
            capture.wait_measuring()
            ids = held(capture.process.pid)
            self.assertTrue(ids["prog"], "it holds programs while it measures")
            self.assertTrue(ids["link"], "it holds links while it measures")
            self.assertFalse(ids["prog"] - existing("prog"))
            with Target("client", "--port", server.port, "--connections", 2, "--requests", 3000, "--wait") as load:
                load.go()
                capture.process.send(number)
                capture.process.wait(30)
                self._assert_gone(ids)
                self.assertEqual(load.totals()["answered"], 6000, "the load does not notice")
        return capture

    def test_killed(self):
        self.assertEqual(self._ends_clean(signal.SIGKILL).process.popen.returncode, -signal.SIGKILL)

    def test_interrupted(self):
        capture = self._ends_clean(signal.SIGINT)
        self.assertEqual(capture.process.popen.returncode, 0, capture.stderr)
        self.assertEqual(json.loads(capture.process.stdout)["capture"]["end"], "interrupt")

    def test_terminated(self):
        self.assertEqual(self._ends_clean(signal.SIGTERM).process.popen.returncode, 0)

    def test_ring_too_small(self):
        with Target("server", "--loop", "epoll") as server:
            with attached(server.pid, "--ring-size", 4096, "--max-records", 1000000) as capture:
                seen = client("--port", server.port, "--connections", 8, "--requests", 4000)
            own = server.finish()
        found = operation(capture.report, f"request :{server.port}")
        self.assertEqual(seen["answered"], own["requests"])
        self.assertEqual(found["count"], own["requests"], lost(capture.report))
        self.assertEqual(set(lost(capture.report)) - HARMLESS, set())
        coverage = capture.report["coverage"]
        missing = coverage["operations_seen"] - coverage["operations_recorded"]
        self.assertGreater(missing, 0, "a ring of 4 KiB cannot hold this")
        self.assertGreater(lost(capture.report).get("ring_full", 0), 0, "dropped, and counted")
        self.assert_adds_up(found)

    def test_records_are_sampled_and_counts_stay_exact(self):
        path = os.path.join(self.folder(), "capture")
        with Target("server", "--loop", "epoll") as server:
            with attached(server.pid, "--max-records", 500, "--interval", "100ms", "--record", path) as capture:
                for _ in range(3):
                    client("--port", server.port, "--connections", 4, "--requests", 3000)
            own = server.finish()
        found = operation(capture.report, f"request :{server.port}")
        self.assertEqual(found["count"], own["requests"], lost(capture.report))
        self.assertLess(found["recorded"], found["operations"] / 2)
        stood_for = sum(one.weight for one in Reader(path).operations(f"request :{server.port}"))
        self.assertAlmostEqual(stood_for / own["operations"], 1, delta=0.35, msg="the weights stand for all")

    def test_analyze_gives_the_same_report(self):
        path = os.path.join(self.folder(), "capture")
        with Target("phases") as server:
            with attached(server.pid, "--record", path) as capture:
                client("--port", server.port, "--connections", 4, "--requests", 300, "--line", "draw 500")
        code, out, err = run_pss("analyze", path, "--json")
        self.assertEqual(code, 0, err)
        again = json.loads(out)
        for report in (again, capture.report):
            report.pop("made_at")
        self.assertEqual(again, capture.report)

    def test_record_of_a_killed_observer_is_readable(self):
        path = os.path.join(self.folder(), "capture")
        with Target("server") as server:
            capture = Capture(server.pid, "--record", path, "--interval", "100ms")
            capture.wait_measuring()
            client("--port", server.port, "--requests", 300, "--pause", 5000)
            capture.process.stop(signal.SIGKILL)
        code, out, err = run_pss("analyze", path, "--json")
        self.assertEqual(code, 0, err)
        report = json.loads(out)
        self.assertTrue(report["coverage"]["incomplete"])
        self.assertGreater(operation(report, f"request :{server.port}")["count"], 100)

    def test_disk_full_while_recording(self):
        folder = self.folder()
        script = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"'
        with Target("server") as server:
            with Process(["unshare", "--mount", "sh", "-c", script, folder, PSS, "--pid", server.pid, "--json",
                          "--verbose", "--record", f"{folder}/capture", "--interval", "100ms"]) as pss:
                pss.wait_line("measuring", 60, "stderr")
                client("--port", server.port, "--requests", 2000, "--pause", 500)
                pss.send(signal.SIGINT)
                code = pss.wait(30)
        self.assertIn("No space left", pss.stderr)
        self.assertNotEqual(code, 0)
        self.assert_exact(json.loads(pss.stdout), f"request :{server.port}", 2000)
