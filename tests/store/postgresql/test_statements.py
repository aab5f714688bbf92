"""Every statement fits the tables of PostgreSQL, and what runs often is found by an index, with any statistics."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.secret import Secret
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import Connection, connect
from monitor.store.postgresql.database import migrate_database
from monitor.store.postgresql.translation import translated
from monitor.store.statements import load
from tests.postgresql_databases import Databases
from tests.postgresql_server import schema

STATEMENTS = load("postgresql")
ANY = {"no_copy": b"", "place": b"\x01", "keys": [b"1"]}  # what is not seen of the tables
# What runs for every dump, record or message: statement and index.
HOT = [
    ("dump_of_content", "dump_source_sha_as_of_take_key"),
    ("seen_records", "AND (digest = wanted.digest))"),  # a look for each, not all of the source
    ("aliases", "alias_pkey"),
    ("heads", "release_pkey"),
    ("past_versions", "version_release_seq_key"),
    ("heads_around", "release_pkey"),
    ("heads_around", "version_pkey"),
    ("past_versions_around", "version_release_seq_key"),
    ("sketches_of_keys", "release_pkey"),
    ("sketches_of_keys", "sketch_pkey"),
    ("moved_heads", "release_pkey"),
    ("open_rejects", "reject_path"),
    ("listed_between", "release_listed"),
    ("ledger_entry", "file_pkey"),
    ("confirm_releases", "release_pkey"),
    ("claim", "message_pending"),
    ("claim_again", "attempt_open"),
    ("settle_open", "attempt_open"),
    ("settle_open", "message_leased"),
    ("settle_late", "message_pkey"),
    ("attach_notices", "message_item_waiting"),
    ("free_messages_of_boot", "attempt_open"),
    ("free_messages_of_boot", "message_leased"),
    ("free_messages_of_the_lost", "attempt_open"),
    ("free_messages_of_the_lost", "message_pkey"),
    ("beat", "node_living"),
    ("next_due", "message_pending"),
    ("pending_notices", "message_item_waiting"),
    ("recent_messages", "message_made"),
    ("newest_message_ids_in_state", "message_state"),
]

FILLED = """
INSERT INTO release (id, source, head, fold_hash, seq, first_dump, confirmed)
SELECT n, 'a', n, '', 1, 1, now() FROM generate_series(1, 60000) AS n;
INSERT INTO version (id, release, seq, fold_hash, kind, title, body, dump, at)
SELECT n, n, 1, '', 'new', 'a title', 'a body', 1, now() FROM generate_series(1, 60000) AS n;
INSERT INTO sketch SELECT n, 'a title', 6, '' FROM generate_series(1, 3000) AS n;
INSERT INTO alias SELECT n::text::bytea, n FROM generate_series(1, 3000) AS n;
INSERT INTO seen SELECT 'a', n::text::bytea, n, 1 FROM generate_series(1, 3000) AS n;
INSERT INTO dump (source, name, sha, size, mtime, as_of, take, status, encoding, n, n_new, n_changed, n_completed,
    n_enriched, n_reread, n_cosmetic, n_stale, n_unchanged, n_withdrawn, n_reappeared, n_rejected, at)
SELECT 'a', 'a', n::text::bytea, 1, now(), now(), 0, 'stored', 'utf-8', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, now()
FROM generate_series(1, 3000) AS n;
INSERT INTO file SELECT n::text::bytea, 'a', '', 'a', 1, n, 1, 1, 1, '', 1, 1, 'stored', now()
FROM generate_series(1, 3000) AS n;
INSERT INTO reject (source, dump, sha, path, line, "offset", reason, text, state, at)
SELECT 'a', 1, '', n::text::bytea, 1, 1, '', '', 'healed', now() FROM generate_series(1, 3000) AS n;
INSERT INTO event SELECT n, 'a', 1, n, 1, 'new', '[]', '[]', FALSE, '[]', '[]', '', now()
FROM generate_series(1, 3000) AS n;
INSERT INTO message (idem_key, channel, kind, state, payload_json, created_at, due, expires_at)
SELECT n::text, 'c' || n % 3, 'instant', CASE WHEN n > 2990 THEN 'pending' ELSE 'sent' END, '{}',
    now() - interval '1 s' * (3000 - n), now(), now() + interval '1 day' FROM generate_series(1, 3000) AS n;
