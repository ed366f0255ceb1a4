# SPDX-License-Identifier: MIT
"""What an observer costs a server at saturation.

Method: redis under redis-benchmark, runs without and with an observer in turn.
The cost is the server's own CPU time (schedstat of its threads) over the
commands that it counted itself; throughput alone swings too much. A run with
an observer is compared with the mean of the two runs without one around it;
the figure is the median of these ratios. Where other programs took the CPUs in
one of the three, another round is made, and the least disturbed count.
"""

import time

from tests.lib import cpu_ns
from tests.servers.control import Redis, RedisClient
from tests.servers.load import redis_benchmark
from tests.servers.machine import Others
from tools.bench.figures import mib, show, spread
from tools.bench.observers import OBSERVERS, nothing

CLIENTS = 50
# Part of the machine that others may take in a run that counts.
OTHERS_SHARE = 0.05


def one_run(server, control, observer, requests):
    """CPU time a request in ns, requests a second, and what the observer left behind."""
    with observer(server.pid) as seen:
        others = Others()
        commands, cpu, clock = control.commands_processed(), cpu_ns(server.pid), time.monotonic()
        redis_benchmark(server, requests, "-t", "get,set", "-c", str(CLIENTS))
        cpu, clock = cpu_ns(server.pid) - cpu, time.monotonic() - clock
        commands = control.commands_processed() - commands
        others = others.share()
    return {"ns": cpu / commands, "rate": commands / clock, "others": others, "seen": seen}


def collect(pairs, requests):
    """
    {observer: [(run before, run with it, run after)]}: `pairs` each, the quietest of at most twice as many. The
    unobserved runs are shared by their neighbours.
    """
    triples = {name: [] for name in OBSERVERS}
    with Redis() as server, RedisClient(server.port) as control:
        redis_benchmark(server, requests // 2, "-t", "get,set", "-c", str(CLIENTS))  # warm up
        before = one_run(server, control, nothing, requests)
        for number in range(2 * pairs):
            for name, observer in OBSERVERS.items():
                during = one_run(server, control, observer, requests)
                after = one_run(server, control, nothing, requests)
                triples[name].append((before, during, after))
                before = after
            print(f"  round {number + 1}: " + ", ".join(
                f"{name} {ratio(runs[-1], 'ns'):.2f}{'' if quiet(runs[-1]) else ' (disturbed)'}"
                for name, runs in triples.items()), flush=True)
            if min(sum(map(quiet, runs)) for runs in triples.values()) >= pairs:
                break
    return {name: sorted(runs, key=disturbance)[:pairs] for name, runs in triples.items()}


def disturbance(triple):
    return max(run["others"] for run in triple)


def quiet(triple):
    return disturbance(triple) <= OTHERS_SHARE


def ratio(triple, key):
    before, during, after = triple
    return during[key] / ((before[key] + after[key]) / 2)


def summary(triples):
    result = {"unobserved_ns": spread([run["ns"] for runs in triples.values() for _, _, run in runs]),
              "unobserved_rate": spread([run["rate"] for runs in triples.values() for _, _, run in runs])}
    for name, runs in triples.items():
        result[name] = {"cpu_ratio": spread([ratio(one, "ns") for one in runs]),
                        "rate_ratio": spread([ratio(one, "rate") for one in runs])}
    result["taken_by_others"] = spread([run["others"] for runs in triples.values() for one in runs for run in one])
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
    yield ("taken by others", f"{result['taken_by_others']['median']:.1%}",
           f"of the machine, at most {result['taken_by_others']['most']:.1%}")
    ours = result["pss-bpf"]
    yield ("share, measured", f"{ours['measured_share']['median']:.1%}", "of the server's CPU time: 1 - off/on")
    yield ("share, reported", f"{ours['reported_share']['median']:.1%}", "overhead.target_cpu_share of the report")
    yield ("memory of pss-bpf", mib(ours["memory_peak_bytes"]), "resident, highest of all runs")


def measure(options):
    result = summary(collect(options.pairs, options.requests))
    show("Cost on redis at saturation", list(rows(result)))
    return result
