"""A copy of a store into one of another engine, and back."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from monitor.compare.fingerprint import FINGERPRINTER
from monitor.errors import Buried, NotFound, StoreError, StoreMoved, UsageError, WrongState
from monitor.model import Message
from monitor.node_values import NodeFacts
from monitor.records import EventFilter
from monitor.secret import Secret
from monitor.store.copy import back_up_shared_store, copy_store, refuse_living, restore_shared_store, undo_copy
from monitor.store.copying import APART, STALE_MARKS, plan, unknown_parts
from monitor.store.open import Access, open_stores
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.copying import filled_store
from monitor.store.sqlite.backup import restore
from monitor.store.sqlite.copying import read_file
from monitor.store_location import StoreLocation
from monitor.testing import NOON
from tests.contract.filled import HOUR, SENT, fill, take
from tests.contract.pairs import store_pair
from tests.contract.takes import dump, figures, record
from tests.dumps import real_dumps
from tests.postgresql_databases import Databases
from tests.waiting import line_of

NOW = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)
FACTS = NodeFacts(
    node="b", name="busan", version="1", sources=(), channels=("team",), holding=(), rules="", policies={}
)
Content = Mapping[str, Sequence[tuple[object, ...]]]


@pytest.fixture
def folder(tmp_path: Path) -> StoreLocation:
    """A filled store in a folder."""
    location = StoreLocation(folder=tmp_path / "one")
    with store_pair(lambda: open_stores(location, Access.WRITE)) as pair:
        fill(pair)
        pair.source_states.begin_baseline("motie")
        pair.source_states.end_baseline("motie")
        pair.maintenance.rehash(FINGERPRINTER)
    return location


@pytest.fixture
def shared(tmp_path: Path, databases: Databases) -> StoreLocation:
    """An empty database, and the folder of a node that uses it."""
    return StoreLocation(folder=tmp_path / "one", url=Secret(databases.url(tmp_path / "database")))


def copied(location: StoreLocation, to: StoreLocation) -> Mapping[str, int]:
    return copy_store(location, to, fingerprinter=FINGERPRINTER, now=NOW)


def content(path: Path) -> Content:
    """Every row of the tables of a database file that are copied."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM pragma_table_list WHERE type = 'table'")]
        kept = sorted(name for name in names if name not in APART and not name.startswith("sqlite_"))
        rows = {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in kept}
    rows["meta"] = [row for row in rows["meta"] if row[0] not in STALE_MARKS and not row[0].startswith("baseline_of:")]
    return rows


def test_a_store_that_is_copied_there_and_back_is_equal_row_by_row(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path
) -> None:
    before = content(folder.folder / "monitor.db")
    counts = copied(folder, shared)
    assert counts == {name: len(rows) for name, rows in before.items()}
    assert min(counts[name] for name in ("dump", "release", "version", "event", "message", "file", "reject")) > 0
    back = StoreLocation(folder=tmp_path / "back")
    copied(shared, back)
    assert content(back.folder / "monitor.db") == before
    with open_stores(back, Access.WRITE) as stores:
        assert [check for check in stores.maintenance.verify() if not check.is_ok] == []
        assert stores.archive.store_id() == (folder.folder / "STORE_ID").read_text().strip()


def test_a_copied_store_is_refused_to_who_would_write_to_it_until_that_is_undone(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path
) -> None:
    copied(folder, shared)
    with open_stores(folder, Access.READ) as stores:
        assert stores.archive.count_heads() > 0
    for again in (lambda: open_stores(folder, Access.WRITE), lambda: copied(folder, shared)):
        with pytest.raises(StoreMoved, match="was copied to postgresql://"):
            again()
    assert undo_copy(folder).copied_to.endswith(" on 2026-11-28T06:00:00Z")
    open_stores(folder, Access.WRITE).close()
    with pytest.raises(WrongState, match="was not copied"):
        undo_copy(folder)
    copied(shared, StoreLocation(folder=tmp_path / "back"))
    with pytest.raises(StoreMoved, match=f"was copied to {tmp_path}/back on"):
        open_stores(shared, Access.WRITE)
    assert undo_copy(shared).unknown == ""
    open_stores(shared, Access.WRITE).close()


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_copy_that_was_used_is_not_undone(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path, is_shared: bool
) -> None:
    back = StoreLocation(folder=tmp_path / "back")
    copied(folder, shared)
    if not is_shared:
        copied(shared, back)
    old, new = (folder, shared) if is_shared else (shared, back)
    with open_stores(new, Access.WRITE) as stores:
        stores.outbox.enqueue(
            Message(channel="team", kind="system", source="", text="Another one."), key="another", now=NOW
        )
    with pytest.raises(WrongState, match="the copy was used since"):
        undo_copy(old)
    with pytest.raises(StoreMoved):
        open_stores(old, Access.WRITE)


