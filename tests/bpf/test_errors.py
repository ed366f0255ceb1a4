# SPDX-License-Identifier: MIT
"""System calls that fail a known number of times, and ends of processes: all counted, by errno and endpoint."""

from tests.bpf.targets import TargetTest, Target, client, operation
from tests.lib import attached

TIMES = 40


class Errors(TargetTest):
    def _errors(self, *kinds):
        arguments = [part for kind in kinds for part in (kind, TIMES)]
        with Target("failures", *arguments) as target:
            with attached(target.pid) as capture:
                target.go()
                target.wait_line("^done")
            self.port = target.port
        return capture.report["errors"]

    def _count(self, errors, errno, endpoint=None):
        return sum(one["count"] for one in errors
                   if errno in one["what"].split() and (endpoint is None or endpoint == one["endpoint"]))

    def test_refused_connections(self):
        errors = self._errors("refused")
        self.assertEqual(self._count(errors, "ECONNREFUSED"), TIMES, errors)
        self.assertTrue(all(f"127.0.0.1:{self.port}" in (one["endpoint"] or "") for one in errors), errors)

    def test_refused_connections_that_nobody_waited_for(self):
        errors = self._errors("async-refused")
        self.assertEqual(self._count(errors, "ECONNREFUSED"), TIMES, errors)
        self.assertEqual(self._count(errors, "EINPROGRESS"), 0, errors)

    def test_resets_and_closed_peers(self):
        errors = self._errors("reset", "broken")
        self.assertEqual(self._count(errors, "ECONNRESET"), TIMES, errors)
        self.assertEqual(self._count(errors, "EPIPE"), TIMES, errors)

    def test_files_and_descriptors(self):
        errors = self._errors("missing", "denied-port", "bad")
        for errno in ("ENOENT", "EADDRINUSE", "EBADF"):
            self.assertEqual(self._count(errors, errno), TIMES, errors)

    def test_flow_control_is_no_error(self):
        self.assertEqual(self._errors("again", "interrupted", "progress"), [])

    def _request_errors(self, line, count):
        with Target("phases") as server:
            with attached(server.pid) as capture:
                client("--port", server.port, "--requests", count, "--line", line, "--line", "spin 50")
        return operation(capture.report, f"request :{server.port}"), capture.report["errors"]

    def test_a_failure_inside_a_request_is_the_error_of_that_request(self):
        found, errors = self._request_errors("refused 3", 100)
        self.assertEqual(found["errors"], 50, "every second request failed, however often in itself")
        self.assertEqual(self._count(errors, "ECONNREFUSED"), 150, errors)

    def test_requests_that_do_not_fail_have_no_error(self):
        found, errors = self._request_errors("sleep 50", 100)
        self.assertEqual(found["errors"], 0)
        self.assertEqual(errors, [])
