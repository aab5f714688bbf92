"""Track when each daemon thread last reported, for the watchdog, `/readyz`, the heartbeat and `monitor status`.

A part that does not report is an error in this program, which a restart may fix. With a missing folder or a full disk
the daemon is alive and not ready.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import field

from monitor.errors import StoreDamaged, StoreError
from monitor.frozen import dataclass
from monitor.health.daemon_state import STALE_AFTER, SourceState

_WATCHED = ("watching", "polling")  # states of a folder in which dropped files are found soon
_PROBLEMS = {"waiting": "waiting for a folder that is missing or cannot be read", "degraded": "file events were lost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSnapshot:
    """For how many seconds each part has not reported, and what it reported last."""

    watcher: float  # the ingest thread, which also keeps the folders watched
    store: float  # 0: no check of the store is open
    scheduler: float
    node: float = 0.0  # the threads of this node of a shared store: by how much one of them is overdue
    fault: str = ""  # what is wrong with the store; "": it answers and can be written
    is_damaged: bool = False  # the fault is damage: it does not pass, and what still works goes on
    watches: Mapping[str, SourceState] = field(default_factory=dict)  # by source; empty: none was checked yet


def stalled_part(snapshot: HealthSnapshot, *, within: float) -> str:
    """Return a sentence on the first part that has not answered within so many seconds; "": all have."""
    # The store comes first: a thread that waits for it does not report either.
    parts = {
        "store": snapshot.store,
        "watcher": snapshot.watcher,
        "scheduler": snapshot.scheduler,
        "node thread": snapshot.node,
    }
    silent = (f"the {part} has not answered for {since:.0f} s" for part, since in parts.items() if since >= within)
    return next(silent, "")


def not_ready_reason(snapshot: HealthSnapshot) -> str:
    """Return the first reason why the daemon is not ready; "": it is.

    In this order: a part has stalled, the daemon is starting, nothing can be stored, a folder is not watched.
    """
    is_paused = snapshot.fault and not snapshot.is_damaged
    paused = f"paused: {snapshot.fault}" if is_paused else snapshot.fault
    starting = "" if snapshot.watches else "starting"
    states = {source: watch.state for source, watch in snapshot.watches.items()}
    return stalled_part(snapshot, within=STALE_AFTER) or starting or paused or unwatched_source(states)


def unwatched_source(states: Mapping[str, str]) -> str:
    """Return a sentence on the first source that is not watched; "": all are."""
    unwatched = ((name, state) for name, state in states.items() if state not in _WATCHED)
    return next((f"{_PROBLEMS.get(state, state)} (source {name})" for name, state in unwatched), "")


class Liveness:
    """Collects the reports of all threads; any thread may read them. No method waits, so none can hang."""

    def __init__(
        self,
        *,
        seconds: Callable[[], float] = time.monotonic,
        store_failure: Callable[[], StoreError | None] = lambda: None,  # as `Stores.fault`
        node_silence: Callable[[], float] | None = None,  # as `NodeThreads.silence`; None: nobody shares the store
    ) -> None:
        self._seconds = seconds
        self._node_silence = node_silence
        self._store_failure = store_failure
        self._watcher_seen = self._scheduler_seen = seconds()
        self._store_check_began: float | None = None  # None: no check is open
        self._watches: Mapping[str, SourceState] = {}
        self.is_busy = True  # until the first scan
        self._store_fault = self._ingest_fault = ""  # why a tick, and why a dump, could not be stored

    @property
    def fault(self) -> str:
        """What is wrong with the store, from the last attempts of all threads; "": it answers and can be written."""
        failure = self._store_failure()
        if isinstance(failure, StoreDamaged):  # whatever else came of it
            return failure.message
        return self._store_fault or self._ingest_fault or (failure.message if failure else "")

    def report_watches(self, watches: Mapping[str, SourceState], *, is_busy: bool = False) -> None:
        """Report that the ingest thread is alive, and how the sources are watched.

        is_busy: files wait to be ingested, or one is being ingested.
        """
        self.is_busy = is_busy or not self._watches  # the first report comes before the first scan
        self._watcher_seen, self._watches = self._seconds(), watches
        if not any(watch.unsettled for watch in watches.values()):  # the dump that could not be stored is gone
            self._ingest_fault = ""

    def report_scheduler(self) -> None:
        """Report that the scheduler is alive."""
        self._scheduler_seen = self._seconds()

    def begin_store_check(self) -> None:
        """Note that the store is asked for something now."""
        self._store_check_began = self._seconds()

    def end_store_check(self, fault: str = "") -> None:
        """Note that the store has answered. fault: why nothing can be stored; "": it can."""
        self._store_check_began, self._store_fault = None, fault

    def set_ingest_fault(self, fault: str) -> None:
        """Note why a dump could not be stored; "": it was. A disk with space for a tick may have none for a dump."""
        self._ingest_fault = fault

    def snapshot(self) -> HealthSnapshot:
        """Return what is known now."""
        now, began = self._seconds(), self._store_check_began
        return HealthSnapshot(
            watcher=now - self._watcher_seen,
            store=0.0 if began is None else now - began,
            scheduler=now - self._scheduler_seen,
            node=self._node_silence() if self._node_silence else 0.0,
            fault=self.fault,
            is_damaged=isinstance(self._store_failure(), StoreDamaged),
            watches=self._watches,
        )
