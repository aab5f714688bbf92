"""Read a SQLite store for a copy, and fill a new one from another store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from monitor.errors import StoreError
from monitor.files import owner_of, sync
from monitor.store.copying import MOVED_TO, STALE_MARKS, Rows, TablePlan, Tables, with_constants
from monitor.store.handle import Handle
from monitor.store.sqlite.connection import connect, read_only
from monitor.store.sqlite.database import make_database, refuse_foreign
from monitor.store.sqlite.diagnose import describe_error
from monitor.store.sqlite.driver import sqlite3
from monitor.store.sqlite.handle import Handle as SqliteHandle
from monitor.store.sqlite.migrations import next_migration
from monitor.store.sqlite.statements import queries

_TABLES = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'"
_AHEAD = 1_000  # rows that are read at once


class SqliteOrigin:
    """Implements `monitor.store.copying.Origin`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def tables(self) -> Tables:
        return _tables(self._connection)

    def count(self, plan: TablePlan) -> int:
        [count] = self._connection.execute(f"SELECT count(*) FROM {_from(plan)}").fetchone()
        return int(count)

    def rows(self, plan: TablePlan) -> Rows:
        columns = ", ".join(map(_quoted, plan.columns))
        cursor = self._connection.execute(f"SELECT {columns} FROM {_from(plan)}")
        cursor.row_factory = None
        while rows := cursor.fetchmany(_AHEAD):
            yield from rows

    def mark_moved(self, mark: str) -> None:
        with closing(connect(str(self._path))) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(queries()["set_meta"], {"k": MOVED_TO, "v": mark})


class SqliteDestination:
    """Implements `monitor.store.copying.Destination`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.handle: Handle = SqliteHandle(connection, path.parent)
        self._connection = connection

    def tables(self) -> Tables:
        return _tables(self._connection)

    def count(self, table: str) -> int:
        [count] = self._connection.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()
        return int(count)

    def write(self, plan: TablePlan, rows: Rows) -> None:
        columns, rows = with_constants(plan, rows)
        if plan.name == "meta":
            self._connection.execute("DELETE FROM meta")
        places = ", ".join("?" * len(columns))
        names = ", ".join(map(_quoted, columns))
        statement = f"INSERT INTO {_quoted(plan.name)} ({names}) VALUES ({places})"
        self._connection.executemany(statement, rows)

    def finish(self, *, place: str) -> None:
        """Do nothing: numbers follow from the rows, and no mark says that the search index is filled."""


@contextmanager
def read_file(path: Path) -> Iterator[SqliteOrigin]:
    """Open a database file of this version as it stands now. Raises StoreError."""
    try:
        with closing(read_only(path)) as connection:
            refuse_foreign(connection, path)
            if next_migration(connection) is not None:
                raise StoreError("this store is of an older version: start this version once", where=str(path))
            connection.execute("BEGIN")
            yield SqliteOrigin(connection, path)
    except sqlite3.Error as error:
        raise StoreError(f"{path.name} cannot be copied: {describe_error(error)}", where=str(path)) from error


@contextmanager
def made_store(path: Path) -> Iterator[SqliteDestination]:
    """Make a database file that appears under its name once the block has filled it. Raises StoreError."""
    made = path.with_name(f".{path.name}.part-{os.getpid()}")
    try:
        make_database(made, like=owner_of(path))
        with closing(connect(str(made))) as connection:
            for pragma in (
                "synchronous=OFF",
                "journal_mode=OFF",
                "cache_size=-65536",
            ):  # nobody reads it before its end
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            yield SqliteDestination(connection, made)
            connection.execute("COMMIT")
        sync(made)
        made.rename(path)
        sync(path.parent)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path.name} cannot be written: {describe_error(error)}", where=str(path)) from error
    finally:
        made.unlink(missing_ok=True)


def _from(plan: TablePlan) -> str:
    """Return the table of a plan; of `meta` only what says something of a copy, too."""
    if plan.name != "meta":
        return _quoted(plan.name)
    return f"(SELECT k, v FROM meta WHERE k NOT IN ({', '.join(repr(mark) for mark in STALE_MARKS)}))"


def _tables(connection: sqlite3.Connection) -> Tables:
    """Return the tables without those of the search index, which are virtual, or belong to one that is."""
    names = [str(row[0]) for row in connection.execute(_TABLES)]
    return {
        name: {str(row[1]): str(row[2]) for row in connection.execute(f"PRAGMA table_info({_quoted(name)})")}
        for name in sorted(names)
    }


def _quoted(name: str) -> str:
    return f'"{name}"'
