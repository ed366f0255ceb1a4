# SPDX-License-Identifier: MIT
"""python3 -m http.server, a thread a connection: requests as the client counts them."""

from tests.servers.control import PythonHttp
from tests.servers.load import http_pieces, wrk
from tests.servers.truth import ServerTest

CONNECTIONS = 4


class PythonHttpCounts(ServerTest):
    @classmethod
    def start(cls):
        return PythonHttp()

    def test_a_thread_for_each_request(self):
        # A fresh interpreter takes its arenas and thread stacks in the first seconds: that is growth, and not steady yet.
        wrk(self.server.url("/small"), 4, CONNECTIONS)
        with self.observed() as capture:
            load = wrk(self.server.url("/small"), 4, CONNECTIONS)
        self.assertEqual(load.failed, 0)
        self.assert_counted(capture.report, f"request :{self.server.port}", load.requests, in_flight=CONNECTIONS)
        self.assert_steady(capture.report)


class PythonHttpKeepAliveCounts(ServerTest):
    @classmethod
    def start(cls):
        return PythonHttp("HTTP/1.1")

    def test_requests_split_over_reads(self):
        with self.observed() as capture:
            answered = http_pieces(self.server.port, "/small", 60)
        self.assertEqual(answered, 60)
        self.assert_counted(capture.report, f"request :{self.server.port}", answered)
