"""Rows of PostgreSQL read like those of SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum

import psycopg
import pytest

from monitor.secret import Secret
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import Connection, connect
from monitor.store.postgresql.row import Row
from monitor.times import timestamp


class Word(StrEnum):
    NEW = "is new"


@pytest.fixture
def connection(postgresql_url: str) -> Iterator[Connection]:
    with connect(Address(Secret(postgresql_url))) as made:
        yield made


@pytest.fixture
def asked(connection: Connection) -> Callable[..., Row]:
    def ask(statement: str, *values: object) -> Row:
        row = connection.execute(statement, values).fetchone()
        assert row is not None
        return row

    return ask


def test_a_row_reads_by_name_and_by_place_and_unpacks(asked: Callable[..., Row]) -> None:
    row = asked("SELECT 7 AS id, 'a' AS name, NULL AS none")
    assert (row["id"], row[1], row[-1], row["none"]) == (7, "a", None, None)
    number, name, none = row
    assert (number, name, none) == tuple(row) == (7, "a", None)
    assert dict(row) == {"id": 7, "name": "a", "none": None}
    assert row.keys() == ["id", "name", "none"]
    assert row[:2] == (7, "a")


def test_of_two_columns_of_one_name_the_first_is_read(asked: Callable[..., Row]) -> None:
    assert asked("SELECT 1 AS id, 2 AS id, 3 AS other")["id"] == 1
    assert asked("SELECT 1 AS id, 2 AS id, 3 AS other")["other"] == 3


def test_a_column_that_is_not_there_is_an_error_as_in_sqlite(asked: Callable[..., Row]) -> None:
    with pytest.raises(IndexError, match="nothing"):
        asked("SELECT 1 AS id")["nothing"]


TIMES = [
    datetime(2026, 11, 22, 3, 4, 5, 678_000, UTC),
    datetime(2026, 11, 22, 3, 4, 5, 600_000, UTC),
    datetime(2026, 11, 22, 3, 4, 5, 6_000, UTC),
    datetime(2026, 11, 22, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(987, 6, 5, 4, 3, 2, 1_000, UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC),
]


@pytest.mark.parametrize("at", TIMES, ids=str)
def test_a_time_comes_back_as_the_text_that_was_given(asked: Callable[..., Row], at: datetime) -> None:
    assert asked("SELECT CAST(%s AS timestamptz)", timestamp(at))[0] == timestamp(at)


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/St_Johns"])
def test_so_it_does_where_another_client_of_a_pooler_has_set_the_zone(asked: Callable[..., Row], zone: str) -> None:
    asked("SELECT set_config('timezone', %s, false)", zone)
    assert [asked("SELECT CAST(%s AS timestamptz)", timestamp(at))[0] for at in TIMES[:4]] == [
        *map(timestamp, TIMES[:4])
    ]


@pytest.mark.parametrize("text", ["infinity", "-infinity", "0044-03-15 12:00:00+00 BC", "12026-01-01 00:00:00.5+00"])
def test_a_time_that_no_monitor_has_written_stays_as_it_is(asked: Callable[..., Row], text: str) -> None:
    assert asked("SELECT CAST(%s AS timestamptz)", text)[0] == text


@pytest.mark.parametrize(
    ("statement", "given", "read"),
    [
        ("SELECT CAST(%s AS date)", "2026-01-05", "2026-01-05"),
        ("SELECT CAST(%s AS bytea)", b"\x00\xff'\\", b"\x00\xff'\\"),
        ("SELECT CAST(%s AS json)", '{"b": [1],  "a": 1}', '{"b": [1],  "a": 1}'),
        ("SELECT CAST(%s AS boolean)", True, True),
        ("SELECT CAST(%s AS text)", "한글 % 'é", "한글 % 'é"),
        ("SELECT CAST(%s AS text)", Word.NEW, "is new"),
        ("SELECT CAST(%s AS bigint)", -(2**63), -(2**63)),
        ("SELECT sum(one) FROM (VALUES (%s), (2)) AS of (one)", 2**62, 2**62 + 2),
        ("SELECT avg(one) FROM (VALUES (%s), (2)) AS of (one)", 1, 1.5),
        ("SELECT CAST(%s AS double precision)", 0.1, 0.1),
        ("SELECT CAST(%s AS text)", None, None),
    ],
)
def test_a_value_comes_back_as_it_was_given(
    asked: Callable[..., Row], statement: str, given: object, read: object
) -> None:
    value = asked(statement, given)[0]
    assert (value, type(value)) == (read, type(read))


def test_numbers_of_any_size_are_one_statement_for_the_server(
    connection: Connection, asked: Callable[..., Row]
) -> None:
    for number in (1, 40_000, 2**40) * 3:
        asked("SELECT CAST(%s AS bigint) + 0", number)
    prepared = connection.execute("SELECT statement FROM pg_prepared_statements").fetchall()
    assert [row[0] for row in prepared if "+ 0" in row[0]] == ["SELECT CAST($1 AS bigint) + 0"]


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_a_text_that_no_server_can_hold_is_no_error_of_the_store(asked: Callable[..., Row], text: str) -> None:
    with pytest.raises((psycopg.DataError, UnicodeEncodeError)):
        asked("SELECT CAST(%s AS text)", text)


def test_through_a_pooler_nothing_is_prepared_and_times_are_of_the_same_zone(postgresql_server: str) -> None:
    with connect(Address(Secret(postgresql_server)), is_pooled=True) as pooled:
        for number in range(10):
            pooled.execute("SELECT CAST(%s AS bigint)", [number])
        pooled.cursor().executemany("SELECT CAST(%s AS bigint)", [[number] for number in range(10)])
        assert pooled.execute("SELECT name FROM pg_prepared_statements").fetchall() == []
        assert pooled.execute("SELECT CAST('2026-01-05T00:00:00.000Z' AS timestamptz)").fetchall() == [
            ("2026-01-05T00:00:00.000Z",)
        ]
