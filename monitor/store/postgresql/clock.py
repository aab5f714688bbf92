"""Tell the time of the database, so that all monitors of a store agree on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.clock import boot_id, uptime, wall_time
from monitor.times import ClockReading

_NONE = timedelta(0)
_DIFFERS = timedelta(seconds=10)  # between the clock of this machine and the database's: that is said
_SHARP = 1.0  # seconds: what took longer to be answered tells the time too vaguely, where it is known already


class DatabaseClock:
    """Implements `monitor.ports.Clock`: what the database said last, carried on by the uptime of this machine.

    Nothing moves with it: stored times are the database's, too, and a jump of this machine's clock changes none.
    Safe to share between threads.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], datetime] = wall_time,
        seconds: Callable[[], float] = uptime,
        boot: str | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._wall, self.seconds = wall, seconds
        self._boot = boot_id() if boot is None else boot
        self._at = self._aged = wall()
        self._measured = self._since = seconds()
        self._is_known = self._is_warned = False

    def note(self, at: datetime, *, since: float) -> None:
        """Note what the database has just said, to a question that was asked at `since`, by `seconds`."""
        until = self.seconds()
        if self._is_known and until - since > _SHARP:
            return
        with self._lock:
            half = timedelta(seconds=(until - since) / 2)
            self._aged = min(self._carried(until)[1], at) if self._is_known else at
            self._at, self._measured, self._is_known = at + half, until, True
        self._warn()

    def now(self) -> datetime:
        with self._lock:
            return self._carried(self.seconds())[0]

    def reading(self) -> ClockReading:
        with self._lock:
            uptime = self.seconds()
            at, aged = self._carried(uptime)
        return ClockReading(
            at=at, wall=self._wall(), uptime=uptime, boot=self._boot, steady_since=self._since, aged=aged
        )

    def offset(self) -> timedelta:
        return self._wall() - self.now()

    def jump(self) -> timedelta | None:
        return None

    def follow(self, by: timedelta) -> None:
        """Stay with the database, whatever the clock of this machine does."""

    def moved(self) -> timedelta:
        return _NONE

    def _carried(self, uptime: float) -> tuple[datetime, datetime]:
        """Return the time, and that by which retention counts: it follows a jump at twice the speed."""
        elapsed = timedelta(seconds=uptime - self._measured)
        return self._at + elapsed, min(self._aged + 2 * elapsed, self._at + elapsed)

    def _warn(self) -> None:
        """Say once that the clock of this machine is wrong, or the database's."""
        offset = self.offset()
        if abs(offset) < _DIFFERS:
            self._is_warned = False
        elif not self._is_warned:
            from monitor.logs import warn

            self._is_warned = True
            warn("clock_differs", seconds=round(offset.total_seconds(), 1), cure="check NTP here and on the database")
