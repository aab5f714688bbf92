"""Publish the state of the ingest thread: to the log, to `Liveness` and to `daemon.json`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from monitor.collect.watching.supervisor import WatchStatus
from monitor.health.daemon_state import STALE_AFTER, DaemonState, SourceState
from monitor.health.liveness import Liveness, stalled_part
from monitor.logs import say, warn

NAMES_SHOWN = 10


class StatePublisher:
    """Keeps the last state for `status`, reports it to `Liveness`, and writes the file when the state has changed."""

    def __init__(
        self, liveness: Liveness, write: Callable[[DaemonState], None], *, refusal: Callable[[], str] = lambda: ""
    ) -> None:
        """write: may raise OSError. refusal: why the changed configuration cannot be used; "": it is in force."""
        self._liveness = liveness
        self._write = write
        self._refusal = refusal
        self._state = DaemonState(pid=os.getpid(), at="")
        self._written: DaemonState | None = None
        self._is_unwritable = False

    def publish(self, state: DaemonState) -> None:
        """Publish the current state. It is kept first, so that `status` and `/readyz` agree."""
        self._state = replace(state, refusal=self._refusal())
        if self._state != self._written:
            self._write_file()
        self._liveness.report_watches(state.sources, is_busy=bool(state.waiting or state.busy_with))

    def current_state(self) -> Mapping[str, Any]:
        """Return the last state, with what is only known now; from any thread."""
        snapshot, state = self._liveness.snapshot(), self._state
        stalled = stalled_part(snapshot, within=STALE_AFTER)
        if stalled and state.busy_with:
            stalled = f"{stalled}; it was about to ingest {state.busy_with}"
        return asdict(replace(state, silence=stalled, paused=snapshot.fault, refusal=self._refusal()))

    def _write_file(self) -> None:
        try:
            self._write(self._state)
        except OSError as error:
            if not self._is_unwritable:
                warn("vitals_unwritten", reason=error.strerror)
            self._is_unwritable = True
        else:
            self._is_unwritable, self._written = False, self._state


def source_state(
    watch_status: WatchStatus, *, ignored: Sequence[str], unsettled: int, oldest: datetime | None, missed: int
) -> SourceState:
    """Return the state of one source. oldest: since when the first of the unsettled files waits."""
    return SourceState(
        state=watch_status.state,
        since=_rfc3339(watch_status.since),
        reason=watch_status.reason,
        ignored=len(ignored),
        ignored_names=tuple(ignored[:NAMES_SHOWN]),
        unsettled=unsettled,
        oldest_unsettled=_rfc3339(oldest) if oldest else None,
        missed_by_events=missed,
    )


def log_watch_status(source: str, path: str, watch_status: WatchStatus, *, is_first: bool) -> None:
    """Log that a folder is watched in another way than before."""
    fields = {"source": source, "path": path, "reason": watch_status.reason}
    if watch_status.state == "waiting":
        warn("folder_missing", **fields)
    elif watch_status.state == "polling":
        log = say if watch_status.reason == "watch.mode is poll" else warn
        log("folder_polled", **fields)
    elif watch_status.state == "degraded":
        warn("events_lost", **fields)
    elif not is_first:
        say("folder_watched", **fields)


def _rfc3339(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
