# SPDX-License-Identifier: MIT
"""Attaching to redis under load a hundred times: no request fails, nothing stays behind in the kernel."""

import glob
import json
import os
import re
import signal
import time

from tests.lib import Capture, report
from tests.servers.control import Redis, find, finish
from tests.servers.load import CheckedRedisLoad
from tests.servers.truth import ServerTest, operation

CYCLES = 100
KILLED_EVERY = 10  # so many end by SIGKILL instead of their duration
GONE_SECONDS = 10  # the kernel frees programs and links a while after the process that held them


def held():
    """BPF programs and links that a process has open: (kind, id)."""
    ids = set()
    for name in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            if not os.readlink(name).startswith("anon_inode:bpf"):
                continue
            with open(name.replace("/fd/", "/fdinfo/"), encoding="ascii", errors="replace") as file:
                ids.update(re.findall(r"^(prog|link)_id:\s*(\d+)", file.read(), re.MULTILINE))
        except OSError:
            continue  # closed meanwhile, or none of ours to look into
    return {(kind, int(number)) for kind, number in ids}


def ownerless():
    """BPF programs and links that exist although no process has them open."""
    loaded = {(kind, one["id"]) for kind in ("prog", "link")
              for one in json.loads(finish([find("bpftool"), "-j", kind, "show"]))}
    return loaded - held()


class AttachCycles(ServerTest):
    @classmethod
    def start(cls):
        return Redis()

    def cycle(self, index):
        if index % KILLED_EVERY == KILLED_EVERY - 1:
            capture = Capture(self.server.pid)
            capture.wait_measuring()
            capture.process.stop(signal.SIGKILL)
            return
        seen = report(self.server.pid, 0.2)
        self.assertGreater(operation(seen, f"request :{self.server.port}")["count"], 0)

    def left_behind(self, before):
        end = time.monotonic() + GONE_SECONDS
        while (left := ownerless() - before) and time.monotonic() < end:
            time.sleep(0.2)
        return left

    def test_a_hundred_times_under_load(self):
        before = ownerless()
        with CheckedRedisLoad(self.server.port) as load:
            for index in range(CYCLES):
                self.cycle(index)
        self.assertEqual(load.failures, [])
        self.assertGreater(min(load.done), CYCLES)
        self.assertEqual(self.left_behind(before), set())
