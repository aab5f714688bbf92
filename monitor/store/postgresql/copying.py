"""Read a PostgreSQL store for a copy, and fill an empty one from another store."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

from monitor.errors import StoreError
from monitor.store.breaker import NoBreaker
from monitor.store.copying import (
    APART,
    BASELINE,
    EPOCH,
    MOVED_TO,
    PLACED_BASELINE,
    STALE_MARKS,
    Rows,
    TablePlan,
    Tables,
    with_constants,
)
from monitor.store.handle import Handle
from monitor.store.postgresql.address import NO_TIMEOUTS, Address
from monitor.store.postgresql.connection import Connection, connect
from monitor.store.postgresql.diagnose import store_error
from monitor.store.postgresql.handle import Handle as PostgresqlHandle
from monitor.store.postgresql.migrations import migrate, missing
from monitor.store.postgresql.sequences import after_copy
from monitor.store.statements import load

_COLUMNS = """
SELECT relname AS name, attname AS column, typname AS type FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND attnum > 0 AND NOT attisdropped
ORDER BY relname, attnum
"""
_KEY = """
SELECT attname FROM pg_index CROSS JOIN LATERAL unnest(indkey) WITH ORDINALITY AS part (number, place)
JOIN pg_attribute ON attrelid = indrelid AND attnum = part.number
WHERE indisprimary AND indrelid = %s::regclass ORDER BY part.place
"""
_KINDS = {  # what SQLite calls a type
    **dict.fromkeys(("int4", "int8", "bool"), "INTEGER"),
    **dict.fromkeys(("text", "timestamptz", "date"), "TEXT"),
    "bytea": "BLOB",
    "float8": "REAL",
}
# Of the first ingests, a copy has the marks of each node, and those of one machine that takes them all over.
_META = "SELECT k, v FROM meta WHERE k <> ALL({stale})"
_BASELINES = """
UNION ALL SELECT {one} || source, CASE WHEN bool_or(state = 'done') THEN 'done' ELSE 'open' END
FROM baseline GROUP BY source
UNION ALL SELECT {each} || place || ':' || source, state FROM baseline
"""
_TAKE_BASELINES = """
WITH mark AS (DELETE FROM meta WHERE starts_with(k, {one}) OR starts_with(k, {each}) RETURNING k, v),
placed AS (
    SELECT split_part(substr(k, length({each}) + 1), ':', 1) AS place,
        substr(k, length({each}) + position(':' IN substr(k, length({each}) + 1)) + 1) AS source, v AS state
    FROM mark WHERE starts_with(k, {each})
),
alone AS (SELECT substr(k, length({one}) + 1) AS source, v AS state FROM mark WHERE starts_with(k, {one}))
INSERT INTO baseline (source, place, state)
SELECT source, place, state FROM placed
UNION ALL SELECT source, {here}, state FROM alone WHERE source NOT IN (SELECT source FROM placed)
"""
# A store of one folder has one row for each path: that of its own node, else the newest.
_FILES = "SELECT DISTINCT ON (path, source) {columns} FROM file ORDER BY path, source, place <> {here}, at DESC"
_PATIENCE = "10s"  # for other sessions that have locked what is copied or filled
_SET_META = "INSERT INTO meta (k, v) VALUES (%s, %s) ON CONFLICT (k) DO UPDATE SET v = excluded.v"


class PostgresqlOrigin:
    """Implements `monitor.store.copying.Origin`."""

    def __init__(self, connection: Connection, *, place: str) -> None:
        """place: the node of this state folder; see `_FILES`."""
        self._connection = connection
        self._place = place
        self._tables = _tables(connection)

    def tables(self) -> Tables:
        return self._tables

    def count(self, plan: TablePlan) -> int:
        return _count(self._connection, sql.SQL("({})").format(self._query(plan)))

    def rows(self, plan: TablePlan) -> Rows:
        types = _types(self._connection)[plan.name]
        with self._connection.cursor().copy(sql.SQL("COPY ({}) TO STDOUT").format(self._query(plan))) as copy:
            copy.set_types([types[column] for column in plan.columns])
            yield from copy.rows()

    def _query(self, plan: TablePlan) -> sql.Composed:
        columns = _listed(plan.columns)
        if plan.name == "meta":
            baselines = _BASELINES if "baseline" in self._tables else ""
            return _filled(_META + baselines, stale=list(STALE_MARKS))
        if plan.name == "file" and "place" in self._tables["file"] and "place" not in plan.columns:
            return sql.SQL(_FILES).format(columns=columns, here=sql.Literal(self._place))
        key = [row[0] for row in self._connection.execute(_KEY, (plan.name,))]
        table = sql.Identifier(plan.name)
        return sql.SQL("SELECT {} FROM {} ORDER BY {}").format(columns, table, _listed(key))

    def mark_moved(self, mark: str) -> None:
        """Note where the store was copied to; a monitor that stood still meanwhile is buried, and joins no more."""
        self._connection.execute(_SET_META, (MOVED_TO, mark))
        self._connection.execute("UPDATE node SET is_dead = TRUE")
        self._connection.execute("UPDATE lease SET owner = NULL, fence = fence + 1")


class PostgresqlDestination:
    """Implements `monitor.store.copying.Destination`."""

    def __init__(self, connection: Connection, address: Address) -> None:
        self.handle: Handle = PostgresqlHandle(
            lambda: connection, load("postgresql"), address=address, breaker=NoBreaker(), most=1
        )
        self._connection = connection

    def tables(self) -> Tables:
        return _tables(self._connection)

    def count(self, table: str) -> int:
        return _count(self._connection, sql.Identifier(table))

    def write(self, plan: TablePlan, rows: Rows) -> None:
        columns, rows = with_constants(plan, rows)
        table = sql.Identifier(plan.name)
        if plan.name == "meta":
            self._connection.execute(sql.SQL("DELETE FROM {}").format(table))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(table, _listed(columns))
        with self._connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(_storable(row))

    def finish(self, *, place: str) -> None:
        if "baseline" in self.tables():
            self._connection.execute(_filled(_TAKE_BASELINES, here=place))
        self._connection.execute(_SET_META, (EPOCH, uuid.uuid4().hex))
        after_copy(self.handle)
        for table in _copied_tables(self._connection):
            self._connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


@contextmanager
def read_store(
    address: Address, *, place: str, is_pooled: bool = False, is_moved: bool = False
) -> Iterator[PostgresqlOrigin]:
    """Open a store of this version as it stands now. Raises StoreError.

    place: the node of this state folder. is_moved: nobody writes to it meanwhile, and what the block marks is stored.
    """
    with _connected(address, "be copied", is_pooled=is_pooled) as connection:
        if missing(connection):
            raise StoreError("it lacks the tables of this version: `monitor db migrate` makes them", where=str(address))
        tables = _copied_tables(connection)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with _transaction(connection):
            if is_moved:
                _lock(connection, tables, "SHARE")  # before the first query, which sees what is stored by then
            yield PostgresqlOrigin(connection, place=place)


@contextmanager
def filled_store(address: Address, *, is_pooled: bool = False) -> Iterator[PostgresqlDestination]:
    """Make the tables of a store, if they are missing, and fill them in one transaction. Raises StoreError."""
    with _connected(address, "be filled", is_pooled=is_pooled) as connection, _transaction(connection):
        if not missing(connection):
            _refuse_filled(connection, address)  # before anybody is waited for: it may be the store that is copied
        migrate(connection)
        _lock(connection, _copied_tables(connection), "EXCLUSIVE")
        yield PostgresqlDestination(connection, address)


@contextmanager
def _connected(address: Address, what: str, *, is_pooled: bool) -> Iterator[Connection]:
    try:
        with connect(address, NO_TIMEOUTS, is_pooled=is_pooled) as connection:
            yield connection
    except psycopg.Error as error:
        what = f"the state store cannot {what}"
        known = store_error(error, what, address)
        raise known or StoreError(f"{what}: {address.hide(str(error).strip())}", where=str(address)) from error


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    """Run a block as one transaction, however long it takes; only for locks of others it does not wait so long."""
    with connection.transaction():
        for name, value in {**NO_TIMEOUTS.options(), "lock_timeout": _PATIENCE}.items():  # a pooler has its own
            connection.execute(sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        yield


def _refuse_filled(connection: Connection, address: Address) -> None:
    if _count(connection, sql.SQL("(SELECT 1 FROM dump UNION ALL SELECT 1 FROM message LIMIT 1)")):
        raise StoreError(
            "this store is not empty: a restore or a copy needs an empty one; make a database and name it",
            where=str(address),
        )


def _storable(row: Sequence[object]) -> Sequence[object]:
    """Return a row without NUL characters, which no text here can hold; an early version stored some of rejects."""
    if not any(type(value) is str and "\0" in value for value in row):
        return row
    return [value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value for value in row]


def _copied_tables(connection: Connection) -> list[str]:
    return [name for name in _tables(connection) if name not in APART]


def _lock(connection: Connection, tables: Iterable[str], mode: str) -> None:
    """Let others read, and wait until the end of the transaction before they write."""
    connection.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(_listed(tables), sql.SQL(mode)))


def _types(connection: Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, column, kind in connection.execute(_COLUMNS):
        found.setdefault(name, {})[column] = kind
    return found


def _tables(connection: Connection) -> Tables:
    return {
        name: {column: _KINDS.get(kind, kind) for column, kind in columns.items()}
        for name, columns in _types(connection).items()
    }


def _count(connection: Connection, of: sql.Composable) -> int:
    [(count,)] = connection.execute(sql.SQL("SELECT count(*) FROM {} AS counted").format(of)).fetchall()
    return int(count)


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _filled(query: str, **values: object) -> sql.Composed:
    """Return a query with its values in it: COPY takes none of them apart."""
    given = {"one": BASELINE, "each": PLACED_BASELINE, **values}
    return sql.SQL(query).format(**{name: sql.Literal(value) for name, value in given.items()})
