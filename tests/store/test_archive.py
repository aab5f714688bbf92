"""What commands print as JSON has exactly the fields that the product contract fixes, in its formats."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.errors import NotFound
from monitor.ingest_values import Mode
from monitor.inspect.rows import dump_row, event_row, message_row, reject_row, version_row
from monitor.model import Edit, Kind, Outcome, Verdict
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, build_messages
from monitor.page_records import SourceTotals, Summary
from monitor.ports import Row
from monitor.records import EventFilter
from monitor.store.channel_states import SqlChannelStates
from monitor.store.outbox import SqlOutbox
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from monitor.testing import NOON, FrozenClock, dump_of, note
from tests.contract.takes import decide, dump, figures, record, take_in

BROKEN = "-\nOnly a title date2024-07-01"
HOUR = timedelta(hours=1)


@pytest.fixture
def archive(handle: Handle) -> SqliteArchive:
    """Two dumps, the second an hour later: a release changed, another came, a third shares its title.

    Each has its message.
    """
    store = SqlStore(handle)
    post = DeliveryContext(
        outbox=SqlOutbox(handle), channel_states=SqlChannelStates(handle), clock=FrozenClock(), jitter=lambda: 0.0
    )
    take_in(store, dump(record("Talks held"), BROKEN, figures("5.1")), name="001.txt")
    build_messages("team", Policy(), post)
    batch = decide(store, dump(figures("5.3"), record("Talks held", "A photo.", day="2024-07-04")), name="sub/002.txt")
    changed, twin = batch.changes
    changes = (replace(changed, reason="one figure differs: 5.1 → 5.3"), replace(twin, related=(1,)))
    store.commit(replace(batch, changes=changes), now=NOON + HOUR)
    build_messages("team", Policy(), replace(post, clock=FrozenClock(NOON + HOUR)))
    return SqliteArchive(handle)


def printed(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as a reader of the JSON lines gets them."""
    found: list[dict[str, Any]] = json.loads(json.dumps(list(rows)))
    return found


def events(archive: SqliteArchive, **wanted: Any) -> list[dict[str, Any]]:
    return printed(map(event_row, archive.events(EventFilter(**wanted))))


def test_an_event(archive: SqliteArchive) -> None:
    [changed] = events(archive, kind="changed")
    assert changed == {
        "id": 4,
        "at": "2026-11-22T13:00:00Z",
        "source": "motie",
        "dump": "sub/002.txt",
        "kind": "changed",
        "release": 2,
        "version": 2,
        "title": "Chip exports",
        "date": "2024-07-01",
        "category": None,
        "watchlists": ["desk"],
        "alert": ["desk"],
        "fields": ["body"],
        "numbers": [["5.1", "5.3"]],
        "reverted": False,
        "related": [],
        "reason": "one figure differs: 5.1 → 5.3",
        "url": None,
        "ref": None,
    }


def test_an_event_of_a_release_that_shares_its_title(archive: SqliteArchive) -> None:
    [first, twin] = [row for row in events(archive) if row["title"] == "Talks held"]
    assert (first["related"], twin["related"]) == ([], [1])


def test_a_title_that_an_earlier_program_stored_escaped_is_listed_as_it_reads(
    archive: SqliteArchive, handle: Handle
) -> None:
    with handle.transaction():
        handle._connection.execute("UPDATE version SET title = 'Seoul&amp;rsquo;s chips', category = 'R&amp;D'")
        handle._connection.execute(
            "UPDATE message SET payload_json = replace(payload_json, 'Chip', 'Seoul&rsquo;s chip')"
        )
    assert {(row["title"], row["category"]) for row in events(archive, kind="new")} == {("Seoul’s chips", "R&D")}
    titles = [item.title for one in archive.messages() for item in one.items]
    assert "Seoul’s chip exports" in titles


