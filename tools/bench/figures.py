# SPDX-License-Identifier: MIT
"""Figures and how they are shown."""

import os
import platform
import statistics


def spread(values):
    """Median, quartiles and extremes of a list, as plain numbers."""
    values = sorted(values)
    if len(values) > 1:
        quartiles = statistics.quantiles(values, n=4, method="inclusive")
    else:
        quartiles = values * 3
    return {"median": statistics.median(values), "quarter": quartiles[0], "three_quarters": quartiles[2],
            "least": values[0], "most": values[-1], "runs": len(values)}


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return {"kernel": platform.release(), "cpus": os.cpu_count(), "model": models[0] if models else "not known",
            "virtual": "hypervisor" in open("/proc/cpuinfo", encoding="ascii", errors="replace").read()}


def memory_peak_bytes(pid):
    """The kernel's own high-water mark of the resident set of a process; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def show(title, rows):
    """A table of (what, figure, remark)."""
    print(f"\n{title}", flush=True)
    width = max(len(row[0]) for row in rows)
    for what, figure, remark in rows:
        print(f"  {what:<{width}}  {figure:>14}  {remark}".rstrip(), flush=True)


def mib(count):
    return f"{count / (1 << 20):.1f} MiB"
