# SPDX-License-Identifier: MIT
"""`analyze`: a trace file of 300,000 records, and a recorded capture."""

import json
import os
import random
import subprocess
import tempfile
import time

from tests.lib import BUILD, PSS
from tests.servers.control import Redis
from tests.servers.load import redis_benchmark
from tools.bench.capture import ALL_RECORDS
from tools.bench.figures import memory_peak_bytes, mib, show, spread
from tools.bench.observers import pss

RECORDS = 300_000
MODULES = ("orders", "billing", "search", "accounts", "reports")


def write_trace(path):
    """Records as pypss writes them, about 240 bytes each; always the same."""
    chance = random.Random(300_000)
    with open(path, "w", encoding="ascii") as file:
        separator = "["
        for index in range(RECORDS):
            name = chance.choice(MODULES)
            record = {
                "trace_id": f"{chance.getrandbits(64):016x}", "name": "handle", "module": name, "lineno": index % 400,
                "duration": chance.lognormvariate(-6, 0.5), "wait_time": chance.expovariate(2000),
                "memory": 50_000_000 + index % 4096, "error": chance.random() < 0.001,
                "branch_tag": chance.choice(("hit", "hit", "miss")), "timestamp": 1.7e9 + index / 1000}
            file.write(separator + json.dumps(record))
            separator = ",\n"
        file.write("]\n")


def timed(arguments):
    """Wall time and CPU time in s of one run that must succeed."""
    begin, before = time.monotonic(), os.times()
    subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - begin, cpu


def peak(arguments):
    """
    Highest resident set in bytes of one run. Read from the kernel's high-water mark while it runs: what wait4 gives
    begins with the size of the process that forked.
    """
    most = 0
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, memory_peak_bytes(process.pid))
            time.sleep(0.001)
    return most


def one(path, runs, *options):
    command = [str(PSS), "analyze", path, "--json", *options]
    wall, cpu = zip(*(timed(command) for _ in range(runs)))
    return {"input_bytes": os.path.getsize(path), "wall_s": spread(wall), "cpu_s": spread(cpu),
            "memory_peak_bytes": max(peak(command) for _ in range(2))}


def record(path, requests):
    """A capture of redis with every operation in it."""
    with Redis() as server:
        with pss(server.pid, "--record", path, *ALL_RECORDS) as seen:
            redis_benchmark(server, requests, "-t", "get,set", "-c", "50")
        return seen["report"]["coverage"]["operations_recorded"]


def measure(options):
    runs = options.pairs
    result = {}
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="bench-") as directory:
        trace, capture = os.path.join(directory, "trace.json"), os.path.join(directory, "capture.pss")
        write_trace(trace)
        result["trace, pypss profile"] = one(trace, runs, "--scoring", "pypss")
        result["trace, native profile"] = one(trace, runs, "--scoring", "native")
        if os.geteuid() == 0:
            operations = record(capture, options.requests)
            result["recorded capture"] = one(capture, runs) | {"operations": operations}
    show(f"analyze ({RECORDS:,} trace records; pypss itself takes 4.0 s and 180 MB for 72 MB)", [
        (name, f"{figures['wall_s']['median']:.3f} s",
         f"{figures['wall_s']['least']:.3f} to {figures['wall_s']['most']:.3f}, {figures['cpu_s']['median']:.2f} s of CPU; "
         f"{mib(figures['memory_peak_bytes'])} resident, input {mib(figures['input_bytes'])}"
         + (f", {figures['operations']:,} operations" if "operations" in figures else ""))
        for name, figures in result.items()])
    return result
