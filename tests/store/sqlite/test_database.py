"""A state folder is set up once, found again, and refused where it is not what it was."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.errors import NotFound, SchemaTooNew, StoreDamaged, StoreError, StoreLost
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.backup import backup
from monitor.store.sqlite.database import open_for_reading, open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.migrations import APPLICATION_ID
from monitor.store.sqlite.verify import verify
from monitor.store.store import SqlStore
from tests.contract.takes import dump, heads, record, take_in


def test_a_first_run_makes_a_database_and_its_sidecar(handle: Handle, state: Path) -> None:
    assert {path.name for path in state.iterdir()} >= {"monitor.db", "STORE_ID"}
    assert (state / "STORE_ID").read_text() == handle.all("meta", k="store_id")[0][0] + "\n"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("page_size", 4096),
        ("wal_autocheckpoint", 8192),  # pages: 32 MB
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL
        ("foreign_keys", 1),
        ("application_id", APPLICATION_ID),
        ("integrity_check", "ok"),
    ],
)
def test_a_store_is_opened_with_these_settings(handle: Handle, setting: str, value: object) -> None:
    assert handle._connection.execute(f"PRAGMA {setting}").fetchone()[0] == value


def test_every_table_of_ours_is_strict(handle: Handle) -> None:
    loose = "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE '%sqlite%'"
    assert handle._connection.execute(loose).fetchall() == []


def test_what_was_committed_is_there_after_a_restart(handle: Handle, state: Path) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    handle.close()
    with closing(open_for_writing(state)) as again:
        assert [release.title for release in heads(SqlStore(again)).values()] == ["Talks held"]


def test_a_first_run_that_was_cut_off_begins_afresh(state: Path) -> None:
    state.mkdir()
    (state / ".monitor.db.new").write_bytes(b"half a database")
    open_for_writing(state).close()
    assert {path.name for path in state.iterdir()} == {"monitor.db", "STORE_ID"}


def test_a_lost_sidecar_is_written_again(state: Path) -> None:
    open_for_writing(state).close()
    identity = (state / "STORE_ID").read_text()
    (state / "STORE_ID").unlink()
    open_for_writing(state).close()
    assert (state / "STORE_ID").read_text() == identity


# --- what is refused -----------------------------------------------------------------------------------------------


def _empty(state: Path) -> None:
    (state / "monitor.db").write_bytes(b"")


def _gone(state: Path) -> None:
    (state / "monitor.db").unlink()


def _empty_without_sidecar(state: Path) -> None:
    _empty(state)
    (state / "STORE_ID").unlink()


def _without_tables(state: Path) -> None:
    _run(state, "PRAGMA foreign_keys = OFF", "DROP TABLE release")


def _foreign(state: Path) -> None:
    _gone(state)
    _run(state, "CREATE TABLE recipes (name TEXT)")


def _garbage(state: Path) -> None:
    (state / "monitor.db").write_bytes(b"no database at all " * 1000)


def _truncated(state: Path) -> None:
    os.truncate(state / "monitor.db", 5000)


def _newer(state: Path) -> None:
    _run(state, "UPDATE _sqlite_migrations SET name = 'm999_from_the_future' WHERE name = 'm002_delivery'")


def _of_another_store(state: Path) -> None:
    (state / "STORE_ID").write_text("0123456789abcdef\n")


def _without_identity(state: Path) -> None:
    _run(state, "DELETE FROM meta")


def _run(state: Path, *statements: str) -> None:
    with closing(sqlite3.connect(state / "monitor.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


BROKEN: list[tuple[Callable[[Path], None], type[StoreError], str]] = [
    (_empty, StoreLost, "is gone"),
    (_gone, StoreLost, "is gone"),
    (_empty_without_sidecar, StoreLost, "is gone"),
    (_without_tables, StoreLost, "tables are gone"),
    (_foreign, StoreError, "not a monitor store"),
    (_garbage, StoreDamaged, "not a database"),
    (_truncated, StoreDamaged, "malformed"),
    (_newer, SchemaTooNew, "m999_from_the_future"),
    (_of_another_store, StoreError, "different stores"),
    (_without_identity, StoreDamaged, "no identity"),
]


@pytest.mark.parametrize(("damage", "error", "text"), BROKEN)
def test_what_is_not_our_store_is_refused_and_left_as_it_is(
    state: Path, damage: Callable[[Path], None], error: type[StoreError], text: str
) -> None:
    open_for_writing(state).close()
    damage(state)
    found = _files(state)
    with pytest.raises(StoreError, match=text) as caught:
        open_for_writing(state)
    assert type(caught.value) is error
    assert _files(state) == found
    assert _open_files(state) == []  # `caught` holds every frame, so nothing was closed by chance


def test_a_state_folder_that_is_a_file_is_refused(state: Path) -> None:
    state.write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        open_for_writing(state)


def _files(state: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in state.iterdir()}


def _open_files(state: Path) -> list[str]:
    """Which files of the folder this process holds open, where the system tells."""
    opened = Path("/proc/self/fd")
    links = [str(link.readlink()) for link in opened.iterdir() if link.is_symlink()] if opened.exists() else []
    return [link for link in links if link.startswith(str(state))]


# --- reading -------------------------------------------------------------------------------------------------------


def test_reading_makes_no_store_where_there_is_none(state: Path) -> None:
    with pytest.raises(NotFound, match="no store yet"):
        open_for_reading(state)
    assert not state.exists()


def test_reading_changes_nothing_of_the_store(handle: Handle, state: Path) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    handle.close()
    found = _files(state)
    with closing(open_for_reading(state)) as reader:
        assert len(SqliteArchive(reader).dumps()) == 1
    assert {name: content for name, content in _files(state).items() if name in found} == found


def test_a_reader_cannot_write(handle: Handle, state: Path) -> None:
    with closing(open_for_reading(state)) as reader, pytest.raises(StoreError, match="readonly"):
        take_in(SqlStore(reader), record("Talks held"))


def test_a_reader_sees_what_is_committed_while_it_looks_on(handle: Handle, state: Path) -> None:
    with closing(open_for_reading(state)) as reader:
        assert SqliteArchive(reader).dumps() == []
        take_in(SqlStore(handle), record("Talks held"))
        assert len(SqliteArchive(reader).dumps()) == 1


def test_a_reader_holds_up_no_writer(handle: Handle, state: Path) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    with closing(open_for_reading(state)) as reader:
        looking = reader._connection.execute("SELECT * FROM release, json_each('[1,2,3]')")
        assert looking.fetchone()
        assert take_in(SqlStore(handle), record("Visit ends")).status == "stored"
        looking.close()


@pytest.mark.parametrize("damage", [_empty, _without_tables, _foreign, _garbage, _truncated, _newer])
def test_a_reader_refuses_what_is_not_our_store(state: Path, damage: Callable[[Path], None]) -> None:
    open_for_writing(state).close()
    damage(state)
    with pytest.raises(StoreError) as caught:
        open_for_reading(state)
    assert caught.value.where in (str(state / "monitor.db"), None)
    assert _open_files(state) == []


def test_a_folder_name_may_hold_what_a_uri_reads_as_its_own(tmp_path: Path) -> None:
    state = tmp_path / "50% of #1?mode=rwc 한국"
    open_for_writing(state).close()
    open_for_reading(state).close()
    assert {path.name for path in tmp_path.iterdir()} == {state.name}


def test_a_damaged_page_is_told_as_an_error_of_the_store(handle: Handle, state: Path) -> None:
    take_in(SqlStore(handle), dump(*(record(f"Notice {n}", "Text. " * 99) for n in range(50))))
    [root] = handle._connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'version'").fetchone()
    handle.close()
    with (state / "monitor.db").open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    with closing(open_for_reading(state)) as reader, pytest.raises(StoreError, match="malformed"):
        SqliteArchive(reader).versions(1)


def test_a_write_that_waits_in_vain_names_the_cause(state: Path) -> None:
    with closing(open_for_writing(state, busy=0.1)) as handle:
        with closing(sqlite3.connect(state / "monitor.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked"):
                take_in(SqlStore(handle), record("Talks held"))
        assert take_in(SqlStore(handle), record("Talks held")).status == "stored"


@pytest.mark.parametrize("left", [b"", bytes(33), b"\xff\xfe\x00", b"0123456789ab", b"garbage\n", None])
def test_a_sidecar_that_says_nothing_is_written_again_from_the_store(
    state: Path, left: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    open_for_writing(state).close()
    whole = (state / "STORE_ID").read_bytes()
    (state / "STORE_ID").unlink()
    if left is None:
        (state / "STORE_ID").mkdir()
    else:
        (state / "STORE_ID").write_bytes(left)
    with closing(open_for_reading(state)) as handle:
        [fault] = [check.faults for check in verify(handle, state) if check.check == "STORE_ID"]
    assert "the next start writes it again" in fault[0]
    open_for_writing(state).close()
    assert (state / "STORE_ID").read_bytes() == whole
    assert [record.getMessage() for record in caplog.records] == ["store_id_mended"]


def test_every_file_of_a_store_and_its_copies_is_closed_to_others_whatever_the_umask(state: Path) -> None:
    before = os.umask(0)
    try:
        with closing(open_for_writing(state)):
            backup(state, state / "copy.bak")
            assert {path.name: path.stat().st_mode & 0o777 for path in state.iterdir()} == dict.fromkeys(
                ["monitor.db", "monitor.db-wal", "monitor.db-shm", "STORE_ID", "copy.bak"], 0o600
            )
    finally:
        os.umask(before)
