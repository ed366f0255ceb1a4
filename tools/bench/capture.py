# SPDX-License-Identifier: MIT
"""The capture itself: operations a second through the ring, time to the first score."""

import time

from tests.lib import Capture, Process, report
from tests.servers.control import Redis, find
from tests.servers.load import redis_benchmark
from tools.bench.figures import mib, show, spread
from tools.bench.observers import pss

# Every operation is to go through the ring with its whole vector.
ALL_RECORDS = ("--max-records", "10000000")
SECONDS_OF_SCORE = 1


def ring_run(server, options, requests):
    with pss(server.pid, *options) as seen:
        begin = time.monotonic()
        redis_benchmark(server, requests, "-t", "get,set", "-c", "50")
        clock = time.monotonic() - begin
    coverage = seen["report"]["coverage"]
    return {"seen": coverage["operations_seen"], "recorded": coverage["operations_recorded"],
            "recorded_per_s": coverage["operations_recorded"] / clock,
            "lost": {cause: count for cause, count in coverage["lost"].items() if count},
            "own_cpu_us_per_record": seen["cpu_s"] * 1e6 / max(1, coverage["operations_recorded"]),
            "own_cpu_share": seen["cpu_s"] / clock, "memory_peak_bytes": seen["memory_peak_bytes"]}


def measure_ring(options):
    with Redis() as server:
        result = {"all": ring_run(server, ALL_RECORDS, options.requests * 2),
                  "default": ring_run(server, (), options.requests * 2)}
    rows = []
    for name, title in (("all", "every operation"), ("default", "default sampling")):
        one = result[name]
        rows += [(title, f"{one['recorded_per_s']:,.0f}/s",
                  f"{one['recorded']:,} of {one['seen']:,} recorded, lost {one['lost'] or 'nothing'}"),
                 ("  pss-bpf itself", f"{one['own_cpu_share']:.1%} CPU",
                  f"{one['own_cpu_us_per_record']:.2f} us a record, {mib(one['memory_peak_bytes'])} resident")]
    show("Operations through the ring (redis-benchmark is the limit)", rows)
    return result


def measure_start(options):
    """From start to the report of a second, less that second; and to the line that says that it measures."""
    totals, attaches = [], []
    with Redis() as server:
        load = [find("redis-benchmark"), "-p", str(server.port), "-c", "8", "-n", "1000000000", "-q", "-t", "get"]
        with Process(["sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh", *load]):
            for _ in range(options.pairs):
                begin = time.monotonic()
                report(server.pid, SECONDS_OF_SCORE)
                totals.append(time.monotonic() - begin - SECONDS_OF_SCORE)
                begin = time.monotonic()
                capture = Capture(server.pid)
                capture.wait_measuring()
                attaches.append(time.monotonic() - begin)
                capture.end()
    result = {"first_score_s": spread(totals), "attached_s": spread(attaches)}
    show("Start", [
        ("first score", f"{result['first_score_s']['median'] * 1000:.0f} ms",
         f"{result['first_score_s']['least'] * 1000:.0f} to {result['first_score_s']['most'] * 1000:.0f}; "
         "besides the second that it scores, server saturated"),
        ("attached", f"{result['attached_s']['median'] * 1000:.0f} ms", "until it says that it measures")])
    return result
