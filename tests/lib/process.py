# SPDX-License-Identifier: MIT
"""Processes of a test: started, read, and ended by their id."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_alive = set()


class TimedOut(AssertionError):
    """Something that had to come did not come in time."""


def free_port():
    """A TCP port of loopback on which nothing listens now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(arguments, timeout=60, **options):
    """Runs to the end: (exit code, stdout, stderr) as text. A signal is a negative code."""
    options.setdefault("stdin", subprocess.DEVNULL)
    if "input" in options:
        del options["stdin"]
    done = subprocess.run([str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", timeout=timeout, check=False, **options)
    return done.returncode, done.stdout, done.stderr


def _die_with_the_runner():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program in the background, in a process group of its own.

    with Process([target("spin"), "5"]) as spin:
        spin.wait_line("ready")
        ...
    """

    def __init__(self, arguments, **options):
        self.arguments = [str(a) for a in arguments]
        self.lines = {"stdout": [], "stderr": []}
        self._news = threading.Condition()
        options.setdefault("stdin", subprocess.DEVNULL)
        self.popen = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      start_new_session=True, preexec_fn=_die_with_the_runner, **options)
        self.pid = self.popen.pid
        _alive.add(self)
        self._readers = []
        for name in self.lines:
            reader = threading.Thread(target=self._read, args=(name, getattr(self.popen, name)), daemon=True)
            reader.start()
            self._readers.append(reader)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _read(self, name, pipe):
        for raw in pipe:
            with self._news:
                self.lines[name].append(raw.decode(errors="replace").rstrip("\n"))
                self._news.notify_all()
        pipe.close()
        with self._news:
            self._news.notify_all()

    @property
    def stdout(self):
        return "\n".join(self.lines["stdout"])

    @property
    def stderr(self):
        return "\n".join(self.lines["stderr"])

    @property
    def ended(self):
        return self.popen.poll() is not None

    def wait_line(self, pattern, timeout=30, stream="stdout"):
        """The match of the first line, old or new, in which the pattern is found."""
        wanted = re.compile(pattern)
        deadline = time.monotonic() + timeout
        seen = 0
        with self._news:
            while True:
                lines = self.lines[stream]
                for line in lines[seen:]:
                    found = wanted.search(line)
                    if found:
                        return found
                seen = len(lines)
                if not any(reader.is_alive() for reader in self._readers):
                    raise TimedOut(f"{self} ended without {pattern!r}")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimedOut(f"{self} did not say {pattern!r} in {timeout} s")
                self._news.wait(min(left, 0.5))

    def wait(self, timeout=60):
        """Its exit code, with all output read."""
        try:
            code = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimedOut(f"{self} did not end in {timeout} s") from None
        for reader in self._readers:
            reader.join(5)
        _alive.discard(self)
        return code

    def send(self, number):
        self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=10):
        """Ends it and what it started, if it still runs; its exit code."""
        if not self.ended:
            self.send(signal.SIGCONT)
            self.send(number)
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        try:
            os.killpg(self.pid, signal.SIGKILL)  # children that stayed behind
        except (ProcessLookupError, PermissionError):
            pass
        return self.wait(10)

    def __str__(self):
        tail = "\n".join((self.lines["stdout"] + self.lines["stderr"])[-20:])
        state = f"exit code {self.popen.returncode}" if self.ended else "runs"
        return f"{' '.join(self.arguments)} (pid {self.pid}, {state}): {tail}"


def end_leftovers():
    """Stops what a test has left running; the runner calls this after each."""
    for process in list(_alive):
        process.stop(signal.SIGKILL)
