"""What is written to the database comes out as it went in."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Edit, Item, Kind, Message, Occasion, RelatedRelease, Snippet
from monitor.store.rows import pack_item, pack_message, timestamp_of_ns, unpack_item, unpack_message

TEXT = st.text(max_size=20)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)
ITEMS = st.builds(
    Item,
    release=st.integers(1),
    version=st.integers(1),
    kind=st.sampled_from(Kind),
    title=TEXT,
    date=st.none() | st.dates(),
    category=st.none() | TEXT,
    watchlists=TEXTS,
    words=TEXTS,
    totals=st.lists(st.tuples(TEXT, st.integers(1)), max_size=2).map(tuple),
    snippets=st.lists(st.builds(Snippet, field=TEXT, before=TEXT, hit=TEXT, after=TEXT), max_size=2).map(tuple),
    edits=st.lists(st.builds(Edit, field=TEXT, op=TEXT, old=TEXT, new=TEXT), max_size=2).map(tuple),
    numbers=PAIRS,
    related=st.lists(st.integers(1), max_size=2).map(tuple),
    reason=TEXT,
    source=TEXT,
    twins=st.lists(st.builds(RelatedRelease, number=st.integers(1), title=TEXT), max_size=2).map(tuple),
    url=st.none() | TEXT,
    ref=st.none() | TEXT,
    lead=TEXT,
    body=TEXT,
    dump=TEXT,
    is_reverted=st.booleans(),
    may_be_older=st.booleans(),
)
MESSAGES = st.builds(
    Message,
    channel=TEXT,
    kind=TEXT,
    source=TEXT,
    items=st.lists(ITEMS, max_size=2).map(tuple),
    text=TEXT,
    max_age=st.timedeltas(timedelta(), timedelta(days=400)),
    is_urgent=st.booleans(),
    part=st.integers(1),
    parts=st.integers(1),
    label=TEXT,
    page=TEXT,
    language=TEXT,
    occasion=st.none()
    | st.builds(Occasion, cause=TEXT, at=TEXT, since=TEXT, is_late=st.booleans(), limit=st.integers()),
)


@given(MESSAGES)
def test_a_message_comes_out_as_it_went_in(message: Message) -> None:
    assert unpack_message(pack_message(message)) == message


@given(ITEMS)
def test_a_notices_facts_come_out_as_they_went_in(item: Item) -> None:
    assert unpack_item(pack_item(item)) == item


@pytest.mark.parametrize(("built", "of"), [(ITEMS, Item), (MESSAGES, Message)])
def test_the_generators_fill_every_field(built: object, of: type[Item | Message]) -> None:
    assert all(f"{field.name}=" in repr(built) for field in fields(of))


def test_korean_stays_readable_in_the_database() -> None:
    assert "한국" in pack_message(Message(channel="team", kind="system", source="", text="한국"))


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_732_244_645_678_000_000, "2024-11-22T03:04:05.678Z"),
        (-1_000_000_000, "1969-12-31T23:59:59.000Z"),
        (10**21, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_every_file_time_has_a_moment(nanoseconds: int, text: str) -> None:
    assert timestamp_of_ns(nanoseconds) == text


def test_a_day_is_no_moment() -> None:
    item = Item(
        release=1, version=1, kind=Kind.NEW, title="", date=date(2024, 7, 1), category=None, watchlists=(), words=()
    )
    packed = pack_message(Message(channel="team", kind="instant", source="", items=(item,)))
    assert '"date":"2024-07-01"' in packed


def test_a_message_stored_by_an_older_version_is_still_read() -> None:
    item = Item(
        release=1,
        version=1,
        kind=Kind.NEW,
        title="Talks",
        date=None,
        category=None,
        watchlists=(),
        words=(),
        related=(4,),
    )
    message = Message(channel="team", kind="instant", source="motie", items=(item,))
    stored = json.loads(pack_message(message))
    for name in ("source", "twins", "lead", "body", "dump", "is_reverted", "may_be_older"):
        del stored["items"][0][name]
    del stored["label"], stored["language"], stored["occasion"]
    assert unpack_message(json.dumps(stored)) == message
