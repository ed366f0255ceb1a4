# SPDX-License-Identifier: MIT
"""The command line: wrong usage, help, trace files, gates, outputs that fail. None of it needs privileges."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from tests.lib import PSS, run, run_pss

DONE, GATE, USAGE, CANNOT = 0, 1, 2, 3


def records(count, spread):
    """A pypss trace file: durations of 10 ms, each second one longer by the spread."""
    return json.dumps([{"function": "work", "duration": 0.01 * (1 + spread * (i % 2)), "memory": 1000000,
                        "error": False, "wait_time": 0.0, "timestamp": 1000.0 + i * 0.05, "branch_tag": "main"}
                       for i in range(count)])


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def refused(self, code, *arguments, says=""):
        """One line on standard error, nothing on standard output."""
        got, out, err = run_pss(*arguments)
        self.assertEqual(got, code, err)
        self.assertEqual(out, "")
        self.assertRegex(err, r"\Apss-bpf: [^\n]+\n\Z")
        self.assertIn(says, err)
        self.assertTrue(err.isascii() and err[:-1].isprintable(), err)


class Usage(CommandTest):
    def test_wrong_usage(self):
        for says, arguments in [
                ("did you mean --pid", ["--pdi", "3"]), ("did you mean analyze", ["anlyze", "x"]),
                ("did you mean --pid 1234", ["1234"]), ("whole number", ["--pid", "0"]),
                ("whole number", ["--pid", "self"]), ("whole number", ["--pid"]),
                ("which process", ["attach"]), ("which process", ["--json"]),
                ("what is foo", ["attach", "foo"]), ("what is 3", ["--pid", "2", "3"]),
                ("takes no value", ["--json=yes"]), ("such as 10s", ["--pid", "1", "--duration", "soon"]),
                ("request, call", ["--pid", "1", "--ops", "requests"]),
                ("belongs to `pss-bpf attach`", ["analyze", "--pid", "1"]),
                ("needs --fail-if-below", ["analyze", "x", "--fail-on", "point"]),
                ("0 to 100", ["analyze", "x", "--fail-if-below", "101"]),
                ("which file", ["analyze"]), ("one file", ["analyze", "a", "b"]),
                ("which command", ["run"]), ("which command", ["run", "--json", "--"]),
                ("unknown command", ["frobnicate"]), ("unknown command", ["help", "frobnicate"]),
                ("unknown command", [""]), ("unknown option", ["-Z"])]:
            with self.subTest(arguments=arguments):
                self.refused(USAGE, *arguments, says=says)

    def test_hostile_words_are_shown_escaped(self):
        self.refused(USAGE, "\x1b[31mred\r\n", says="\\x1b[31mred\\x0d\\x0a")
        self.refused(USAGE, "--\x1b]0;x\x07", says="\\x1b")
        self.refused(USAGE, "analyze", "/none/\x1b[2J", says="\\x1b[2J")
        self.refused(USAGE, "run", "/none/\x07", says="\\x07")

    def test_help(self):
        code, out, err = run_pss("--help")
        self.assertEqual((code, err), (DONE, ""))
        self.assertIn("exit codes", out)
        self.assertEqual(run_pss("help")[1], out)
        code, nothing, usage = run_pss()
        self.assertEqual((code, nothing, usage), (USAGE, "", out))

    def test_help_of_each_command(self):
        for command in ("attach", "run", "analyze", "doctor", "help", "version"):
            with self.subTest(command=command):
                code, out, err = run_pss("help", command)
                self.assertEqual((code, err), (DONE, ""))
                self.assertTrue(out.startswith(f"usage: pss-bpf {command}"), out)
        for command in ("attach", "run", "analyze"):
            self.assertEqual(run_pss(command, "--help"), run_pss("help", command))

    def test_version(self):
        code, out, _ = run_pss("--version")
        self.assertEqual(code, DONE)
        self.assertRegex(out, r"\Apss-bpf \d+\.\d+")
        self.assertEqual(run_pss("version")[1], out)

    def test_a_command_that_is_not_there(self):
        self.refused(USAGE, "run", "--", "no-such-command-here", says="command not found")
        self.refused(USAGE, "run", "/etc", says="Permission denied")
        self.refused(USAGE, "run", str(self.file("plain", "text")), says="Permission denied")

    def test_outputs_are_checked_before_anything_else(self):
        missing = self.folder / "none" / "file"
        self.refused(USAGE, "--pid", os.getpid(), "--output", missing, says="No such file")
        self.refused(USAGE, "--pid", os.getpid(), "--record", missing, says="No such file")
        self.refused(USAGE, "--pid", os.getpid(), "--output", self.folder, says="Is a directory")
        same = self.folder / "same"
        self.refused(USAGE, "--pid", os.getpid(), "--record", same, "--output", same, says="same file")
        self.assertEqual(os.listdir(self.folder), [])


class Analyze(CommandTest):
    def analyzed(self, *arguments, **options):
        code, out, err = run_pss("analyze", "--json", *arguments, **options)
        self.assertEqual(code, DONE, err)
        return json.loads(out)

    def test_a_trace_file(self):
        steady = self.file("steady.json", records(400, 0))
        report = self.analyzed(steady)
        self.assertEqual(report["schema"], "pss-bpf/report/1")
        self.assertEqual(report["capture"]["source"], "trace-file")
        self.assertEqual(report["operations"][0]["count"], 400)
        self.assertEqual(self.analyzed("--trace-file", steady)["pss"], report["pss"])

    def test_the_pypss_profile(self):
        report = self.analyzed("--scoring", "pypss", self.file("steady.json", records(100, 0)))
        self.assertEqual((report["scoring"], report["pss"]), ("pypss", 100))
        self.assertEqual(set(report["breakdown"].values()), {1})

    def test_standard_input(self):
        text = records(300, 0.5)
        want = self.analyzed("--scoring", "pypss", self.file("input.json", text))
        got = self.analyzed("--scoring", "pypss", "-", input=text)
        self.assertEqual(got["breakdown"], want["breakdown"])
        with open(self.folder / "input.json", encoding="utf-8") as stdin:
            self.assertEqual(self.analyzed("--scoring", "pypss", "-", stdin=stdin)["pss"], want["pss"])

    def test_input_that_comes_in_pieces(self):
        text = records(50, 0)
        with subprocess.Popen([PSS, "analyze", "--json", "--scoring", "pypss", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            for piece in (text[:1], text[1:100], text[100:]):
                process.stdin.write(piece)
                process.stdin.flush()
            process.stdin.close()
            report = json.load(process.stdout)
        self.assertEqual(report["pss"], 100)

    def test_files_that_cannot_be_read(self):
        self.refused(USAGE, "analyze", self.folder / "none", says="No such file")
        self.refused(USAGE, "analyze", self.folder, says="directory")
        for name, text in (("text", "hello\n"), ("cut.json", '[{"duration": 1'), ("PSS-BR", "PSS-BR")):
            with self.subTest(name=name):
                self.refused(USAGE, "analyze", self.file(name, text), says=name)

    def test_the_report_in_a_file(self):
        trace, report = self.file("trace.json", records(100, 0)), self.folder / "report.json"
        code, out, err = run_pss("analyze", "--json", "--output", report, trace)
        self.assertEqual((code, out), (DONE, ""))
        self.assertIn("report.json", err)
        self.assertEqual(json.loads(report.read_text())["schema"], "pss-bpf/report/1")
        code, out, err = run_pss("analyze", "--json", "--quiet", "--output", report, trace)
        self.assertEqual((code, out, err), (DONE, "", ""))
        self.assertEqual(sorted(os.listdir(self.folder)), ["report.json", "trace.json"])

    def test_text_has_colour_only_when_asked(self):
        trace = self.file("trace.json", records(100, 0.2))
        environment = {"LC_ALL": "C.UTF-8", "TERM": "xterm", "PATH": os.environ["PATH"]}
        plain = run_pss("analyze", trace, env=environment)[1]
        self.assertNotIn("\x1b", plain)
        self.assertIn("\u2500", plain)
        self.assertIn("\x1b[", run_pss("analyze", "--color=always", trace, env=environment)[1])
        self.assertTrue(run_pss("analyze", trace, env={**environment, "LC_ALL": "C"})[1].isascii())

    def test_the_same_input_gives_the_same_bytes(self):
        trace = self.file("trace.json", records(500, 0.3))
        once, again = (run_pss("analyze", "--json", trace)[1] for _ in range(2))
        self.assertNotEqual(once, "")
        self.assertEqual([line for line in once.split("\n") if "made_at" not in line],
                         [line for line in again.split("\n") if "made_at" not in line])

    def test_hostile_names_in_a_trace(self):
        names = ["\x1b[2J", "\u202eevil", "a\"b\\c", "</script>", "n" * 10000, "\x00zero", "caf\u00e9"]
        trace = [{"function": name, "name": name, "module": name, "duration": 0.01, "branch_tag": name,
                  "exception_type": name, "error": i % 7 == 0, "timestamp": i * 0.1}
                 for i, name in enumerate(names * 20)]
        path = self.file("hostile.json", json.dumps(trace))
        for arguments in (["--json"], [], ["--color", "always"]):
            code, out, err = run_pss("analyze", *arguments, path, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]})
            self.assertEqual(code, DONE, err)
            for bad in ("\x1b[2J", "\u202e", "\x00", "\ufffd"):
                self.assertNotIn(bad, out)
        code, out, _ = run_pss("analyze", "--json", path)
        self.assertEqual(sum(one["count"] for one in json.loads(out)["operations"]), len(trace))


class Gates(CommandTest):
    """pypss has no interval: the score is its own upper bound."""

    def setUp(self):
        super().setUp()
        self.trace = self.file("trace.json", records(200, 1.0))
        self.score = json.loads(run_pss("analyze", "--json", "--scoring", "pypss", self.trace)[1])["pss"]
        self.assertTrue(10 < self.score < 90, self.score)

    def gate(self, *arguments):
        return run_pss("analyze", "--scoring", "pypss", self.trace, "--fail-if-below", *arguments)

    def test_below_fails_and_equal_passes(self):
        code, out, err = self.gate(self.score + 1)
        self.assertEqual(code, GATE)
        self.assertIn("gate failed", err)
        self.assertIn("PSS", out, "the report comes all the same")
        self.assertEqual(self.gate(self.score)[0], DONE)
        self.assertEqual(self.gate(0)[0], DONE)
        self.assertEqual(self.gate(self.score + 0.5, "--fail-on", "point")[0], GATE)

    def test_the_upper_bound_decides_unless_the_point_is_asked_for(self):
        trace = self.file("native.json", json.dumps(
            [{"function": "work", "duration": 0.001 * (1 + (i * i * 7919) % 97), "timestamp": i * 0.01}
             for i in range(5000)]))
        report = json.loads(run_pss("analyze", "--json", trace)[1])
        low, high = report["pss_ci"]
        self.assertTrue(low <= report["pss"] <= high)
        for threshold in (low, report["pss"], high, high + 1):
            upper = run_pss("analyze", trace, "--fail-if-below", threshold)[0]
            point = run_pss("analyze", trace, "--fail-if-below", threshold, "--fail-on", "point")[0]
            self.assertEqual(upper, GATE if high < threshold else DONE, threshold)
            self.assertEqual(point, GATE if report["pss"] < threshold else DONE, threshold)

    def test_no_score_cannot_pass_a_gate(self):
        trace = self.file("few.json", records(3, 0))
        code, out, err = run_pss("analyze", trace, "--fail-if-below", 50)
        self.assertEqual(code, CANNOT)
        self.assertIn("cannot be decided", err)
        self.assertIn("INSUFFICIENT DATA", out)
        self.assertEqual(run_pss("analyze", trace)[0], DONE)


class FailingOutput(CommandTest):
    def shell(self, command):
        trace = self.file("trace.json", records(100, 0))
        code, out, err = run(["/bin/bash", "-c", command, "bash", PSS, trace])
        self.assertRegex(err, r"\Apss-bpf: [^\n]+\n\Z")
        return code, out, err

    def test_closed_standard_output(self):
        for command in ('"$1" help >&-', '"$1" version >&-', '"$1" analyze "$2" >&-', '"$1" analyze --json "$2" >&-'):
            with self.subTest(command=command):
                code, _, err = self.shell(command)
                self.assertEqual(code, USAGE)
                self.assertIn("standard output", err)

    def test_a_full_disk(self):
        for command in ('"$1" help >/dev/full', '"$1" analyze --json "$2" >/dev/full',
                        '"$1" analyze -o /dev/full "$2"'):
            with self.subTest(command=command):
                code, _, err = self.shell(command)
                self.assertEqual(code, USAGE)
                self.assertIn("No space left", err)

    def test_a_reader_that_went_away(self):
        reader, writer = os.pipe()
        os.close(reader)
        trace = self.file("trace.json", records(100, 0))
        with os.fdopen(writer, "wb") as out:
            done = subprocess.run([PSS, "analyze", trace], stdout=out, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, USAGE)
        self.assertRegex(done.stderr, r"\Apss-bpf: [^\n]*Broken pipe\n\Z")

    def test_a_closed_standard_input(self):
        code, out, err = self.shell('"$1" analyze - <&-')
        self.assertEqual((code, out), (USAGE, ""))
        self.assertIn("standard input", err)

    def test_an_older_report_survives_a_failure(self):
        kept = self.file("report", "the older one")
        code, _, _ = run_pss("analyze", "--output", kept, self.file("bad.json", "[{"))
        self.assertEqual(code, USAGE)
        self.assertEqual(kept.read_text(), "the older one")
