"""Migrate an empty or older database to the tables of this version. A released migration is never edited."""

from __future__ import annotations

import json
from array import array
from hashlib import sha256

from sqlite_utils import Database, Migrations

from monitor.errors import SchemaTooNew
from monitor.store.sqlite.rows import blocks
from monitor.store.sqlite.statements import statements

APPLICATION_ID = 0x50524D4E  # "PRMN": distinguishes our file from any other SQLite database

migrations = Migrations("monitor")


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


def _add_migration(name: str, file: str) -> None:
    @migrations(name=name)
    def run(db: Database) -> None:
        db.conn.create_function("digest_without_source", 6, digest_without_source, deterministic=True)  # for seen.sql
        db.conn.create_function("blocks_of_members", 1, blocks_of_members, deterministic=True)  # for shown.sql
        db.conn.create_function("bytes_of_hex", 1, bytes.fromhex, deterministic=True)
        for statement in statements(file):
            db.execute(statement)


for _name, _file in (
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
):
    _add_migration(_name, _file)


def migrate(db: Database) -> None:
    """Bring the tables up to date, each step in its own transaction. Raises SchemaTooNew."""
    refuse_newer(db)
    if migrations.pending(db):
        migrations.apply(db)


def next_migration(db: Database) -> int | None:
    """Return the number of the first migration that `migrate` would run; None: none. Raises SchemaTooNew."""
    refuse_newer(db)
    pending = migrations.pending(db)
    return int(pending[0].name[1:4]) if pending else None


def refuse_newer(db: Database) -> None:
    """Raise SchemaTooNew when the database knows migrations that this version does not."""
    ours = {migration.name for migration in migrations._migrations}  # noqa: SLF001 - no public list of all
    unknown = [applied.name for applied in migrations.applied(db) if applied.name not in ours]
    if unknown:
        raise SchemaTooNew(f"the store was written by a newer monitor (it has {unknown[0]}); upgrade this one")
