# SPDX-License-Identifier: MIT
"""`analyze` of record files: whole, cut, damaged, foreign. The files are made here, by the layout in
include/pss_event.h and user/capture/record.h, so none of it needs privileges."""

import json
import pathlib
import struct
import subprocess
import tempfile
import unittest
import zlib

from tests.lib import run_pss
from tests.lib.record_file import CHECKSUM, FILE_HEAD, MAGIC, NAME, OP, RECORD_HEAD

DONE, USAGE = 0, 2
META, NAME_TYPE, OP_TYPE, TICK, END = 1, 2, 3, 10, 11
REQUEST, ON_CPU, NET = 1, 0, 4
START = 1_000_000_000_000
SECOND = 1_000_000_000


def record(kind, payload):
    body = RECORD_HEAD.pack(kind, len(payload)) + payload
    return body + bytes(-len(body) % 8) + CHECKSUM.pack(zlib.crc32(body))


def meta(interval=SECOND):
    """struct pss_meta."""
    return record(META, struct.pack("<QQQIIII16s256s256s16s128s64s", START, 1_700_000_000 * SECOND, interval, 4242, 0, 2, 0,
                                    b"server", b"/usr/bin/server", b"", b"native", b"6.18", b"here"))


def name(number, text, kind=REQUEST):
    return record(NAME_TYPE, NAME.pack(number, kind) + text)


def operation(start, duration, failed=False):
    components = [0] * 9
    components[ON_CPU] = duration // 4
    components[NET] = duration - duration // 4
    return record(OP_TYPE, OP.pack(1, REQUEST, 1 if failed else 0, 0, 4242, 4243, start, duration, *components,
                                   0, 50_000_000, 77, 0x0201, 104 if failed else 0, 1, 1, 0))


def parts(seconds=10, a_second=40):
    """Head of the file, and its records."""
    records = [meta(), name(1, b"request :80")]
    for second in range(seconds):
        for i in range(a_second):
            start = START + second * SECOND + i * SECOND // a_second
            records.append(operation(start, 2_000_000 + (i * 7919 + second) % 1000 * 1000, i == 7))
        records.append(record(TICK, struct.pack("<Q", START + (second + 1) * SECOND)))
    records.append(record(END, struct.pack("<QII", START + seconds * SECOND, 1, 0)))
    return FILE_HEAD.pack(MAGIC, 1, FILE_HEAD.size), records


class RecordTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, data):
        path = self.folder / "capture"
        path.write_bytes(data)
        return path

    def analyze(self, data):
        """(report, what was said on standard error)"""
        code, out, err = run_pss("analyze", "--json", self.file(data))
        self.assertEqual(code, DONE, err)
        return json.loads(out), err

    def refused(self, data, says):
        code, out, err = run_pss("analyze", "--json", self.file(data))
        self.assertEqual((code, out), (USAGE, ""), err)
        self.assertRegex(err, r"\Apss-bpf: [^\n]+\n\Z")
        self.assertIn(says, err)

    def test_a_whole_file(self):
        head, records = parts()
        report, err = self.analyze(head + b"".join(records))
        self.assertEqual(err, "")
        self.assertFalse(report["coverage"]["incomplete"])
        self.assertEqual([(one["name"], one["kind"], one["count"], one["errors"]) for one in report["operations"]],
                         [("request :80", "request", 400, 10)])
        self.assertEqual(report["target"]["comm"], "server")

    def test_the_same_bytes_give_the_same_report(self):
        head, records = parts()
        path = self.file(head + b"".join(records))

        def report():
            return [line for line in run_pss("analyze", "--json", path)[1].splitlines() if '"made_at"' not in line]

        first = report()
        self.assertGreater(len(first), 20)
        self.assertEqual(report(), first)
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
            piped = run_pss("analyze", "--json", "-", stdin=cat.stdout)[1]
        self.assertEqual([line for line in piped.splitlines() if '"made_at"' not in line], first)

    def test_pypss_scoring(self):
        head, records = parts()
        code, out, err = run_pss("analyze", "--json", "--scoring", "pypss", self.file(head + b"".join(records)))
        self.assertEqual(code, DONE, err)
        report = json.loads(out)
        self.assertEqual(report["scoring"], "pypss")
        self.assertIsNone(report["pss_ci"])
        # One of forty fails, never two in a row: exp(-(p + vmr/2)), p = 1/40, vmr = (1-p) 400/399.
        self.assertEqual(report["breakdown"]["error_volatility"], 0.60)
        self.assertEqual(report["breakdown"]["memory_stability"], 1.0)
        self.assertEqual(report["breakdown"]["branching_entropy"], 1.0)

    def test_cut_files(self):
        """Readable up to the last whole record, and it is said."""
        head, records = parts()
        whole = head + b"".join(records)
        ends = [len(head)]
        for one in records:
            ends.append(ends[-1] + len(one))
        for cut in range(ends[50], len(whole), len(whole) // 40):
            with self.subTest(cut=cut):
                report, err = self.analyze(whole[:cut])
                complete = sum(end <= cut for end in ends) - 1
                operations = sum(RECORD_HEAD.unpack_from(one)[0] == OP_TYPE for one in records[:complete])
                self.assertEqual(report["operations"][0]["count"], operations)
                self.assertTrue(report["coverage"]["incomplete"])
                self.assertTrue(report["coverage"]["incomplete_why"])
                self.assertRegex(err, r"\Apss-bpf: [^\n]+\n\Z")

    def test_damaged_files(self):
        head, records = parts()
        for index in (60, 200, len(records) - 1):
            with self.subTest(record=index):
                broken = bytearray(records[index])
                broken[len(broken) // 2] ^= 0x10
                data = head + b"".join(records[:index]) + bytes(broken) + b"".join(records[index + 1:])
                report, err = self.analyze(data)
                self.assertIn("damaged", err)
                operations = sum(RECORD_HEAD.unpack_from(one)[0] == OP_TYPE for one in records[:index])
                self.assertEqual(report["operations"][0]["count"], operations)

    def test_records_of_a_newer_writer_are_passed_over(self):
        head, records = parts()
        plain, _ = self.analyze(head + b"".join(records))
        records.insert(30, record(4711, b"what this means is not known"))
        records.insert(2, record(4712, b""))
        report, err = self.analyze(head + b"".join(records))
        self.assertEqual(err, "")
        plain.pop("made_at")
        report.pop("made_at")
        self.assertEqual(report, plain)

    def test_records_that_make_no_sense_are_left_out(self):
        head, records = parts()
        records.insert(30, record(OP_TYPE, b"short"))
        records.insert(31, operation(START, 1 << 63))
        report, err = self.analyze(head + b"".join(records))
        self.assertIn("2 records", err)
        self.assertEqual(report["operations"][0]["count"], 400)

    def test_files_that_are_no_records(self):
        head, records = parts()
        self.refused(FILE_HEAD.pack(MAGIC, 2, 16), "version 2")
        self.refused(head[:8], "head")
        self.refused(head, "no end")
        self.refused(head + records[0][:100], "middle")
        self.refused(b"\x7fELF" + bytes(100), "not valid JSON")
        self.refused(bytes(range(256)) * 64, "not valid JSON")

    def test_hostile_text(self):
        head, records = parts()
        records[1] = name(1, b"\x1b[2J\xff\r\n\"name")
        report, _ = self.analyze(head + b"".join(records))
        self.assertEqual(report["operations"][0]["name"], "\x1b[2J\ufffd\r\n\"name")
        code, out, err = run_pss("analyze", self.folder / "capture")
        self.assertEqual(code, DONE, err)
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\r", out)


if __name__ == "__main__":
    unittest.main()
