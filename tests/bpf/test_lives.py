# SPDX-License-Identifier: MIT
"""Targets that fork, start threads, execute, end and die while they are watched."""

import json
import os
import re
import signal
import time

from tests.bpf.targets import HARMLESS, TargetTest, Target, client, lost
from tests.lib import PSS, Capture, Process, attached, run_pss, target


class Lives(TargetTest):
    def _observe(self, *arguments, then="^done", attach=()):
        with Target("life", *arguments) as life:
            with attached(life.pid, *attach) as capture:
                life.go()
                life.wait_line(then)
        return capture.report

    def _end(self, *arguments):
        """The report of a capture that its target ends."""
        with Target("life", *arguments) as life:
            capture = Capture(life.pid)
            capture.wait_measuring()
            life.go()
            capture.code = capture.process.wait(30)
            self.assertEqual(capture.code, 0, capture.stderr)
            report = json.loads(capture.process.stdout)
        self.assertEqual(report["capture"]["end"], "target-exit")
        return report

    def test_two_thousand_short_children(self):
        report = self._observe("forks", 2000)
        self.assertEqual(report["target"]["forks"], 2000)
        self.assertEqual(report["target"]["exits"], 2000)
        self.assertEqual(report["target"]["processes"], 1)
        self.assertEqual(report["errors"], [])
        self.assertFalse(set(lost(report)) - HARMLESS, lost(report))

    def test_children_are_not_followed_when_told(self):
        report = self._observe("forks", 200, attach=["--no-follow"])
        self.assertEqual(report["target"]["exits"], 0)
        self.assertEqual(report["target"]["processes"], 1)

    def test_many_children_at_once(self):
        report = self._observe("brood", 150, then="^bred")
        self.assertEqual(report["target"]["processes"], 151)

    def test_children_that_were_there_before(self):
        with Target("life", "brood", 50) as life:
            life.go()
            life.wait_line("^bred")
            with attached(life.pid) as capture:
                time.sleep(0.2)
        self.assertEqual(capture.report["target"]["processes"], 51)

    def test_five_hundred_threads(self):
        report = self._observe("threads", 500)
        self.assertEqual(report["target"]["processes"], 1)
        self.assertEqual(report["target"]["threads"], 1, "all others have ended")
        self.assertNotIn("task_storage", lost(report))
        self.assertNotIn("life_ring_full", lost(report))

    def test_a_program_that_executes_itself(self):
        report = self._observe("execs", 20)
        self.assertEqual(report["target"]["execs"], 20)
        self.assertEqual(report["target"]["exits"], 0)
        self.assertEqual(report["target"]["processes"], 1)

    def test_exit_ends_the_capture_with_a_report(self):
        self.assertEqual(self._end("exit", 0)["errors"], [])

    def test_exit_with_a_status(self):
        errors = self._end("exit", 3)["errors"]
        self.assertEqual(len(errors), 1, errors)
        self.assertRegex(errors[0]["what"], r"\b3\b")

    def test_death_by_a_signal(self):
        for number, name in ((signal.SIGSEGV, "SIGSEGV"), (signal.SIGKILL, "SIGKILL")):
            with self.subTest(signal=name):
                errors = self._end("signal", int(number))["errors"]
                self.assertEqual(len(errors), 1, errors)
                self.assertIn(name, errors[0]["what"])

    def test_children_that_crash(self):
        errors = self._observe("child-signal", 30)["errors"]
        self.assertEqual(sum(one["count"] for one in errors if "SIGSEGV" in one["what"]), 30, errors)

    def test_exit_while_an_attach_is_under_way(self):
        for delay in (0, 0.02, 0.05, 0.1, 0.2, 0.4):
            with self.subTest(delay=delay), Target("life", "exit", "0") as life:
                capture = Capture(life.pid)
                time.sleep(delay)
                life.go()
                code = capture.process.wait(30)
                self.assertIn(code, (0, 3), capture.stderr)
                if code == 3:
                    self.assertRegex(capture.stderr, rf"\b{life.pid}\b")
                else:
                    self.assertEqual(json.loads(capture.process.stdout)["verdict"], "insufficient-data")

    def test_zombie(self):
        with Target("life", "exit", "0") as life:
            life.go()
            time.sleep(0.2)  # it ends, and is not waited for
            code, _, err = run_pss("--pid", life.pid, "--duration", "1s")
        self.assertEqual(code, 3, err)

    def test_names_with_control_characters_are_escaped(self):
        name = "\x1b[31m\u00fcn\n\"<b"
        with Target("life", "name", name) as life:
            with attached(life.pid) as capture:
                life.go()
                life.wait_line("^done")
                time.sleep(0.1)
            raw = capture.process.stdout
            code, text, err = run_pss("--pid", life.pid, "--duration", "300ms")
        self.assertEqual(code, 0, err)
        self.assertIn("\u00fcn", capture.report["target"]["comm"])
        for shown in (raw, text, err, capture.stderr):
            self.assertFalse(re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown), ascii(shown[:300]))
        self.assertNotIn("[31m\u00fcn\n", text)

    def test_stopped_target(self):
        with Target("server") as server:
            server.send(signal.SIGSTOP)
            with attached(server.pid) as capture:
                time.sleep(0.3)
            self.assertEqual(capture.report["verdict"], "insufficient-data")
            with attached(server.pid) as capture:
                server.send(signal.SIGCONT)
                client("--port", server.port, "--requests", 200)
            self.assert_exact(capture.report, f"request :{server.port}", 200)

    def test_target_of_another_pid_namespace(self):
        with Process(["unshare", "--pid", "--fork", "--kill-child", target("server")]) as unshare:
            port = int(unshare.wait_line(r"^port (\d+)$")[1])
            with open(f"/proc/{unshare.pid}/task/{unshare.pid}/children", encoding="ascii") as file:
                pid = int(file.read().split()[0])
            with attached(pid) as capture:
                client("--port", port, "--connections", 2, "--requests", 200)
            os.kill(pid, signal.SIGTERM)  # unshare itself ignores it
            unshare.wait()
        self.assert_exact(capture.report, f"request :{port}", 400)
        self.assertEqual(capture.report["target"]["pid"], pid)

    def test_pss_bpf_inside_a_pid_namespace(self):
        script = '"$0" & echo "pid $!"; shift; exec "$@" --pid $! --json --verbose'
        with Process(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script,
                      target("server"), "x", PSS]) as inner:
            port = int(inner.wait_line(r"^port (\d+)$")[1])
            inner.wait_line("measuring", 60, "stderr")
            client("--port", port, "--requests", 300)
            with open(f"/proc/{inner.pid}/task/{inner.pid}/children", encoding="ascii") as file:
                pss = int(file.read().split()[0])
            os.kill(pss, signal.SIGINT)
            inner.wait_line(r"^}$", 30)
            report = json.loads(inner.stdout[inner.stdout.index("{"):])
        self.assert_exact(report, f"request :{port}", 300)
