"""A store of an older version opens as it was, with a copy of what it was beside it."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from sqlite_utils import Database

from monitor.collect.formats.dash.parser import parse
from monitor.compare.fingerprint import FINGERPRINTER, index_keys
from monitor.errors import StoreError
from monitor.match.search import index_words, search_query
from monitor.model import Kind, Outcome, Release, SeenRecord, Verdict
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, build_messages
from monitor.page_records import DayCount
from monitor.records import EventFilter, MessageItem
from monitor.secret import Secret
from monitor.store.channel_states import SqlChannelStates
from monitor.store.copy import restore_shared_store
from monitor.store.open import Access, open_stores
from monitor.store.outbox import SqlOutbox
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.migrations import APPLICATION_ID, digest_without_source, migrations
from monitor.store.sqlite.search import fill_index, search
from monitor.store.sqlite.verify import verify
from monitor.store.store import SqlStore
from monitor.store_location import StoreLocation
from monitor.testing import NOON, FrozenClock
from tests.contract.takes import record, take_in
from tests.dumps import Written, dumps, write
from tests.postgresql_databases import Databases

BACKUP = "monitor.db.before-2.bak"
TALKS = record("Talks held")
AT, LATER = "2026-11-22T12:00:00.000Z", "2026-11-25T12:00:00.000Z"
OK = Verdict(outcome=Outcome.OK, reason="accepted")
# As version 1 wrote it: its items have no source, its messages neither label nor urgency.
ITEM = {
    "release": 1,
    "version": 1,
    "kind": "new",
    "title": "Talks held",
    "date": "2024-07-01",
    "category": None,
    "watchlists": ["desk"],
    "words": ["FTA"],
    "snippets": [{"field": "body", "before": "an ", "hit": "FTA", "after": " held"}],
    "edits": [{"field": "body", "op": "keep", "old": "a", "new": "a"}],
    "numbers": [["5.1", "5.3"]],
    "related": [2],
    "reason": "no known release has this title or text",
}
MESSAGE: dict[str, Any] = {
    "channel": "team",
    "kind": "instant",
    "source": "motie",
    "items": [ITEM],
    "text": "",
    "max_age": 259200.0,
    "part": 1,
    "parts": 1,
}


@pytest.fixture
def old(state: Path) -> Path:
    """A store of version 1: one release, told in a message that is pending, one that was sent and one that died."""
    state.mkdir()
    with closing(sqlite3.connect(state / "monitor.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size=8192")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        migrations().apply(Database(connection, execute_plugins=False), stop_before="m002_delivery")
        connection.execute("INSERT INTO meta VALUES ('store_id', 'abc')")
        _fill(connection)
    (state / "STORE_ID").write_text("abc\n")
    return state


def _fill(connection: sqlite3.Connection) -> None:
    counts = ", ".join(["1", "1", *["0"] * 9])
    connection.execute(
        f"INSERT INTO dump VALUES (1, 'motie', 'a.txt', x'00', 9, '{AT}', '{AT}', 0, 'stored', 'utf-8', {counts},"
        f" NULL, NULL, x'01000000', '{AT}')"
    )
    connection.execute(
        "INSERT INTO release (id, source, head, fold_hash, seq, date, first_dump, confirmed)"
        f" VALUES (1, 'motie', 1, x'00', 1, '2024-07-01', 1, '{AT}')"
    )
    connection.execute(
        f"INSERT INTO version VALUES (1, 1, 1, x'00', 'new', NULL, 'Talks held', '2024-07-01', 'Text.', 1, '{AT}')"
    )
    for number, state in enumerate(("pending", "sent", "dead"), start=1):
        connection.execute(
            "INSERT INTO event VALUES"
            f" ({number}, 'motie', 1, 1, 1, 'new', '[]', '[]', 0, '[\"desk\"]', '[\"desk\"]', 'first seen', '{AT}')"
        )
        connection.execute(
            "INSERT INTO message VALUES (?, ?, 'team', 'instant', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(number, f"i:team:1:0:{number}", state, json.dumps(MESSAGE), AT, AT, LATER),
                *(int(state != "pending"), "ok", "why", AT if state == "sent" else None),
            ),
        )
        connection.execute(f"INSERT INTO message_item VALUES ('team', {number}, '[\"desk\"]', {number})")


@pytest.fixture
def opened(old: Path) -> Iterator[Handle]:
    with closing(open_for_writing(old)) as handle:
        yield handle


def test_an_old_message_keeps_the_number_that_its_receiver_may_know(opened: Handle) -> None:
    delivery = SqlOutbox(opened).claim("team", now=NOON)
    assert delivery is not None
    assert delivery.number == "1"


def test_old_messages_are_shown_as_they_were(opened: Handle) -> None:
    item = MessageItem(release=1, version=1, title="Talks held", watchlists=("desk",))
    assert [(message.id, message.state, message.items) for message in SqliteArchive(opened).messages()] == [
        (number, state, (item,)) for number, state in enumerate(("pending", "sent", "dead"), start=1)
    ]


def test_an_old_pending_message_is_claimed_and_sent(opened: Handle) -> None:
    outbox = SqlOutbox(opened)
    assert (outbox.pending_notices("team"), outbox.pending_channels()) == ([], frozenset())
    assert outbox.next_due("team", now=NOON) == NOON
    delivery = outbox.claim("team", now=NOON)
    assert delivery is not None
    assert (delivery.id, delivery.attempt, delivery.expires) == (1, 1, NOON + timedelta(hours=72))
    [item] = delivery.message.items
    assert (item.title, item.kind, item.words, item.numbers) == ("Talks held", Kind.NEW, ("FTA",), (("5.1", "5.3"),))
    assert (item.source, delivery.message.label, delivery.message.is_urgent) == ("", "", False)
    outbox.done(delivery, OK, now=NOON)
    assert [message.state for message in SqliteArchive(opened).messages()] == ["sent", "sent", "dead"]


def test_an_old_dead_message_can_be_sent_again(opened: Handle) -> None:
    outbox = SqlOutbox(opened)
    outbox.requeue(3, now=NOON + timedelta(days=9))
    delivery = outbox.claim("team", now=NOON + timedelta(days=9))
    assert delivery is not None
    assert delivery.id == 3


def test_what_comes_after_the_migration_is_told_beside_the_old(opened: Handle) -> None:
    outbox, channel_states = SqlOutbox(opened), SqlChannelStates(opened)
    take_in(SqlStore(opened), record("Visit ends", "The minister flew home.", day="2024-07-02"))
    build_messages(
        "team",
        Policy(),
        DeliveryContext(outbox=outbox, channel_states=channel_states, clock=FrozenClock(), jitter=lambda: 0.0),
    )
    told = [d.message.items[0].title for _ in range(2) if (d := outbox.claim("team", now=NOON))]
    assert told == ["Talks held", "Visit ends"]


def test_the_migrated_store_is_in_good_health(opened: Handle) -> None:
    assert [tuple(row) for row in opened._connection.execute("PRAGMA integrity_check")] == [("ok",)]
    assert opened._connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_was_on_its_way_before_the_migration_is_due_after_it(old: Path) -> None:
    with closing(sqlite3.connect(old / "monitor.db", isolation_level=None)) as connection:
        connection.execute("UPDATE message SET state = 'leased', attempts = 1 WHERE id = 1")
        connection.execute(f"INSERT INTO attempt VALUES (1, 1, 'a boot', '{AT}', NULL, NULL, NULL, NULL)")
    with closing(open_for_writing(old)) as handle:
        outbox = SqlOutbox(handle)
        outbox.reclaim(now=NOON)
        delivery = outbox.claim("team", now=NOON)
        assert delivery is not None
        assert (delivery.id, delivery.attempt) == (1, 2)


# --- records that were seen (migration 6) --------------------------------------------------------------------------

SEEN, SPACED = "Talks held\nText. date2024-07-01", "Talks held\n\nText. date2024-07-01"  # read, they are the same


def _seen_as(text: str, folder: Path) -> None:
    """Let the release of an old store have been seen as this record."""
    former = sha256(f"motie\n{text}".encode()).digest()
    release = Release(title="Talks held", body="Text.", date=date(2024, 7, 1))
    with closing(sqlite3.connect(folder / "monitor.db", isolation_level=None)) as connection:
        connection.execute("INSERT INTO seen VALUES (?, ?, 1, 1)", (int.from_bytes(former[:8], signed=True), former))
        connection.executemany("INSERT INTO alias VALUES (?, 1)", [(key,) for key in index_keys("motie", release)])


@pytest.mark.parametrize(("text", "known"), [(SEEN, True), (SPACED, False)])
def test_a_record_that_was_seen_before_the_migration_tells_nothing_after_it(old: Path, text: str, known: bool) -> None:
    _seen_as(text, old)
    with closing(open_for_writing(old)) as handle:
        store, digest = SqlStore(handle), sha256(text.encode()).digest()
        expected = {digest: SeenRecord(number=1, version=1)}
        assert store.seen_records("motie", {digest}) == (expected if known else {})
        assert take_in(store, f"-\n{text}").counts[Kind.UNCHANGED] == 1
        assert store.seen_records("motie", {digest}) == expected


@given(dumps())
def test_every_record_of_a_generated_dump_is_known_after_the_migration(written: Written) -> None:
    """However its layout was read."""
    for seen, own in zip(parse(written.text).records, written.releases, strict=True):
        former = sha256(f"motie\n{write([own])[2:]}".encode()).digest()
        for read in (seen.release, own):
            stored = (read.category, read.title, read.body, str(read.date))
            assert digest_without_source(former, "motie", *stored) == seen.digest
            assert digest_without_source(former, "kita", *stored) is None


# --- the search index (migration 10) -----------------------------------------------------------------------


def test_the_search_index_is_filled_again_behind_the_migration_and_nobody_is_told(old: Path) -> None:
    with closing(sqlite3.connect(old / "monitor.db", isolation_level=None)) as connection:
        migrations().apply(Database(connection, execute_plugins=False), stop_before="m010_search_words")
        connection.execute("INSERT INTO search (rowid, title, body) VALUES (1, 'Talks held', 'Text.')")
        connection.execute("INSERT INTO indexed VALUES (1, 1)")
        connection.execute("INSERT INTO meta VALUES ('search_upto', '1')")
    before = _tables(old / "monitor.db")
    with closing(open_for_writing(old)) as handle:
        asked = [search_query([word]) for word in ("talk", "text", "tex", "title:text")]
        found = [search(handle, query) for query in asked]
        counts = [fill_index(handle, index_words) for _ in range(2)]
        assert (found, counts) == ([[1], [1], [], []], [1, 0])
        assert [search(handle, query) for query in asked] == found
    after = _tables(old / "monitor.db")
    for name in ("event", "message", "message_item", "attempt", "version", "indexed"):
        assert len(after[name]) == len(before[name]), name
        for row, former in zip(after[name], before[name], strict=True):
            assert row[: len(former)] == former, name  # other migrations may have added columns


# --- what each watchlist matched (migration 14) ---------------------------------------------------------------------


def test_an_old_store_learns_what_each_watchlist_matched(old: Path) -> None:
    """Each event names its watchlists; a list that cannot be read belongs to none, and hinders no start."""
    told = {1: ('["desk","chips"]', '["chips"]'), 2: ("[]", "[]"), 3: ('["desk"', '["desk"]'), 4: ('["chips"]', "[]")}
    with closing(sqlite3.connect(old / "monitor.db", isolation_level=None)) as connection:
        connection.execute(
            f"INSERT INTO event VALUES (4, 'motie', 1, 1, 1, 'new', '[]', '[]', 0, '', '', 'why', '{AT}')"
        )
        for number, lists in told.items():
            connection.execute(f"UPDATE event SET watchlists = ?, alert = ? WHERE id = {number}", lists)
    with closing(open_for_writing(old)) as handle:
        archive = SqliteArchive(handle)
        assert archive.watchlist_totals() == {"chips": DayCount(2, 1), "desk": DayCount(1, 0)}
        assert [event.id for event in archive.page(EventFilter(watchlist="chips"))] == [4, 1]
        assert [event.id for event in archive.page(EventFilter(watchlist="chips", is_notified=True))] == [1]
        faults = {check.check: check.faults for check in verify(handle, old) if not check.is_ok}
        assert faults == {"watchlists": ("event 3 is not listed under its own watchlists",)}


# --- what each dump showed (migration 15) ---------------------------------------------------------------------------


def test_an_old_store_still_knows_which_dumps_showed_a_release(old: Path) -> None:
    """A dump whose list was damaged loses what cannot be read; that hinders no start."""
    lists = {1: [1, 255, 256, 70_000], 2: [], 3: [70_000, 1], 4: [2, 257]}
    with closing(sqlite3.connect(old / "monitor.db", isolation_level=None)) as connection:
        for number, members in lists.items():
            own = {"id": number, "n": len(members), "sha": bytes([number]), "members": array("I", members).tobytes()}
            connection.execute(
                "INSERT INTO dump SELECT :id, source, name, :sha, size, mtime, as_of, take, status, encoding, :n,"
                " n_new, n_changed, n_completed, n_enriched, n_cosmetic, n_stale, n_unchanged, n_withdrawn,"
                " n_reappeared, n_rejected, listing, progress, :members, at FROM dump WHERE id = 1"
                " ON CONFLICT DO UPDATE SET n = :n, members = :members",
                own,
            )
        connection.execute("UPDATE dump SET members = substr(members, 1, 7) WHERE id = 4")
    with closing(open_for_writing(old)) as handle:
        found = {n: [one.id for one in SqliteArchive(handle).shown_by(n)] for n in (1, 2, 255, 256, 257, 70_000)}
        assert found == {1: [1, 3], 2: [4], 255: [1], 256: [1], 257: [], 70_000: [1, 3]}
        faults = {check.check: check.faults for check in verify(handle, old) if not check.is_ok}
        assert faults == {"dumps": ("dump 4 does not name every release that it showed",)}
        take_in(SqlStore(handle), record("Visit ends"))


# --- the copy ------------------------------------------------------------------------------------------------------


def _tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def test_what_the_store_was_stays_beside_it(old: Path) -> None:
    before = _tables(old / "monitor.db")
    open_for_writing(old).close()
    assert _tables(old / BACKUP) == before
    assert "channel_state" not in before
    assert "channel_state" in _tables(old / "monitor.db")
    assert {path.name for path in old.iterdir()} == {"monitor.db", "STORE_ID", BACKUP}


def test_the_copy_is_a_store_that_opens(old: Path) -> None:
    open_for_writing(old).close()
    (old / BACKUP).rename(old / "monitor.db")
    with closing(open_for_writing(old)) as handle:
        assert SqlOutbox(handle).claim("team", now=NOON) is not None


def test_what_stood_in_the_log_alone_is_in_the_copy(old: Path) -> None:
    other = sqlite3.connect(old / "monitor.db", isolation_level=None)  # kept open: nothing is folded in
    other.execute("PRAGMA wal_autocheckpoint=0")
    other.execute("INSERT INTO meta VALUES ('late', 'yes')")
    open_for_writing(old).close()
    other.close()
    assert ("late", "yes") in _tables(old / BACKUP)["meta"]


def test_a_fresh_store_and_an_up_to_date_one_get_no_copy(state: Path) -> None:
    for _ in range(2):
        open_for_writing(state).close()
        assert {path.name for path in state.iterdir()} == {"monitor.db", "STORE_ID"}


def test_a_second_opening_makes_no_second_copy(old: Path) -> None:
    open_for_writing(old).close()
    (old / BACKUP).write_bytes(b"looked at")
    open_for_writing(old).close()
    assert (old / BACKUP).read_bytes() == b"looked at"


def test_a_copy_that_a_crash_left_half_made_is_made_anew(old: Path) -> None:
    half = old / f".{BACKUP}.new"
    half.write_bytes(b"half a database")
    open_for_writing(old).close()
    assert "message" in _tables(old / BACKUP)
    assert not half.exists()


def test_a_crash_between_the_copy_and_the_migration_copies_once_more(old: Path) -> None:
    (old / BACKUP).write_bytes(b"of the opening that ended in between")
    open_for_writing(old).close()
    assert "message" in _tables(old / BACKUP)


def test_without_a_copy_nothing_is_migrated_and_nothing_half_is_left(old: Path) -> None:
    (old / BACKUP).mkdir()  # a folder has the name: the copy is made and cannot be put there
    (old / BACKUP / "in the way").touch()
    before = _tables(old / "monitor.db")
    with pytest.raises(StoreError, match="cannot be opened"):
        open_for_writing(old)
    assert _tables(old / "monitor.db") == before
    assert {path.name for path in old.iterdir()} >= {"monitor.db", "STORE_ID", BACKUP}
    assert not (old / f".{BACKUP}.new").exists()


def test_an_old_store_learns_which_of_its_dumps_had_a_timestamp(state: Path) -> None:
    """The first was dated by its name, the second by its newest record, the third by a number that is no date."""
    dated = [
        ("press_2024-07-02.txt", "2024-07-01T15:00:00.000Z"),
        ("latest.txt", "2024-07-04T15:00:00.000Z"),
        ("plan_20501231.txt", "2050-12-30T15:00:00.000Z"),
    ]
    state.mkdir()
    with closing(sqlite3.connect(state / "monitor.db", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        migrations().apply(Database(connection, execute_plugins=False), stop_before="m011_ages")
        connection.execute("INSERT INTO meta VALUES ('store_id', 'abc')")
        counts = ", ".join(["1", "1", *["0"] * 9])
        for number, (name, as_of) in enumerate(dated, start=1):
            connection.execute(
                f"INSERT INTO dump VALUES ({number}, 'motie', '{name}', x'0{number}', 9, '{AT}', '{as_of}', 0,"
                f" 'stored', 'utf-8', {counts}, NULL, NULL, x'01000000', '{AT}')"
            )
            connection.execute(
                "INSERT INTO release (id, source, head, fold_hash, seq, date, first_dump, confirmed)"
                f" VALUES ({number}, 'motie', {number}, x'00', 1, '2024-07-01', 1, '{as_of}')"
            )
    (state / "STORE_ID").write_text("abc\n")
    with closing(open_for_writing(state)) as handle, handle.transaction():
        found = handle._connection.execute("SELECT * FROM dump ORDER BY id").fetchall()
        assert [row["evidence"] for row in found] == ["stamp", None, None]
        assert found[2]["as_of"] == AT
    with closing(sqlite3.connect(state / "monitor.db")) as connection:
        rows = connection.execute("SELECT confirmed, stamped FROM release ORDER BY id").fetchall()
    assert rows == [(dated[0][1], dated[0][1]), (dated[1][1], None), (AT, None)]


def test_a_backup_of_the_first_version_fills_a_shared_store(old: Path, tmp_path: Path, databases: Databases) -> None:
    content = (old / "monitor.db").read_bytes()
    shared = StoreLocation(folder=tmp_path / "node", url=Secret(databases.url(tmp_path / "database")))
    restore_shared_store(shared, old / "monitor.db", fingerprinter=FINGERPRINTER, now=NOON)
    assert (old / "monitor.db").read_bytes() == content
    with open_stores(shared, Access.WRITE) as stores:
        assert stores.archive.count_heads() == 1
        assert [check for check in stores.maintenance.verify() if not check.is_ok] == []
