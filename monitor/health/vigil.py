"""Signs of life from the daemon's threads → its pulse at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from monitor.health.daemon_state import Watch
from monitor.health.liveness import Pulse


class Vigil:
    """Each thread notes its own signs, anyone takes the pulse; nothing here waits, so nothing can hang it."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._watched = self._ticked = seconds()
        self._asked: float | None = None  # when the store was asked; None: it has answered
        self._watches: Mapping[str, Watch] = {}
        self.is_busy = True  # nobody has looked yet
        self._refused = self._stuck = ""  # why the store could not take what a tick, and what a file brought

    @property
    def fault(self) -> str:
        """Why nothing can be stored, as far as it was tried; "": something could."""
        return self._refused or self._stuck

    def watch(self, watches: Mapping[str, Watch], *, is_busy: bool = False) -> None:
        """The thread that takes files in is alive, and this is how the sources are watched.

        is_busy: files wait to be taken in, or one is on its way.
        """
        self.is_busy = is_busy or not self._watches  # the first word comes before the first scan
        self._watched, self._watches = self._seconds(), watches
        if not any(watch.unsettled for watch in watches.values()):  # the file that could not be stored is gone
            self._stuck = ""

    def tick(self) -> None:
        """The scheduler is alive."""
        self._ticked = self._seconds()

    def ask(self) -> None:
        """The store is asked for something now."""
        self._asked = self._seconds()

    def answer(self, fault: str = "") -> None:
        """It answered; fault: why it could not store anything."""
        self._asked, self._refused = None, fault

    def stumble(self, fault: str) -> None:
        """A file could not be stored, or, with "", was: a store with room for a few bytes may have none for a dump."""
        self._stuck = fault

    def pulse(self) -> Pulse:
        """How it stands now."""
        now, asked = self._seconds(), self._asked
        return Pulse(
            watcher=now - self._watched,
            store=0.0 if asked is None else now - asked,
            scheduler=now - self._ticked,
            fault=self.fault,
            watches=self._watches,
        )
