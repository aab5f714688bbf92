"""Open a database that has the tables of this version; a first run is explicit, so a wrong address alerts nobody."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg import errors

from monitor.errors import StoreError, TablesMissing
from monitor.store.breaker import NoBreaker
from monitor.store.postgresql.address import NO_TIMEOUTS, Address, Timeouts
from monitor.store.postgresql.clock import DatabaseClock
from monitor.store.postgresql.connection import Connection, connect, connect_again
from monitor.store.postgresql.diagnose import store_error
from monitor.store.postgresql.handle import Handle
from monitor.store.postgresql.listener import Listener
from monitor.store.postgresql.membership import Membership
from monitor.store.postgresql.migrations import migrate, missing
from monitor.store.postgresql.rights import grants_for_migration, grants_for_work
from monitor.store.rows import to_json
from monitor.store.statements import load
from monitor.times import parse_timestamp

# A beat that takes longer is worth nothing: others count this process for dead after five seconds.
BEATS = Timeouts(statement=2, lock=1, idle=4, grace=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDatabase:
    """An open store that several monitors share, with what its parts have in common."""

    handle: Handle
    beats: Handle  # of what keeps this process alive among the others: it waits for nothing else
    membership: Membership
    clock: DatabaseClock
    listener: Listener

    def close(self) -> None:
        """Close every connection."""
        self.listener.close()
        self.beats.close()
        self.handle.close()


def open_shared(address: Address, *, is_pooled: bool = False, node: str = "") -> SharedDatabase:
    """Open a store with its clock. node: the NODE_ID of the state folder; "": the caller only reads.

    Raises SchemaTooNew, and StoreError where it has no tables or those of an older version.
    """
    clock = DatabaseClock()
    to_connect = partial(connect, address, is_pooled=is_pooled)
    handle = open_handle(address, is_pooled=is_pooled, clock=clock)
    store = handle.store or ""
    listener = Listener(
        None if is_pooled else partial(connect_again, to_connect, store),
        lambda name, payload: handle.all("notify", name=name, payloads=to_json([payload])),
        name=f"monitor_{store}",
        seconds=clock.seconds,
    )
    to_beat = partial(connect_again, partial(connect, address, BEATS, is_pooled=is_pooled), store)
    beats = Handle(to_beat, load("postgresql"), address=address, store=store, breaker=NoBreaker(), most=1)
    return SharedDatabase(handle=handle, beats=beats, membership=Membership(node), clock=clock, listener=listener)


def open_handle(address: Address, *, is_pooled: bool = False, clock: DatabaseClock | None = None) -> Handle:
    """Open a store. Raises SchemaTooNew, and StoreError where it has no tables or those of an older version."""
    to_connect = partial(connect, address, is_pooled=is_pooled)
    try:
        with to_connect() as connection:
            _require_tables(connection, address)
            stored = connection.execute("SELECT v FROM meta WHERE k = 'store_id'").fetchall()
            if clock:
                since = clock.seconds()
                [(now,)] = connection.execute("SELECT clock_timestamp()").fetchall()
                clock.note(parse_timestamp(now), since=since)
    except psycopg.Error as error:
        raise _failure(error, address) from error
    store = stored[0][0] if stored else ""
    return Handle(partial(connect_again, to_connect, store), load("postgresql"), address=address, store=store)


def _require_tables(connection: Connection, address: Address) -> None:
    with suppress(errors.InsufficientPrivilege):
        if not missing(connection):
            return
    if grants := grants_for_work(connection):
        raise StoreError(f"this user of the database may not use the tables: {grants}", where=str(address))
    raise TablesMissing(
        "the database has no tables of the monitor, or those of an older version; if the address is right,"
        " `monitor db migrate` makes them",
        where=str(address),
    )


def migrate_database(address: Address, *, is_pooled: bool = False) -> int:
    """Make the tables of a database, or bring them up to date; return how many steps that took. Raises StoreError."""
    try:
        with connect(address, NO_TIMEOUTS, is_pooled=is_pooled) as connection:
            try:
                return migrate(connection, is_pooled=is_pooled)
            except (errors.InsufficientPrivilege, errors.InvalidSchemaName) as error:
                cure = grants_for_migration(connection) or "run this command as their owner"
                what = f"the tables cannot be made or changed: {address.hide(str(error).splitlines()[0])}: {cure}"
                raise StoreError(what, where=str(address)) from error
    except psycopg.Error as error:
        raise _failure(error, address) from error


def _failure(error: psycopg.Error, address: Address) -> StoreError:
    what = "the state store cannot be opened"
    return store_error(error, what, address) or StoreError(f"{what}: {address.hide(str(error))}", where=str(address))
