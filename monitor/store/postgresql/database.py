"""Open a database that has the tables of this version; a first run is explicit, so a wrong address alerts nobody."""

from __future__ import annotations

from functools import partial

import psycopg

from monitor.errors import StoreError, TablesMissing
from monitor.store.postgresql.address import NO_TIMEOUTS, Address
from monitor.store.postgresql.connection import connect
from monitor.store.postgresql.diagnose import store_error
from monitor.store.postgresql.handle import Handle
from monitor.store.postgresql.migrations import migrate, missing
from monitor.store.statements import load


def open_handle(address: Address, *, is_pooled: bool = False) -> Handle:
    """Open a store. Raises SchemaTooNew, and StoreError where it has no tables or those of an older version."""
    to_connect = partial(connect, address, is_pooled=is_pooled)
    try:
        with to_connect() as connection:
            if missing(connection):
                raise TablesMissing(
                    "the database has no tables of the monitor, or those of an older version; if the address is right,"
                    " `monitor db migrate` makes them",
                    where=str(address),
                )
    except psycopg.Error as error:
        raise _failure(error, address) from error
    return Handle(to_connect, load("postgresql"), address=address)


def migrate_database(address: Address, *, is_pooled: bool = False) -> int:
    """Make the tables of a database, or bring them up to date; return how many steps that took. Raises StoreError."""
    try:
        with connect(address, NO_TIMEOUTS, is_pooled=is_pooled) as connection:
            return migrate(connection)
    except psycopg.Error as error:
        raise _failure(error, address) from error


def _failure(error: psycopg.Error, address: Address) -> StoreError:
    what = "the state store cannot be opened"
    return store_error(error, what, address) or StoreError(f"{what}: {address.hide(str(error))}", where=str(address))
