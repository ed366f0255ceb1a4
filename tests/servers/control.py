# SPDX-License-Identifier: MIT
"""Real servers, started on loopback for a test and stopped by their pid.

Each class is a context manager: entering starts the server in a temporary
directory of its own on a free port and returns when it answers; leaving stops
it and removes the directory. `pid` is what a user would attach to: the process
itself, nginx's master, PostgreSQL's postmaster.
"""

import glob
import http.client
import os
import pwd
import re
import shutil
import signal
import socket
import sys
import tempfile
import time

from tests.lib import Process, free_port, run

START_SECONDS = 20
PATH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


class Missing(Exception):
    """A program that the test needs is not installed."""


def find(program):
    """Path of a program, also where only root's PATH has it."""
    found = shutil.which(program, path=PATH)
    if not found:
        newest = sorted(glob.glob("/usr/lib/postgresql/*/bin/" + program))
        found = newest[-1] if newest else None
    if not found:
        raise Missing(f"{program} is not installed: run tools/install-deps as root")
    return found


def finish(command, **options):
    """Runs a command to its end and returns what it printed; fails when it fails."""
    code, out, err = run(command, **options)
    if code:
        raise RuntimeError(" ".join(command) + ": " + out + err)
    return out


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class Server:
    """What all have in common. A subclass gives command() and ready()."""

    stop_signal = signal.SIGTERM

    def __init__(self):
        self.port = free_port()
        self.directory = None
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def prepare(self):
        """Files that the server wants to find."""

    def command(self):
        raise NotImplementedError

    def ready(self):
        return answers(self.port)

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="pss-server-")
        os.chmod(self.directory, 0o755)
        try:
            self.prepare()
            self.process = Process(self.command(), cwd=self.directory)
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def wait_ready(self):
        end = time.monotonic() + START_SECONDS
        while not self.ready():
            if self.process.ended or time.monotonic() > end:
                raise RuntimeError(f"did not start: {self.process}")
            time.sleep(0.05)

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process:
            self.process.stop(self.stop_signal)
        shutil.rmtree(self.directory, ignore_errors=True)


class Redis(Server):
    def __init__(self, *options):
        super().__init__()
        self.options = options

    def command(self):
        return [find("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket",
                self.path("redis.sock"), "--save", "", "--appendonly", "no", "--dir", self.directory, *self.options]

    def ready(self):
        return answers(self.port) and os.path.exists(self.path("redis.sock"))

    def commands_processed(self):
        """Commands done so far, this one not included."""
        with RedisClient(self.port) as client:
            return client.commands_processed()


class RedisClient:
    """A small client: one command at a time, or a batch at once."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    @staticmethod
    def encode(*words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        return b"".join(parts)

    def reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise ValueError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind != b"$" or rest == b"-1":
            return rest if kind == b"+" else None
        return self.file.read(int(rest) + 2)[:-2]

    def call(self, *words):
        self.socket.sendall(self.encode(*words))
        return self.reply()

    def commands_processed(self):
        info = self.call("INFO", "stats").decode()
        return int(re.search(r"total_commands_processed:(\d+)", info).group(1))


NGINX_CONF = """
user {user} {group};
worker_processes 2;
pid {directory}/nginx.pid;
daemon off;
error_log {directory}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log {directory}/access.log combined buffer=64k flush=1s;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    {upstream}
    server {{
        listen 127.0.0.1:{port} backlog=511;
        root {directory}/www;
        {locations}
    }}
    server {{
        listen 127.0.0.1:{status_port};
        location / {{ stub_status; }}
    }}
}}
"""


class Nginx(Server):
    """nginx with two workers. Serves /small (1 KB), /large (2 MB) and, with an upstream, /proxy/ and /proxy-close/."""

    def __init__(self, upstream_port=None):
        super().__init__()
        self.status_port = free_port()
        self.upstream_port = upstream_port

    def prepare(self):
        os.mkdir(self.path("www"))
        self.write("www/small", "s" * 1024)
        self.write("www/large", "l" * (2 << 20))
        upstream = locations = ""
        if self.upstream_port:
            upstream = f"upstream back {{ server 127.0.0.1:{self.upstream_port}; keepalive 64; }}"
            locations = f"""location /proxy/ {{ proxy_pass http://back/; proxy_http_version 1.1;
                                                proxy_set_header Connection ""; }}
                            location /proxy-close/ {{ proxy_pass http://127.0.0.1:{self.upstream_port}/; }}"""
        self.write("nginx.conf", NGINX_CONF.format(
            user="nobody", group="nogroup", directory=self.directory, port=self.port,
            status_port=self.status_port, upstream=upstream, locations=locations))

    def command(self):
        return [find("nginx"), "-c", self.path("nginx.conf"), "-p", self.directory, "-e", self.path("error.log")]

    def requests(self):
        """Requests begun so far, this query included: all of them go to the status port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=10)
        connection.request("GET", "/")
        text = connection.getresponse().read().decode()
        connection.close()
        return int(text.splitlines()[2].split()[2])


class Postgres(Server):
    """PostgreSQL with a database for pgbench; runs as the user postgres when we are root."""

    stop_signal = signal.SIGINT  # fast shutdown

    def __init__(self, scale=1):
        super().__init__()
        self.scale = scale

    @staticmethod
    def as_user():
        if os.geteuid() != 0:
            return []
        user = pwd.getpwnam("postgres")
        return [find("setpriv"), f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups",
                "--pdeathsig", "QUIT"]

    def prepare(self):
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        finish(self.as_user() + [find("initdb"), "-D", self.path("data"), "-U", "postgres", "-A", "trust", "-N"],
               cwd=self.directory)

    def command(self):
        return self.as_user() + [
            find("postgres"), "-D", self.path("data"), "-k", self.directory, "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "autovacuum=off", "-c", "synchronous_commit=off",
            "-c", "log_min_messages=fatal"]

    def socket_path(self):
        return self.path(f".s.PGSQL.{self.port}")

    def ready(self):
        return run([find("pg_isready"), "-q", "-h", self.directory, "-p", str(self.port)])[0] == 0

    def wait_ready(self):
        super().wait_ready()
        self.pgbench(["-i", "-q", "-s", str(self.scale)])

    def pgbench(self, arguments, unix=True):
        """Runs pgbench to its end and returns what it printed."""
        host = self.directory if unix else "127.0.0.1"
        return finish([find("pgbench"), "-h", host, "-p", str(self.port), "-U", "postgres", *arguments, "postgres"])


class PythonHttp(Server):
    """python3 -m http.server, a thread a connection. Serves /small (1 KB)."""

    def __init__(self, protocol="HTTP/1.0"):
        super().__init__()
        self.protocol = protocol

    def prepare(self):
        os.mkdir(self.path("www"))
        self.write("www/small", "s" * 1024)

    def command(self):
        server = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", self.path("www"),
                  "--protocol", self.protocol, str(self.port)]
        return ["sh", "-c", 'exec "$@" 2>/dev/null', "sh", *server]  # its log of requests is of no use here
