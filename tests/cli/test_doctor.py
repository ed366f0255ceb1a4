# SPDX-License-Identifier: MIT
"""doctor without privileges: what it says, how it looks, and that attach refuses in the same words."""

import json
import os
import pathlib
import shutil
import tempfile
import unittest

from tests.lib import PSS, Process, run, run_pss

NOBODY = 65534
NO_SUCH_PID = 2**30
UTF8 = {**os.environ, "LC_ALL": "C.UTF-8"}
ASCII = {**os.environ, "LC_ALL": "C"}


class Doctor(unittest.TestCase):
    def setUp(self):
        # Where nobody may run it: the way to the build directory may be closed to others.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pss-doctor-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        self.program = self.folder / "pss-bpf"
        shutil.copy(PSS, self.program)
        self.program.chmod(0o755)

    def _unprivileged(self, *arguments, **options):
        if os.geteuid() == 0:
            options.update(user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")
        return run([self.program, *arguments], **options)

    def test_without_root_it_says_what_is_missing_and_what_to_do(self):
        code, out, err = self._unprivileged("doctor", env=UTF8)
        self.assertEqual(code, 3, err)
        self.assertEqual(err, "")
        text = " ".join(out.split())
        self.assertIn("not root, and without CAP_BPF and CAP_PERFMON", text)
        self.assertIn("run it with sudo", text)
        self.assertIn("setcap cap_bpf,cap_perfmon,cap_sys_ptrace=ep", text)
        verdict = out.rstrip("\n").rpartition("\n")[2]
        self.assertIn("nothing can be measured: not root", verdict)

    def test_json_without_root(self):
        code, out, err = self._unprivileged("doctor", "--json")
        self.assertEqual(code, 3, err)
        found = json.loads(out)
        self.assertEqual(found["schema"], "pss-bpf/doctor/1")
        self.assertIs(found["measurable"], False)
        fatal = [check for check in found["system"] if check["level"] == "fatal"]
        self.assertEqual([check["subject"] for check in fatal], ["privileges"])
        self.assertTrue(fatal[0]["cost"] and fatal[0]["fix"])
        self.assertNotIn("target", found)

    def test_attach_refuses_in_the_same_words(self):
        _, out, _ = self._unprivileged("doctor", "--json")
        fatal = next(check for check in json.loads(out)["system"] if check["level"] == "fatal")
        with Process(["sleep", "60"]) as target:
            code, out, err = self._unprivileged("--pid", target.pid, "--duration", "1s")
        self.assertEqual(code, 3, err)
        self.assertEqual(out, "")
        for part in ("found", "cost", "fix"):
            self.assertIn(fatal[part], err)

    def test_pids_that_are_none(self):
        for pid in ("0", "-1", "abc", "1x", "", "99999999999999999999"):
            code, out, err = self._unprivileged("doctor", "--pid", pid)
            self.assertEqual(code, 2, f"{pid!r}: {out}{err}")
            self.assertEqual(out, "")
        for arguments in (["1", "2"], ["--pid", "1", "1"], ["--duration", "1s"], ["--nonsense"]):
            code, out, _ = self._unprivileged("doctor", *arguments)
            self.assertEqual((code, out), (2, ""), arguments)

    def test_no_such_process_is_said_before_the_privileges(self):
        for arguments in (["doctor", "--pid", NO_SUCH_PID], ["doctor", NO_SUCH_PID]):
            code, out, err = self._unprivileged(*arguments)
            self.assertEqual(code, 3, err)
            self.assertIn(f"nothing can be measured: no process has the pid {NO_SUCH_PID}", out)
        code, _, err = self._unprivileged("--pid", NO_SUCH_PID, "--duration", "1s")
        self.assertEqual(code, 3)
        self.assertIn(f"no process has the pid {NO_SUCH_PID}", err)

    def test_colour_and_characters_follow_the_terminal(self):
        _, plain, _ = self._unprivileged("doctor", env=UTF8)
        self.assertNotIn("\x1b", plain)
        self.assertIn("✓", plain)
        _, coloured, _ = self._unprivileged("doctor", "--color", "always", env=UTF8)
        self.assertIn("\x1b[", coloured)
        _, ascii_only, _ = self._unprivileged("doctor", env=ASCII)
        self.assertTrue(ascii_only.isascii())
        self.assertEqual(len(plain.splitlines()), len(ascii_only.splitlines()))

    def test_findings_stand_in_one_column(self):
        _, out, _ = self._unprivileged("doctor", env=ASCII)
        lines = [line for line in out.splitlines() if line[:3] in (" + ", " - ", " ! ", " X ")]
        self.assertGreater(len(lines), 8)
        for line in lines[:-1]:  # the last one is the verdict
            self.assertTrue(line[24] == " " and line[25] != " ", line)
        self.assertLessEqual(max(len(line) for line in out.splitlines()), 100)

    def test_findings_that_cannot_be_written(self):
        for arguments in (["doctor"], ["doctor", "--json"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                with Process(["sh", "-c", 'exec "$0" "$@" >/dev/full', self.program, *arguments]) as doctor:
                    self.assertEqual(doctor.wait(), 2, full.name)
                    self.assertIn("cannot be written", doctor.stderr)

    def test_help(self):
        code, out, _ = run_pss("doctor", "--help")
        self.assertEqual(code, 0)
        self.assertIn("--pid", out)
