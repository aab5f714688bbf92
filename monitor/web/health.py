"""Say what needs a person: `/status` shows all of it, the top of every page what can stop alerts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from monitor.errors import Diagnostic, MonitorError
from monitor.inspect.status import current_status

if TYPE_CHECKING:
    from monitor.web.site import Site

ANSWER_TIMEOUT = 1.0  # seconds that the daemon gets to say how it is, so that one that hangs delays a page by no more
KEPT = 5.0  # seconds for which the top of the pages shows the same
_WATCHED = frozenset({"watching", "polling"})

Status = Mapping[str, Any]  # what `status` returns


class Problem(NamedTuple):
    """Something that needs a person; the templates have a sentence for each kind."""

    kind: str
    name: str = ""  # of the channel or source
    reason: str = ""
    number: int = 0  # how many, or seconds
    is_urgent: bool = False  # it can stop alerts


def read_status(site: Site) -> Status:
    """Return what `status` returns now. Raises StoreError."""
    with site.stores() as stores:
        return current_status(site.config, stores, now=site.now(), timeout=ANSWER_TIMEOUT)


def problems(status: Status, faults: Sequence[Diagnostic]) -> list[Problem]:
    """Return what needs a person, the worst first. faults: those of a changed configuration that is refused."""
    found = [*_of_daemon(status), *_of_config(status, faults), *_of_channels(status), *_of_sources(status)]
    found += _of_nodes(status)
    found += [
        Problem(state, number=status["outbox"][state]) for state in ("dead", "held") if status["outbox"].get(state)
    ]
    return sorted(found, key=lambda problem: not problem.is_urgent)


def _of_daemon(status: Status) -> Iterator[Problem]:
    daemon = status["daemon"]
    if daemon is None:
        yield Problem("no_daemon", is_urgent=True)
        return
    if daemon["paused"]:
        yield Problem("paused", reason=daemon["paused"], is_urgent=True)
    if daemon.get("clock_ahead"):
        yield Problem("clock", number=daemon["clock_ahead"])
    for reason in dict.fromkeys(source["watch"]["reason"] for source in status["sources"] if _is_unknown(source)):
        yield Problem("unknown", reason=reason, is_urgent=True)


def _of_config(status: Status, faults: Sequence[Diagnostic]) -> Iterator[Problem]:
    refusal = status["config"]["refusal"]
    if faults:
        yield Problem("config", reason=f"{faults[0].where}: {faults[0].message}", number=len(faults), is_urgent=True)
    elif refusal:
        yield Problem("config", reason=refusal, number=1, is_urgent=True)


def _of_channels(status: Status) -> Iterator[Problem]:
    for channel in status["channels"]:
        if channel["state"] in ("open", "refused"):
            yield Problem(channel["state"], channel["name"], channel["last_reason"] or "", is_urgent=True)
        elif channel["state"] == "unconfigured":
            yield Problem("unconfigured", channel["name"], number=channel["pending"])


def _of_sources(status: Status) -> Iterator[Problem]:
    for source in status["sources"]:
        name, watch, fetch = source["name"], source["watch"], source["fetch"]
        if not source["is_there"]:
            yield Problem("missing", name, source["path"])
        elif status["daemon"] and watch["state"] not in _WATCHED and not _is_unknown(source):
            yield Problem("unwatched", name, watch["reason"] or watch["state"])
        if source["silent_since"]:
            yield Problem("silent", name, source["silent_since"])
        if fetch and fetch["failing_since"]:
            yield Problem("fetch", name, fetch["reason"])


def _of_nodes(status: Status) -> Iterator[Problem]:
    for node in status["nodes"]:
        if node["state"] == "silent":
            yield Problem("node_silent", node["name"], number=round(node["age"]))
    keys = sorted({key for node in status["nodes"] for key in node["config"]})
    if keys:
        names = ", ".join(node["name"] for node in status["nodes"] if node["config"])
        yield Problem("node_config", names, ", ".join(keys))


def _is_unknown(source: Status) -> bool:
    """Return whether the daemon does not say how a source is watched."""
    return bool(source["watch"]["state"] == "unknown")


class UrgentProblems:
    """What can stop alerts, as it was a few seconds ago at most; any thread may ask, and one at a time looks."""

    def __init__(self, site: Site, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._seconds = seconds
        self._lock = Lock()
        self._found: Sequence[Problem] = ()
        self._until = float("-inf")

    def current(self) -> Sequence[Problem]:
        """Return them; a store that cannot be read is said by the page itself."""
        if self._seconds() >= self._until and self._lock.acquire(blocking=False):
            try:
                self._found = [each for each in problems(read_status(self._site), self._site.faults) if each.is_urgent]
            except MonitorError:
                self._found = ()
            finally:
                self._until = self._seconds() + KEPT
                self._lock.release()
        return self._found
