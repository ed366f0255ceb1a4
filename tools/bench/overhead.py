# SPDX-License-Identifier: MIT
"""What an observer costs a server at saturation.

Method: redis under redis-benchmark, runs without and with an observer in turn.
The cost is the server's own CPU time (schedstat of its threads) over the
commands that it counted itself; throughput alone swings too much. A run with
an observer is compared with the mean of the two runs without one around it;
the figure is the median of these ratios.
"""

import time

from tests.lib import cpu_ns
from tests.servers.control import Redis, RedisClient
from tests.servers.load import redis_benchmark
from tools.bench.figures import mib, show, spread
from tools.bench.observers import OBSERVERS, nothing

CLIENTS = 50


def one_run(server, control, observer, requests):
    """CPU time a request in ns, requests a second, and what the observer left behind."""
    with observer(server.pid) as seen:
        commands, cpu, clock = control.commands_processed(), cpu_ns(server.pid), time.monotonic()
        redis_benchmark(server, requests, "-t", "get,set", "-c", str(CLIENTS))
        cpu, clock = cpu_ns(server.pid) - cpu, time.monotonic() - clock
        commands = control.commands_processed() - commands
    return {"ns": cpu / commands, "rate": commands / clock, "seen": seen}


def collect(pairs, requests):
    """{observer: [(run before, run with it, run after)]}; the unobserved runs are shared by their neighbours."""
    triples = {name: [] for name in OBSERVERS}
    with Redis() as server, RedisClient(server.port) as control:
        redis_benchmark(server, requests // 2, "-t", "get,set", "-c", str(CLIENTS))  # warm up
        before = one_run(server, control, nothing, requests)
        for pair in range(pairs):
            for name, observer in OBSERVERS.items():
                during = one_run(server, control, observer, requests)
                after = one_run(server, control, nothing, requests)
                triples[name].append((before, during, after))
                before = after
            print(f"  round {pair + 1} of {pairs}: " + ", ".join(
                f"{name} {ratio(runs[-1], 'ns'):.2f}" for name, runs in triples.items()), flush=True)
    return triples


def ratio(triple, key):
    before, during, after = triple
    return during[key] / ((before[key] + after[key]) / 2)


def summary(triples):
    result = {"unobserved_ns": spread([run["ns"] for runs in triples.values() for _, _, run in runs]),
              "unobserved_rate": spread([run["rate"] for runs in triples.values() for _, _, run in runs])}
    for name, runs in triples.items():
        result[name] = {"cpu_ratio": spread([ratio(one, "ns") for one in runs]),
                        "rate_ratio": spread([ratio(one, "rate") for one in runs])}
    ours = [(1 - 1 / ratio(one, "ns"), one[1]["seen"]) for one in triples["pss-bpf"]]
    said = [seen["report"]["overhead"]["target_cpu_share"] for _, seen in ours]
    result["pss-bpf"] |= {
        "measured_share": spread([share for share, _ in ours]),
        "reported_share": spread([share for share in said if share is not None] or [0]),
        "memory_peak_bytes": max(seen["memory_peak_bytes"] for _, seen in ours),
        "lost": [seen["report"]["coverage"]["lost"] for _, seen in ours],
    }
    return result


def rows(result):
    base = result["unobserved_ns"]
    yield ("unobserved", f"{base['median'] / 1000:.2f} us",
           f"server CPU a request; {result['unobserved_rate']['median']:,.0f} requests/s")
    for name in OBSERVERS:
        cpu, rate = result[name]["cpu_ratio"], result[name]["rate_ratio"]
        yield (name, f"{cpu['median']:.3f} x", f"quartiles {cpu['quarter']:.3f} to {cpu['three_quarters']:.3f}, all "
               f"{cpu['least']:.3f} to {cpu['most']:.3f}, {cpu['runs']} pairs; throughput {rate['median']:.2f} x")
    ours = result["pss-bpf"]
    yield ("share, measured", f"{ours['measured_share']['median']:.1%}", "of the server's CPU time: 1 - off/on")
    yield ("share, reported", f"{ours['reported_share']['median']:.1%}", "overhead.target_cpu_share of the report")
    yield ("memory of pss-bpf", mib(ours["memory_peak_bytes"]), "resident, highest of all runs")


def measure(options):
    result = summary(collect(options.pairs, options.requests))
    show("Cost on redis at saturation", list(rows(result)))
    return result