def test_a_copy_that_cannot_be_asked_is_undone_with_a_word(folder: StoreLocation, tmp_path: Path) -> None:
    copied(folder, StoreLocation(folder=tmp_path / "back"))
    (tmp_path / "back").rename(tmp_path / "elsewhere")
    assert "there is no store" in undo_copy(folder).unknown
    copied(folder, StoreLocation(folder=tmp_path / "next"))
    with sqlite3.connect(tmp_path / "next" / "monitor.db") as connection:
        connection.execute("UPDATE meta SET v = 'f00d' WHERE k = 'store_id'")
    assert undo_copy(folder).unknown == "another store is there now"


def test_a_store_goes_back_into_its_folder_and_what_it_was_is_kept(
    folder: StoreLocation, shared: StoreLocation
) -> None:
    before = content(folder.folder / "monitor.db")
    copied(folder, shared)
    copied(shared, folder)
    assert content(folder.folder / "monitor.db") == before
    open_stores(folder, Access.WRITE).close()
    assert (folder.folder / "monitor.db.replaced-20261128T060000Z").exists()


def test_only_an_empty_store_is_filled(folder: StoreLocation, shared: StoreLocation, tmp_path: Path) -> None:
    copied(folder, shared)
    undo_copy(folder)
    with pytest.raises(StoreError, match="is not empty"):
        copied(folder, shared)
    another = StoreLocation(folder=tmp_path / "another")
    with store_pair(lambda: open_stores(another, Access.WRITE)) as pair:
        fill(pair)
    before = content(another.folder / "monitor.db")
    with pytest.raises(StoreError, match="has a store"):
        copied(folder, another)
    assert content(another.folder / "monitor.db") == before
    open_stores(folder, Access.WRITE).close()  # and this one goes on
    open_stores(StoreLocation(folder=tmp_path / "empty"), Access.WRITE).close()
    copied(folder, StoreLocation(folder=tmp_path / "empty"))
    assert content(tmp_path / "empty" / "monitor.db") == content(folder.folder / "monitor.db")


def test_a_folder_that_belongs_to_a_lost_store_is_not_filled(folder: StoreLocation, tmp_path: Path) -> None:
    lost = tmp_path / "lost"
    open_stores(StoreLocation(folder=lost), Access.WRITE).close()
    (lost / "monitor.db").unlink()
    with pytest.raises(StoreError, match="belongs to another store"):
        copied(folder, StoreLocation(folder=lost))


def test_a_text_that_is_not_what_was_stored_stops_a_copy(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(folder.folder / "monitor.db")) as connection:
        connection.execute("UPDATE version SET body = 'Another text.' WHERE id = 2")
        connection.commit()
    with pytest.raises(StoreError, match="is not the text that was stored"):
        copied(folder, shared)
    open_stores(folder, Access.WRITE).close()
    with open_stores(replace(shared, folder=tmp_path / "other"), Access.READ) as stores:
        assert stores.archive.count_heads() == 0


def test_a_shared_store_is_backed_up_into_a_file_and_restored_from_it(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path, databases: Databases
) -> None:
    before, file = content(folder.folder / "monitor.db"), tmp_path / "backup.db"
    copied(folder, shared)
    assert back_up_shared_store(shared, file) == file.stat().st_size
    assert content(file) == before
    with pytest.raises(UsageError, match="not overwritten"):
        back_up_shared_store(shared, file)
    open_stores(shared, Access.WRITE).close()  # it goes on
    fresh = StoreLocation(folder=tmp_path / "node", url=Secret(databases.url(tmp_path / "fresh")))
    restore_shared_store(fresh, file, fingerprinter=FINGERPRINTER, now=NOW)
    with pytest.raises(StoreError, match="is not empty"):
        restore_shared_store(fresh, file, fingerprinter=FINGERPRINTER, now=NOW)
    again = tmp_path / "again.db"
    back_up_shared_store(fresh, again)
    assert content(again) == before
    assert sorted(path.name for path in fresh.folder.iterdir()) == ["NODE_ID", "STORE_ID"]
    (tmp_path / "alone").mkdir()
    restore(tmp_path / "alone", file, now=NOW)
    open_stores(StoreLocation(folder=tmp_path / "alone"), Access.WRITE).close()


def test_numbers_go_on_behind_those_that_were_copied(folder: StoreLocation, shared: StoreLocation) -> None:
    copied(folder, shared)
    with store_pair(lambda: open_stores(shared, Access.WRITE)) as pair:
        before = max(event.id for event in pair.archive.events(EventFilter()))
        last = max(one.report.dump for one in pair.archive.dumps())
        take(
            pair,
            dump(figures("9.9"), record("A later visit"), "-\nOnly a title date2024-07-01"),
            "later.txt",
            hours=200,
        )
        pair.form("team", now=NOON + 200 * HOUR)
        assert [event.id > before for event in pair.archive.events(EventFilter())][-1]
        assert max(one.report.dump for one in pair.archive.dumps()) == last + 1
        assert [check for check in pair.maintenance.verify() if not check.is_ok] == []


