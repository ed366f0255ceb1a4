# SPDX-License-Identifier: MIT
"""What can watch a server in the bench: each is a context manager that is entered when it watches."""

import contextlib
import os
import signal
import tempfile
import time

from tests.lib import Process, attached
from tests.servers.control import find, finish
from tools.bench.figures import memory_peak_bytes

# A latency histogram by system call, only for one process: the usual one-liner.
LATENCY = """
tracepoint:raw_syscalls:sys_enter /pid == %(pid)d/ { @start[tid] = nsecs; }
tracepoint:raw_syscalls:sys_exit /@start[tid]/ {
    @latency[args->id] = hist(nsecs - @start[tid]);
    delete(@start[tid]);
}
"""
EMPTY = os.path.join(os.path.dirname(__file__), "empty.bpf.c")
BPFTRACE_SETTLES_SECONDS = 2


@contextlib.contextmanager
def nothing(_pid):
    yield {}


@contextlib.contextmanager
def pss(pid, *options):
    """pss-bpf with the default capture. Afterwards the dictionary holds its report and its peak of memory."""
    seen = {}
    with attached(pid, *options) as capture:
        yield seen
        seen["memory_peak_bytes"] = memory_peak_bytes(capture.process.pid)
        seen["cpu_s"] = cpu_seconds(capture.process.pid)
    seen["report"] = capture.report


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def bpftrace_latency(pid):
    """bpftrace with the histogram; fails when it saw nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".bt") as file:
        file.write(LATENCY % {"pid": pid})
        file.flush()
        # It looks for tracepoints in tracefs, which need not be mounted: a mount of our own that goes with it.
        command = ("[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing; "
                   'exec "$0" -B line "$1"')
        with Process([find("unshare"), "-m", "sh", "-c", command, find("bpftrace"), file.name]) as tracer:
            tracer.wait_line("Attaching", 30)
            time.sleep(BPFTRACE_SETTLES_SECONDS)
            yield {}
            tracer.stop(signal.SIGINT)
            if "@latency[" not in tracer.stdout:
                raise RuntimeError(f"bpftrace saw nothing: {tracer}")


@contextlib.contextmanager
def empty(_pid):
    """Programs on entry and exit of every system call that return at once, attached by bpftool."""
    with tempfile.TemporaryDirectory() as directory:
        made = os.path.join(directory, "empty.o")
        finish([os.environ.get("BPF_CLANG", "clang"), "-target", "bpf", "-O2", "-g", "-c", EMPTY, "-o", made])
        # The links live in a mount of our own, and go with it.
        command = ('mount -t bpf bpf /sys/fs/bpf && "$0" prog loadall "$1" /sys/fs/bpf/empty autoattach && '
                   "echo attached && exec sleep 3600")
        with Process([find("unshare"), "-m", "sh", "-c", command, find("bpftool"), made]) as holder:
            holder.wait_line("attached")
            yield {}


# What is compared with the unobserved server.
OBSERVERS = {
    "pss-bpf": pss,
    "bpftrace syscall histogram": bpftrace_latency,
    "empty tp_btf on system calls": empty,
}