INSERT INTO message_item SELECT 'c' || n % 3, n, '[]', CASE WHEN n <= 2990 THEN n END
FROM generate_series(1, 3000) AS n;
INSERT INTO attempt SELECT n, 1, now(), now(), 'ok', 200, '', now() FROM generate_series(1, 2990) AS n;
INSERT INTO node SELECT n::text, 'a', 9, now(), now(), n > 3, '{}' FROM generate_series(1, 3000) AS n;
"""


@pytest.fixture
def connection(databases: Databases, tmp_path: Path) -> Iterator[Connection]:
    with connect(Address(Secret(databases.url(tmp_path)))) as opened:
        opened.execute(translated(STATEMENTS["begin_keys"]).encode())
        yield opened


@pytest.fixture(scope="module")
def tables(postgresql_server: str) -> Iterator[Connection]:
    """A connection to empty tables, for what leaves nothing in them."""
    with schema(postgresql_server, f"statements_{os.getpid()}") as url:
        migrate_database(Address(Secret(url)))
        with connect(Address(Secret(url))) as opened:
            opened.execute(translated(STATEMENTS["begin_keys"]).encode())
            yield opened


@pytest.fixture
def new_connection(postgresql_server: str) -> Iterator[Connection]:
    """A connection to tables that nobody has used: the size of used ones stays with the planner for ever."""
    name = f"plans_{os.getpid()}"
    with schema(postgresql_server, name) as url:
        migrate_database(Address(Secret(url)))
        with connect(Address(Secret(url))) as opened:
            opened.execute(translated(STATEMENTS["begin_keys"]).encode())
            yield opened


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_fits_the_tables(tables: Connection, name: str) -> None:
    with tables.transaction(force_rollback=True):
        if re.match(r"(?:--.*\n)*(?:CREATE|DROP) ", STATEMENTS[name]):
            tables.execute(translated(STATEMENTS[name]).encode())
        else:
            _explained(tables, name)


def test_a_list_that_cannot_be_read_is_found_and_stops_no_check(connection: Connection) -> None:
    lists = ['["a"]', '["a","b \\"c\\" \\u00e9"]', "[1]", '["a"', '["\\x"]', ""]
    for number, text in enumerate(lists, 1):
        connection.execute(
            "INSERT INTO event (id, source, dump, kind, fields, numbers, reverted, watchlists, alert, reason, at)"
            " VALUES (%s, 'a', 1, 'new', '[]', '[]', FALSE, %s, %s, '', now())",
            (number, text, text),
        )
        for name in json.loads(text) if number <= 2 else ():
            connection.execute("INSERT INTO matched VALUES (%s, %s, TRUE)", (name, number))
    rows = connection.execute(translated(STATEMENTS["broken_matches"]).encode()).fetchall()
    assert sorted(row[0] for row in rows) == [3, 4, 5, 6]


@pytest.mark.parametrize("statistics", ["none", "of empty tables", "fresh"])
def test_what_runs_often_is_found_by_its_index(new_connection: Connection, statistics: str) -> None:
    if statistics == "of empty tables":
        new_connection.execute("ANALYZE")
    with new_connection.transaction(force_rollback=True):
        new_connection.execute(FILLED)
        if statistics == "fresh":
            new_connection.execute("ANALYZE")
        plans = {name: _generic(new_connection, name) for name, _ in HOT}
    assert {name: plans[name] for name, index in HOT if index not in plans[name]} == {}


def _generic(connection: Connection, name: str) -> str:
    """Return how the server would run a statement whose values it does not know yet."""
    statement = translated(STATEMENTS[name]).replace("%%", "%")
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)", statement)))
    for number, one in enumerate(names, 1):
        statement = re.sub(rf"%\({one}\)[sb]", f"${number}", statement)
    connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE {name} AS {statement}".encode())
    nulls = ", ".join(["NULL"] * len(names))
    lines = connection.execute(f"EXPLAIN (COSTS OFF) EXECUTE {name} ({nulls})".replace("()", "").encode()).fetchall()
    connection.execute(f"DEALLOCATE {name}".encode())
    return "\n".join(row[0] for row in lines)


def _explained(connection: Connection, name: str) -> str:
    """Return how the server would run a statement."""
    statement = translated(STATEMENTS[name])
    values = {one: ANY.get(one) for one in re.findall(r"%\((\w+)\)", statement)}
    return "\n".join(row[0] for row in connection.execute(f"EXPLAIN (COSTS OFF) {statement}".encode(), values))
