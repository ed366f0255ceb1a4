# SPDX-License-Identifier: MIT
"""Running pss-bpf."""

import contextlib
import json
import os
import signal
import unittest

from tests.lib.paths import PSS
from tests.lib.process import Process, run


def need_root():
    """Skips the test for those who cannot load BPF programs."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root")


def run_pss(*arguments, timeout=60, **options):
    """pss-bpf to its end: (exit code, stdout, stderr)."""
    return run([PSS, *arguments], timeout, **options)


def report(pid, duration, *extra, timeout=None):
    """The JSON report of a capture of so many seconds."""
    code, out, err = run_pss("--pid", pid, "--duration", f"{duration}s", "--json", *extra,
                             timeout=timeout or duration + 60)
    if code != 0:
        raise AssertionError(f"pss-bpf exited with {code}: {err}")
    return json.loads(out)


class Capture:
    """A capture that runs until it is ended; then `report` is its parsed report, `code` the exit code."""

    def __init__(self, pid, *extra):
        self.report = None
        self.code = None
        self.process = Process([PSS, "--pid", pid, "--json", "--verbose", *extra])

    def wait_measuring(self, timeout=60):
        self.process.wait_line("measuring", timeout, "stderr")

    def end(self, number=signal.SIGINT, timeout=60):
        if not self.process.ended:
            self.process.send(number)
        self.code = self.process.wait(timeout)
        if self.process.stdout.strip():
            self.report = json.loads(self.process.stdout)
        return self.report

    @property
    def stderr(self):
        return self.process.stderr


@contextlib.contextmanager
def attached(pid, *extra, timeout=60):
    """Attaches, waits until it measures, runs the body, ends the capture as Ctrl-C does.

    with attached(server.pid) as capture:
        load()
    capture.report["operations"]
    """
    capture = Capture(pid, *extra)
    try:
        capture.wait_measuring(timeout)
        yield capture
        capture.end(timeout=timeout)
        if capture.code != 0 or capture.report is None:
            raise AssertionError(f"pss-bpf exited with {capture.code}: {capture.stderr}")
    finally:
        capture.process.stop(signal.SIGKILL)
