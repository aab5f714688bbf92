"""What the daemon says of itself every second → `state/daemon.json` → what `monitor status` may believe.

The thread that takes files in writes it, so a daemon that hangs or dies falls silent: an old file says nothing about
now. It is replaced by a rename and never synced; after a power cut it is old, which is the truth.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

FILE = "daemon.json"
LATE_AFTER = 3.0  # seconds; it speaks every second, unless it cannot write or is busy
STALE_AFTER = (
    10.0  # seconds without a word from a daemon that runs; it speaks every second, or says what it is busy with
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
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
class Vitals:
    """One word of a daemon that runs."""

    pid: int
    at: str  # RFC 3339 with milliseconds
    paused: str = ""  # why nothing can be stored
    busy_with: str = ""  # the file whose take-in was about to begin
    overflows: int = 0  # of the kernel's queue of events, since the start
    handler_errors: int = 0
    waiting: int = 0  # settled files that are not taken in yet
    refusal: str = ""  # why the configuration as it stands now cannot be used; empty: it is the one in force
    sources: Mapping[str, Watch] = field(default_factory=dict)


def write(state: Path, vitals: Vitals) -> None:
    """Replace the daemon's last word. Raises OSError, as on a full disk: then the old one grows stale."""
    made = state / f".{FILE}.new"
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, json.dumps(asdict(vitals), ensure_ascii=True).encode())
    finally:
        os.close(descriptor)
    os.replace(made, state / FILE)  # noqa: PTH105 - one call instead of four objects, every second


def read(state: Path) -> Mapping[str, Any]:
    """The daemon's last word as it stands there; empty: it never spoke, or the file is torn."""
    try:
        found = json.loads((state / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_late(vitals: Mapping[str, Any], *, now: datetime) -> bool:
    """Whether a daemon, if one runs, should have spoken since."""
    return not vitals or (now - datetime.fromisoformat(vitals["at"])).total_seconds() > LATE_AFTER


def watch_of(vitals: Mapping[str, Any], source: str, *, pid: int | None, now: datetime) -> Mapping[str, Any]:
    """What may be believed of a source's watch now; pid: of the daemon that runs, None: none does."""
    if pid is None:
        return _unknown("no daemon runs")
    if vitals.get("pid") != pid or source not in vitals.get("sources", {}):
        return _unknown("the daemon has not reported yet")
    age = (now - datetime.fromisoformat(vitals["at"])).total_seconds()
    if age > STALE_AFTER:
        busy = f"; it was about to take in {vitals['busy_with']}" if vitals["busy_with"] else ""
        return _unknown(f"the daemon has not reported for {age:.0f} s{busy}")
    watch: Mapping[str, Any] = vitals["sources"][source]
    return watch


def paused(vitals: Mapping[str, Any], *, pid: int) -> str | None:
    """Why the daemon of this process id can store nothing, as far as it has said; None: it can."""
    return vitals.get("paused") or None if vitals.get("pid") == pid else None


def refusal_of(vitals: Mapping[str, Any], *, pid: int | None) -> str | None:
    """Why the daemon of this pid goes on with a configuration that is no longer in the file; None: it does not."""
    return (vitals.get("refusal") or None) if pid is not None and vitals.get("pid") == pid else None


def _unknown(reason: str) -> Mapping[str, Any]:
    return asdict(Watch(state="unknown", since="", reason=reason)) | {"since": None}