def test_a_restored_store_has_another_epoch(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path, databases: Databases
) -> None:
    copied(folder, shared)
    back_up_shared_store(shared, tmp_path / "backup.db")
    fresh = replace(shared, url=Secret(databases.url(tmp_path / "fresh")))
    restore_shared_store(fresh, tmp_path / "backup.db", fingerprinter=FINGERPRINTER, now=NOW)
    epochs = set()
    for location in (shared, fresh):
        with open_stores(location, Access.READ) as stores:
            assert stores.nodes
            epochs.add(stores.nodes.seen().epoch)
    assert len(epochs - {""}) == 2


def test_a_copy_knows_every_table_and_column_of_both_engines(shared: StoreLocation, tmp_path: Path) -> None:
    """A new one is copied by itself where both engines have it; else it needs a line in monitor/store/copying.py."""
    path = tmp_path / "one" / "monitor.db"
    open_stores(StoreLocation(folder=path.parent), Access.WRITE).close()
    assert shared.url
    with read_file(path) as origin, filled_store(Address(shared.url)) as destination:
        ours, theirs = origin.tables(), destination.tables()
    assert unknown_parts(ours, theirs) == []
    named = {name for name in APART if name != "search"} - {"unindexed", "source", "counter", "baseline"}
    assert named <= ours.keys() | theirs.keys()
    added = {**theirs, "new_table": {"id": "INTEGER"}, "release": {**theirs["release"], "added": "TEXT", "seq": "TEXT"}}
    assert unknown_parts(ours, added) == ["new_table", "release.seq", "release.added"]
    with pytest.raises(StoreError, match=r"cannot copy new_table, release.seq, release.added"):
        plan(ours, added, place="")


def test_a_copy_that_is_killed_leaves_the_new_store_empty_and_the_old_one_in_use(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path
) -> None:
    before = content(folder.folder / "monitor.db")
    assert shared.url
    kill_at_half(folder.folder, shared.url.reveal())
    open_stores(folder, Access.WRITE).close()
    with open_stores(replace(shared, folder=tmp_path / "other"), Access.READ) as stores:
        assert stores.archive.count_heads() == 0
    assert content(folder.folder / "monitor.db") == before
    copied(folder, shared)


def kill_at_half(folder: Path, to: str) -> None:
    words = [sys.executable, "-m", "tests.contract.copying_child", str(folder), to]
    with subprocess.Popen(words, stdout=subprocess.PIPE, bufsize=0) as child:
        assert line_of(child) == "half"
        child.kill()


def test_a_copy_into_a_folder_that_is_killed_leaves_nothing_that_the_next_one_does_not_remove(
    folder: StoreLocation, tmp_path: Path
) -> None:
    to = tmp_path / "to"
    kill_at_half(folder.folder, str(to))
    assert not (to / "monitor.db").exists()
    open_stores(folder, Access.WRITE).close()
    copied(folder, StoreLocation(folder=to))
    assert sorted(path.name for path in to.iterdir()) == ["STORE_ID", "monitor.db"]


def test_after_a_copy_the_next_dump_has_the_same_events_as_without_it(shared: StoreLocation, tmp_path: Path) -> None:
    """On the real dumps: the last of them comes after the copy, and once more with changed figures."""
    first, second = StoreLocation(folder=tmp_path / "another"), StoreLocation(folder=tmp_path / "one")
    texts = [path.read_text("utf-8") for path in real_dumps()]
    for location in (first, second):
        with store_pair(partial(open_stores, location, Access.WRITE)) as pair:
            for number, text in enumerate(texts[:-1]):
                take(pair, text, f"{number}.txt", hours=number)
    copied(second, shared)
    told = []
    for location in (first, shared):
        with store_pair(partial(open_stores, location, Access.WRITE)) as pair:
            before = len(pair.events())
            take(pair, texts[-1], "last.txt", hours=100)
            take(pair, re.sub(r"\d\.\d", "9.9", texts[-1]), "changed.txt", hours=101)
            found = list(pair.archive.events(EventFilter()))[before:]
            told.append([(event.kind, event.title, event.fields, event.numbers, event.watchlists) for event in found])
    assert len(told[0]) > 2
    assert told[0] == told[1]


