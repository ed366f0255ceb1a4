# SPDX-License-Identifier: MIT
"""PostgreSQL under pgbench, attached by its postmaster: backends are forked after the attach."""

from tests.servers.control import Postgres
from tests.servers.load import pgbench_transactions
from tests.servers.truth import ServerTest

CLIENTS = 4
TPCB_STATEMENTS = 7  # BEGIN, three UPDATEs, a SELECT, an INSERT, END: a round trip each
# Round trips of one pgbench besides its transactions: its own connection with a few queries about the tables, and a
# start-up packet (over TCP also a question for TLS) a client.
EXTRA = 8 + 2 * (CLIENTS + 1)


class PostgresCounts(ServerTest):
    @classmethod
    def start(cls):
        return Postgres(scale=2)

    def measure(self, *options, unix=True, seconds=4):
        with self.observed() as capture:
            text = self.server.pgbench(["-n", "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), *options], unix)
        return pgbench_transactions(text), capture.report

    def unix_name(self):
        return "request unix:" + self.server.socket_path()

    def test_select_over_tcp(self):
        transactions, report = self.measure("-S", unix=False)
        self.assert_counted(report, f"request :{self.server.port}", transactions, in_flight=EXTRA)
        self.assert_steady(report)

    def test_select_over_a_unix_socket(self):
        transactions, report = self.measure("-S")
        self.assert_counted(report, self.unix_name(), transactions, in_flight=EXTRA)

    def test_prepared(self):
        transactions, report = self.measure("-S", "-M", "prepared")
        prepares = CLIENTS
        self.assert_counted(report, self.unix_name(), transactions + prepares, in_flight=EXTRA)

    def test_transactions_that_write(self):
        transactions, report = self.measure(unix=False)
        self.assert_counted(report, f"request :{self.server.port}", transactions * TPCB_STATEMENTS, in_flight=EXTRA)

    def test_a_backend_for_each_transaction(self):
        transactions, report = self.measure("-S", "-C")
        start_and_query = 2
        self.assert_counted(report, self.unix_name(), transactions * start_and_query, in_flight=EXTRA)
