"""An empty or older database → the tables of this version. A released migration is never edited."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from monitor.errors import SchemaTooNew
from monitor.store.sql import schema

APPLICATION_ID = 0x50524D4E  # "PRMN": tells our file from any other SQLite database

migrations = Migrations("monitor")


@migrations()
def m001_first_tables(db: Database) -> None:
    """Releases, versions, events, the ingest ledger and the outbox."""
    for statement in schema():
        db.execute(statement)


def migrate(db: Database) -> None:
    """Bring the tables up to date, each step in its own transaction. Raises SchemaTooNew."""
    refuse_newer(db)
    if migrations.pending(db):
        migrations.apply(db)


def refuse_newer(db: Database) -> None:
    """Raise SchemaTooNew when the database knows migrations that this version does not."""
    ours = {migration.name for migration in migrations._migrations}  # noqa: SLF001 - no public list of all
    unknown = [applied.name for applied in migrations.applied(db) if applied.name not in ours]
    if unknown:
        raise SchemaTooNew(f"the store was written by a newer monitor (it has {unknown[0]}); upgrade this one")
