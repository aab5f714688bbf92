"""Hold the daemon's state, and write it to `state/daemon.json` for a `monitor status` that cannot ask the daemon.

The file is replaced by a rename when its content changes, and never synced. It shows the last change, not whether the
daemon is alive.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from monitor.files import read_object, write_cache
from monitor.frozen import dataclass
from monitor.times import is_rfc3339

FILE = "daemon.json"
STALE_AFTER = 10.0  # seconds without an answer from a running daemon, or without a report from one of its threads


NAMES_SHOWN = 10  # of each kind of file that is counted


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadPaths:
    """What the last scan of a source's folder has left out; of each kind the first few names."""

    ignored: int = 0  # files in the folder whose names match no source
    ignored_names: tuple[str, ...] = ()
    unreadable: int = 0  # subfolders and files that cannot be read; everything else is watched
    unreadable_names: tuple[str, ...] = ()  # each with the reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState(UnreadPaths):
    """How one source is watched, as `monitor status` shows it."""

    state: str  # watching | polling | waiting | degraded
    since: str  # RFC 3339
    reason: str = ""
    unsettled: int = 0  # files that are still written to, or cannot be read yet
    unsettled_names: tuple[str, ...] = ()  # the first few of them, oldest first
    oldest_unsettled: str | None = None  # since when; None: no file is unsettled
    failed: int = 0  # of these, files whose ingest failed by an error in this program
    failed_names: tuple[str, ...] = ()
    missed_by_events: int = 0  # files since the start that only a rescan found


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """How the process of the page is."""

    state: str = "off"  # off | starting | serving | failed
    pid: int = 0  # 0: it does not run
    address: str = ""  # where people reach it; empty: it does not answer
    restarts: int = 0  # since the daemon started it first
    reason: str = ""  # why it ended or could not start, last


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonState:
    """The state of a running daemon at one time."""

    pid: int
    at: str = field(compare=False)  # RFC 3339 with microseconds, by the wall clock as in the lock
    silence: str = ""  # why the fields below may be outdated; always empty in the file
    paused: str = ""  # why nothing can be stored
    busy_with: str = ""  # the large file that is being ingested
    overflows: int = 0  # of the kernel's event queue, since the start
    handler_errors: int = 0
    waiting: int = 0  # settled files that are not ingested yet
    clock_ahead: int = 0  # seconds: of the wall clock, before the time that the monitor goes by; 0: they agree
    refusal: str = ""  # why the configuration file cannot be used as it is now; empty: it is in force
    sources: Mapping[str, SourceState] = field(default_factory=dict)
    page: PageState = field(default_factory=PageState)


def write_state(state: Path, daemon_state: DaemonState) -> None:
    """Replace the state file. Raises OSError, as on a full disk: then the file stays as it was."""
    made = state / f".{FILE}.new"
    write_cache(made, json.dumps(asdict(daemon_state)))
    made.replace(state / FILE)


def read_state(state: Path) -> Mapping[str, Any]:
    """Return what the state file holds; empty: there is none, it is damaged, or of another version."""
    found = read_object(state / FILE)
    sources = found.get("sources")
    is_whole = isinstance(sources, dict) and all(_is_like(_ANY_SOURCE, source) for source in sources.values())
    return found if is_whole and _is_like(_ANY_STATE, found) else {}


def last_change(state: Path, *, pid: int, since: str) -> Mapping[str, Any]:
    """Return what the daemon of this pid has written since it started, each watch marked with the time; empty: nothing.

    In a container every daemon has the same pid, so its time shows a file of an earlier one.
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


def reported_watch(state: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """Return how a source is watched, as far as it is known now."""
    if state.get("silence"):
        return _unknown(state["silence"])
    watch: Mapping[str, Any] | None = state.get("sources", {}).get(source)
    return watch or _unknown("the daemon has not reported yet")


def _is_like(example: Mapping[str, Any], found: Any) -> bool:
    """Return whether a JSON object has the fields of the example, each of its type, and whole times."""
    return isinstance(found, dict) and all(
        key in found and (_CHECKS[key](found[key]) if key in _CHECKS else isinstance(found[key], type(value)))
        for key, value in example.items()
    )


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


# Fields of which more is needed than the type of the example.
_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "at": is_rfc3339,
    "since": is_rfc3339,
    "oldest_unsettled": lambda value: value is None or is_rfc3339(value),
    **dict.fromkeys(("ignored_names", "unreadable_names", "unsettled_names", "failed_names"), _are_names),
}
_ANY_SOURCE = asdict(SourceState(state="", since=""))
_ANY_STATE = asdict(DaemonState(pid=0, at=""))


def _unknown(reason: str) -> Mapping[str, Any]:
    return asdict(SourceState(state="unknown", since="", reason=reason)) | {"since": None}
