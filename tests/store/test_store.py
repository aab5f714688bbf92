"""What only a store on a disk, shared by threads, can get wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from sqlite3 import Row

import pytest

from monitor.channel_health import ChannelState
from monitor.errors import Stale, StoreError
from monitor.ingest_values import Batch
from monitor.model import Kind, Reject
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, build_messages
from monitor.store.channel_states import SqlChannelStates
from monitor.store.outbox import SqlOutbox
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import open_for_reading, open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from monitor.testing import NOON, FrozenClock
from tests.contract.takes import SOURCE, decide, dump, figures, heads, keys_of, record, take_in

HOUR = timedelta(hours=1)
MANY = dump(*(record(f"Notice {n}", f"Text number {n}. " * 50) for n in range(200)))


def rows(handle: Handle) -> dict[str, int]:
    """How much stands in each table that a commit writes to."""
    tables = ("dump", "release", "alias", "version", "seen", "event", "file", "reject", "message", "message_item")
    return {name: handle._connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


def _told_twice(batch: Batch) -> Batch:
    """The last thing that is written is a notice that stands there already."""
    return replace(batch, notices=(*batch.notices, batch.notices[0]))


def _text_that_is_none(batch: Batch) -> Batch:
    """Half of a surrogate pair in the last thing that is written: a database takes no such text."""
    last = batch.notices[-1]
    return replace(batch, notices=(*batch.notices[:-1], replace(last, item=replace(last.item, reason="\ud800"))))


def _one_number_twice(batch: Batch) -> Batch:
    return replace(batch, changes=(*batch.changes, batch.changes[0]))


def _offset_beyond_64_bits(batch: Batch) -> Batch:
    return replace(batch, rejects=(Reject(reason="too far", line=1, offset=1 << 64, text=""),))


@pytest.mark.parametrize("broken", [_told_twice, _text_that_is_none, _one_number_twice, _offset_beyond_64_bits])
def test_a_commit_that_fails_at_any_step_leaves_no_row(handle: Handle, broken: Callable[[Batch], Batch]) -> None:
    store = SqlStore(handle)
    take_in(store, figures("5.1"))
    before = rows(handle)
    batch = broken(decide(store, dump(figures("5.3"), record("Talks held")), name="b.txt"))
    with pytest.raises((StoreError, UnicodeEncodeError, OverflowError)):
        store.commit(batch, now=NOON)
    assert rows(handle) == before
    assert take_in(store, dump(figures("5.3"), record("Talks held")), name="b.txt").counts[Kind.CHANGED] == 1


def test_a_full_disk_loses_nothing_and_heals_by_itself(handle: Handle) -> None:
    store = SqlStore(handle)
    take_in(store, record("Talks held"))
    before = rows(handle)
    [pages] = handle._connection.execute("PRAGMA page_count").fetchone()
    handle._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(StoreError, match="full"):
        take_in(store, MANY)
    assert rows(handle) == before
    assert handle._connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    handle._connection.execute("PRAGMA max_page_count = 1000000")
    assert take_in(store, MANY).counts[Kind.NEW] == 200


def test_a_commit_is_seen_by_others_only_when_it_is_whole(handle: Handle, state: Path) -> None:
    seen = []

    class Watching(Handle):
        """Looks from outside whenever an event is written."""

        def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> None:
            for row in rows:
                if query == "add_event":
                    seen.append(len(SqliteArchive(reader).dumps()))
                super().many(query, [row])

    with closing(open_for_reading(state)) as reader:
        take_in(SqlStore(Watching(handle._connection, state)), dump(record("Talks held"), record("Visit ends")))
        assert seen == [0, 0]
        assert len(SqliteArchive(reader).dumps()) == 1


def test_a_commit_in_the_middle_of_a_snapshot_makes_its_batch_stale(handle: Handle, state: Path) -> None:
    class Overtaken(Handle):
        """Somebody else takes the same release in while the index is being read."""

        def all(self, query: str, **values: object) -> list[Row]:
            found = super().all(query, **values)
            if query == "aliases":
                take_in(SqlStore(handle), record("Talks held"), name="b.txt")
            return found

    batch = decide(SqlStore(Overtaken(handle._connection, state)), record("Talks held") + "\n")
    with pytest.raises(Stale):
        SqlStore(handle).commit(batch, now=NOON)


def test_threads_that_take_the_same_releases_in_store_each_once(handle: Handle) -> None:
    store = SqlStore(handle)
    contents = [dump(*(record(f"Notice {n}", f"Text {n}.") for n in range(start, start + 20))) for start in range(12)]

    def take(at: int) -> int:
        return take_in(store, contents[at], name=f"{at}.txt").counts[Kind.NEW]

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, range(len(contents)))) == 31
    assert sorted(release.title for release in heads(store).values()) == sorted(f"Notice {n}" for n in range(31))


def test_two_records_whose_digests_begin_alike_are_told_apart(handle: Handle) -> None:
    store = SqlStore(handle)
    batch = decide(store, dump(record("Talks held"), record("Visit ends")))
    digests = [b"same-beginning".ljust(32, ending) for ending in (b"1", b"2")]
    changes = tuple(
        replace(change, record=change.record and replace(change.record, digest=digest))
        for change, digest in zip(batch.changes, digests, strict=True)
    )
    store.commit(replace(batch, changes=changes), now=NOON)
    found = store.seen_records(SOURCE, {*digests, b"same-beginning".ljust(32, b"3")})
    assert {digest: seen_record.number for digest, seen_record in found.items()} == {digests[0]: 1, digests[1]: 2}


def test_threads_that_form_the_same_notices_make_one_message(handle: Handle) -> None:
    take_in(SqlStore(handle), MANY)
    outbox = SqlOutbox(handle)
    post = DeliveryContext(
        outbox=outbox, channel_states=SqlChannelStates(handle), clock=FrozenClock(), jitter=lambda: 0.0
    )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: build_messages("team", Policy(), post), range(8)))
    told = []
    while delivery := outbox.claim("team", now=NOON):
        told += [item.release for item in delivery.message.items]
    assert told == list(range(1, 201))


def test_how_a_channel_stands_survives_the_process(handle: Handle, state: Path) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    outbox, channel_states = SqlOutbox(handle), SqlChannelStates(handle)
    post = DeliveryContext(outbox=outbox, channel_states=channel_states, clock=FrozenClock(), jitter=lambda: 0.0)
    build_messages("team", Policy(), post)
    outbox.claim("team", now=NOON, tokens=0.25)
    outbox.queue_messages("team", [], flood_until=NOON + HOUR, now=NOON)
    channel_states.save(
        "team", ChannelState(failures=5, since=NOON, opened_until=NOON + HOUR, is_refused=True, reason="401")
    )
    channel_states.mute("team", until=NOON + 2 * HOUR)
    kept = channel_states.get("team")
    handle.close()
    with closing(open_for_writing(state)) as again:
        assert (
            SqlChannelStates(again).get("team")
            == kept
            == ChannelState(
                failures=5,
                since=NOON,
                opened_until=NOON + HOUR,
                is_refused=True,
                reason="401",
                tokens=0.25,
                tokens_at=NOON,
                flood_until=NOON + HOUR,
                muted_until=NOON + 2 * HOUR,
            )
        )


@pytest.mark.parametrize("day", ["0001-01-02", "0201-07-01", "9999-12-31"])
def test_a_date_with_a_typing_error_stops_no_dump(handle: Handle, day: str) -> None:
    store = SqlStore(handle)
    assert take_in(store, record("Talks held", day=day)).counts[Kind.NEW] == 1
    assert str(heads(store)[1].date) == day


def test_each_release_is_indexed_by_no_more_keys_than_it_has(handle: Handle) -> None:
    store = SqlStore(handle)
    for _ in range(2):
        take_in(store, figures("5.1"))
        take_in(store, figures("5.3"))
        take_in(store, figures("5.1") + "\n")
    assert rows(handle)["alias"] == len(keys_of(figures("5.1")))
    assert handle._connection.execute("PRAGMA foreign_key_check").fetchall() == []
