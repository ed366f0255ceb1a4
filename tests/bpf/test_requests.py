# SPDX-License-Identifier: MIT
"""Requests of servers in many styles, counted by the server, by its client, and by pss-bpf: all three agree."""

import os
import time

from tests.bpf.targets import TargetTest, Target, client, operation
from tests.lib import attached


class Requests(TargetTest):
    connections, requests = 4, 250

    def _observe(self, server_options=(), load=(), path=None, attach=(), kind="request", to="--port"):
        """(report's operation, what the server says, what the client says): counts are checked."""
        with Target("server", *server_options) as server:
            where = path or server.port
            name = f"{kind} unix:{path}" if path else f"{kind} :{server.port}"
            with attached(server.pid, *attach) as capture:
                seen = client(to, where, "--connections", self.connections, "--requests", self.requests, *load)
            own = server.finish()
        self.assertEqual(seen["answered"], self.connections * self.requests)
        self.assertEqual(own["requests"], seen["answered"])
        self.report = capture.report
        return operation(capture.report, name), own, seen

    def _check(self, *arguments, units=True, **options):
        """units: the protocol is one whose pipelined requests are counted one by one."""
        found, own, _ = self._observe(*arguments, **options)
        count = own["requests"] if units else own["operations"]
        self.assert_exact(self.report, found["name"], count, own["operations"])
        self.assert_within(found["mean_ns"] * found["operations"], own["shortest_ns"], own["wall_ns"],
                           own["operations"], "duration")
        self.assertFalse([one for one in self.report["operations"] if one["kind"] == "call"], "no calls were made")
        return found

    def test_many_in_flight_on_one_thread(self):
        self.connections, self.requests = 20, 20
        found = self._check(["--loop", "epoll", "--delay", 3000])
        # The thread was in its readiness wait, or waited for a CPU.
        elsewhere = sum(found["components_ns"][name] for name in ("lock", "disk", "fault", "handoff", "other"))
        self.assert_within(elsewhere, 0, 0, found["operations"], "neither waiting nor working")

    def test_pair_of_sockets(self):
        with Target("server", "--socket", "pair") as server:
            with attached(server.pid, "--no-follow") as capture:
                server.go()
                server.wait_line("^done")
            self.assertEqual(server.finish()["requests"], 300)
        found = [one for one in capture.report["operations"] if one["kind"] == "request"]
        self.assertEqual([one["count"] for one in found], [300], found)

    def test_thread_for_each_connection(self):
        self._check(["--work", 100])

    def test_epoll(self):
        self._check(["--loop", "epoll", "--work", 100])

    def test_poll(self):
        self._check(["--loop", "poll"])

    def test_forked_children_that_the_parent_accepted_for(self):
        self._check(["--loop", "prefork", "--work", 100])

    def test_children_are_left_out_when_told(self):
        with Target("server", "--loop", "prefork") as server:
            with attached(server.pid, "--no-follow") as capture:
                client("--port", server.port, "--requests", 200)
            server.finish()
        self.assertFalse([one for one in capture.report["operations"] if one["kind"] == "request" and one["count"]])
        self.assertEqual(capture.report["target"]["processes"], 1)

    def test_children_and_threads_born_before_the_attach(self):
        for loop in ("prefork", "threads", "epoll"):
            with self.subTest(loop=loop), Target("server", "--loop", loop) as server:
                load = self.enterContext(Target("client", "--port", server.port, "--connections", 3, "--requests", 2000,
                                                "--pause", 500, "--wait"))
                load.go()
                time.sleep(0.3)
                with attached(server.pid) as capture:
                    load.totals()
                    time.sleep(0.1)
                load.go()
                server.finish()
                found = operation(capture.report, f"request :{server.port}")
                self.assertGreater(found["count"], 300)
                self.assertLessEqual(found["count"], 6000)
                self.assert_adds_up(found)

    def test_recv_and_send(self):
        self._check(["--io", "recv"])

    def test_recvmsg_and_sendmsg(self):
        self._check(["--io", "message", "--loop", "epoll"])

    def test_readv_and_writev(self):
        self._check(["--io", "vector"])

    def test_sendfile(self):
        self._check(["--io", "sendfile", "--loop", "epoll"])

    def test_http_answer_in_three_writes(self):
        self._check(["--http", "--writes", 3, "--loop", "epoll"], ["--http"])

    def test_http_answer_in_three_sendfiles(self):
        self._check(["--http", "--writes", 3, "--io", "sendfile"], ["--http"])

    def test_line_answer_in_five_writes(self):
        self._check(["--writes", 5])

    def test_request_in_three_parts(self):
        gap_us = 300
        found = self._check(["--loop", "epoll"], ["--parts", 3, "--gap", gap_us])
        self.assertGreater(found["mean_ns"], 2 * gap_us * 1000 * 0.9, "it begins with the first part")

    def test_http_request_in_three_parts(self):
        found = self._check(["--http"], ["--http", "--parts", 3, "--gap", 300])
        self.assertGreater(found["mean_ns"], 2 * 300 * 1000 * 0.9, "it begins with the first part")

    def test_pipelined_http_answered_one_by_one(self):
        found = self._check(["--http"], ["--http", "--pipeline", 10])
        self.assertLess(found["operations"], found["count"])

    def test_pipelined_http_answered_together(self):
        self._check(["--http", "--together", "--loop", "epoll"], ["--http", "--pipeline", 25])

    def test_pipelined_lines(self):
        self._check([], ["--pipeline", 10], units=False)

    def test_server_that_speaks_first(self):
        self._check(["--greet"], ["--greeted"])

    def test_udp(self):
        self._check(["--socket", "udp", "--work", 50], to="--udp", kind="request udp")

    def test_unix_stream(self):
        path = os.path.join(self.folder(), "socket")
        self._check(["--socket", "unix", "--path", path, "--loop", "poll"], path=path, to="--unix")

    def test_unix_datagram(self):
        path = os.path.join(self.folder(), "socket")
        self._check(["--socket", "unix-dgram", "--path", path], path=path, to="--unix-dgram")

    def test_a_connection_for_each_request(self):
        with Target("server", "--loop", "epoll") as server:
            with attached(server.pid) as capture:
                client("--port", server.port, "--connections", 200, "--requests", 1)
            self.assertEqual(server.finish()["connections"], 200)
        self.assert_exact(capture.report, f"request :{server.port}", 200)

    def test_two_captures_of_one_target(self):
        with Target("server") as server:
            with attached(server.pid) as outer, attached(server.pid) as inner:
                client("--port", server.port, "--connections", 2, "--requests", 500)
            server.finish()
        for capture in (outer, inner):
            self.assert_exact(capture.report, f"request :{server.port}", 1000)

    def test_only_the_kinds_that_are_wanted(self):
        with Target("phases") as peer, Target("phases", "--upstream", peer.port) as server:
            with attached(server.pid, "--ops", "call") as capture:
                client("--port", server.port, "--requests", 100, "--line", "upstream 200")
        self.assertEqual(capture.report["scored_kinds"], ["call"])
        self.assert_exact(capture.report, f"call 127.0.0.1:{peer.port}", 100)
