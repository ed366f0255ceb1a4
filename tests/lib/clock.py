# SPDX-License-Identifier: MIT
"""The kernel's own account of a process, by which a test can prove that the machine was in its way."""

import os


class Disturbed(Exception):
    """Raised by a test that can prove, by its target's own clock or the kernel's counters, that the machine disturbed
    it. The runner runs it again, a few times; what is still disturbed then has failed."""


def _schedstat(pid, field):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[field])
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread has ended
    return total


def cpu_ns(pid):
    """Time on a CPU of the threads that live, ns."""
    return _schedstat(pid, 0)


def run_delay_ns(pid):
    """Time that the threads that live have waited for a CPU, ns."""
    return _schedstat(pid, 1)


def steal_ticks():
    """Time that the hypervisor gave to others, all CPUs, in clock ticks."""
    with open("/proc/stat", encoding="ascii") as file:
        return int(file.readline().split()[8])
