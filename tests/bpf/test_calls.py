# SPDX-License-Identifier: MIT
"""Calls of a client: counted and timed by itself, and by pss-bpf attached to it and not to the server."""

import os

from tests.bpf.targets import TargetTest, Target
from tests.lib import attached


class Calls(TargetTest):
    connections, requests = 2, 150

    def _check(self, server_options=(), load=(), path=None, to="--port", kind="call"):
        with Target("server", "--work", 300, *server_options) as server:
            where = path or server.port
            with Target("client", to, where, "--connections", self.connections, "--requests", self.requests, "--wait",
                        *load) as caller:
                with attached(caller.pid) as capture:
                    caller.go()
                    caller.wait_line("exchange")
                own = caller.own()["totals"]["exchange"]
        count = self.connections * self.requests
        found = self.assert_exact(capture.report, f"{kind} unix:{path}" if path else f"{kind} 127.0.0.1:{server.port}", count)
        found["duration_ns"] = found["mean_ns"] * count
        whole = own["whole"]
        wait = whole["wall_ns"] - whole["runq_ns"] - whole["cpu_ns"]
        self.assert_within(found["duration_ns"], whole["wall_ns"], whole["wall_ns"], count, "duration")
        self.assert_within(found["components_ns"]["net"], wait, wait, count, "net")
        self.assertFalse([one for one in capture.report["operations"] if one["kind"] == "request"])

    def test_lines(self):
        self._check()

    def test_answers_in_several_pieces(self):
        self._check(["--http", "--writes", 3], ["--http"])

    def test_through_readiness_waits(self):
        self._check(["--loop", "epoll"], ["--poll"])

    def test_udp(self):
        self._check(["--socket", "udp"], to="--udp", kind="call udp")

    def test_unix_stream(self):
        path = os.path.join(self.folder(), "socket")
        self._check(["--socket", "unix", "--path", path], path=path, to="--unix")
