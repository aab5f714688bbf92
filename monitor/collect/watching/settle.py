"""Decide when a file is settled: complete, as far as can be known.

A close or a rename into place settles a file at once. A file that was merely found (by a scan, or by a bare "created"
event, as `mv` and hard links give) settles when no process has it open for writing, or when two probes far enough
apart show the same signature; while a process has it open for writing, the probes must be further apart. A file that
never rests is read as it is after two hours. Its age never settles it: a copy may keep an old modification time while
it grows. All times are monotonic seconds.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from monitor.collect.file_reader import Skipped, open_regular
from monitor.collect.watching.lease import is_open_for_writing
from monitor.collect.watching.racy import LOOK_AFTER
from monitor.model import FileSignature

FIRST_PAUSE, MAX_PAUSE = 1.0, 60.0  # seconds between attempts to read a file that cannot be read yet
_MAX_DOUBLINGS = 10  # more than MAX_PAUSE needs; 2.0**1024 would be an OverflowError after 17 hours
_MAX_PROBE_DOUBLINGS = 3  # of the time between probes of a growing file: 16 s with the default `settle`
_MIN_PROBE_INTERVAL = 0.05  # seconds, whatever `settle` is
MIN_REST, REST_FACTOR = 1.0, 10.0  # a path rests after an ingest: seconds, and times what it took
HELD_OPEN_FACTOR, MIN_HELD_OPEN = 15.0, 10.0  # a file that nobody closes must rest: times `settle`, and seconds
RESTLESS_AFTER = 7200.0  # seconds after which a file that never rests is read as it is
RETRY_FAILED, MAX_RETRY_FAILED = 60.0, 3600.0  # seconds between attempts at a file that an error in this program failed
_PRUNE_ABOVE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProbe:
    """The result of one probe of a waiting file."""

    signature: FileSignature
    has_writer: bool | None  # None: unknown


@dataclass(slots=True)
class _WaitingFile:
    due: float  # when it is probed next
    is_closed: bool = False
    signature: FileSignature | None = None  # at the last probe; None: not probed yet
    unchanged_since: float = 0.0  # when a probe first showed that signature
    probes: int = 0  # that did not settle it
    postponements: int = 0
    since: float = 0.0
    is_second_look: bool = False  # it was read, and is hashed once more


class SettleQueue:
    """The files that are not settled yet."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._waiting: dict[bytes, _WaitingFile] = {}
        self._rest_until: dict[bytes, float] = {}  # until when a path is not probed
        self._prune_at = _PRUNE_ABOVE

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, path: bytes) -> bool:
        return path in self._waiting

    def add_closed(self, path: bytes, now: float) -> None:
        """Add a file that was closed or renamed into place: it is probed now, or when its rest is over."""
        due, since = self._earliest_probe(path, now), self.since(path, now)
        self._waiting[path] = _WaitingFile(due=due, is_closed=True, since=since)

    def add_found(self, path: bytes, now: float) -> None:
        """Add a file that may be incomplete."""
        if path not in self._waiting:
            self._waiting[path] = _WaitingFile(due=self._earliest_probe(path, now), since=now)

    def add_second_look(self, path: bytes, now: float) -> None:
        """Add a file that was read within the grain of its times, to be hashed once more; a waiting one stays."""
        if path not in self._waiting:
            self._waiting[path] = _WaitingFile(due=now + LOOK_AFTER, is_closed=True, since=now, is_second_look=True)

    def is_second_look(self, path: bytes) -> bool:
        """Return whether the file waits for its second look."""
        return path in self._waiting and self._waiting[path].is_second_look

    def start_rest(self, path: bytes, now: float, *, seconds: float) -> None:
        """Start the path's rest after an ingest that took `seconds`, so that frequent small appends cause few reads."""
        self._rest_until[path] = now + max(MIN_REST, REST_FACTOR * seconds)
        if len(self._rest_until) > self._prune_at:
            self._rest_until = {each: until for each, until in self._rest_until.items() if until > now}
            self._prune_at = max(_PRUNE_ABOVE, 2 * len(self._rest_until))

    def unsettled(self) -> list[tuple[bytes, float]]:
        """Return files that a probe did not settle, each with the time since when it waits, oldest first."""
        late = [(path, each.since) for path, each in self._waiting.items() if each.probes or each.postponements]
        return sorted(late, key=lambda each: each[1])

    def due(self, now: float) -> list[bytes]:
        """Return the paths to probe now, in the order of arrival."""
        return [path for path, waiting in self._waiting.items() if waiting.due <= now]

    def next_due(self) -> float | None:
        """Return when the next probe is due; None: no file waits."""
        return min((waiting.due for waiting in self._waiting.values()), default=None)

    def is_settled(self, path: bytes, probe: FileProbe, now: float) -> bool:
        """Return whether to read it now, and remove it if so; if not, schedule the next probe."""
        waiting = self._waiting[path]
        is_same = waiting.signature == probe.signature
        rest = max(MIN_HELD_OPEN, HELD_OPEN_FACTOR * self._settle) if probe.has_writer else self._settle
        is_stable = is_same and now - waiting.unchanged_since >= rest
        is_restless = now - waiting.since >= RESTLESS_AFTER
        if waiting.is_closed or probe.has_writer is False or is_stable or is_restless:
            del self._waiting[path]
            return True
        if not is_same:
            waiting.signature, waiting.unchanged_since = probe.signature, now
        waiting.due = now + max(self._settle, _MIN_PROBE_INTERVAL) * 2.0 ** min(waiting.probes, _MAX_PROBE_DOUBLINGS)
        waiting.probes += 1
        return False

    def postpone(
        self,
        path: bytes,
        now: float,
        *,
        postponements: int,
        since: float | None = None,
        pauses: tuple[float, float] = (FIRST_PAUSE, MAX_PAUSE),
    ) -> None:
        """Wait again with a file that could not be ingested; each postponement doubles the pause.

        since: when it began to wait; None: now. pauses: the first and the longest, in seconds.
        """
        first, longest = pauses
        due = now + min(first * 2.0 ** min(postponements, _MAX_DOUBLINGS), longest)
        since = now if since is None else since
        self._waiting[path] = _WaitingFile(due=due, is_closed=True, postponements=postponements + 1, since=since)

    def postponements(self, path: bytes) -> int:
        """Return how often it was postponed in a row."""
        return self._waiting[path].postponements if path in self._waiting else 0

    def since(self, path: bytes, now: float) -> float:
        """Return when it began to wait, or `now` if it does not wait."""
        return self._waiting[path].since if path in self._waiting else now

    def drop(self, path: bytes) -> None:
        """Remove a file that is gone or is not a dump."""
        self._waiting.pop(path, None)

    def is_closed(self, path: bytes) -> bool:
        """Return whether an event said that it is complete; then `has_writer` need not be called."""
        return path in self._waiting and self._waiting[path].is_closed

    def _earliest_probe(self, path: bytes, now: float) -> float:
        return max(now, self._rest_until.get(path, now))


def has_writer(path: bytes, *, root: bytes = b"") -> bool | None:
    """Return whether a process on this machine has the file open for writing; None: unknown.

    root: as of `open_file`. Linux grants a read lease only while nobody writes (15 µs). It needs the file's owner or
    CAP_LEASE, and network file systems refuse it: then the answer is None.
    """
    try:
        descriptor = open_regular(path, root=root)
    except (Skipped, OSError):
        return None
    try:
        return is_open_for_writing(descriptor)
    finally:
        os.close(descriptor)
