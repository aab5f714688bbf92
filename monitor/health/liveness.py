"""What the daemon's parts said last → whether all of them answer, and whether it is ready; if not, why.

One rule for the watchdog, `/readyz`, the heartbeat and `monitor status`. Silence is a fault of ours, which a restart
may heal; a folder that is missing or a disk that is full is an answer: the daemon lives and is not ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.health.daemon_state import STALE_AFTER, Watch

_HEARD = ("watching", "polling")  # states of a folder in which what is dropped there is found soon
_DEAF = {"waiting": "waiting for a folder that is missing or cannot be read", "degraded": "file events were lost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """For how many seconds each part has been silent, and what it said last."""

    watcher: float  # the thread that keeps the folders watched and takes files in
    store: float  # 0: nobody waits for its answer
    scheduler: float
    fault: str = ""  # why nothing can be stored; "": something could
    watches: Mapping[str, Watch] = field(default_factory=dict)  # by source; empty: they were not looked at yet


def silence(pulse: Pulse, *, within: float) -> str:
    """The first part that has not answered within so many seconds, as a sentence; "": all have."""
    # The store comes first: who waits for it falls silent, too.
    parts = {"store": pulse.store, "watcher": pulse.watcher, "scheduler": pulse.scheduler}
    silent = (f"the {part} has not answered for {since:.0f} s" for part, since in parts.items() if since >= within)
    return next(silent, "")


def unready(pulse: Pulse) -> str:
    """The first that fits: a part is silent, the daemon has just begun, nothing can be stored, a folder is not heard.

    "": it is ready.
    """
    paused = f"paused: {pulse.fault}" if pulse.fault else ""
    begins = "" if pulse.watches else "starting"
    states = {source: watch.state for source, watch in pulse.watches.items()}
    return silence(pulse, within=STALE_AFTER) or begins or paused or deaf(states)


def deaf(states: Mapping[str, str]) -> str:
    """The first source whose folder is not heard, by the states of its watch; "": all are."""
    unheard = (f"{_DEAF.get(state, state)} (source {name})" for name, state in states.items() if state not in _HEARD)
    return next(unheard, "")