def test_an_event_of_a_reject_has_no_release(archive: SqliteArchive) -> None:
    [rejected] = events(archive, kind="rejected")
    told = ("release", "version", "title", "date", "category")
    assert [rejected[name] for name in told] == [None] * 5
    assert (rejected["dump"], rejected["alert"], rejected["related"]) == ("001.txt", [], [])
    assert "title line" in rejected["reason"]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (EventFilter(), [1, 2, 3, 4, 5]),
        (EventFilter(since=NOON + HOUR), [4, 5]),
        (EventFilter(since=NOON + HOUR + HOUR), []),
        (EventFilter(kind="new"), [1, 2, 5]),
        (EventFilter(watchlist="desk"), [1, 2, 4, 5]),
        (EventFilter(watchlist="des"), []),
        (EventFilter(dump="001.txt"), [1, 2, 3]),
    ],
)
def test_events_are_filtered_and_oldest_first(archive: SqliteArchive, wanted: EventFilter, ids: list[int]) -> None:
    assert [event.id for event in archive.events(wanted)] == ids


@pytest.mark.parametrize(
    ("count", "wanted", "ids"),
    [
        (2, EventFilter(), [4, 5]),
        (0, EventFilter(), []),
        (9, EventFilter(), [1, 2, 3, 4, 5]),
        (1, EventFilter(kind="new"), [5]),
        (2, EventFilter(kind="new", since=NOON, watchlist="desk"), [2, 5]),
        (1, EventFilter(dump="001.txt"), [3]),
    ],
)
def test_the_last_events_are_read_from_their_beginning(
    archive: SqliteArchive, count: int, wanted: EventFilter, ids: list[int]
) -> None:
    after = archive.event_before_last(count, wanted)
    assert [event.id for event in archive.events(wanted, after=after)] == ids


def test_a_version(archive: SqliteArchive) -> None:
    edit = Edit(field="body", op="insert", old="", new="more")
    [first, second] = printed(version_row(version, [edit], [("5.1", "5.3")]) for version in archive.versions(2))
    assert " ".join(first) == "release version kind at dump title date category body url ref edits numbers"
    assert (first["edits"], first["numbers"]) == ([["insert", "", "more"]], [["5.1", "5.3"]])
    assert [first["version"], first["kind"], first["at"]] == [1, "new", "2026-11-22T12:00:00Z"]
    assert [second["version"], second["kind"], second["dump"]] == [2, "changed", "sub/002.txt"]
    assert "5.1 percent" in first["body"]
    assert "5.3 percent" in second["body"]


def test_versions_of_an_unknown_release_are_not_found(archive: SqliteArchive) -> None:
    with pytest.raises(NotFound, match="no release 99"):
        archive.versions(99)


def test_what_happened_to_a_release_and_who_was_told(archive: SqliteArchive) -> None:
    assert [(one.kind, one.version, one.dump, one.alert, one.at) for one in archive.release_events(2)] == [
        ("new", 1, "001.txt", ("desk",), NOON),
        ("changed", 2, "sub/002.txt", ("desk",), NOON + HOUR),
    ]
    assert archive.release_events(2) == [one for one in archive.events(EventFilter()) if one.release == 2]


def test_a_take_in(archive: SqliteArchive) -> None:
    [first, _] = printed(dump_row(dump.report) for dump in archive.dumps())
    content = dump_of(dump(record("Talks held"), BROKEN, figures("5.1")))
    assert first == {
        "id": 1,
        "source": "motie",
        "path": "001.txt",
        "sha256": content.sha256.hex(),
        "status": "stored",
        "size": content.signature.size,
        "encoding": "utf-8",
        "as_of": "2026-11-22T12:00:00Z",
        "evidence": "arrival",
        "at": "2026-11-22T12:00:00Z",
        "counts": {**dict.fromkeys(map(str, Kind), 0), "new": 2, "rejected": 1},
    }


def test_a_duplicate_is_listed_in_its_place_with_the_id_of_the_first(archive: SqliteArchive, handle: Handle) -> None:
    known = dump(record("Talks held"), BROKEN, figures("5.1"))
    take_in(SqlStore(handle), known, name="copy.txt", now=NOON + HOUR / 2)
    rows = printed(dump_row(dump.report) for dump in archive.dumps())
    assert [(row["id"], row["path"], row["status"]) for row in rows] == [
        (1, "001.txt", "stored"),
        (1, "copy.txt", "duplicate"),
        (2, "sub/002.txt", "stored"),
    ]
    assert set(rows[1]["counts"].values()) == {0}
    assert rows[1]["size"] == rows[0]["size"]


