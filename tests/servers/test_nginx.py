# SPDX-License-Identifier: MIT
"""nginx with two workers, attached by its master: requests as nginx counts them (stub_status)."""

from tests.servers.control import Nginx
from tests.servers.load import http_batches, http_pieces, wrk
from tests.servers.truth import ServerTest

SECONDS = 4
CONNECTIONS = 16


class NginxTest(ServerTest):
    @classmethod
    def start(cls):
        return Nginx()

    def measure(self, load, server=None):
        """Requests that nginx counted in the load (its answer, too), and the report."""
        server = server or self.server
        with self.observed(server) as capture:
            before = server.requests()
            answer = load()
            truth = server.requests() - before - 1
        return truth, answer, capture.report

    def name(self, server=None):
        return f"request :{(server or self.server).port}"


class NginxCounts(NginxTest):
    def measure_wrk(self, path, *headers):
        truth, load, report = self.measure(lambda: wrk(self.server.url(path), SECONDS, CONNECTIONS, headers=headers))
        self.assertEqual(load.failed, 0)
        # What wrk cuts off at its end nginx counts; whether it was answered is not known.
        self.assert_counted(report, self.name(), truth, in_flight=CONNECTIONS)
        return report

    def test_keep_alive(self):
        self.assert_steady(self.measure_wrk("/small"))

    def test_a_connection_each(self):
        self.assert_steady(self.measure_wrk("/small", "Connection: close"))

    def test_large_file_in_many_writes(self):
        self.measure_wrk("/large")

    def test_pipelined(self):
        """Batches in one segment, which nginx answers one by one."""
        for size, batches in ((8, 2000), (40, 500)):  # 40: longer than the buffer for headers
            with self.subTest(batch=size):
                truth, answered, report = self.measure(
                    lambda: http_batches(self.server.port, "/small", batches, size))
                self.assertEqual(truth, answered)
                self.assert_counted(report, self.name(), truth)

    def test_requests_split_over_reads(self):
        truth, answered, report = self.measure(lambda: http_pieces(self.server.port, "/small", 8000))
        self.assertEqual(truth, answered)
        self.assert_counted(report, self.name(), truth)


class NginxProxyCounts(NginxTest):
    """In front of another nginx: what it asks there are calls."""

    front = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.front = cls.enterClassContext(Nginx(upstream_port=cls.server.port))

    def measure_proxy(self, path):
        before = self.server.requests()
        truth, load, report = self.measure(
            lambda: wrk(self.front.url(path), SECONDS, CONNECTIONS), server=self.front)
        calls = self.server.requests() - before - 1
        self.assertEqual(load.failed, 0)
        self.assert_counted(report, self.name(self.front), truth, in_flight=CONNECTIONS)
        self.assert_counted(report, f"call 127.0.0.1:{self.server.port}", calls, in_flight=CONNECTIONS)

    def test_proxy_with_kept_connections(self):
        self.measure_proxy("/proxy/small")

    def test_proxy_with_a_connection_each(self):
        self.measure_proxy("/proxy-close/small")
