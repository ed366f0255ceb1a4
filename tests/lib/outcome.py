# SPDX-License-Identifier: MIT
"""What became of each test, said as it happens."""

import time

WORDS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}
DETAIL_LINES = 120


class Outcomes:
    """options: the runner's parsed arguments."""

    def __init__(self, options):
        self.options = options
        self.count = dict.fromkeys(WORDS, 0)
        self.durations = []
        self.began = time.monotonic()

    def wanted(self, name):
        return self.options.k is None or self.options.k in name

    def add(self, outcome, name, reason="", detail="", seconds=0.0):
        """name: `suite module Class.method`; reason: one line; detail: shown indented below a failure."""
        self.count[outcome] += 1
        self.durations.append((seconds, name))
        reason = " ".join(reason.split())
        print(f"{WORDS[outcome]:<7} {name}{': ' + reason if reason else ''}", flush=True)
        if outcome == "failed":
            for line in detail.rstrip().splitlines()[:DETAIL_LINES]:
                print(f"    | {line}", flush=True)

    def step(self, name, action):
        """One test made of a function that returns (passed, what it printed). False when it failed."""
        if not self.wanted(name):
            return True
        began = time.monotonic()
        try:
            passed, printed = action()
        except Exception as error:  # whatever it is, the run goes on and has failed
            passed, printed = False, f"{type(error).__name__}: {error}"
        self.add("passed" if passed else "failed", name, detail=printed, seconds=time.monotonic() - began)
        return passed

    def close(self):
        """The exit code of the run."""
        for seconds, name in sorted(self.durations, reverse=True)[: self.options.slowest]:
            print(f"{seconds:7.1f} s  {name}")
        if self.options.slowest:
            print(f"{time.monotonic() - self.began:7.1f} s  in all")
        if not any(self.count.values()):
            print(f"no test matches {self.options.k!r}")
        print("{passed} passed, {failed} failed, {skipped} skipped".format(**self.count), flush=True)
        return 1 if self.count["failed"] or not any(self.count.values()) else 0
