"""Make the tables of this version, or bring those of an older one up to date. A released migration is never edited."""

from __future__ import annotations

import uuid
from typing import Final

from psycopg import sql

from monitor.errors import SchemaTooNew
from monitor.store.postgresql.address import TIMEOUTS
from monitor.store.postgresql.connection import Connection
from monitor.store.postgresql.row import Row
from monitor.store.postgresql.translation import translated
from monitor.store.statements import load, read

_STEPS: Final = ("m001_first_tables",)  # each in a file of its name
_LOCK = 0x50524D4E  # "PRMN": two migrations of one database wait for each other


def migrate(connection: Connection, *, is_pooled: bool = False) -> int:
    """Bring the tables up to date, all or nothing; return how many steps that took. Raises SchemaTooNew.

    A database that has no tables of ours gets them, and the identity of a store. is_pooled: the address is a pooler.
    """
    with connection.transaction():
        for name in TIMEOUTS.options():  # behind a pooler they may be those of the user
            connection.execute("SELECT set_config(%s, '0', true)", (name,))
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if is_pooled:
            _set_timeouts(connection)
        connection.execute(
            'CREATE TABLE IF NOT EXISTS migration (name text COLLATE "C" PRIMARY KEY,'
            " at timestamptz NOT NULL DEFAULT now())"
        )
        steps = missing(connection)
        for name in steps:
            connection.execute(read("postgresql", f"schema/{name}.sql").encode())
            connection.execute("INSERT INTO migration (name) VALUES (%s)", (name,))
        set_meta = translated(load("postgresql")["set_meta"]).replace("DO UPDATE SET v = excluded.v", "DO NOTHING")
        connection.execute(set_meta.encode(), {"k": "store_id", "v": uuid.uuid4().hex})
    return len(steps)


def _set_timeouts(connection: Connection) -> None:
    """Let the server end what a monitor behind a pooler leaves undone: no session there takes settings at its start.

    They are those of this user in this database, for the sessions that the pooler begins from now on.
    """
    [(database,)] = _rows(connection, "SELECT current_database()")
    for name, value in TIMEOUTS.options().items():
        connection.execute(
            sql.SQL("ALTER ROLE CURRENT_USER IN DATABASE {} SET {} = {}").format(
                sql.Identifier(database), sql.Identifier(name), sql.Literal(value)
            )
        )


def missing(connection: Connection) -> list[str]:
    """Return the steps that the tables lack; all of them where there are no tables. Raises SchemaTooNew."""
    applied = _applied(connection)
    if unknown := sorted(applied - set(_STEPS)):
        raise SchemaTooNew(f"the store was written by a newer monitor (it has {unknown[0]}); upgrade this one")
    return [name for name in _STEPS if name not in applied]


def _applied(connection: Connection) -> set[str]:
    [(table,)] = _rows(connection, "SELECT to_regclass('migration')::text")
    return {row[0] for row in _rows(connection, "SELECT name FROM migration")} if table else set()


def _rows(connection: Connection, query: str) -> list[Row]:
    return connection.execute(query.encode()).fetchall()
