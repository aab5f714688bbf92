"""How the thread that takes files in stands → what it says of that: in the log, to the vigil, in its vitals."""

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
    """Keeps its last word for whoever asks, gives it to the vigil, and writes it down when it has changed."""

    def __init__(
        self, liveness: Liveness, write: Callable[[DaemonState], None], *, refusal: Callable[[], str] = lambda: ""
    ) -> None:
        """write: may raise OSError. refusal: why the changed configuration cannot be used; "": it is in force."""
        self._liveness = liveness
        self._write = write
        self._refusal = refusal
        self._word = DaemonState(pid=os.getpid(), at="")
        self._written: DaemonState | None = None
        self._is_mute = False  # the last word could not be written

    def publish(self, word: DaemonState) -> None:
        """Say how it stands now; kept first, so that who hears it on the health page finds `status` agree."""
        self._word = replace(word, refusal=self._refusal())
        if self._word != self._written:
            self._write_down()
        self._liveness.watch(word.sources, is_busy=bool(word.waiting or word.busy_with))

    def word(self) -> Mapping[str, Any]:
        """Return the last word, with what only this moment can tell; from any thread."""
        snapshot, word = self._liveness.snapshot(), self._word
        silent = stalled_part(snapshot, within=STALE_AFTER)
        if silent and word.busy_with:
            silent = f"{silent}; it was about to take in {word.busy_with}"
        return asdict(replace(word, silence=silent, paused=snapshot.fault, refusal=self._refusal()))

    def _write_down(self) -> None:
        try:
            self._write(self._word)
        except OSError as error:
            if not self._is_mute:
                warn("vitals_unwritten", reason=error.strerror)
            self._is_mute = True
        else:
            self._is_mute, self._written = False, self._word


def watch_of(
    watch_status: WatchStatus, *, ignored: Sequence[str], unsettled: int, oldest: datetime | None, missed: int
) -> SourceState:
    """What is said of one source. oldest: since when the first of the unsettled files waits."""
    return SourceState(
        state=watch_status.state,
        since=_shown(watch_status.since),
        reason=watch_status.reason,
        ignored=len(ignored),
        ignored_names=tuple(ignored[:NAMES_SHOWN]),
        unsettled=unsettled,
        oldest_unsettled=_shown(oldest) if oldest else None,
        missed_by_events=missed,
    )


def log_standing(source: str, path: str, watch_status: WatchStatus, *, is_first: bool) -> None:
    """Say that a folder is watched in another way than before."""
    about = {"source": source, "path": path, "reason": watch_status.reason}
    if watch_status.state == "waiting":
        warn("folder_missing", **about)
    elif watch_status.state == "polling":
        tell = say if watch_status.reason == "watch.mode is poll" else warn
        tell("folder_polled", **about)
    elif watch_status.state == "degraded":
        warn("events_lost", **about)
    elif not is_first:
        say("folder_watched", **about)


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
