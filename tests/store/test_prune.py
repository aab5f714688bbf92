"""What is old enough is forgotten; what waits, what is current and what prevents a second alert stays."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.ingest_values import Mode
from monitor.match.search import index_words, search_query
from monitor.model import (
    DraftMessage,
    Kind,
    Message,
    Outcome,
    Verdict,
)
from monitor.notify.compose import DEFAULT_PART_LIMIT, in_parts
from monitor.ports import Retention
from monitor.state_values import Pruned
from monitor.store.outbox import SqlOutbox
from monitor.store.prune import prune
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.copies import prune_copies
from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.search import fill_index, search
from monitor.store.store import SqlStore
from monitor.testing import NOON, note
from tests.contract.takes import dump, figures, heads, record, take_in
from tests.store.sqlite.counting import steps

DAY = timedelta(days=1)
LATER = NOON + 100 * DAY
ALL = Retention(versions=30 * DAY, messages=30 * DAY, events=30 * DAY)
OK = Verdict(outcome=Outcome.OK, reason="accepted")


@pytest.fixture
def store(handle: Handle) -> SqlStore:
    return SqlStore(handle)


def tell(handle: Handle) -> None:
    """Form one message of all that waits and deliver it."""
    outbox = SqlOutbox(handle)
    waiting = outbox.pending_notices("team")
    whole = Message(channel="team", kind="instant", source="motie")
    [message] = in_parts(whole, [one.notice.item for one in waiting], DEFAULT_PART_LIMIT)
    formed = DraftMessage(message=message, events=tuple(one.event for one in waiting))
    outbox.queue_messages("team", [formed], flood_until=None, now=NOON)
    delivery = outbox.claim("team", now=NOON)
    assert delivery is not None
    outbox.done(delivery, OK, now=NOON)


def bodies(handle: Handle) -> list[str]:
    return [version.body for version in SqliteArchive(handle).versions(1)]


def counts(handle: Handle) -> dict[str, int]:
    identity = ("release", "seen", "alias", "dump", "file", "version")
    names = (*identity, "event", "matched", "message", "message_item", "attempt")
    return {name: handle._connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


def test_nothing_is_forgotten_unless_it_is_asked_for(handle: Handle, store: SqlStore) -> None:
    take_in(store, figures("5.1"))
    take_in(store, figures("5.3"))
    tell(handle)
    before = counts(handle)
    assert prune(handle, Retention(), now=LATER) == Pruned()
    assert counts(handle) == before


def test_what_is_old_and_done_goes_and_what_identity_needs_stays(handle: Handle, store: SqlStore) -> None:
    take_in(store, figures("5.1"))
    take_in(store, figures("5.3"))
    tell(handle)
    SqlOutbox(handle).enqueue(note("newest", channel="team"), key="k", now=NOON)
    before = counts(handle)
    assert prune(handle, ALL, now=LATER) == Pruned(versions=1, messages=1, events=1)
    after = counts(handle)
    assert {name: after[name] for name in ("release", "seen", "alias", "dump", "file", "version")} == {
        name: before[name] for name in ("release", "seen", "alias", "dump", "file", "version")
    }
    assert (after["event"], after["matched"]) == (1, 1)
    assert bodies(handle)[0] == ""
    assert "5.3" in bodies(handle)[1]
    assert handle.pragma("foreign_key_check") == []


def test_what_is_young_stays(handle: Handle, store: SqlStore) -> None:
    take_in(store, figures("5.1"))
    take_in(store, figures("5.3"))
    tell(handle)
    assert prune(handle, ALL, now=NOON + 29 * DAY) == Pruned()


def test_what_waits_for_its_message_is_never_forgotten(handle: Handle, store: SqlStore) -> None:
    take_in(store, figures("5.1"))
    take_in(store, figures("5.3"))
    assert prune(handle, ALL, now=LATER) == Pruned()
    assert [one.notice.item.release for one in SqlOutbox(handle).pending_notices("team")] == [1, 1]


@pytest.mark.parametrize("way", ["pending", "leased", "held"])
def test_what_a_message_on_its_way_tells_of_is_never_forgotten(handle: Handle, store: SqlStore, way: str) -> None:
    take_in(store, figures("5.1"))
    take_in(store, figures("5.3"))
    tell(handle)
    take_in(store, record("Talks held"), name="b.txt")
    handle._connection.execute("UPDATE message SET state = ?", [way])
    assert prune(handle, ALL, now=LATER) == Pruned()


def test_after_pruning_no_release_and_no_text_is_told_again(handle: Handle, store: SqlStore) -> None:
    take_in(store, figures("5.1"))
    take_in(store, figures("5.3"))
    tell(handle)
    prune(handle, ALL, now=LATER)
    again = take_in(store, figures("5.3"), mode=Mode.AGAIN)
    assert {kind: n for kind, n in again.counts.items() if n} == {Kind.UNCHANGED: 1}
    old = take_in(store, figures("5.1") + "\n", name="20200101.txt")
    assert {kind: n for kind, n in old.counts.items() if n} == {Kind.STALE: 1}
    assert take_in(store, figures("5.5")).counts[Kind.CHANGED] == 1
    assert [version.version for version in SqliteArchive(handle).versions(1)] == [1, 2, 3]


def test_a_return_to_a_pruned_text_is_still_told_as_one(handle: Handle, store: SqlStore) -> None:
    take_in(store, figures("5.1"), name="20240701.txt")
    take_in(store, figures("5.3"), name="20240702.txt")
    tell(handle)
    prune(handle, ALL, now=LATER)
    take_in(store, figures("5.1") + "\n", name="20240703.txt")
    [*_, last] = SqliteArchive(handle).release_events(1)
    assert "earlier text again" in last.reason


def test_ids_are_never_given_out_twice(handle: Handle, store: SqlStore) -> None:
    take_in(store, figures("5.1"))
    tell(handle)
    prune(handle, ALL, now=LATER)
    take_in(store, figures("5.3"))
    assert [event.id for event in SqliteArchive(handle).release_events(1)] == [1, 2]


def test_many_rows_are_forgotten_a_part_at_a_time(handle: Handle, store: SqlStore) -> None:
    many = dump(*(record(f"Notice {n}", f"Text {n}.") for n in range(1200)))
    take_in(store, many)
    handle._connection.execute("DELETE FROM message_item")
    rows: list[int] = []
    assert prune(handle, ALL, now=LATER, on_step=rows.append).events == 1199
    assert rows == [500, 500, 199]
    assert len(heads(store)) == 1200


KINDS = {"messages": Retention(messages=DAY), "events": Retention(events=DAY), "versions": Retention(versions=DAY)}


@pytest.mark.parametrize("kind", KINDS)
def test_the_cost_of_pruning_is_linear_in_what_is_pruned(state: Path, kind: str) -> None:
    few, many = (pruning_steps(state / str(count), kind, count) for count in (1_500, 6_000))
    assert many < 5 * few


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_to_stay_is_passed_once_and_not_once_a_step(state: Path, kind: str) -> None:
    all_go, half_stay = (pruning_steps(state / str(waiting), kind, 6_000, waiting=waiting) for waiting in (0, 3_000))
    assert half_stay <= all_go


def pruning_steps(folder: Path, kind: str, count: int, *, waiting: int = 0) -> int:
    """Return what it takes to prune so many rows of a kind, of which the first so many are still needed."""
    with closing(open_for_writing(folder)) as handle:
        take_in(SqlStore(handle), figures("5.1"))
        handle._connection.execute("DELETE FROM message_item")
        handle._connection.execute("PRAGMA foreign_keys = OFF")
        for row in ROWS[kind]:
            handle._connection.execute(row, {"count": count, "waiting": waiting})
        pruned: list[Pruned] = []
        cost = steps(handle, lambda: pruned.append(prune(handle, KINDS[kind], now=LATER)))
        assert abs(getattr(pruned[0], kind) - (count - waiting)) <= 1
        return cost


_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
_EVENTS = (
    f"{_NUMBERS} INSERT INTO event (source, dump, release, version, kind, fields, numbers, reverted, watchlists, alert,"
    " reason, at) SELECT source, dump, i + 1, 1, kind, fields, numbers, 0, '[]', '[]', reason, event.at FROM event, n"
)
_WAITING = (
    f"{_NUMBERS} INSERT INTO message_item (channel, event, watchlists) SELECT 'team', i + 1, '[]' FROM n"
    " WHERE i <= :waiting"
)
ROWS = {
    "messages": [
        (
            f"{_NUMBERS} INSERT INTO message"
            " (idem_key, channel, kind, state, payload_json, created_at, due, expires_at)"
            " SELECT 'k' || i, 'team', 'system', iif(i > :waiting, 'sent', 'held'), '', at, at, at FROM dump, n"
        ),
    ],
    "events": [_EVENTS, _WAITING],
    "versions": [
        (
            f"{_NUMBERS} INSERT INTO release (id, source, head, fold_hash, seq, first_dump, confirmed)"
            " SELECT i + 1, source, 2 * i + 1, x'00', 2, 1, confirmed FROM release, n"
        ),
        (
            f"{_NUMBERS} INSERT INTO version (id, release, seq, fold_hash, kind, title, body, dump, at)"
            " SELECT 2 * i + seq.value - 1, i + 1, seq.value, x'00', 'new', title, body, 1, at FROM version, n,"
            " json_each('[1, 2]') AS seq WHERE version.id = 1"
        ),
        _EVENTS,
        _WAITING,
    ],
}


def test_a_text_that_still_stands_in_the_search_index_waits_until_it_is_taken_out(
    handle: Handle, store: SqlStore
) -> None:
    take_in(store, figures("5.1"))
    fill_index(handle, index_words)
    take_in(store, figures("5.3"))
    tell(handle)
    assert prune(handle, ALL, now=LATER).versions == 0
    fill_index(handle, index_words)
    assert prune(handle, ALL, now=LATER).versions == 1
    assert list(search(handle, search_query(["5.1"]))) == []
    assert len(list(search(handle, search_query(["5.3"])))) == 1


def test_only_the_newest_copies_of_the_store_stay(tmp_path: Path) -> None:
    times = ("20260101T000000Z", "20260101T000001Z", "20260201T000000Z", "20270101T000000Z")
    names = [f"monitor.db.before-{number}.bak" for number in (2, 9, 10, 11)]
    names += [f"monitor.db.replaced-{time}{suffix}" for time in times for suffix in ("", "-wal")]
    others = ["monitor.db", "monitor.db-wal", "monitor.db.before-1.bak.old", "my.bak", "monitor.db.replaced-mine"]
    for name in (*names, *others):
        (tmp_path / name).touch()
    assert prune_copies(tmp_path) == 2
    gone = {"monitor.db.before-2.bak", f"monitor.db.replaced-{times[0]}", f"monitor.db.replaced-{times[0]}-wal"}
    assert {path.name for path in tmp_path.iterdir()} == {*names, *others} - gone
    assert prune_copies(tmp_path) == 0