def test_each_node_keeps_its_baseline_over_a_backup(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path, databases: Databases
) -> None:
    copied(folder, shared)
    with open_stores(replace(shared, folder=tmp_path / "two"), Access.WRITE) as stores:
        assert stores.source_states.begin_baseline("motie")
    back_up_shared_store(shared, tmp_path / "backup.db")
    fresh = StoreLocation(folder=tmp_path / "two", url=Secret(databases.url(tmp_path / "fresh")))
    restore_shared_store(fresh, tmp_path / "backup.db", fingerprinter=FINGERPRINTER, now=NOW)
    with open_stores(fresh, Access.WRITE) as stores:
        assert stores.source_states.begin_baseline("motie")  # it is still open there
    with open_stores(replace(fresh, folder=folder.folder), Access.WRITE) as stores:
        assert not stores.source_states.begin_baseline("motie")  # and done here
    (tmp_path / "alone").mkdir()
    restore(tmp_path / "alone", tmp_path / "backup.db", now=NOW)
    with open_stores(StoreLocation(folder=tmp_path / "alone"), Access.WRITE) as stores:
        assert not stores.source_states.begin_baseline("motie")


def test_a_shared_store_that_monitors_use_is_not_copied(shared: StoreLocation) -> None:
    with open_stores(shared, Access.WRITE) as stores:
        nodes = stores.nodes
        assert nodes
        refuse_living(nodes)
        nodes.join(FACTS)
        with pytest.raises(StoreError, match=r"monitors run on this store \(busan\): stop them first"):
            refuse_living(nodes, pause=lambda _: nodes.beat(FACTS))
        refuse_living(nodes, pause=lambda _: None)  # it has ended without a word


def test_a_monitor_that_stood_still_during_a_copy_joins_no_more(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path
) -> None:
    copied(folder, shared)
    with open_stores(shared, Access.WRITE) as stores:
        assert stores.nodes
        stores.nodes.join(FACTS)
        assert stores.nodes.take("channel:team")
        assert stores.outbox.claim("team", now=SENT)
        copied(shared, StoreLocation(folder=tmp_path / "back"))
        assert stores.outbox.claim("team", now=SENT) is None
        with pytest.raises(Buried):
            stores.nodes.beat(FACTS)
        with pytest.raises(StoreMoved, match="no monitor joins it"):
            stores.nodes.join(FACTS)


def test_a_message_that_was_being_sent_is_known_as_such_after_the_copy(
    folder: StoreLocation, shared: StoreLocation
) -> None:
    with open_stores(folder, Access.WRITE) as stores:
        claimed = stores.outbox.claim("team", now=SENT)
        assert claimed
    copied(folder, shared)
    with store_pair(partial(open_stores, shared, Access.WRITE)) as pair:
        assert [each.state for each in pair.messages()].count("leased") == 1
        pair.outbox.reclaim(now=SENT)
        assert 1 in [each.unsure for each in pair.messages()]
        assert "leased" not in [each.state for each in pair.messages()]


def test_a_store_is_not_copied_onto_itself(folder: StoreLocation, shared: StoreLocation, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the folder of the store itself"):
        copied(folder, replace(folder, folder=folder.folder / ".." / "one"))
    copied(folder, shared)
    with pytest.raises(StoreError, match="is not empty"):
        copied(shared, shared)
    open_stores(shared, Access.WRITE).close()
    with pytest.raises(NotFound, match="nothing to copy"):
        copied(StoreLocation(folder=tmp_path / "none"), shared)


def test_a_character_that_no_database_holds_stops_no_copy(folder: StoreLocation, shared: StoreLocation) -> None:
    with closing(sqlite3.connect(folder.folder / "monitor.db")) as connection:
        connection.execute("UPDATE reject SET text = 'a' || char(0) || 'b' WHERE id = 1")
        connection.commit()
    copied(folder, shared)
    with open_stores(shared, Access.READ) as stores:
        assert next(iter(stores.archive.rejects())).text in ("a\N{REPLACEMENT CHARACTER}b", None)


def test_a_path_that_several_nodes_know_has_one_row_in_a_backup_that_of_who_makes_it(
    folder: StoreLocation, shared: StoreLocation, tmp_path: Path
) -> None:
    copied(folder, shared)
    before = content(folder.folder / "monitor.db")["file"]
    with store_pair(partial(open_stores, replace(shared, folder=tmp_path / "two"), Access.WRITE)) as pair:
        take(pair, dump(record("Visit number 0")), "0.txt", hours=300)
    with store_pair(partial(open_stores, shared, Access.READ)) as pair:
        assert len(list(pair.archive.dumps())) > 0
    back_up_shared_store(shared, tmp_path / "mine.db")
    back_up_shared_store(replace(shared, folder=tmp_path / "two"), tmp_path / "theirs.db")
    mine, theirs = content(tmp_path / "mine.db")["file"], content(tmp_path / "theirs.db")["file"]
    assert mine == before
    assert len(theirs) == len(mine)
    assert theirs != mine
