"""A claim with its verdict, and `status`, read as many rows beside much that is over as beside none of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from monitor.secret import Secret
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import Connection, connect
from monitor.store.postgresql.database import migrate_database
from monitor.store.postgresql.translation import translated
from monitor.store.statements import load
from tests.postgresql_server import schema

STATEMENTS = load("postgresql")
SENT = 20_000  # as many rows as the planner needs to be tempted
NOW, LATER = "2026-11-22T12:00:00.000Z", "2026-11-22T12:02:00.000Z"
LEASE = {"lease": "channel:c", "boot": "b", "fence": 1}
CLAIM = {**LEASE, "channel": "c", "urgent": False, "tokens": 1.0, "now": NOW, "until": LATER}
ENDED = {"boot": "b", "n": 1, "outcome": "ok", "reason": "", "code": 200, "now": NOW}
VERDICT = {**ENDED, "state": "sent", "due": None, "sent_at": NOW}
FILLED = """
INSERT INTO message (idem_key, channel, kind, state, payload_json, created_at, due, expires_at, attempts)
SELECT state || n, 'c', 'instant', state, '{}', '2026-11-22', '2026-11-22', '2027-01-01',
    CASE state WHEN 'sent' THEN 1 ELSE 0 END
FROM (SELECT n, CASE WHEN n > %(sent)s THEN 'pending' ELSE 'sent' END AS state
    FROM generate_series(1, %(sent)s::bigint + 50) AS n) AS made
"""
DUMPS = """
INSERT INTO dump (source, name, sha, size, mtime, as_of, take, status, encoding, n, n_new, n_changed, n_completed,
    n_enriched, n_reread, n_cosmetic, n_stale, n_unchanged, n_withdrawn, n_reappeared, n_rejected, at)
SELECT 'a', 'a', n::text::bytea, 1, now(), now(), 0, 'stored', 'utf-8', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '2026-11-22'
FROM generate_series(1, %(count)s::bigint) AS n
"""
EVENTS = """
INSERT INTO event SELECT n, 'a', n, n, 1, 'new', '[]', '[]', FALSE, '[]', '[]', '', '2026-11-22'
FROM generate_series(1, %(count)s::bigint) AS n
"""
DAYS = {"moments": '["2026-11-21T15:00:00.000Z", "2026-11-22T15:00:00.000Z"]'}
COUNTS: Mapping[str, Mapping[str, object]] = {  # what `status` asks of events and messages
    "count_sources": {},
    "count_events": {},
    "count_quarters": DAYS,
    "count_messages": {},
    "count_notices": {},
    "waiting_since": {"until": NOW, "limit": 100},
}


@pytest.fixture
def connection(postgresql_server: str) -> Iterator[Connection]:
    """A connection to tables that nobody has used."""
    with schema(postgresql_server, f"cost_{os.getpid()}") as url:
        migrate_database(Address(Secret(url)))
        with connect(Address(Secret(url))) as opened:
            opened.execute("INSERT INTO lease VALUES ('channel:c', 'b', 1)")
            yield opened


@pytest.mark.parametrize("statistics", ["none", "of empty tables", "fresh"])
def test_a_delivery_reads_no_more_beside_many_sent_messages(connection: Connection, statistics: str) -> None:
    assert _cost(connection, sent=SENT, statistics=statistics) <= _cost(connection, sent=0, statistics=statistics)


@pytest.mark.parametrize("statistics", ["none", "of empty tables", "fresh"])
def test_status_reads_no_more_beside_many_events_and_messages(connection: Connection, statistics: str) -> None:
    few, many = (_cost_of_status(connection, count, statistics) for count in (1, SENT))
    assert many < few + SENT / 20  # a plan may pass over some rows that wait


def _cost_of_status(connection: Connection, count: int, statistics: str) -> int:
    """Return how many rows the counts of `status` read beside so many dumps, events and sent messages."""
    with connection.transaction(force_rollback=True):
        if statistics == "of empty tables":
            connection.execute("ANALYZE message, event, dump, event_total, message_total, source")
        connection.execute(FILLED, {"sent": count})
        connection.execute(DUMPS, {"count": count})
        connection.execute(EVENTS, {"count": count})
        for name in ("fill_sources", "fill_event_totals", "fill_message_totals"):
            connection.execute(translated(STATEMENTS[name]).encode())
        if statistics == "fresh":
            connection.execute("ANALYZE message, event, dump, event_total, message_total, source")
        return sum(_rows(connection, name, values) for name, values in COUNTS.items())


def _cost(connection: Connection, *, sent: int, statistics: str) -> int:
    """Return how many rows the claims and verdicts of 30 messages read."""
    with connection.transaction(force_rollback=True):
        if statistics == "of empty tables":
            connection.execute("ANALYZE message, attempt, channel_state, lease")
        connection.execute(FILLED, {"sent": sent})
        connection.execute(
            "INSERT INTO attempt SELECT id, 1, now(), now(), 'ok', 200, '', now(), 'b' FROM message"
            " WHERE state = 'sent'"
        )
        if statistics == "fresh":
            connection.execute("ANALYZE message, attempt, channel_state, lease")
        rows = 0
        for _ in range(30):
            rows += _rows(connection, "claim", CLAIM)
            [(message,)] = connection.execute("SELECT id FROM message WHERE state = 'leased'").fetchall()
            rows += _rows(connection, "settle_open", {**VERDICT, "message": message})
    return rows


def _rows(connection: Connection, name: str, values: Mapping[str, object]) -> int:
    """Run a statement; return how many rows its scans have read, kept or not."""
    statement = f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {translated(STATEMENTS[name])}"
    [(plan,)] = connection.execute(statement.encode(), values).fetchall()
    return _read(json.loads(plan)[0]["Plan"])


def _read(node: Mapping[str, Any]) -> int:
    own = 0
    if "Scan" in node["Node Type"]:
        kept, removed = node["Actual Rows"], node.get("Rows Removed by Filter", 0)
        own = round((kept + removed) * node["Actual Loops"])
    return own + sum(_read(child) for child in node.get("Plans", ()))
