# SPDX-License-Identifier: MIT
"""How much of the machine went to others, by the kernel's accounts."""

import os


def _busy_ticks():
    """Time of all CPUs that was not idle, what the hypervisor took included."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return user + nice + system + irq + softirq + steal


def _stat(pid):
    """(parent, CPU ticks of the process and of its children that ended), or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]), sum(map(int, fields[11:15]))


def _own_ticks():
    """Of this process and all that descends from it."""
    stats = {int(name): stat for name in os.listdir("/proc") if name.isdigit() and (stat := _stat(name))}
    ours, grown = {os.getpid()}, True
    while grown:
        born = {pid for pid, (parent, _) in stats.items() if parent in ours} - ours
        ours |= born
        grown = bool(born)
    return sum(stats[pid][1] for pid in ours if pid in stats)


class Others:
    """Counts from its making on."""

    def __init__(self):
        self.busy, self.own, self.total = _busy_ticks(), _own_ticks(), os.times().elapsed

    def share(self):
        """Part of the machine's CPU time, 0 to 1, that neither this process nor its descendants had."""
        ticks = (_busy_ticks() - self.busy) - (_own_ticks() - self.own)
        elapsed = (os.times().elapsed - self.total) * os.sysconf("SC_CLK_TCK") * os.cpu_count()
        return max(0.0, ticks / elapsed)
