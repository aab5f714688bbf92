"""How the thread that takes files in stands → what it says of that: in the log, to the vigil, in its vitals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from monitor.collect.watching.supervisor import Standing
from monitor.health.daemon_state import Vitals, Watch
from monitor.health.vigil import Vigil
from monitor.logs import say, warn

NAMES_SHOWN = 10


class Speaker:
    """Gives its word to the vigil and writes it down; a state folder that takes nothing leaves the last to grow old."""

    def __init__(self, vigil: Vigil, write: Callable[[Vitals], None]) -> None:
        """write: may raise OSError."""
        self._vigil = vigil
        self._write = write
        self._is_mute = False  # the last word could not be written

    def speak(self, word: Vitals) -> None:
        """Say how it stands now; written first, so that who hears it on the health page finds `status` agree."""
        try:
            self._write(word)
        except OSError as error:
            if not self._is_mute:
                warn("vitals_unwritten", reason=error.strerror)
            self._is_mute = True
        else:
            self._is_mute = False
        self._vigil.watch(word.sources, is_busy=bool(word.waiting or word.busy_with))


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
