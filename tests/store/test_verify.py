"""What `db verify` finds; bytes that were overwritten inside a page are found by the deep look alone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from monitor.compare.fingerprint import FINGERPRINTER
from monitor.store.sqlite.database import open_for_reading
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.verify import verify
from monitor.store.store import SqlStore
from monitor.store.verify import verify_texts
from tests.contract.takes import dump, figures, record, take_in


def faults(handle: Handle, state: Path) -> dict[str, tuple[str, ...]]:
    return {checked.check: checked.faults for checked in verify(handle, state) if not checked.is_ok}


def test_a_store_in_good_health_has_no_faults(handle: Handle, state: Path) -> None:
    take_in(SqlStore(handle), dump(figures("5.1"), record("Talks held")))
    take_in(SqlStore(handle), figures("5.3"))
    assert faults(handle, state) == {}
    steps: list[int] = []
    assert verify_texts(handle, FINGERPRINTER, on_step=steps.append).is_ok
    assert sum(steps) == 3


def test_a_row_that_refers_to_nothing_is_found(handle: Handle, state: Path) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    handle._connection.execute("PRAGMA foreign_keys = OFF")
    handle._connection.execute("DELETE FROM dump")
    assert set(faults(handle, state)) == {"references"}


def test_a_release_whose_head_is_gone_is_found(handle: Handle, state: Path) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    handle._connection.execute("UPDATE release SET head = 99")
    assert faults(handle, state) == {"heads": ("release 1 names no version of its own as its text",)}


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM matched",
        "INSERT INTO matched VALUES ('chips', 1, 0)",
        "UPDATE matched SET notified = 0",
        "UPDATE event SET watchlists = '[]'",
        "UPDATE event SET watchlists = '[\"desk\"'",
        "UPDATE event SET alert = '['",
    ],
)
def test_an_event_that_is_not_listed_under_its_watchlists_is_found(handle: Handle, state: Path, damage: str) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    assert faults(handle, state) == {}
    handle._connection.execute(damage)
    assert faults(handle, state) == {"watchlists": ("event 1 is not listed under its own watchlists",)}


@pytest.mark.parametrize(
    "damage", ["DELETE FROM shown", "UPDATE shown SET places = x''", "UPDATE shown SET places = x'0102'"]
)
def test_a_dump_that_does_not_name_what_it_showed_is_found(handle: Handle, state: Path, damage: str) -> None:
    take_in(SqlStore(handle), record("Talks held"))
    assert faults(handle, state) == {}
    handle._connection.execute(damage)
    assert faults(handle, state) == {"dumps": ("dump 1 does not name every release that it showed",)}


def test_an_identity_of_another_store_or_none_is_found(handle: Handle, state: Path) -> None:
    (state / "STORE_ID").write_text("0123\n")
    assert faults(handle, state) == {"STORE_ID": ("it names another store",)}
    (state / "STORE_ID").unlink()
    assert set(faults(handle, state)) == {"STORE_ID"}


def test_overwritten_bytes_of_a_text_are_found_by_hashing_it_again(handle: Handle, state: Path) -> None:
    take_in(
        SqlStore(handle),
        record("Talks held", f"{'They met for days. ' * 20}They agreed on 5.1 billion dollars in Seoul."),
    )
    handle.close()
    path = state / "monitor.db"
    content = path.read_bytes()
    assert content.count(b"5.1 billion") == 1
    path.write_bytes(content.replace(b"5.1 billion", b"9.1 billion"))
    with closing(open_for_reading(state)) as reader:
        assert faults(reader, state) == {}
        checked = verify_texts(reader, FINGERPRINTER)
    assert checked.faults == ("version 1 of release 1 is not the text that was stored",)
