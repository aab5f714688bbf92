"""Open the clock that all times of a store are counted by, and set it together with what is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.clock import SteadyClock
from monitor.ports import Clock, Maintenance

_NONE = timedelta(0)


def open_clock(maintenance: Maintenance) -> SteadyClock:
    """Go on with the clock of the process before, whatever the wall clock shows; the caller holds the folder's lock.

    Raises StoreError.
    """
    clock = SteadyClock(maintenance.clock())
    note_clock(clock, maintenance, off=clock.off)
    return clock


def note_clock(clock: Clock, maintenance: Maintenance, *, off: timedelta = _NONE) -> timedelta:
    """Set the clock where the wall clock has jumped for good, and store it; return by how much it was set.

    The store comes first: where it fails, nothing has changed. off: as in Maintenance.note_clock.
    """
    moved, reading = clock.jump() or _NONE, clock.reading()
    at = reading.at + moved
    reading = replace(reading, at=at, aged=min(reading.aged, at))
    maintenance.note_clock(reading, moved=moved, off=off)
    if moved:
        clock.follow(moved)
    return moved
