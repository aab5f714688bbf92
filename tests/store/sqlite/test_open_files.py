"""A store that lost its files writes nothing any more, says so, and goes on when they are back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.errors import StoreDamaged, StoreLost, StoreReplaced
from monitor.store.sqlite.backup import backup
from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from tests.contract.takes import dump, record, take_in

MANY = dump(*(record(f"Notice {n}", f"Text {n}. " * 99) for n in range(100)))


@pytest.fixture
def used(state: Path) -> Iterator[Handle]:
    """A store with releases, folded into its file, and a backup beside the folder."""
    handle = open_for_writing(state)
    take_in(SqlStore(handle), MANY)
    handle._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    backup(state, state.parent / "copy.bak")
    handle.check_writable()
    yield handle
    handle.close()


def _emptied(state: Path) -> None:
    for path in state.iterdir():
        path.unlink()


def _removed(state: Path) -> None:
    shutil.rmtree(state)


def _renamed(state: Path) -> None:
    state.rename(state.parent / "elsewhere")


def _without_log(state: Path) -> None:
    (state / "monitor.db-wal").unlink()


def _another_file(state: Path) -> None:
    shutil.copy(state / "monitor.db", state / "new")
    (state / "new").replace(state / "monitor.db")


def _copied_over(state: Path) -> None:
    shutil.copy(state.parent / "copy.bak", state / "monitor.db")


def _cut_short(state: Path) -> None:
    os.truncate(state / "monitor.db", 8192)


def _noise(state: Path) -> None:
    with (state / "monitor.db").open("r+b") as file:
        file.write(b"noise" * 20)


WAYS = [
    (_emptied, "monitor.db is gone"),
    (_removed, "monitor.db is gone"),
    (_renamed, "monitor.db is gone"),
    (_without_log, "monitor.db-wal is gone"),
    (_another_file, "monitor.db is another file"),
    (_copied_over, "monitor.db was overwritten"),
    (_cut_short, "monitor.db was overwritten"),
    (_noise, "monitor.db was overwritten"),
]


@pytest.mark.parametrize(("lose", "reason"), WAYS, ids=[row[0].__name__ for row in WAYS])
def test_nothing_is_written_to_files_that_are_no_longer_the_store(
    used: Handle, state: Path, lose: Callable[[Path], None], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    lose(state)
    for _ in range(2):
        with pytest.raises(StoreReplaced, match=f"^{reason}"):
            used.check_writable()
    fault = used.faults.current()
    assert isinstance(fault, StoreReplaced)
    assert "monitor db restore" in fault.message
    assert [line.getMessage() for line in caplog.records] == ["state_replaced"]


def test_files_that_come_back_are_used_again(used: Handle, state: Path) -> None:
    _renamed(state)
    with pytest.raises(StoreReplaced):
        used.check_writable()
    (state.parent / "elsewhere").rename(state)
    used.check_writable()
    assert used.faults.current() is None


def test_a_folder_that_was_emptied_is_no_first_run_for_the_next_start(used: Handle, state: Path) -> None:
    _emptied(state)
    with pytest.raises(StoreReplaced):
        used.check_writable()
    with pytest.raises(StoreLost, match="alerts on every release again"):
        open_for_writing(state)


def test_a_store_in_use_is_not_taken_for_a_replaced_one(state: Path) -> None:
    with closing(open_for_writing(state)) as handle:
        handle._connection.execute("PRAGMA wal_autocheckpoint = 10")
        for number in range(30):
            take_in(SqlStore(handle), record(f"Notice {number}", "Text. " * 999), name=f"{number}.txt")
            backup(state, state / f"{number}.bak")
        assert handle.faults.current() is None


@pytest.mark.parametrize("name", ["attempt", "sqlite_autoindex_file_1", "channel_state"])
def test_a_damaged_page_is_told_as_damage_with_the_newest_backup_and_stays_told(state: Path, name: str) -> None:
    with closing(open_for_writing(state)) as handle:
        take_in(SqlStore(handle), MANY)
        [[root, table]] = handle._connection.execute(
            "SELECT rootpage, tbl_name FROM sqlite_schema WHERE name = ?", [name]
        )
    backup(state, state / "weekly.bak")
    with (state / "monitor.db").open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    with closing(open_for_writing(state)) as handle:
        with (
            pytest.raises(StoreDamaged, match=r"`monitor db verify` .* `monitor db restore .*weekly\.bak`"),
            handle.transaction(),
        ):
            handle._connection.execute(f"DELETE FROM {table}")
        handle.check_writable()
        assert isinstance(handle.faults.current(), StoreDamaged)
