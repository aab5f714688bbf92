"""Migrate an empty or older database to the tables of this version. A released migration is never edited."""

from __future__ import annotations

from hashlib import sha256

from sqlite_utils import Database, Migrations

from monitor.errors import SchemaTooNew
from monitor.store.sqlite.statements import statements

APPLICATION_ID = 0x50524D4E  # "PRMN": distinguishes our file from any other SQLite database

migrations = Migrations("monitor")


@migrations()
def m001_first_tables(db: Database) -> None:
    """Releases, versions, events, the ingest ledger and the outbox."""
    _run(db, "schema.sql")


@migrations()
def m002_delivery(db: Database) -> None:
    """Notices that wait for their message, channels that are paused, mutes."""
    _run(db, "delivery.sql")


@migrations()
def m003_search(db: Database) -> None:
    """Full-text search over heads; versions whose text was pruned."""
    _run(db, "search.sql")


@migrations()
def m004_sketches(db: Database) -> None:
    """Sketches of heads, by which near duplicates are found."""
    _run(db, "sketch.sql")


@migrations()
def m005_event_times(db: Database) -> None:
    """Events by kind and time, for the days that `status` shows."""
    _run(db, "times.sql")


@migrations()
def m006_dump_times(db: Database) -> None:
    """Dumps and duplicates by time, the order in which `dumps` reads them page by page."""
    _run(db, "dumps.sql")


@migrations()
def m007_seen_by_source(db: Database) -> None:
    """Records that were seen before, by their source and their text."""
    db.conn.create_function("digest_without_source", 6, digest_without_source, deterministic=True)
    _run(db, "seen.sql")


@migrations()
def m008_leases(db: Database) -> None:
    """Attempts that end with their lease."""
    _run(db, "lease.sql")


def _run(db: Database, name: str) -> None:
    for statement in statements(name):
        db.execute(statement)


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
