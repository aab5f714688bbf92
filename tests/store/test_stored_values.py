"""A stored value that no monitor has written: it is damage of the store, and stops nothing but what needs it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.channel_health import ChannelState
from monitor.compare.fingerprint import FINGERPRINTER
from monitor.errors import StoreDamaged
from monitor.match.search import index_words
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, build_messages
from monitor.records import EventFilter
from monitor.store.open import Access, Stores, open_stores
from monitor.store_location import StoreLocation
from monitor.testing import NOON, FrozenClock
from tests.contract.takes import dump, record, take_in

FIRST, SECOND = record("FTA talks held"), record("FTA visit ends", "They met in Busan.")
THIRD = record("Chip exports rise", "By 8 percent.")

BAD: list[tuple[str, Callable[[Stores], object]]] = [
    ("UPDATE dump SET as_of = 'noon'", lambda stores: stores.archive.dumps()),
    ("UPDATE file SET at = 'noon'", lambda stores: stores.source_states.last_dumps()),
    ("UPDATE event SET kind = 'odd'", lambda stores: stores.archive.summary()),
    ("UPDATE event SET numbers = '[1'", lambda stores: stores.archive.events(EventFilter())),
    ("UPDATE event SET fields = '7'", lambda stores: stores.archive.events(EventFilter())),
    ("UPDATE release SET confirmed = ''", lambda stores: stores.store.snapshot((), [1])),
    ("UPDATE version SET date = '2024-13-01'", lambda stores: stores.archive.heads()),
    ("UPDATE message SET due = '0'", lambda stores: stores.outbox.next_due("team", now=NOON)),
    (
        "INSERT INTO meta VALUES ('search_upto', 'all')",
        lambda stores: stores.maintenance.fill_search_index(9, index_words=index_words),
    ),
    (
        "INSERT OR REPLACE INTO meta VALUES ('norm_version', '')",
        lambda stores: stores.maintenance.rehash(FINGERPRINTER),
    ),
    ("INSERT INTO meta VALUES ('silent:s', '')", lambda stores: stores.source_states.silences()),
    ("INSERT INTO mute VALUES ('team', 'z')", lambda stores: stores.channel_states.mutes(now=NOON)),
    ("UPDATE channel_state SET flood_until = '?'", lambda stores: stores.channel_states.get("team")),
]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    """A store with a release of each kind of waiting: one in a message, one in a notice."""
    with open_stores(StoreLocation(folder=tmp_path / "state"), Access.WRITE) as stores:
        take_in(stores.store, dump(FIRST))
        context = DeliveryContext(
            outbox=stores.outbox, channel_states=stores.channel_states, clock=FrozenClock(NOON), jitter=lambda: 0.0
        )
        build_messages("team", Policy(), context)
        take_in(stores.store, dump(SECOND, THIRD), name="b.txt")
        stores.channel_states.save("team", ChannelState())
        yield stores


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "state" / "monitor.db", isolation_level=None)) as connection:
        assert connection.execute(sql).rowcount


@pytest.mark.parametrize(("sql", "read"), BAD, ids=[f"{sql}" for sql, _ in BAD])
def test_a_value_that_cannot_be_read_is_damage_with_its_cure(
    stores: Stores, tmp_path: Path, sql: str, read: Callable[[Stores], object]
) -> None:
    change(tmp_path, sql)
    with pytest.raises(StoreDamaged, match=r"stored value cannot be read.*monitor db verify"):
        read(stores)
    assert isinstance(stores.fault(), StoreDamaged)


@pytest.mark.parametrize("sql", ["payload_json = '{}'", "payload_json = '[]'", "expires_at = 'noon'"])
def test_a_message_that_cannot_be_read_is_sent_with_what_is_left_and_the_damage_is_noted(
    stores: Stores, tmp_path: Path, sql: str
) -> None:
    change(tmp_path, f"UPDATE message SET {sql}")
    delivery = stores.outbox.claim("team", now=NOON)
    assert delivery is not None
    assert [item.title for item in delivery.message.items] == ["FTA talks held"]
    assert isinstance(stores.fault(), StoreDamaged)


@pytest.mark.parametrize(("sql", "left"), [("SET payload_json = '[]'", 2), ("SET since = 'z'", 1)])
def test_a_notice_that_cannot_be_read_keeps_no_other_back(stores: Stores, tmp_path: Path, sql: str, left: int) -> None:
    change(tmp_path, f"UPDATE message_item {sql} WHERE event = (SELECT max(event) FROM message_item)")
    found = [notice.event for notice in stores.outbox.pending_notices("team")]
    assert (len(found), isinstance(stores.fault(), StoreDamaged)) == (left, True)
