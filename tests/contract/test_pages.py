"""Every list of an archive comes a page at a time: each value once, whatever is stored meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from monitor.errors import NotFound
from monitor.records import PAGE, Archive, EventFilter, read_all
from monitor.testing import NOON, note
from tests.contract.pairs import Pair, SharedPair
from tests.contract.takes import dump, figures, record, take_in

Read = Callable[..., Sequence[Any]]
LISTS: dict[str, Callable[[Archive], Read]] = {
    "events": lambda archive: partial(archive.events, EventFilter()),
    "events of a kind": lambda archive: partial(archive.events, EventFilter(kind="changed", since=NOON)),
    "events of a release": lambda archive: partial(archive.release_events, 1),
    "versions": lambda archive: partial(archive.versions, 1),
    "dumps that showed a release": lambda archive: partial(archive.shown_by, 1),
    "messages": lambda archive: archive.messages,
    "messages in a state": lambda archive: partial(archive.messages, "pending"),
    "dumps": lambda archive: archive.dumps,
    "rejects": lambda archive: archive.rejects,
    "releases": lambda archive: archive.heads,
    "releases since a day": lambda archive: partial(archive.heads, since=date(2024, 7, 1)),
}
every_list = pytest.mark.parametrize("name", LISTS)
ROUNDS = 4


def add(pair: Pair, number: int) -> None:
    """Add to every list: a dump with a changed release, a new one and a reject, two copies at one moment, a message."""
    text = dump(figures(f"{number}.1"), record(f"Visit number {number}"), f"-\nHalf of {number} date2024-07-01")
    now = NOON + timedelta(minutes=number)
    for name in (f"{number}.txt", f"{number}/copy.txt", f"{number}/again.txt"):
        take_in(pair.store, text, name=name, now=now)
    pair.outbox.enqueue(note(f"Number {number}", channel="team"), key=str(number), now=now)


def fill(pair: Pair) -> None:
    for number in range(ROUNDS):
        add(pair, number)


@pytest.fixture
def archive(shared_pair: SharedPair) -> Archive:
    return shared_pair(fill).archive


@pytest.fixture
def filled(pair: Pair) -> Pair:
    fill(pair)
    return pair


@every_list
@pytest.mark.parametrize("limit", [1, 2, 3, PAGE])
def test_pages_of_any_size_are_the_whole_list(archive: Archive, name: str, limit: int) -> None:
    read = LISTS[name](archive)
    whole = read()
    assert ROUNDS - 1 <= len(whole) <= 3 * ROUNDS
    assert list(read_all(read, limit=limit)) == list(whole)


@every_list
def test_a_page_begins_behind_its_cursor_and_ends_at_its_limit(archive: Archive, name: str) -> None:
    read = LISTS[name](archive)
    whole = list(read())
    assert list(read(after=whole[0].cursor, limit=2)) == whole[1:3]
    assert list(read(after=whole[-1].cursor)) == []
    assert list(read(limit=0)) == []


@every_list
def test_no_value_comes_twice_and_none_is_missed_while_others_are_stored(filled: Pair, name: str) -> None:
    read, more = LISTS[name](filled.archive), iter(range(ROUNDS, ROUNDS + 3))

    def read_and_store(**page: Any) -> Sequence[Any]:
        values = read(**page)
        for number in more:
            add(filled, number)
            break
        return values

    before = [value.cursor for value in read()]
    found = [value.cursor for value in read_all(read_and_store, limit=2)]
    assert len(found) == len(set(found)) > len(before)
    assert found == [value.cursor for value in read()][: len(found)]


def test_thousands_of_messages_are_read_a_page_at_a_time(pair: Pair) -> None:
    archive, count, sizes = pair.archive, 4 * PAGE + 1, list[int]()
    with pair.store.shared_transaction():
        for number in range(count):
            pair.outbox.enqueue(note(f"Number {number}", channel="team"), key=str(number), now=NOON)

    def read(**page: Any) -> Sequence[Any]:
        sizes.append(len(archive.messages(**page)))
        return archive.messages(**page)

    texts = (message.text for message in read_all(read))
    assert (next(texts), sizes) == ("Number 0", [PAGE])
    assert list(texts) == [f"Number {number}" for number in range(1, count)]
    assert sizes == [PAGE] * 4 + [1]


def test_a_release_that_is_not_there_has_no_versions(archive: Archive) -> None:
    with pytest.raises(NotFound, match="no release 99"):
        archive.versions(99)


def test_the_last_values_are_read_from_where_they_begin(archive: Archive) -> None:
    every = EventFilter()
    assert archive.events(every, after=archive.event_before_last(3, every)) == archive.events(every)[-3:]
    assert archive.heads(after=archive.head_before_last(2)) == archive.heads()[-2:]
    assert (archive.event_before_last(99, every), archive.head_before_last(99)) == (0, 0)
