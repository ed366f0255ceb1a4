# SPDX-License-Identifier: MIT
"""Load for the real servers: their usual generators, and small clients where the truth must be known to a unit.

Every function returns what was done as the generator itself counts it.
"""

import random
import re
import socket
import threading
from dataclasses import dataclass

from tests.servers.control import RedisClient, find, finish


def redis_benchmark(server, requests, *options, unix=False):
    """redis-benchmark to its end; its own figure of requests a second, for the log."""
    where = ["-s", server.path("redis.sock")] if unix else ["-p", str(server.port)]
    return finish([find("redis-benchmark"), *where, "-n", str(requests), "-q", *options])


def redis_mixed_batches(server, batches, most, seed=1):
    """
    Pipelined by one client: batches of 1 to `most` commands of several kinds with values of very different sizes, each
    batch sent at once, so that redis finds commands, and their lengths, cut in two by its reads. Commands answered.
    """
    chance = random.Random(seed)
    blank = b"v" * 20000
    done = 0
    with RedisClient(server.port) as client:
        for _ in range(batches):
            commands = [mixed_command(chance, blank) for _ in range(chance.randint(1, most))]
            client.socket.sendall(b"".join(client.encode(*words) for words in commands))
            for _ in commands:
                client.reply()
            done += len(commands)
    return done


def mixed_command(chance, blank):
    key = f"key:{chance.randrange(1000)}"
    value = blank[: int(chance.lognormvariate(4, 2))]
    return chance.choice((("SET", key, value), ("GET", key), ("SET", key, value), ("GET", key), ("LPUSH", "list", value),
                          ("LTRIM", "list", 0, 100), ("INCR", "count"), ("MGET", key, key, "count")))


@dataclass
class Wrk:
    requests: int
    failed: int  # socket errors, timeouts and answers other than 2xx and 3xx
    connections: int


def wrk(url, seconds, connections=16, threads=2, headers=()):
    """wrk for some seconds. It cuts its connections at the end: up to `connections` requests are begun, not counted."""
    options = [option for header in headers for option in ("-H", header)]
    text = finish([find("wrk"), f"-t{threads}", f"-c{connections}", f"-d{seconds}s", *options, url])
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    answers = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    failed = sum(map(int, errors.groups())) if errors else 0
    failed += int(answers.group(1)) if answers else 0
    return Wrk(requests, failed, connections)


def pgbench_transactions(text):
    """Transactions done, from what pgbench printed; fails when some failed."""
    if int(re.search(r"failed transactions: (\d+)", text).group(1)):
        raise RuntimeError("pgbench: " + text)
    return int(re.search(r"actually processed: (\d+)", text).group(1))


class HttpConnection:
    """HTTP/1.1 without a library in between: what is sent in one segment is up to the caller."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    @staticmethod
    def get(path):
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n".encode()

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """Reads one answer; its status."""
        status = self.file.readline().split()
        length = 0
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if len(self.file.read(length)) != length or len(status) < 2:
            raise ConnectionError("the answer ends early")
        return int(status[1])


def http_batches(port, path, batches, size):
    """Pipelined: each batch of requests in one segment, then all of its answers. Requests answered with 200."""
    done = 0
    with HttpConnection(port) as connection:
        for _ in range(batches):
            connection.send(connection.get(path) * size)
            done += sum(connection.answer() == 200 for _ in range(size))
    return done


def http_pieces(port, path, requests, seed=1):
    """Each request in two or three segments cut at arbitrary places. Requests answered with 200."""
    chance = random.Random(seed)
    done = 0
    with HttpConnection(port) as connection:
        for _ in range(requests):
            request = connection.get(path)
            cuts = sorted(chance.sample(range(1, len(request)), chance.choice((1, 2))))
            for begin, end in zip([0, *cuts], [*cuts, len(request)]):
                connection.send(request[begin:end])
            done += connection.answer() == 200
    return done


class CheckedRedisLoad:
    """Clients that set and get without pause and check every reply, until stopped."""

    def __init__(self, port, clients=4):
        self.port = port
        self.stopping = threading.Event()
        self.done = [0] * clients
        self.failures = []
        self.threads = [threading.Thread(target=self.work, args=(index,)) for index in range(clients)]

    def work(self, index):
        try:
            with RedisClient(self.port) as client:
                while not self.stopping.is_set():
                    value = b"%d" % self.done[index] * (1 + self.done[index] % 50)
                    if client.call("SET", f"key:{index}", value) != b"OK":
                        raise ValueError("SET was not answered with OK")
                    if client.call("GET", f"key:{index}") != value:
                        raise ValueError("GET did not answer what was set")
                    self.done[index] += 2
        except (OSError, ValueError) as error:
            self.failures.append(f"client {index} after {self.done[index]} commands: {error!r}")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
