"""Errors of a server and of a connection say what they mean and what to do."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from monitor.errors import AddressInvalid, Stale, StoreDamaged, StoreError, StoreUnavailable
from monitor.secret import Secret
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import NoAnswerError
from monitor.store.postgresql.diagnose import store_error
from monitor.store.stored_values import StoredValueError

ADDRESS = Address(Secret("postgresql://monitor:s3cr3t@db1/news"))
UNSUPPORTED = "connection to server failed: FATAL:  unsupported startup parameter: options"


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (errors.SerializationFailure("x"), Stale, "decided again"),
        (errors.DeadlockDetected("x"), Stale, "decided again"),
        (errors.UniqueViolation("x"), Stale, "decided again"),
        (errors.UndefinedTable("x"), StoreError, "`monitor db migrate`"),
        (errors.InsufficientPrivilege("x"), StoreError, "`monitor doctor` names who has to grant what"),
        (errors.DataCorrupted("x"), StoreDamaged, "restore a backup"),
        (StoredValueError("x"), StoreDamaged, "restore a backup"),
        (errors.QueryCanceled("x"), StoreUnavailable, "pg_stat_activity"),
        (errors.LockNotAvailable("x"), StoreUnavailable, "pg_stat_activity"),
        (errors.ReadOnlySqlTransaction("x"), StoreUnavailable, "the server only reads"),
        (errors.TooManyConnections("x"), StoreUnavailable, "max_connections"),
        (errors.DiskFull("x"), StoreUnavailable, "make room there"),
        (errors.AdminShutdown("x"), StoreUnavailable, "connects anew"),
        (errors.ConnectionTimeout("x"), StoreUnavailable, "firewall"),
        (psycopg.OperationalError(UNSUPPORTED), StoreUnavailable, "`pooler: true`, and write no `options=`"),
        (errors.DuplicatePreparedStatement("x"), StoreError, "`pooler: true`"),
        (errors.InvalidSqlStatementName("x"), StoreError, "`pooler: true`"),
        (NoAnswerError("x"), StoreUnavailable, "default_pool_size"),
        (errors.ProtocolViolation("query_wait_timeout"), StoreUnavailable, "default_pool_size"),
        (errors.ProtocolViolation("server conn crashed?"), StoreUnavailable, "the pooler has lost the server"),
        (errors.ProtocolViolation("server login has been failing, x"), StoreUnavailable, "the pooler does not reach"),
        (errors.ProtocolViolation("transaction blocks not allowed in statement"), StoreUnavailable, "pool_mode"),
        (psycopg.OperationalError("FATAL: no more connections (max_client_conn)"), StoreUnavailable, "max_client_conn"),
        (psycopg.OperationalError("failed: FATAL:  no such database: x"), StoreUnavailable, "[databases]"),
        (psycopg.OperationalError("FATAL:  SASL authentication failed"), StoreUnavailable, "the password"),
        (
            psycopg.OperationalError('failed: FATAL:  database "news" does not exist'),
            StoreUnavailable,
            "CREATE DATABASE",
        ),
        (psycopg.OperationalError('failed: FATAL:  role "me" does not exist'), StoreUnavailable, "CREATE ROLE"),
        (psycopg.OperationalError("failed: server does not support SSL, but"), StoreUnavailable, "`sslmode=`"),
        (psycopg.OperationalError("failed to resolve host 'db'"), StoreUnavailable, "name of the host"),
        (psycopg.OperationalError('connection is bad: invalid require_auth value: "x"'), AddressInvalid, "correct"),
        (psycopg.OperationalError('invalid integer value "x" for connection option "port"'), AddressInvalid, "correct"),
        (psycopg.OperationalError("connection is bad: definition of service x not found"), AddressInvalid, "correct"),
        (psycopg.OperationalError(""), StoreUnavailable, "check that the server runs"),
        (psycopg.InterfaceError("the connection is closed"), StoreUnavailable, "connects anew"),
        (MemoryError(), StoreUnavailable, "there is no memory left"),
    ],
)
def test_each_error_has_its_kind_and_a_next_step(error: Exception, kind: type[StoreError], advice: str) -> None:
    made = store_error(error, "the state store failed", ADDRESS)
    assert type(made) is kind
    assert advice in made.message
    assert made.where == "postgresql://monitor:***@db1/news"


@pytest.mark.parametrize(
    "error",
    [errors.NumericValueOutOfRange("x"), psycopg.DataError("x"), errors.NotNullViolation("x"), errors.SyntaxError("x")],
)
def test_an_error_in_this_program_is_none_of_the_store(error: Exception) -> None:
    assert store_error(error, "the state store failed", ADDRESS) is None


def test_no_error_shows_a_password_or_the_text_of_a_statement() -> None:
    said = 'password "s3cr3t" is wrong\nLINE 1: SELECT secret_text\n        ^'
    made = store_error(psycopg.OperationalError(said), "the state store failed", ADDRESS)
    assert made is not None
    assert "s3cr3t" not in made.message
    assert "SELECT" not in made.message
