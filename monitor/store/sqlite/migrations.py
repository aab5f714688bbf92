"""Migrate an empty or older database to the tables of this version. A released migration is never edited."""

from __future__ import annotations

import json
from array import array
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from monitor.errors import SchemaTooNew
from monitor.store.rows import blocks
from monitor.store.sqlite.driver import sqlite3
from monitor.store.sqlite.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

APPLICATION_ID = 0x50524D4E  # "PRMN": distinguishes our file from any other SQLite database

_SET = "monitor"


def digest_without_source(
    former: bytes, source: str, category: str | None, title: str, body: str, date: str | None
) -> bytes | None:
    """Return the digest of the record that a stored text came from; None: the stored text does not show it.

    A former digest was made of the source's name and the record's text. The record is written again, without and with
    its category. The former digest proves that it was this one: no space was lost, nothing was merged into it.
    """
    end = f" date{date}" if date else ""
    for lines in ((title, body + end), (category or "", title, body + end)):
        text = "\n".join(lines)
        if sha256(f"{source}\n{text}".encode()).digest() == former:
            return sha256(text.encode()).digest()
    return None


def blocks_of_members(members: bytes) -> str:
    """Return the releases that a dump showed as JSON, the places of each block in hexadecimal digits."""
    numbers = array("I", members[: len(members) - len(members) % 4])
    return json.dumps({block: places.hex() for block, places in blocks(numbers).items()})


_STEPS = (
    ("m001_first_tables", "schema.sql"),  # releases, versions, events, the ingest ledger and the outbox
    ("m002_delivery", "delivery.sql"),  # notices that wait for their message, channels that are paused, mutes
    ("m003_search", "search.sql"),  # full-text search over heads; versions whose text was pruned
    ("m004_sketches", "sketch.sql"),  # sketches of heads, by which near duplicates are found
    ("m005_event_times", "times.sql"),  # events by kind and time, for the days that `status` shows
    ("m006_dump_times", "dumps.sql"),  # dumps and duplicates by time, the order in which `dumps` reads its pages
    ("m007_seen_by_source", "seen.sql"),  # records that were seen before, by their source and their text
    ("m008_leases", "lease.sql"),  # attempts that end with their lease
    ("m009_notified", "notified.sql"),  # delivery numbers given once; rejects that no alert has counted
    ("m010_search_words", "search_words.sql"),  # a full-text index of the words that watchlists look for
    ("m011_ages", "ages.sql"),  # how the age of a dump is known
    ("m012_missing", "missing.sql"),  # releases that a half-loaded listing lacks
    ("m013_links", "links.sql"),  # ids and links of publishers, and how each text was read
    ("m014_matched", "matched.sql"),  # what each watchlist matched, and events by time, for pages of a large store
    ("m015_shown", "shown.sql"),  # which dumps showed a release, by blocks of releases
    ("m016_reads", "reads.sql"),  # what a listing shows by its days, and the last file of each source
)


@cache
def migrations() -> Migrations:
    """Return the steps for sqlite-utils, which runs and records them; few starts have any to run, so few load it."""
    from sqlite_utils import Migrations

    found = Migrations(_SET)
    for name, file in _STEPS:
        found(name=name)(lambda db, file=file: _run(db, file))
    return found


def _run(db: Database, file: str) -> None:
    db.conn.create_function("digest_without_source", 6, digest_without_source, deterministic=True)  # for seen.sql
    db.conn.create_function("blocks_of_members", 1, blocks_of_members, deterministic=True)  # for shown.sql
    db.conn.create_function("bytes_of_hex", 1, bytes.fromhex, deterministic=True)
    for statement in statements(file):
        db.execute(statement)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables up to date, each step in its own transaction. Raises SchemaTooNew."""
    if next_migration(connection) is not None:
        from sqlite_utils import Database

        migrations().apply(Database(connection, execute_plugins=False))


def next_migration(connection: sqlite3.Connection) -> int | None:
    """Return the number of the first migration that `migrate` would run; None: none. Raises SchemaTooNew."""
    refuse_newer(connection)
    applied = _applied(connection)
    return next((int(name[1:4]) for name, _ in _STEPS if name not in applied), None)


def refuse_newer(connection: sqlite3.Connection) -> None:
    """Raise SchemaTooNew when the database knows migrations that this version does not."""
    ours = dict(_STEPS)
    unknown = [name for name in _applied(connection) if name not in ours]
    if unknown:
        raise SchemaTooNew(f"the store was written by a newer monitor (it has {unknown[0]}); upgrade this one")


def _applied(connection: sqlite3.Connection) -> list[str]:
    """Return what sqlite-utils recorded in its table, in that order."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = '_sqlite_migrations'").fetchone():
        return []
    query = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid"
    return [str(row[0]) for row in connection.execute(query, (_SET,))]
