# SPDX-License-Identifier: MIT
"""The runner says what happened: on a copy of it with tests that pass, fail, hang and are disturbed."""

import pathlib
import re
import shutil
import tempfile
import textwrap
import unittest

from tests.lib import ROOT, run

CASES = """
    import time, unittest
    from tests.lib import Disturbed, Process
    tries = 0
    sleeper = None

    class Verdicts(unittest.TestCase):
        def test_good(self):
            pass
        def test_bad(self):
            print("seen on the way")
            self.assertEqual(1, 2, "one is not two")
        def test_part(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertNotEqual(number, 1)
        def test_not_here(self):
            self.skipTest("not here")
        def test_hangs(self):
            time.sleep(60)
        def test_disturbed_twice(self):
            global tries
            tries += 1
            if tries < 3:
                raise Disturbed("the machine was busy")
        def test_disturbed_always(self):
            raise Disturbed("the machine is busy")

    class NoSetup(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            raise RuntimeError("no server")
        def test_never_run(self):
            pass

    class Leftover(unittest.TestCase):
        def test_leaves_a_process(self):
            global sleeper
            sleeper = Process(["sleep", "600"])

    class After(unittest.TestCase):
        def test_it_is_gone(self):
            self.assertTrue(sleeper.ended)
"""


class Runner(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = pathlib.Path(tempfile.mkdtemp(prefix="pss-runner-"))
        cls.addClassCleanup(shutil.rmtree, cls.tree, ignore_errors=True)
        shutil.copytree(ROOT / "tests/lib", cls.tree / "tests/lib", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "tests/run", cls.tree / "tests/run")
        cls.cases = cls.tree / "tests/cli"
        cls.cases.mkdir()
        (cls.cases / "test_cases.py").write_text(textwrap.dedent(CASES))

    def run_it(self, *arguments):
        code, out, err = run([self.tree / "tests/run", "--no-build", "--time-limit", "2", *arguments])
        self.assertEqual(err, "")
        return code, out.splitlines()

    def test_every_verdict_is_said(self):
        code, lines = self.run_it("cli")
        self.assertEqual(code, 1)
        verdicts = [line for line in lines if not line.startswith("    | ")]
        self.assertEqual(verdicts, [
            "FAILED  cli test_cases Verdicts.test_bad: 1 != 2 : one is not two",
            "FAILED  cli test_cases Verdicts.test_disturbed_always: the machine is busy",
            "ok      cli test_cases Verdicts.test_disturbed_twice: disturbed, then good at try 3",
            "ok      cli test_cases Verdicts.test_good",
            "FAILED  cli test_cases Verdicts.test_hangs: not done after 2 s",
            "skipped cli test_cases Verdicts.test_not_here: not here",
            "FAILED  cli test_cases Verdicts.test_part: (number=1) 1 == 1",
            "FAILED  cli test_cases NoSetup.test_never_run: setUpClass: no server",
            "ok      cli test_cases Leftover.test_leaves_a_process",
            "ok      cli test_cases After.test_it_is_gone",
            "4 passed, 5 failed, 1 skipped",
        ])
        below = lines[1:lines.index(verdicts[1])]
        self.assertIn("    | seen on the way", below)
        self.assertRegex("\n".join(below), r"test_cases.py\", line \d+, in test_bad")

    def test_one_test_by_name(self):
        self.assertEqual(self.run_it("cli", "-k", "Verdicts.test_good"),
                         (0, ["ok      cli test_cases Verdicts.test_good", "1 passed, 0 failed, 0 skipped"]))

    def test_nothing_run_is_no_success(self):
        code, lines = self.run_it("cli", "-k", "no such test")
        self.assertEqual((code, lines[-1]), (1, "0 passed, 0 failed, 0 skipped"))

    def test_a_module_that_cannot_be_read_has_failed(self):
        broken = self.cases / "test_broken.py"
        broken.write_text("import no_such_module\n")
        self.addCleanup(broken.unlink)
        code, lines = self.run_it("cli", "-k", "Verdicts.test_good")
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))
        self.assertRegex(lines[0], r"^FAILED  cli test_broken: No module named")

    def test_no_such_suite(self):
        code, _, err = run([self.tree / "tests/run", "nonsense"])
        self.assertEqual(code, 2)
        self.assertIn("no suite 'nonsense'", err)


class InstallDeps(unittest.TestCase):
    """What does not change the machine."""

    SCRIPT = ROOT / "tools/install-deps"

    def test_an_unknown_group_is_refused(self):
        code, out, err = run([self.SCRIPT, "nonsense"])
        self.assertEqual((code, out), (2, ""))
        self.assertEqual(len(err.splitlines()), 1)

    def test_what_is_missing_is_named_and_not_installed(self):
        with tempfile.TemporaryDirectory() as scratch:
            for name, does in (("dpkg-query", "exit 1"), ("apt-get", f"echo called >>{scratch}/called; exit 1")):
                fake = pathlib.Path(scratch, name)
                fake.write_text(f"#!/bin/sh\n{does}\n")
                fake.chmod(0o755)
            code, out, err = run([self.SCRIPT, "--check", "build"], env={"PATH": f"{scratch}:/usr/bin:/bin"})
            self.assertFalse(pathlib.Path(scratch, "called").exists())
        self.assertEqual((code, out), (1, ""))
        self.assertTrue(re.fullmatch(r"install-deps: missing: .*\blibelf-dev\b.*\n", err), err)


if __name__ == "__main__":
    unittest.main()
