# SPDX-License-Identifier: MIT
"""Latencies of a known, long-tailed distribution: the quantiles of the report against the server's own record."""

import math

from tests.bpf.targets import TargetTest, Target, client
from tests.lib import attached


def quantile(values, q):
    """Nearest rank."""
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]


class Quantiles(TargetTest):
    def test_p50_p95_p99(self):
        with Target("phases") as server:
            with attached(server.pid) as capture:
                client("--port", server.port, "--connections", 8, "--requests", 250, "--line", "draw 1000")
            own = server.finish()["draw"]
        found = self.assert_exact(capture.report, f"request :{server.port}", 2000)
        self.assertEqual(len(own["durations_ns"]), 2000)
        for key, q in (("p50_ns", 0.50), ("p95_ns", 0.95), ("p99_ns", 0.99)):
            # The end that the capture sees lies between these two readings.
            low, high = quantile(own["shortest_ns"], q), quantile(own["durations_ns"], q)
            said = f"{key}: {found[key]}, own record {low} to {high}"
            self.assertGreaterEqual(found[key], low * 0.98, said)
            self.assertLessEqual(found[key], high * 1.02, said)
        self.assertGreaterEqual(found["max_ns"], max(own["shortest_ns"]) * 0.98)
        self.assertLessEqual(found["max_ns"], max(own["durations_ns"]) * 1.02)
        self.assertGreater(found["p99_ns"], 3 * found["p50_ns"], "the tail is there")
