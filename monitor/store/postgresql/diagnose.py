"""Explain errors of PostgreSQL: what they mean for a monitor, and what to do."""

from __future__ import annotations

import psycopg
from psycopg import errors

from monitor.errors import AddressInvalid, Stale, StoreDamaged, StoreError, StoreUnavailable
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import ForeignStoreError, NoAnswerError, SettingsLostError
from monitor.store.stored_values import StoredValueError

_STALE = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)
_DAMAGED = (errors.DataCorrupted, errors.IndexCorrupted, StoredValueError)
_MIGRATE = "its tables are missing or of another version; run `monitor db migrate`"
_RIGHTS = "this user of the database lacks a right; `monitor doctor` names who has to grant what"
_POOLER = "the address is that of a pooler, such as pgbouncer: set `pooler: true`"
_LASTING = (  # what no waiting heals
    (errors.UndefinedTable, _MIGRATE),
    (errors.UndefinedColumn, _MIGRATE),
    (errors.UndefinedFunction, _MIGRATE),
    (errors.InvalidSchemaName, _MIGRATE),
    (errors.InsufficientPrivilege, _RIGHTS),
    (errors.DuplicatePreparedStatement, _POOLER),
    (errors.InvalidSqlStatementName, _POOLER),
    (errors.InFailedSqlTransaction, "the transaction was undone, and all that shared it"),
)
_PASSING = (  # the first that fits, from the special to the general
    (ForeignStoreError, "check where the address leads now; the monitor goes on once its own store answers"),
    (SettingsLostError, _POOLER),
    (
        NoAnswerError,
        "it seems to be stopped, or a pooler has no connection free (default_pool_size); the monitor goes on by itself",
    ),
    (
        errors.ConnectionTimeout,
        "nothing answers at this address; check host, port, network and firewall, and the server behind a pooler",
    ),
    (errors.QueryCanceled, "the server had no time for it; look for what keeps it busy (pg_stat_activity)"),
    (errors.LockNotAvailable, "another session holds a lock on it; look for the one that waits (pg_stat_activity)"),
    (errors.IdleInTransactionSessionTimeout, "this process stood still, and the server ended its transaction"),
    (
        errors.ReadOnlySqlTransaction,
        "the server only reads, as a standby does; the monitor looks for the one that writes",
    ),
    (errors.TooManyConnections, "it has no connection left; raise its max_connections, or put a pooler before it"),
    (errors.DiskFull, "the disk of the server is full; make room there, and the monitor continues by itself"),
    (errors.CannotConnectNow, "the server starts or stops; the monitor goes on once it answers"),
    (errors.AdminShutdown, "the server was stopped, or ended this session; the monitor connects anew"),
    (errors.CrashShutdown, "the server has crashed and starts again; the monitor connects anew"),
    (
        psycopg.OperationalError,
        "no connection: check that the server runs, its host, port and firewall; a running monitor waits for it",
    ),
    (psycopg.InterfaceError, "the connection is closed; the monitor connects anew"),
)
_NO_ADDRESS = (  # words of libpq before it asks a server
    "connection is bad: invalid",
    "for connection option",
    "could not match",
    "could not parse network address",
    "may not be used with sslrootcert=system",
    "definition of service",
)
_REFUSED = (  # words of the server or of libpq while they connect, which come with no class of error of their own
    ("unsupported startup parameter", f"{_POOLER}, and write no `options=` in `store:`"),
    ("query_wait_timeout", "the pooler has no connection to the server free; raise its default_pool_size"),
    ("transaction blocks not allowed", "the pooler pools statements; let it pool transactions (pool_mode)"),
    ("no such database", "check the database in `store:`, or name it in the pooler's [databases]"),
    ("server conn crashed", "the pooler has lost the server; the monitor goes on once both answer"),
    ("server login has been failing", "the pooler does not reach the server; the monitor goes on once it does"),
    ("max_client_conn", "the pooler lets no more clients in; raise its max_client_conn"),
    ("failed to resolve host", "check the name of the host in `store:`, and that this machine can look names up"),
    ("password authentication failed", "check the user and the password in `store:`"),
    ("SASL authentication failed", "check the user and the password in `store:`"),
    ("no password supplied", "`store:` has no password; write postgresql://USER:PASSWORD@HOST/DATABASE"),
    (", no encryption", "add this machine and user to its pg_hba.conf, or encrypt: `sslmode=verify-full` in `store:`"),
    ("no pg_hba.conf entry", "the server lets no such client in; add this machine and user to its pg_hba.conf"),
    ("valid client certificate", "name the certificate of this user as `sslcert=`, its key as `sslkey=` in `store:`"),
    ("private key file", "name the key of `sslcert=` as `sslkey=` in `store:`, in a file that only this user may read"),
    ("channel binding required", "the server asks for no password by SCRAM; choose another `channel_binding=`"),
    ("authentication failed for user", "check the user in `store:`, and what the server's pg_hba.conf asks of it"),
    ("does not support SSL", "turn TLS on at the server, or choose another `sslmode=` in `store:`"),
    ("root certificate file", "name the certificate that signed the server's as `sslrootcert=` in `store:`"),
    (
        "certificate verify failed",
        "the server's certificate has expired, or `sslrootcert=` in `store:` is not what signed it",
    ),
    ("does not match host name", "write the host in `store:` as the server's certificate names it"),
    ("FATAL:  role", "check the user in `store:`, or make it: CREATE ROLE … LOGIN PASSWORD …"),
    ("FATAL:  database", "check the database in `store:`, or make it: CREATE DATABASE … OWNER …"),
)
_LOST = (ForeignStoreError, NoAnswerError, errors.ReadOnlySqlTransaction)  # the connection looks well and is of no use


def store_error(error: Exception, what: str, address: Address) -> StoreError | None:
    """Return an error of the server or of the connection as one of the store: its kind, its meaning, what to do.

    None: it is an error in this program, such as a value that no column takes; to try again does not help.
    """
    said = address.hide(_first_line(error))
    if isinstance(error, _STALE):
        return Stale(f"{what}: {said}: another monitor was faster; it is decided again", where=str(address))
    if isinstance(error, _DAMAGED):
        hint = "`monitor db verify` shows where; restore a backup of the database"
        return StoreDamaged(f"{what}: {said}: the database is damaged; {hint}", where=str(address))
    if isinstance(error, psycopg.OperationalError) and any(words in said for words in _NO_ADDRESS):
        return AddressInvalid(f"{what}: {said}: correct the address; no server was asked", where=str(address))
    if isinstance(error, psycopg.OperationalError) and (cure := _cure(said)):
        return StoreUnavailable(f"{what}: {said}: {cure}", where=str(address))
    for kinds, made in ((_LASTING, StoreError), (_PASSING, StoreUnavailable)):
        for kind, meaning in kinds:
            if isinstance(error, kind):
                return made(f"{what}: {said}: {meaning}", where=str(address))
    if isinstance(error, MemoryError):
        meaning = "there is no memory left; the monitor continues by itself once there is some"
        return StoreUnavailable(f"{what}: {meaning}", where=str(address))
    return None


def _cure(said: str) -> str | None:
    """Return what to do where the server or libpq refuses to connect, by their words; None: they say nothing known."""
    return next((cure for words, cure in _REFUSED if words in said), None)


def is_lost(error: Exception, connection: psycopg.Connection[object] | None) -> bool:
    """Return whether nothing more can be asked through this connection. None: none was made."""
    return connection is None or connection.closed or isinstance(error, _LOST)


def _first_line(error: Exception) -> str:
    """Return what the server says, without the place in the statement that it points to."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
