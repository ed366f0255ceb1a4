# SPDX-License-Identifier: MIT
"""Captures from their start to their report: recordings, live line, signals, commands started, hostile names."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from tests.lib import PSS, Capture, Process, need_root, run_pss

DONE, GATE, USAGE, CANNOT = 0, 1, 2, 3

# Short bursts between sleeps, until it is ended; says so once it has begun. {name}: its comm.
BUSY = """
import time
name = {name!r}
if name:
    with open("/proc/self/comm", "wb") as comm:
        comm.write(name)
print("ready", flush=True)
while True:
    sum(range(2000))
    time.sleep(0.002)
"""


def without_time(report):
    """A report as text without the one line that differs between runs."""
    lines = report.split("\n")
    kept = [line for line in lines if not re.match(r'  "made_at"|  made  ', line)]
    if len(kept) != len(lines) - 1:
        raise AssertionError("the time of a report is one line")
    return kept


class ReportTest(unittest.TestCase):
    def setUp(self):
        need_root()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def busy(self, name=b""):
        process = Process([sys.executable, "-c", BUSY.format(name=name)])
        self.addCleanup(process.stop)
        process.wait_line("ready")
        return process

    def short(self, *arguments, **options):
        return run_pss("--pid", self.busy().pid, "--duration", "1s", *arguments, **options)


class Recording(ReportTest):
    def recorded(self, *arguments):
        path = self.folder / "capture.pss"
        code, out, err = self.short("--record", path, *arguments)
        self.assertEqual(code, DONE, err)
        return path, out

    def test_analyze_gives_the_same_bytes_as_json(self):
        path, live = self.recorded("--json")
        code, later, err = run_pss("analyze", "--json", path)
        self.assertEqual(code, DONE, err)
        self.assertEqual(without_time(later), without_time(live))
        self.assertGreater(json.loads(live)["operations"][0]["count"], 0)

    def test_analyze_gives_the_same_bytes_as_text(self):
        path, live = self.recorded()
        self.assertEqual(without_time(run_pss("analyze", path)[1]), without_time(live))

    def test_forced_kinds_and_interval_are_remembered(self):
        path, live = self.recorded("--json", "--ops", "task", "--interval", "100ms")
        later = run_pss("analyze", "--json", path)[1]
        self.assertEqual(without_time(later), without_time(live))
        report = json.loads(live)
        self.assertEqual((report["scored_kinds"], report["scored_kinds_forced"]), (["task"], True))
        self.assertEqual(report["capture"]["interval_ns"], 100000000)

    def test_from_standard_input(self):
        path, live = self.recorded("--json")
        with open(path, "rb") as stdin:
            self.assertEqual(without_time(run_pss("analyze", "--json", "-", stdin=stdin)[1]), without_time(live))
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
            self.assertEqual(without_time(run_pss("analyze", "--json", "-", stdin=cat.stdout)[1]), without_time(live))

    def test_a_cut_record_says_so(self):
        path, _ = self.recorded()
        whole = path.read_bytes()
        path.write_bytes(whole[:len(whole) * 2 // 3])
        code, out, err = run_pss("analyze", "--json", path)
        self.assertEqual(code, DONE, err)
        self.assertIn("not complete", err)
        self.assertTrue(json.loads(out)["coverage"]["incomplete"])
        self.assertIn("incomplete", run_pss("analyze", path)[1])

    def test_a_full_disk_while_recording(self):
        code, out, err = self.short("--json", "--record", "/dev/full")
        self.assertEqual(code, USAGE, err)
        self.assertEqual(len(re.findall("recording to /dev/full failed: No space left", err)), 1, err)
        self.assertGreater(json.loads(out)["operations"][0]["count"], 0, "the report comes all the same")

    def test_a_capture_that_cannot_begin_leaves_the_older_record(self):
        path = self.folder / "capture.pss"
        path.write_text("the older one")
        code, out, _ = run_pss("--pid", 2 ** 22 + 1, "--record", path)
        self.assertEqual((code, out), (CANNOT, ""))
        self.assertEqual(path.read_text(), "the older one")


class Ends(ReportTest):
    def test_ctrl_c_reports_what_was_seen(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number=number.name):
                capture = Capture(self.busy().pid)
                self.addCleanup(capture.process.stop, signal.SIGKILL)
                capture.wait_measuring()
                time.sleep(0.3)
                report = capture.end(number)
                self.assertEqual(capture.code, DONE, capture.stderr)
                self.assertEqual(report["capture"]["end"], "interrupt")

    def test_the_end_of_the_target(self):
        busy = self.busy()
        capture = Capture(busy.pid)
        self.addCleanup(capture.process.stop, signal.SIGKILL)
        capture.wait_measuring()
        busy.stop(signal.SIGTERM)
        self.assertEqual(capture.process.wait(30), DONE)
        self.assertEqual(json.loads(capture.process.stdout)["capture"]["end"], "target-exit")

    def test_a_process_that_does_not_exist(self):
        code, out, err = run_pss("--pid", 2 ** 22 + 1)
        self.assertEqual((code, out), (CANNOT, ""))
        self.assertRegex(err, r"\Apss-bpf: [^\n]+\n\Z")

    def test_quiet(self):
        code, out, err = self.short("--quiet")
        self.assertEqual((code, err), (DONE, ""))
        self.assertIn("PSS", out)


class Run(ReportTest):
    def test_from_its_start_to_its_end(self):
        out_file = self.folder / "report.json"
        code, out, err = run_pss("run", "--json", "--output", out_file, "--", "sh", "-c",
                                 "sleep 0.3; echo hello; exit 3")
        self.assertEqual((code, out), (DONE, "hello\n"), err)
        self.assertIn("sh exited with status 3", err)
        report = json.loads(out_file.read_text())
        self.assertEqual(report["target"]["comm"], "sh")
        self.assertEqual(report["capture"]["end"], "target-exit")
        self.assertGreaterEqual(report["capture"]["duration_s"], 0.3)

    def test_the_search_for_it_is_not_its_work(self):
        report = self.folder / "report.json"
        path = ":".join(["/none/1", "/none/2", "/none/3", os.environ["PATH"]])
        run_pss("run", "--json", "--output", report, "true", env={"PATH": path})
        seen = json.loads(report.read_text())
        self.assertEqual(seen["target"]["exe"], os.path.realpath(shutil.which("true")))
        self.assertFalse([one for one in seen["errors"] if one["what"] == "ENOENT in process"], seen["errors"])

    def test_a_signal_that_ended_it_is_named(self):
        _, _, err = run_pss("run", "--output", self.folder / "x", "sh", "-c", "kill -SEGV $$")
        self.assertIn("sh was ended by SIGSEGV", err)

    def test_it_is_ended_after_the_duration(self):
        code, _, err = run_pss("run", "--duration", "500ms", "--output", self.folder / "x", "sleep", "600", timeout=30)
        self.assertEqual(code, DONE, err)
        self.assertIn("sleep was ended by SIGTERM", err)

    def test_it_gets_the_ctrl_c_of_the_terminal(self):
        script = "trap 'echo own end; exit 4' INT; echo ready; while :; do sleep 0.05; done"
        process = Process([PSS, "run", "--output", self.folder / "x", "sh", "-c", script])
        self.addCleanup(process.stop, signal.SIGKILL)
        process.wait_line("ready")
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(30), DONE, process.stderr)
        self.assertIn("own end", process.stdout)
        self.assertIn("sh exited with status 4", process.stderr)

    def test_a_second_ctrl_c_ends_at_once(self):
        """While pss-bpf waits for a command that does not want to end."""
        script = "trap '' INT TERM; echo ready; while :; do sleep 0.1; done"
        process = Process([PSS, "run", "--output", self.folder / "x", "sh", "-c", script])
        self.addCleanup(process.stop, signal.SIGKILL)
        process.wait_line("ready")
        process.send(signal.SIGINT)
        end = time.monotonic() + 30
        while self.catches(process.pid, signal.SIGINT) and time.monotonic() < end:
            time.sleep(0.01)
        process.send(signal.SIGINT)
        self.assertEqual(process.popen.wait(30), -signal.SIGINT)
        self.assertEqual(os.listdir(self.folder), [])

    @staticmethod
    def catches(pid, number):
        caught = re.search(r"SigCgt:\s*(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
        return int(caught.group(1), 16) >> (number - 1) & 1

    def test_a_program_that_is_none(self):
        script = self.folder / "script"
        script.write_text("#!/none/interpreter\n")
        script.chmod(0o755)
        code, out, err = run_pss("run", "--quiet", script)
        self.assertEqual((code, out), (USAGE, ""))
        self.assertIn("cannot be started", err)


class Names(ReportTest):
    def test_hostile_process_names(self):
        for name in (b"\x1b[2J\x07", b"a\nb\rc", b"\xff\xfe", "\u202eevil".encode(), b"\"},{\"", "caf\u00e9".encode()):
            with self.subTest(name=name):
                path = self.folder / "capture.pss"
                pid = self.busy(name).pid
                code, out, err = run_pss("--pid", pid, "--duration", "300ms", "--json", "--record", path)
                self.assertEqual(code, DONE, err)
                self.assertEqual(json.loads(out)["target"]["comm"], name.decode(errors="replace"))
                text = run_pss("analyze", path, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]})[1]
                for shown in (out, text, err):
                    self.assertNotRegex(shown, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ufffd]")


class Terminal(ReportTest):
    def on_a_terminal(self, *arguments, **environment):
        """What pss-bpf writes when standard output and error are a terminal."""
        main, other = pty.openpty()
        seen = b""
        settings = {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment}
        with subprocess.Popen([str(one) for one in (PSS, *arguments)], stdin=subprocess.DEVNULL, stdout=other,
                              stderr=other, env=settings) as process:
            os.close(other)
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                if not select.select([main], [], [], 1)[0]:
                    continue
                try:
                    piece = os.read(main, 65536)
                except OSError:  # the terminal has no other side any more
                    break
                if not piece:
                    break
                seen += piece
            if process.poll() is None and time.monotonic() >= deadline:
                process.kill()
        os.close(main)
        self.assertEqual(process.returncode, DONE, seen)
        return seen.decode(errors="replace")

    def test_a_live_line_that_is_wiped_at_the_end(self):
        seen = self.on_a_terminal("--pid", self.busy().pid, "--duration", "2500ms")
        lives = re.findall(r"\r\d+ s of 2.50 s  PSS [^\r\n]*\x1b\[K", seen)
        self.assertGreaterEqual(len(lives), 1, seen)
        last = seen.rindex(lives[-1]) + len(lives[-1])
        self.assertTrue(seen[last:].startswith("\r\x1b[K"), seen[last:last + 40])
        self.assertIn("\x1b[1m", seen[last:], "colour on a terminal")

    def test_no_colour_and_no_live_line_where_not_wanted(self):
        pid = self.busy().pid
        seen = self.on_a_terminal("--pid", pid, "--duration", "1500ms", "--quiet", NO_COLOR="1")
        self.assertNotIn("\x1b", seen)
        seen = self.on_a_terminal("--pid", pid, "--duration", "1500ms", TERM="dumb")
        self.assertNotIn("\x1b", seen)

    def test_no_live_line_in_a_pipe(self):
        _, out, err = run_pss("--pid", self.busy().pid, "--duration", "1500ms")
        self.assertNotIn("\r", out + err)
        self.assertNotIn("\x1b", out + err)
