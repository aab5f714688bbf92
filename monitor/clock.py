"""Tell the time steadily, whatever happens to the wall clock of the machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.times import ClockReading

FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)  # a wall clock that shows an earlier day was never set
TOLERANCE = timedelta(seconds=30)  # by which the wall clock may be corrected without being a jump
BELIEVED_AFTER = 120.0  # seconds that a jump must last
_NONE = timedelta(0)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def wall_time() -> datetime:
    """Return what the machine's clock shows; it may be set at any time."""
    return datetime.now(UTC)


def uptime() -> float:
    """Return seconds that nobody can set: since the machine started, including those it was suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def boot_id() -> str:
    """Return what tells this start of the machine from others; "": the system does not tell."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


class SteadyClock:
    """Implements `monitor.ports.Clock`: runs by the uptime, and agrees with the wall clock unless that one jumps.

    Corrections within TOLERANCE are adopted at once. A jump changes nothing at first. When it has lasted, `jump`
    returns it, the caller moves what it has stored, and `follow` sets this clock. Safe to share between threads.
    """

    off: timedelta  # for how long the machine was off before this process, as far as anybody knows

    def __init__(
        self,
        last: ClockReading | None,
        *,
        wall: Callable[[], datetime] = wall_time,
        uptime: Callable[[], float] = uptime,
        boot: str | None = None,
    ) -> None:
        """last: what was stored last; None: nothing was."""
        self._lock = threading.Lock()
        self._wall, self._seconds, self._boot = wall, uptime, boot_id() if boot is None else boot
        self._uptime, self._moved, self._offset, self.off = uptime(), _NONE, _NONE, _NONE
        self._steady_since = self._uptime
        if last and last.boot and last.boot == self._boot and last.uptime <= self._uptime:
            self._resume(last)
            return
        now = wall()
        self._at = max(now, FIRST_DAY, *([last.at] if last else []))
        self._aged = min(last.aged, self._at) if last else self._at
        if last and last.boot and self._at == now:
            self.off = now - last.at

    def _resume(self, last: ClockReading) -> None:
        """Go on as a clock of the same start of the machine; a jump that was seen then has lasted since."""
        elapsed = timedelta(seconds=self._uptime - last.uptime)
        self._at, self._offset, self._steady_since = last.at + elapsed, last.wall - last.at, last.steady_since
        self._aged = min(last.aged + 2 * elapsed, self._at)

    def now(self) -> datetime:
        return self.reading().at

    def reading(self) -> ClockReading:
        with self._lock:
            uptime, wall = self._seconds(), self._wall()
            elapsed = timedelta(seconds=uptime - self._uptime)
            at = self._at + elapsed
            offset = wall - at
            if abs(offset - self._offset) > TOLERANCE:
                self._offset, self._steady_since = offset, uptime
            if abs(offset) <= TOLERANCE:
                at, self._offset = wall, _NONE
            self._at, self._uptime, self._aged = at, uptime, min(self._aged + 2 * elapsed, at)
            return ClockReading(
                at=at,
                wall=wall,
                uptime=uptime,
                boot=self._boot,
                steady_since=self._steady_since,
                aged=self._aged,
            )

    def offset(self) -> timedelta:
        self.reading()
        return self._offset

    def jump(self) -> timedelta | None:
        reading = self.reading()
        has_lasted = reading.uptime - self._steady_since >= BELIEVED_AFTER
        return self._offset if self._offset and has_lasted and reading.wall >= FIRST_DAY else None

    def follow(self, by: timedelta) -> None:
        with self._lock:
            self._at, self._moved, self._offset = self._at + by, self._moved + by, self._offset - by
            self._aged = min(self._aged, self._at)

    def moved(self) -> timedelta:
        return self._moved
