"""Ask a server about itself, and try what the monitor needs of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address

import psycopg
from psycopg import sql

from monitor.clock import wall_time
from monitor.server_values import ServerExam, ServerFacts
from monitor.store.postgresql.address import TIMEOUTS, Address
from monitor.store.postgresql.connection import Connection
from monitor.store.postgresql.diagnose import store_error
from monitor.store.postgresql.handle import Handle
from monitor.store.postgresql.rights import grants_for_work
from monitor.times import parse_timestamp

_ANSWER = 2.0  # seconds that a notification gets to arrive
_LACKING = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND CASE relkind
    WHEN 'r' THEN NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
        AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
    WHEN 'S' THEN NOT has_sequence_privilege(oid, 'USAGE') ELSE false END
ORDER BY relname
"""
_READS_ALONE = frozenset(("migration",))  # only `monitor db migrate` writes them


class PostgresqlServer:
    """Implements `monitor.server_values.StoreServer`."""

    def __init__(self, address: Address, handle: Handle, connect: Callable[[], Connection]) -> None:
        """connect: makes a connection of its own for what is tried. Raises psycopg.Error."""
        self._address, self._handle, self._connect = address, handle, connect

    def facts(self) -> ServerFacts:
        [row] = self._handle.all("server_facts")
        return ServerFacts(
            version=str(row["version"]).split()[0],
            size=row["size"],
            commit=row["commit"],
            standbys=row["standbys"].strip(),
            followers=row["followers"],
        )

    def examine(self) -> ServerExam:
        try:
            with self._connect() as one, self._connect() as other:
                return ServerExam(
                    is_local=_is_local(one),
                    is_encrypted=one.pgconn.ssl_in_use,
                    verifies=one.info.get_parameters().get("sslmode", "prefer"),
                    lacking=tuple(name for (name,) in one.execute(_LACKING.encode()) if name not in _READS_ALONE),
                    grants=grants_for_work(one),
                    notifies=_notifies(one, other),
                    has_pooler=_has_pooler(one),
                    has_timeouts=_has_timeouts(one),
                    ahead=_ahead(one),
                )
        except psycopg.Error as error:
            failure = store_error(error, "the server cannot be examined", self._address)
            raise failure or error from error


def _is_local(connection: Connection) -> bool:
    """Return whether nothing leaves this machine on the way to the server."""
    host = connection.info.hostaddr or connection.info.host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return not host or host.startswith("/") or host == "localhost"  # the folder of a socket


def _notifies(listener: Connection, notifier: Connection) -> bool:
    """Return whether a notification reaches another session; a pooler loses it without an error."""
    channel = f"press_monitor_probe_{secrets.token_hex(8)}"
    listener.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
    notifier.execute("SELECT pg_notify(%s, '')", (channel,))
    arrived = any(note.channel == channel for note in listener.notifies(timeout=_ANSWER, stop_after=1))
    listener.execute(sql.SQL("UNLISTEN {}").format(sql.Identifier(channel)))
    return arrived


def _has_pooler(connection: Connection) -> bool:
    """Return whether the session belongs to another process than the one that has answered at the start."""
    [(pid,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
    return bool(pid != connection.info.backend_pid)


def _has_timeouts(connection: Connection) -> bool:
    wanted = list(TIMEOUTS.options())
    [(are_set,)] = connection.execute(
        "SELECT bool_and(setting <> '0') FROM pg_settings WHERE name = ANY(%s)", (wanted,)
    ).fetchall()
    return bool(are_set)


def _ahead(connection: Connection) -> timedelta:
    before = wall_time()
    [(now,)] = connection.execute("SELECT clock_timestamp()").fetchall()
    after = wall_time()
    return before + (after - before) / 2 - parse_timestamp(now)