def test_a_reject(archive: SqliteArchive) -> None:
    assert printed(map(reject_row, archive.rejects())) == [
        {
            "id": 1,
            "source": "motie",
            "path": "001.txt",
            "line": 4,
            "offset": len(record("Talks held")) + 1,
            "reason": "the record has one line only: a title line and a body line are needed",
            "text": "Only a title date2024-07-01",
            "state": "rejected",
            "at": "2026-11-22T12:00:00Z",
        }
    ]


def test_a_message(archive: SqliteArchive) -> None:
    [_, second] = printed(map(message_row, archive.messages()))
    assert second == {
        "id": 2,
        "channel": "team",
        "kind": "instant",
        "state": "pending",
        "attempts": 0,
        "due": "2026-11-22T13:00:00Z",
        "reason": None,
        "sent_at": None,
        "items": [
            {"release": 2, "version": 2, "title": "Chip exports", "watchlists": ["desk"], "url": None, "ref": None},
            {"release": 3, "version": 1, "title": "Talks held", "watchlists": ["desk"], "url": None, "ref": None},
        ],
        "uncertain": 0,
    }


def test_a_message_that_was_sent_says_when(archive: SqliteArchive, handle: Handle) -> None:
    outbox = SqlOutbox(handle)
    delivery = outbox.claim("team", now=NOON)
    assert delivery is not None
    outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted"), now=NOON + HOUR)
    [sent] = printed(map(message_row, archive.messages("sent")))
    assert (sent["id"], sent["attempts"], sent["reason"], sent["sent_at"]) == (1, 1, "accepted", "2026-11-22T13:00:00Z")
    assert [message.id for message in archive.messages("pending")] == [2]
    assert archive.messages("dead") == []


def test_a_system_message_has_its_text(archive: SqliteArchive, handle: Handle) -> None:
    SqlOutbox(handle).enqueue(note("The disk is full.", channel="team"), key="full", now=NOON)
    last = printed(map(message_row, archive.messages()))[-1]
    assert (last["kind"], last["items"], last["text"]) == ("system", [], "The disk is full.")


def test_a_summary_counts_what_status_shows(archive: SqliteArchive, handle: Handle) -> None:
    take_in(SqlStore(handle), "-\nHalf", name="half.txt", source="customs", now=NOON)
    take_in(SqlStore(handle), "-\nOther half", name="half.txt", source="customs", mode=Mode.ONCE, now=NOON + HOUR)
    summary = archive.summary()
    assert summary.events == {"changed": 1, "new": 3, "rejected": 2}
    assert summary.sources == {
        "customs": SourceTotals(dumps=2, last_at=NOON + HOUR, rejected=1, held=0),
        "motie": SourceTotals(dumps=2, last_at=NOON + HOUR, releases=3, rejected=1, held=0),
    }
    assert (summary.messages, summary.notices) == ({("team", "pending"): 2}, {})


def test_a_summary_names_the_last_dump_of_each_source_that_lost_against_a_newer_one(handle: Handle) -> None:
    store = SqlStore(handle)
    for source in ("customs", "motie"):
        for name, rise in (("2024-07-05.txt", "5.3"), ("2024-07-03.txt", "5.1"), ("2024-07-04.txt", "5.2")):
            take_in(store, figures(rise), name=name, source=source, now=NOON)
    take_in(store, figures("5.4"), name="2024-07-06.txt", source="motie", now=NOON)
    late = SqliteArchive(handle).summary().late
    assert {source: (one.dump, one.stale, one.evidence) for source, one in late.items()} == dict.fromkeys(
        ("customs", "motie"), ("2024-07-04.txt", 1, "stamp")
    )
    assert late["motie"].reason.startswith(
        "same title and day; the dump is older than what is known (its name says 2024-07-03 15:00 UTC, "
        "a later one 2024-07-04 15:00 UTC): one figure differs"
    )


def test_an_empty_store_counts_nothing(handle: Handle) -> None:
    assert SqliteArchive(handle).summary() == Summary()
