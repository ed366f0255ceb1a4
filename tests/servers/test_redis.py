# SPDX-License-Identifier: MIT
"""redis under redis-benchmark: requests as redis itself counts its commands, to the unit."""

from tests.servers.control import Redis, RedisClient
from tests.servers.load import redis_benchmark, redis_mixed_batches
from tests.servers.truth import ServerTest


class RedisTest(ServerTest):
    @classmethod
    def start(cls):
        return Redis()

    def measure(self, load):
        """Commands that redis did while attached, and the report. INFO is answered by a connection that was there."""
        with RedisClient(self.server.port) as control:
            before = control.commands_processed()
            with self.observed() as capture:
                load()
                # The second INFO does not count itself but the first, which came before the attach: the same number.
                truth = control.commands_processed() - before
        return truth, capture.report

    def name(self):
        return f"request :{self.server.port}"


class RedisCounts(RedisTest):
    def test_one_command_at_a_time(self):
        truth, report = self.measure(
            lambda: redis_benchmark(self.server, 100000, "-t", "set,get,lpush", "-c", "50", "-d", "64"))
        found = self.assert_counted(report, self.name(), truth)
        asked_together = 2  # redis-benchmark itself asks for the configuration in two commands at once
        self.assertGreaterEqual(found["operations"], found["count"] - asked_together)

    def test_steady_load(self):
        truth, report = self.measure(lambda: redis_benchmark(self.server, 500000, "-t", "get", "-c", "20"))
        self.assert_counted(report, self.name(), truth)
        self.assert_steady(report)

    def test_pipelined(self):
        truth, report = self.measure(
            lambda: redis_benchmark(self.server, 1000000, "-t", "set,get", "-c", "20", "-P", "16"))
        found = self.assert_counted(report, self.name(), truth)
        self.assertLess(found["operations"], found["count"] / 8, "batches of 16 are one operation each")

    def test_values_of_many_sizes(self):
        def load():
            for size, requests in ((1, 20000), (1000, 20000), (16384, 10000), (100000, 4000), (1 << 20, 300)):
                redis_benchmark(self.server, requests, "-t", "set,get", "-c", "20", "-d", str(size))

        truth, report = self.measure(load)
        self.assert_counted(report, self.name(), truth)

    def test_large_values_pipelined(self):
        def load():
            redis_benchmark(self.server, 40000, "-t", "set,get,lpush", "-c", "10", "-d", "5000", "-P", "7")
            redis_benchmark(self.server, 2000, "-t", "set,get", "-c", "10", "-d", "100000", "-P", "4")

        truth, report = self.measure(load)
        self.assert_counted(report, self.name(), truth)

    def test_mixed_batches(self):
        for most, batches in ((10, 10000), (200, 2000)):
            with self.subTest(batch=most):
                truth, report = self.measure(lambda: redis_mixed_batches(self.server, batches, most))
                self.assert_counted(report, self.name(), truth)

    def test_unix_socket(self):
        truth, report = self.measure(lambda: redis_benchmark(self.server, 150000, "-t", "set,get", unix=True))
        control_commands = 1  # the INFO, over TCP
        self.assert_counted(report, "request unix:" + self.server.path("redis.sock"), truth - control_commands)


class RedisThreadsCounts(RedisTest):
    """Requests are read by one thread, done by another, and may be answered by a third."""

    @classmethod
    def start(cls):
        return Redis("--io-threads", "2", "--io-threads-do-reads", "yes")

    def test_requests_that_change_threads(self):
        truth, report = self.measure(lambda: redis_benchmark(self.server, 10000, "-t", "set,get", "-c", "50"))
        self.assert_counted(report, self.name(), truth)
