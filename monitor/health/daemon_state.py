"""Hold what the daemon says of itself, and write it to `state/daemon.json` for a `monitor status` that cannot ask it.

The file is replaced by a rename when its content changes, and never synced: the last change, not a sign of life.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = "daemon.json"
STALE_AFTER = 10.0  # seconds without a word from a daemon that runs, or from a thread of it that speaks every second


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How one source is watched, in the words of `monitor status`."""

    state: str  # watching | polling | waiting | degraded
    since: str  # RFC 3339
    reason: str = ""
    ignored: int = 0  # files in the folder under names that no source takes
    ignored_names: tuple[str, ...] = ()  # the first few of them
    unsettled: int = 0  # files that are still written to, or cannot be read yet
    oldest_unsettled: str | None = None  # since when; None: there is none
    missed_by_events: int = 0  # files since the start that only a rescan found


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonState:
    """One word of a daemon that runs."""

    pid: int
    at: str = field(compare=False)  # RFC 3339 with microseconds
    silence: str = ""  # why nothing below is known to be so now; in the file always empty
    paused: str = ""  # why nothing can be stored
    busy_with: str = ""  # the file whose take-in was about to begin
    overflows: int = 0  # of the kernel's queue of events, since the start
    handler_errors: int = 0
    waiting: int = 0  # settled files that are not taken in yet
    refusal: str = ""  # why the configuration as it stands now cannot be used; empty: it is the one in force
    sources: Mapping[str, SourceState] = field(default_factory=dict)


def write_state(state: Path, daemon_state: DaemonState) -> None:
    """Replace the daemon's last word. Raises OSError, as on a full disk: then the one before stays."""
    made = state / f".{FILE}.new"
    made.touch(0o644)  # whatever the umask allows
    made.write_text(json.dumps(asdict(daemon_state)), "utf-8")
    made.replace(state / FILE)


def read_state(state: Path) -> Mapping[str, Any]:
    """The daemon's last word as it stands there; empty: it never spoke, or the file is torn."""
    try:
        found = json.loads((state / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def last_change(state: Path, *, pid: int, since: str) -> Mapping[str, Any]:
    """Return what the daemon of this pid wrote since it began, each watch marked as of then; empty: nothing.

    In a container every daemon has the same pid, so the file of an earlier one is told by its time.
    """
    found = read_state(state)
    if found.get("pid") != pid or found["at"][:19] < since[:19]:  # to the second; RFC 3339 sorts as text
        return {}
    note = f"last changed {found['at'][:19]}Z; the daemon cannot be asked for news"
    sources = {
        name: {**watch, "reason": f"{watch['reason']}; {note}".removeprefix("; ")}
        for name, watch in found["sources"].items()
    }
    return {**found, "sources": sources}


def watch_of(word: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """Return what may be believed of a source's watch now."""
    if word.get("silence"):
        return _unknown(word["silence"])
    watch: Mapping[str, Any] | None = word.get("sources", {}).get(source)
    return watch or _unknown("the daemon has not reported yet")


def _unknown(reason: str) -> Mapping[str, Any]:
    return asdict(SourceState(state="unknown", since="", reason=reason)) | {"since": None}
