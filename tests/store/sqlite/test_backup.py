"""A copy of a living store is whole or not there; a restored one takes the old one's place, which is kept."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from monitor.control import lock
from monitor.errors import MonitorError, NotFound, StoreError, UsageError
from monitor.store.open import Access, open_stores
from monitor.store.sqlite.backup import NOTE, backup, last_backup, note_backup, restore
from monitor.store.sqlite.database import open_for_reading, open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from monitor.store_location import StoreLocation
from monitor.testing import note
from tests.contract.takes import dump, heads, record, take_in
from tests.rights import NOBODY, not_root

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
TALKS, VISIT = record("Talks held"), record("Visit ends", "The minister flew home.")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where a backup goes."""
    return tmp_path / "backup.db"


def titles(state: Path) -> list[str]:
    with closing(open_for_writing(state)) as handle:
        return [release.title for release in heads(SqlStore(handle)).values()]


def test_a_backup_holds_what_was_committed_also_what_stands_in_the_log_alone(
    handle: Handle, state: Path, copy: Path
) -> None:
    take_in(SqlStore(handle), TALKS)
    assert (state / "monitor.db-wal").stat().st_size
    assert backup(state, copy) == copy.stat().st_size
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT title FROM version").fetchall() == [("Talks held",)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_backup_made_beside_a_busy_writer_is_one_moment_of_it(handle: Handle, state: Path, copy: Path) -> None:
    store, stop = SqlStore(handle), threading.Event()

    def write() -> None:
        for number in range(10_000):
            if stop.is_set():
                return
            take_in(store, record(f"Notice {number}", f"Text {number}. " * 40), name=f"{number}.txt")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            backup(state, copy.with_name(f"{number}.db"))
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        with closing(sqlite3.connect(copy.with_name(f"{number}.db"))) as connection:
            counts = [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("dump", "event")]
            assert counts[0] == counts[1]


def test_a_backup_tells_how_far_it_is(handle: Handle, state: Path, copy: Path) -> None:
    take_in(SqlStore(handle), dump(*(record(f"Notice {n}", f"Text {n}. " * 99) for n in range(500))))
    seen: list[tuple[int, int]] = []
    backup(state, copy, progress=lambda done, total: seen.append((done, total)))
    assert seen
    assert all(0 <= done <= total for done, total in seen)


def test_no_file_is_overwritten(handle: Handle, state: Path, copy: Path) -> None:
    copy.write_text("my thesis")
    with pytest.raises(UsageError, match="not overwritten"):
        backup(state, copy)
    assert copy.read_text() == "my thesis"


@pytest.mark.parametrize("target", ["missing/backup.db", "backup.db"])
def test_where_there_is_no_folder_or_no_store_there_is_no_backup(tmp_path: Path, target: str) -> None:
    with pytest.raises(NotFound):
        backup(tmp_path / "nothing", tmp_path / target)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_store_gives_no_backup(handle: Handle, state: Path, copy: Path) -> None:
    take_in(SqlStore(handle), dump(*(record(f"Notice {n}", "Text. " * 99) for n in range(50))))
    [root] = handle._connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'version'").fetchone()
    handle.close()
    with (state / "monitor.db").open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(StoreError):
        backup(state, copy)
    assert [path.name for path in copy.parent.iterdir()] == ["state"]


# --- restore -------------------------------------------------------------------------------------------------------


def test_a_restored_store_is_the_backup_and_the_replaced_one_lies_beside_it(
    handle: Handle, state: Path, copy: Path
) -> None:
    take_in(SqlStore(handle), TALKS)
    backup(state, copy)
    take_in(SqlStore(handle), VISIT, name="b.txt")
    handle.close()
    kept = restore(state, copy, now=NOW)
    assert kept == state / "monitor.db.replaced-20261122T030405Z"
    assert titles(state) == ["Talks held"]
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT count(*) FROM release").fetchone() == (2,)


def test_after_a_restore_the_store_says_which_dumps_it_lacks(handle: Handle, state: Path, copy: Path) -> None:
    take_in(SqlStore(handle), TALKS)
    backup(state, copy)
    take_in(SqlStore(handle), VISIT, name="b.txt")
    handle.close()
    restore(state, copy, now=NOW)
    with closing(open_for_writing(state)) as again:
        assert set(SqlStore(again).ledger("motie")) == {b"/seeds/a.txt"}


