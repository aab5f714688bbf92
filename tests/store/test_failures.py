"""How long a failure of the store is remembered."""

from __future__ import annotations

from monitor.errors import StoreDamaged, StoreUnavailable
from monitor.store.faults import LASTS, FaultMemory

BUSY = StoreUnavailable("the state store failed: database is locked")
UNREAD = StoreUnavailable("the state store failed: disk I/O error: the disk failed to read or write")
DAMAGED = StoreDamaged("the state store failed: malformed")


def memory() -> tuple[FaultMemory, list[float]]:
    now = [0.0]
    return FaultMemory(seconds=lambda: now[0]), now


def test_a_failed_write_is_over_with_the_next_commit() -> None:
    faults, _ = memory()
    faults.note(BUSY)
    assert faults.current() is BUSY
    faults.note_commit()
    assert faults.current() is None


def test_a_failed_read_is_over_when_it_has_not_come_again() -> None:
    faults, now = memory()
    faults.note(UNREAD)
    faults.note_commit()
    now[0] = LASTS - 0.1
    assert faults.current() is UNREAD
    faults.note(UNREAD)
    now[0] = LASTS
    assert faults.current() is UNREAD
    now[0] = 2 * LASTS
    assert faults.current() is None


def test_damage_stays_whatever_else_works() -> None:
    faults, now = memory()
    faults.note(DAMAGED)
    faults.note(BUSY)
    faults.note_commit()
    now[0] = 10 * LASTS
    assert faults.current() is DAMAGED
