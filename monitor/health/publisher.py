"""How the thread that takes files in stands → what it says of that: in the log, to the vigil, in its vitals."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from monitor.collect.watching.supervisor import Standing
from monitor.health.daemon_state import STALE_AFTER, Vitals, Watch
from monitor.health.liveness import silence
from monitor.health.vigil import Vigil
from monitor.logs import say, warn

NAMES_SHOWN = 10


class Speaker:
    """Keeps its last word for whoever asks, gives it to the vigil, and writes it down when it has changed."""

    def __init__(
        self, vigil: Vigil, write: Callable[[Vitals], None], *, refusal: Callable[[], str] = lambda: ""
    ) -> None:
        """write: may raise OSError. refusal: why the changed configuration cannot be used; "": it is in force."""
        self._vigil = vigil
        self._write = write
        self._refusal = refusal
        self._word = Vitals(pid=os.getpid(), at="")
        self._written: Vitals | None = None
        self._is_mute = False  # the last word could not be written

    def speak(self, word: Vitals) -> None:
        """Say how it stands now; kept first, so that who hears it on the health page finds `status` agree."""
        self._word = replace(word, refusal=self._refusal())
        if self._word != self._written:
            self._write_down()
        self._vigil.watch(word.sources, is_busy=bool(word.waiting or word.busy_with))

    def word(self) -> Mapping[str, Any]:
        """Return the last word, with what only this moment can tell; from any thread."""
        pulse, word = self._vigil.pulse(), self._word
        silent = silence(pulse, within=STALE_AFTER)
        if silent and word.busy_with:
            silent = f"{silent}; it was about to take in {word.busy_with}"
        return asdict(replace(word, silence=silent, paused=pulse.fault, refusal=self._refusal()))

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
    standing: Standing, *, ignored: Sequence[str], unsettled: int, oldest: datetime | None, missed: int
) -> Watch:
    """What is said of one source. oldest: since when the first of the unsettled files waits."""
    return Watch(
        state=standing.state,
        since=_shown(standing.since),
        reason=standing.reason,
        ignored=len(ignored),
        ignored_names=tuple(ignored[:NAMES_SHOWN]),
        unsettled=unsettled,
        oldest_unsettled=_shown(oldest) if oldest else None,
        missed_by_events=missed,
    )


def log_standing(source: str, path: str, standing: Standing, *, is_first: bool) -> None:
    """Say that a folder is watched in another way than before."""
    about = {"source": source, "path": path, "reason": standing.reason}
    if standing.state == "waiting":
        warn("folder_missing", **about)
    elif standing.state == "polling":
        tell = say if standing.reason == "watch.mode is poll" else warn
        tell("folder_polled", **about)
    elif standing.state == "degraded":
        warn("events_lost", **about)
    elif not is_first:
        say("folder_watched", **about)


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
