"""Track when each daemon thread last reported, for the watchdog, `/readyz`, the heartbeat and `monitor status`.

A part that is silent is a fault of ours, which a restart may fix. A folder that is missing or a disk that is full is an
answer: the daemon lives and is not ready.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from monitor.health.daemon_state import STALE_AFTER, SourceState

_HEARD = ("watching", "polling")  # states of a folder in which what is dropped there is found soon
_DEAF = {"waiting": "waiting for a folder that is missing or cannot be read", "degraded": "file events were lost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSnapshot:
    """For how many seconds each part has been silent, and what it said last."""

    watcher: float  # the thread that keeps the folders watched and takes files in
    store: float  # 0: nobody waits for its answer
    scheduler: float
    fault: str = ""  # why nothing can be stored; "": something could
    watches: Mapping[str, SourceState] = field(default_factory=dict)  # by source; empty: they were not looked at yet


def stalled_part(snapshot: HealthSnapshot, *, within: float) -> str:
    """The first part that has not answered within so many seconds, as a sentence; "": all have."""
    # The store comes first: who waits for it falls silent, too.
    parts = {"store": snapshot.store, "watcher": snapshot.watcher, "scheduler": snapshot.scheduler}
    silent = (f"the {part} has not answered for {since:.0f} s" for part, since in parts.items() if since >= within)
    return next(silent, "")


def not_ready_reason(snapshot: HealthSnapshot) -> str:
    """The first that fits: a part is silent, the daemon has just begun, nothing can be stored, a folder is not heard.

    "": it is ready.
    """
    paused = f"paused: {snapshot.fault}" if snapshot.fault else ""
    begins = "" if snapshot.watches else "starting"
    states = {source: watch.state for source, watch in snapshot.watches.items()}
    return stalled_part(snapshot, within=STALE_AFTER) or begins or paused or unwatched_source(states)


def unwatched_source(states: Mapping[str, str]) -> str:
    """The first source whose folder is not heard, by the states of its watch; "": all are."""
    unheard = (f"{_DEAF.get(state, state)} (source {name})" for name, state in states.items() if state not in _HEARD)
    return next(unheard, "")


class Liveness:
    """Each thread notes its own signs, anyone takes the pulse; nothing here waits, so nothing can hang it."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._watched = self._ticked = seconds()
        self._asked: float | None = None  # when the store was asked; None: it has answered
        self._watches: Mapping[str, SourceState] = {}
        self.is_busy = True  # nobody has looked yet
        self._refused = self._stuck = ""  # why the store could not take what a tick, and what a file brought

    @property
    def fault(self) -> str:
        """Why nothing can be stored, as far as it was tried; "": something could."""
        return self._refused or self._stuck

    def watch(self, watches: Mapping[str, SourceState], *, is_busy: bool = False) -> None:
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

    def snapshot(self) -> HealthSnapshot:
        """How it stands now."""
        now, asked = self._seconds(), self._asked
        return HealthSnapshot(
            watcher=now - self._watched,
            store=0.0 if asked is None else now - asked,
            scheduler=now - self._ticked,
            fault=self.fault,
            watches=self._watches,
        )