def test_a_store_that_is_lost_comes_back_from_its_backup(handle: Handle, state: Path, copy: Path) -> None:
    take_in(SqlStore(handle), TALKS)
    backup(state, copy)
    handle.close()
    (state / "monitor.db").write_bytes(b"")
    restore(state, copy, now=NOW)
    assert titles(state) == ["Talks held"]


def test_a_message_after_a_restore_never_bears_the_number_of_one_before_it(state: Path, copy: Path) -> None:
    """Its id is given out again, because the backup does not know it."""
    open_for_writing(state).close()
    backup(state, copy)
    numbers = [_number_of_a_new_message(state, "before")]
    for text in ("after", "once more"):
        restore(state, copy, now=NOW)
        numbers.append(_number_of_a_new_message(state, text))
    assert len({number.partition("-")[0] for number in numbers}) == 1
    assert len(set(numbers)) == len(numbers)


def _number_of_a_new_message(state: Path, text: str) -> str:
    with open_stores(StoreLocation(folder=state), Access.WRITE) as stores:
        stores.outbox.enqueue(note(text, channel="team"), key=text, now=NOW)
        delivery = stores.outbox.claim("team", now=NOW)
        assert delivery is not None
        return delivery.number


def test_a_backup_restores_into_a_folder_that_never_had_a_store(
    handle: Handle, state: Path, copy: Path, tmp_path: Path
) -> None:
    take_in(SqlStore(handle), TALKS)
    backup(state, copy)
    other = tmp_path / "other"
    other.mkdir()
    assert restore(other, copy, now=NOW) is None
    assert titles(other) == ["Talks held"]
    assert (other / "STORE_ID").read_text() == (state / "STORE_ID").read_text()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that other users may enter."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@as_root
@pytest.mark.parametrize("left", [NOBODY, 0], ids=["the service's store", "a store that an earlier restore took away"])
def test_what_root_restores_the_user_of_the_service_can_open(reachable: Path, left: int) -> None:
    state, copy = reachable / "state", reachable / "backup.db"
    open_for_writing(state).close()
    backup(state, copy)
    for path in (state, *state.iterdir()):
        os.chown(path, NOBODY if path == state else left, 65534)
    (state / "monitor.db").chmod(0o640)
    with lock.hold(state, verb="restore", now=NOW):
        restore(state, copy, now=NOW)
        note_backup(state, copy, now=NOW)
    made = {path.name: path.stat() for path in state.iterdir() if "replaced" not in path.name}
    assert {name: (each.st_uid, each.st_mode & 0o777) for name, each in made.items()} == {
        "monitor.db": (NOBODY, 0o640),
        "STORE_ID": (NOBODY, 0o600),
        "monitor.lock": (NOBODY, 0o600),
        "backup.json": (NOBODY, 0o600),
    }
    with not_root(), lock.hold(state, verb="run", now=NOW):
        assert titles(state) == []
        assert last_backup(state) is not None


@as_root
def test_a_folder_that_root_makes_for_a_store_belongs_to_the_owner_of_its_parent(reachable: Path) -> None:
    open_for_writing(reachable / "first").close()
    backup(reachable / "first", reachable / "backup.db")
    place = reachable / "srv"
    place.mkdir()
    os.chown(place, NOBODY, 65534)
    state = place / "press" / "state"
    with lock.hold(state, verb="restore", now=NOW):
        restore(state, reachable / "backup.db", now=NOW)
    with not_root(), lock.hold(state, verb="run", now=NOW):
        assert titles(state) == []


@as_root
def test_another_user_cannot_take_a_store_away_from_its_owner(reachable: Path) -> None:
    state, copy = reachable / "state", reachable / "backup.db"
    open_for_writing(state).close()
    backup(state, copy)
    copy.chmod(0o644)
    state.chmod(0o777)
    os.chown(state / "monitor.db", 12345, -1)
    before = {path.name: path.stat().st_ino for path in state.iterdir()}
    with not_root(), pytest.raises(StoreError, match="belongs to 12345: restore it as 12345 or as root"):
        restore(state, copy, now=NOW)
    assert {path.name: path.stat().st_ino for path in state.iterdir()} == before


