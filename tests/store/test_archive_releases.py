"""Releases as they are now, read a page at a time."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.errors import NotFound
from monitor.records import PAGE, read_all
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from tests.contract.takes import dump, figures, record, take_in


@pytest.fixture
def archive(handle: Handle) -> SqliteArchive:
    """Three releases, the second changed since; the last is of a later day."""
    store = SqlStore(handle)
    take_in(store, dump(record("Talks held"), figures("5.1")), name="001.txt")
    take_in(store, dump(figures("5.3"), record("Visit ends", "A photo.", day="2024-07-04")), name="002.txt")
    return SqliteArchive(handle)


def test_each_release_comes_once_as_it_is_now(archive: SqliteArchive) -> None:
    found = list(archive.heads())
    assert [(one.number, one.version, one.source, one.release.title) for one in found] == [
        (1, 1, "motie", "Talks held"),
        (2, 2, "motie", "Chip exports"),
        (3, 1, "motie", "Visit ends"),
    ]
    assert "5.3 percent" in found[1].release.body


@pytest.mark.parametrize(
    ("since", "numbers"),
    [
        (None, [1, 2, 3]),
        (date(2024, 7, 1), [1, 2, 3]),
        (date(2024, 7, 2), [3]),
        (date(2024, 7, 4), [3]),
        (date(2024, 7, 5), []),
    ],
)
def test_releases_are_those_of_a_day_and_later(archive: SqliteArchive, since: date | None, numbers: list[int]) -> None:
    assert [one.number for one in archive.heads(since=since)] == numbers
    assert archive.count_heads(since=since) == len(numbers)


@pytest.mark.parametrize(("limit", "numbers"), [(0, []), (1, [3]), (2, [2, 3]), (9, [1, 2, 3])])
def test_the_last_releases_come_oldest_first(archive: SqliteArchive, limit: int, numbers: list[int]) -> None:
    assert [one.number for one in archive.heads(after=archive.head_before_last(limit))] == numbers


def test_more_releases_than_a_page_holds_all_come(handle: Handle) -> None:
    count = 2 * PAGE + 1
    records = [record(f"Release number {n}", f"Item {n * 7} was settled by office {n * 13}.") for n in range(count)]
    take_in(SqlStore(handle), dump(*records), name="many.txt")
    assert [one.number for one in read_all(SqliteArchive(handle).heads)] == list(range(1, count + 1))


def test_releases_are_found_by_their_numbers(archive: SqliteArchive) -> None:
    assert [one.number for one in archive.heads_of([3, 1, 99])] == [1, 3]


def test_one_release_is_found_by_its_number(archive: SqliteArchive) -> None:
    assert archive.head(2).release.title == "Chip exports"


@pytest.mark.parametrize("number", [0, -1, 4, 99])
def test_a_release_that_is_not_there_is_not_found(archive: SqliteArchive, number: int) -> None:
    with pytest.raises(NotFound, match=f"no release {number}"):
        archive.head(number)


def test_an_empty_store_has_no_releases(handle: Handle) -> None:
    archive = SqliteArchive(handle)
    assert (archive.heads(), archive.head_before_last(5), archive.count_heads()) == ([], 0, 0)
