"""Signs of a file → the moment it is settled: whole as far as anybody can tell. Pure but for the writer probe.

A close or a rename into place settles a file at once. One that was merely found (a scan, a bare "created": what `mv`
and hard links give) settles when no process has it open for writing, or when it looks the same in two looks far
enough apart. Its age never settles it: a copy may keep an old modification time while it grows.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
from dataclasses import dataclass

from monitor.model import FileSignature

FIRST_PAUSE, MAX_PAUSE = 1.0, 60.0  # seconds between attempts at a file that cannot be read yet
_MAX_DOUBLINGS = 10  # more than it takes to the longest pause; 2.0**1024 would be an OverflowError after 17 hours
_MAX_PROBE_DOUBLINGS = 3  # doublings between looks at a file that goes on growing: 16 s with the usual settling time
_MIN_PROBE_INTERVAL = 0.05  # seconds, whatever the settling time
MIN_REST, REST_FACTOR = 1.0, 10.0  # a path rests after a take-in: seconds, and times what it took
_PRUNE_ABOVE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProbe:
    """What one look at a waiting file showed."""

    signature: FileSignature
    has_writer: bool | None  # None: cannot be told


@dataclass(slots=True)
class _WaitingFile:
    due: float  # monotonic seconds: when it is looked at next
    is_closed: bool = False
    last: tuple[FileSignature, float] | None = None
    probes: int = 0  # that did not settle it
    postponements: int = 0
    since: float = 0.0


class SettleQueue:
    """The files that wait, by path; times are monotonic seconds handed in."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._waiting: dict[bytes, _WaitingFile] = {}
        self._rest_until: dict[bytes, float] = {}  # until when a path is left alone
        self._prune_at = _PRUNE_ABOVE

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, path: bytes) -> bool:
        return path in self._waiting

    def add_closed(self, path: bytes, now: float) -> None:
        """A writer closed it, or it was renamed into place: look now, or when its rest is over."""
        before = self._waiting.get(path)
        since = before.since if before else now
        self._waiting[path] = _WaitingFile(due=self._earliest_probe(path, now), is_closed=True, since=since)

    def add_found(self, path: bytes, now: float) -> None:
        """It is there; nobody said that it is whole."""
        if path not in self._waiting:
            self._waiting[path] = _WaitingFile(due=self._earliest_probe(path, now), since=now)

    def start_rest(self, path: bytes, now: float, *, seconds: float) -> None:
        """It was taken in, which lasted so long: what comes of it next waits, so many small appends cost few reads."""
        self._rest_until[path] = now + max(MIN_REST, REST_FACTOR * seconds)
        if len(self._rest_until) > self._prune_at:
            self._rest_until = {each: until for each, until in self._rest_until.items() if until > now}
            self._prune_at = max(_PRUNE_ABOVE, 2 * len(self._rest_until))

    def unsettled(self) -> list[tuple[bytes, float]]:
        """Files that a look did not settle, each with the time since when it waits, oldest first."""
        late = [(path, each.since) for path, each in self._waiting.items() if each.probes or each.postponements]
        return sorted(late, key=lambda each: each[1])

    def due(self, now: float) -> list[bytes]:
        """Paths whose time for a look has come, in the order in which they came in."""
        return [path for path, waiting in self._waiting.items() if waiting.due <= now]

    def next_due(self) -> float | None:
        """When the next look is due; None: nothing waits."""
        return min((waiting.due for waiting in self._waiting.values()), default=None)

    def is_settled(self, path: bytes, probe: FileProbe, now: float) -> bool:
        """Whether to read it now; if so it waits no longer, if not the next look is planned."""
        waiting = self._waiting[path]
        if waiting.is_closed or probe.has_writer is False or self._is_stable(waiting, probe, now):
            del self._waiting[path]
            return True
        if waiting.last is None or waiting.last[0] != probe.signature:
            waiting.last = (probe.signature, now)
        waiting.due = now + max(self._settle, _MIN_PROBE_INTERVAL) * 2.0 ** min(waiting.probes, _MAX_PROBE_DOUBLINGS)
        waiting.probes += 1
        return False

    def postpone(self, path: bytes, now: float, *, postponements: int, since: float | None = None) -> None:
        """It could not be taken in this time; look again after a pause that doubles with each one.

        since: when it began to wait; None: now.
        """
        pause = min(FIRST_PAUSE * 2.0 ** min(postponements, _MAX_DOUBLINGS), MAX_PAUSE)
        began = now if since is None else since
        self._waiting[path] = _WaitingFile(
            due=now + pause, is_closed=True, postponements=postponements + 1, since=began
        )

    def postponements(self, path: bytes) -> int:
        """How often it was postponed in a row."""
        waiting = self._waiting.get(path)
        return waiting.postponements if waiting else 0

    def since(self, path: bytes, now: float) -> float:
        """When it began to wait; now, if it does not."""
        waiting = self._waiting.get(path)
        return waiting.since if waiting else now

    def drop(self, path: bytes) -> None:
        """It is gone, or is no dump."""
        self._waiting.pop(path, None)

    def is_closed(self, path: bytes) -> bool:
        """Whether somebody said that it is whole; then it needs no probe."""
        waiting = self._waiting.get(path)
        return waiting is not None and waiting.is_closed

    def _earliest_probe(self, path: bytes, now: float) -> float:
        """The first moment from now on at which the path may be looked at."""
        until = self._rest_until.get(path)
        return now if until is None else max(now, until)

    def _is_stable(self, waiting: _WaitingFile, probe: FileProbe, now: float) -> bool:
        if probe.has_writer or waiting.last is None:
            return False
        signature, since = waiting.last
        return signature == probe.signature and now - since >= self._settle


def has_writer(path: bytes) -> bool | None:
    """Whether a process on this machine has the file open for writing; None: cannot be told here.

    Linux grants a read lease only while nobody writes (15 µs). It needs the file's owner or CAP_LEASE, and network
    file systems refuse it: then the answer is None.
    """
    lease = getattr(fcntl, "F_SETLEASE", None)
    if lease is None:
        return None
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None  # opening a FIFO would wake its writer
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        # A writer that opens the file while the lease stands has us signalled: SIGIO, which ends a process.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, lease, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, lease, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    else:
        return False
    finally:
        os.close(descriptor)
