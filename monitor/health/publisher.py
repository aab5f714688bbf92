"""Publish the state of the ingest thread: to the log, to `Liveness` and to `daemon.json`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from monitor.collect.watching.supervisor import WatchStatus
from monitor.health.daemon_state import STALE_AFTER, DaemonState, PageState
from monitor.health.liveness import Liveness, stalled_part
from monitor.logs import say, warn


@dataclass(eq=False)
class StatePublisher:
    """Keeps the last state for `status`, reports it to `Liveness`, and writes the file when the state has changed."""

    liveness: Liveness
    write: Callable[[DaemonState], None]  # may raise OSError
    refusal: Callable[[], str] = lambda: ""  # why the changed configuration cannot be used; "": it is in force
    page: Callable[[], PageState] = PageState

    def __post_init__(self) -> None:
        self._state = DaemonState(pid=os.getpid(), at="")
        self._written: DaemonState | None = None
        self._is_unwritable = False

    def publish(self, state: DaemonState) -> None:
        """Publish the current state. It is kept first, so that `status` and `/readyz` agree."""
        self._state = replace(state, refusal=self.refusal(), page=self.page())
        if self._state != self._written:
            try:
                self.write(self._state)
            except OSError as error:
                if not self._is_unwritable:
                    warn("vitals_unwritten", reason=error.strerror)
                self._is_unwritable = True
            else:
                self._is_unwritable, self._written = False, self._state
        self.liveness.report_watches(state.sources, is_busy=bool(state.waiting or state.busy_with))

    def current_state(self) -> Mapping[str, Any]:
        """Return the last state, with what is only known now; from any thread."""
        snapshot, state = self.liveness.snapshot(), self._state
        stalled = stalled_part(snapshot, within=STALE_AFTER)
        if stalled and state.busy_with:
            stalled = f"{stalled}; it was about to ingest {state.busy_with}"
        return asdict(replace(state, silence=stalled, paused=snapshot.fault, refusal=self.refusal(), page=self.page()))


def log_watch_status(source: str, path: str, watch_status: WatchStatus, *, is_first: bool) -> None:
    """Log that a folder is watched in another way than before."""
    fields = {"source": source, "path": path, "reason": watch_status.reason}
    problems = {"waiting": "folder_missing", "polling": "folder_polled", "degraded": "events_lost"}
    if event := problems.get(watch_status.state):
        log = say if watch_status.reason == "watch.mode is poll" else warn
        log(event, **fields)
    elif not is_first:
        say("folder_watched", **fields)


def rfc3339(at: datetime) -> str:
    """Return a time as `monitor status` shows it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