@as_root
def test_nothing_that_root_did_not_make_is_given_away(reachable: Path) -> None:
    target = reachable / "passwords"
    target.write_text("root:x")
    state = reachable / "state"
    state.mkdir()
    os.chown(state, NOBODY, 65534)
    (state / "monitor.lock").symlink_to(target)
    with lock.hold(state, verb="restore", now=NOW):
        assert target.stat().st_uid == 0


def test_the_backup_of_another_store_brings_its_identity_along(tmp_path: Path, state: Path, copy: Path) -> None:
    other = tmp_path / "other"
    open_for_writing(other).close()
    backup(other, copy)
    open_for_writing(state).close()
    restore(state, copy, now=NOW)
    assert (state / "STORE_ID").read_text() == (other / "STORE_ID").read_text()
    open_for_writing(state).close()


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def _foreign_instead(path: Path) -> None:
    path.unlink()
    _foreign(path)


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_bytes(b"no database " * 999), "not a database"),
        (lambda path: path.write_bytes(b""), "not a monitor store"),
        (_foreign_instead, "not a monitor store"),
        (_half, "cannot be copied"),
    ],
)
def test_what_is_no_backup_of_ours_is_refused_and_the_store_stays(
    state: Path, copy: Path, spoil: object, text: str
) -> None:
    with closing(open_for_writing(state)) as handle:
        take_in(SqlStore(handle), dump(*(record(f"Notice {n}", "Text. " * 99) for n in range(50))))
    backup(state, copy)
    assert callable(spoil)
    spoil(copy)
    found = {path.name: path.read_bytes() for path in state.iterdir() if not path.name.endswith("-shm")}
    with pytest.raises(MonitorError, match=text):
        restore(state, copy, now=NOW)
    assert {p.name: p.read_bytes() for p in state.iterdir() if not p.name.endswith("-shm")} == found


def test_a_backup_can_be_read_like_a_store(handle: Handle, state: Path, copy: Path, tmp_path: Path) -> None:
    take_in(SqlStore(handle), TALKS)
    other = tmp_path / "other"
    other.mkdir()
    backup(state, other / "monitor.db")
    with closing(open_for_reading(other)) as reader:
        assert len(heads(SqlStore(reader))) == 1


def test_the_last_backup_is_known_until_the_next_one(state: Path, copy: Path) -> None:
    assert last_backup(state) is None
    state.mkdir()
    note_backup(state, Path("other.db"), now=NOW)
    note_backup(state, copy, now=NOW)
    assert last_backup(state) == {"at": "2026-11-22T03:04:05Z", "path": str(copy)}


def test_a_name_that_no_terminal_should_see_is_shown_harmless(state: Path) -> None:
    state.mkdir()
    note_backup(state, Path("/backup/\x1b[2J\udcff.db"), now=NOW)
    assert last_backup(state) == {"at": "2026-11-22T03:04:05Z", "path": r"/backup/\x1b[2J\xff.db"}


@pytest.mark.parametrize("torn", ["", "[]", '{"at": 7}', '{"at": "2026-11-22T03:04:05Z"}'])
def test_a_torn_note_is_none(state: Path, torn: str) -> None:
    state.mkdir()
    (state / NOTE).write_text(torn, "utf-8")
    assert last_backup(state) is None


def test_who_may_only_read_the_state_folder_backs_up_all_the_same(tmp_path: Path, copy: Path) -> None:
    note_backup(tmp_path / "missing", copy, now=NOW)
    assert last_backup(tmp_path / "missing") is None


@pytest.mark.parametrize(
    "left", ['{"at": "x", "path": "y"}', '{"at": "2026-11-22", "path": "y"}', "{", "[" * 99_999, "\0"]
)
def test_a_damaged_note_of_the_last_backup_is_no_note(state: Path, left: str) -> None:
    state.mkdir()
    (state / "backup.json").write_text(left)
    assert last_backup(state) is None
