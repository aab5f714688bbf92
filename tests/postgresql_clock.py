"""A database whose clock a test sets: the statements of one URL find a `clock_timestamp` before the server's own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg

_MAKE = """
CREATE SCHEMA {name};
CREATE TABLE {name}.ahead (by interval NOT NULL);
INSERT INTO {name}.ahead VALUES ('0');
CREATE FUNCTION {name}.clock_timestamp() RETURNS timestamptz LANGUAGE sql
AS 'SELECT pg_catalog.clock_timestamp() + by FROM {name}.ahead';
"""
_SET = "UPDATE {name}.ahead SET by = '{at}'::timestamptz - pg_catalog.clock_timestamp()"


@contextmanager
def settable_clock(url: str) -> Iterator[tuple[str, Callable[[datetime], None]]]:
    """Yield the URL of the same schema with a clock of its own, and what sets that clock; it runs on from there."""
    name = f"clock_{uuid.uuid4().hex}"

    def run(sql: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.encode())

    run(_MAKE.format(name=name))
    try:
        yield f"{url},{name},pg_catalog", lambda at: run(_SET.format(name=name, at=at.isoformat()))
    finally:
        run(f"DROP SCHEMA {name} CASCADE")
