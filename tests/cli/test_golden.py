# SPDX-License-Identifier: MIT
"""`analyze --scoring pypss` gives the answers of pypss 1.3.1 itself (tests/golden/), and reads large files in little."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from tests.lib import PSS, ROOT, run, run_pss

GOLDEN = ROOT / "tests" / "golden"
DONE, USAGE = 0, 2
# With space or a byte-order mark in front pypss sees no array and answers all zeros; here the array counts.
BEGINS_LATE = {"096_leading_whitespace.json", "097_utf8_bom.json"}


def load(name):
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


class Golden(unittest.TestCase):
    def analyze(self, *arguments, **options):
        code, out, err = run_pss("analyze", "--scoring", "pypss", "--json", *arguments, **options)
        self.assertEqual(code, DONE, err)
        return json.loads(out)

    def expect(self, want, report):
        self.assertEqual(report["scoring"], "pypss")
        self.assertEqual(report["pss"], want["pss"])
        self.assertEqual(report["breakdown"], want["breakdown"])

    def test_every_file(self):
        golden = load("golden.json")
        refused = {name for name, want in golden.items() if "error" in want}
        self.assertEqual((len(golden), len(refused)), (98, 7))
        for name in sorted(set(golden) - refused - BEGINS_LATE):
            with self.subTest(file=name):
                self.expect(golden[name], self.analyze(GOLDEN / "traces" / name))

    def test_refused_files(self):
        for name, want in load("golden.json").items():
            if "error" in want:
                with self.subTest(file=name):
                    code, out, err = run_pss("analyze", "--scoring", "pypss", "--json", GOLDEN / "traces" / name)
                    self.assertEqual((code, out), (USAGE, ""))
                    self.assertRegex(err, r"\Apss-bpf: [^\n]+\n\Z")

    def test_space_and_byte_order_mark_in_front(self):
        plain = '[{"duration":0.1,"memory":5},{"duration":0.4,"memory":5}]'
        want = self.analyze("-", input=plain)
        for name in BEGINS_LATE:
            with self.subTest(file=name):
                self.expect(want, self.analyze(GOLDEN / "traces" / name))

    def test_native_scoring_of_every_file(self):
        """Whatever is in a file: a report or a refusal, and a report is JSON."""
        refused = set()
        for path in sorted((GOLDEN / "traces").iterdir()):
            with self.subTest(file=path.name):
                code, out, err = run_pss("analyze", "--json", path)
                self.assertIn(code, (DONE, USAGE), err)
                if code == DONE:
                    self.assertEqual(json.loads(out)["scoring"], "native")
                else:
                    refused.add(path.name[:3])
        # What pypss cannot compute natively has a score: only text that is no JSON is refused.
        self.assertEqual(refused, {"095", "098", "099", "100", "105"})

    def test_trace_file_option_and_pipe(self):
        path = GOLDEN / "traces" / "120_fivek_lognormal.json"
        want = load("golden.json")[path.name]
        self.expect(want, self.analyze("--trace-file", path))
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
            self.expect(want, self.analyze("-", stdin=cat.stdout))


class Large(unittest.TestCase):
    RECORDS = 300000

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "large.json"

    def write(self):
        """As pypss writes its records; 72 MB. Returns durations."""
        durations = [(1 + i * 7919 % 1000) / 1000 for i in range(self.RECORDS)]
        with open(self.path, "w", encoding="ascii") as file:
            for i, duration in enumerate(durations):
                file.write(f'{"," if i else "["}{{"trace_id":"{1700000000 + i}.000000-{i}","filename":"/srv/app/core.py",'
                           f'"lineno":{i % 90},"name":"work{i % 9}","module":"app.core","duration":{duration},'
                           f'"cpu_time":0.000125,"wait_time":{duration / 4},"memory":{125829120 + i % 5 * 4096},'
                           f'"memory_diff":0,"error":false,"branch_tag":"b{i % 3}","timestamp":{1700000000 + i / 8}}}')
            file.write("]")
        return durations

    @staticmethod
    def peak_kib(*arguments):
        """Exit code and largest resident memory of one run, in KiB."""
        pid = os.posix_spawn(PSS, [str(PSS), *map(str, arguments)], os.environ,
                             file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
        _, status, usage = os.wait4(pid, 0)
        return os.waitstatus_to_exitcode(status), usage.ru_maxrss

    def test_memory_is_bounded(self):
        self.write()
        self.assertGreater(self.path.stat().st_size, 60e6)
        code, peak = self.peak_kib("analyze", "--scoring", "pypss", "--json", self.path)
        self.assertEqual(code, DONE)
        self.assertLess(peak, 45 * 1024)

    def test_every_record_is_read(self):
        durations = self.write()
        code, out, err = run([PSS, "analyze", "--json", self.path])
        self.assertEqual(code, DONE, err)
        report = json.loads(out)
        self.assertEqual(sum(one["count"] for one in report["operations"]), self.RECORDS)
        for one in report["operations"]:
            self.assertEqual(one["kind"], "trace")
            # Of each name the durations repeat the same thousand values.
            self.assertAlmostEqual(one["max_ns"], max(durations) * 1e9, delta=2)


if __name__ == "__main__":
    unittest.main()
