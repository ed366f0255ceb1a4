# SPDX-License-Identifier: MIT
"""Memory taken and given back by known amounts."""

from tests.bpf.targets import TargetTest, Target
from tests.lib import attached

MIB = 1 << 20
# Of a program's own: output buffers, thread stacks, library heaps.
ALLOWANCE = 256 * 1024


class Memory(TargetTest):
    def _observe(self, *arguments):
        with Target("memory", *arguments) as target:
            with attached(target.pid) as capture:
                target.go()
                own = target.totals()
        return capture.report["memory"], own

    def _assert_amounts(self, memory, own):
        for key in ("mapped", "unmapped"):
            self.assertGreaterEqual(memory[f"{key}_bytes"], own[key], key)
            self.assertLessEqual(memory[f"{key}_bytes"], own[key] + ALLOWANCE, key)
        self.assertGreaterEqual(memory["faulted_bytes"], own["touched"] * 0.99)
        self.assertLessEqual(memory["faulted_bytes"], own["touched"] + 2 * ALLOWANCE)

    def test_mmap_and_munmap(self):
        memory, own = self._observe("map", MIB, 40)
        self._assert_amounts(memory, own)
        peak = memory["rss_bytes"]["peak"] - memory["rss_bytes"]["first"]
        self.assertGreater(peak, own["touched"] * 0.9)
        self.assertLess(memory["rss_bytes"]["last"], memory["rss_bytes"]["peak"])

    def test_brk(self):
        memory, own = self._observe("break", MIB, 40)
        self._assert_amounts(memory, own)

    def test_leak_is_growth(self):
        memory, own = self._observe("leak", MIB, 50000, 80)
        self._assert_amounts(memory, own)
        grown = memory["rss_bytes"]["last"] - memory["rss_bytes"]["first"]
        self.assertAlmostEqual(grown, own["touched"], delta=0.05 * own["touched"] + MIB)
        self.assertGreater(memory["growth_bytes_per_s"], 2 * MIB)

    def test_steady_memory_does_not_grow(self):
        memory, own = self._observe("steady", 8 * MIB, 50000, 80)
        self._assert_amounts(memory, own)
        self.assertFalse(memory["growth_significant"], memory)
        self.assertLess(memory["growth_bytes_per_s"], MIB)
