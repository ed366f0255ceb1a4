# SPDX-License-Identifier: MIT
"""Requests whose beginning or end lies outside of the capture, or that are never answered: said, and not guessed."""

import time

from tests.bpf.targets import TargetTest, Target, client, lost, operation
from tests.lib import Disturbed, attached, run, target


class Unfinished(TargetTest):
    def _asking(self, server, line):
        """A client that has sent its first request by the time this returns."""
        load = self.enterContext(Target("client", "--port", server.port, "--requests", 1, "--line", line, "--wait"))
        load.go()
        time.sleep(0.3)
        return load

    def test_still_unanswered_at_the_end(self):
        with Target("phases") as server:
            with attached(server.pid) as capture:
                client("--port", server.port, "--requests", 100, "--line", "sleep 100")
                self._asking(server, "sleep 20000000")
        self.assertEqual(lost(capture.report).get("in_flight"), 1, lost(capture.report))
        self.assertEqual(operation(capture.report, f"request :{server.port}")["count"], 100)

    def test_asked_before_the_capture(self):
        with Target("phases") as server:
            load = self._asking(server, "sleep 3000000")
            with attached(server.pid) as capture:
                if len(load.lines["stdout"]) > 1:
                    raise Disturbed("the answer was there before the capture was")
                load.totals()
                client("--port", server.port, "--requests", 100, "--line", "sleep 100")
        found = operation(capture.report, f"request :{server.port}")
        self.assertEqual(found["count"], 100, "what began before is not timed")
        self.assertLess(found["max_ns"], 2e9)
        self.assertEqual(lost(capture.report).get("began_before"), 1, lost(capture.report))

    def test_closed_without_an_answer(self):
        with Target("phases") as server:
            with attached(server.pid) as capture:
                client("--port", server.port, "--requests", 100, "--line", "sleep 100")
                for _ in range(3):
                    run([target("client"), "--port", server.port, "--requests", 1, "--line", "nonsense 1"])
        self.assertEqual(lost(capture.report).get("closed_open"), 3, lost(capture.report))
        self.assertEqual(operation(capture.report, f"request :{server.port}")["count"], 100)

    def test_connections_that_were_open_before_the_capture(self):
        with Target("server", "--loop", "epoll") as server:
            with Target("client", "--port", server.port, "--requests", 600, "--pause", 2000, "--wait") as later:
                later.go()
                time.sleep(0.2)
                with attached(server.pid) as capture:
                    later.totals()
                later.go()
        found = operation(capture.report, f"request :{server.port}")
        self.assertGreater(found["count"], 50)
        self.assertLess(found["count"], 600)
        self.assertLess(found["mean_ns"], 1e6, "the pause between requests is not part of one")
        self.assert_adds_up(found)
