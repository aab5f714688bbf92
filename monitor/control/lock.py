"""One writing monitor per state folder: an flock that dies with its process."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from monitor.errors import LockHeld, StoreError

FILE = "monitor.lock"
ORDER = "order"  # the verb of who holds the folder for a moment only
DAEMON = "run"  # the verb of who takes orders while it holds the folder
_TRIES = 3
_MOMENT = 2.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a state folder."""

    pid: int
    host: str
    since: str  # RFC 3339
    verb: str  # run | run --once | ingest | order


@contextmanager
def hold(state: Path, *, verb: str, now: datetime) -> Iterator[None]:
    """Hold the folder's lock for the length of a block. Raises LockHeld when somebody else does.

    At once, or after a moment when that is an order: a daemon must not fail to start because somebody muted a channel.
    """
    descriptor = _open(state)
    try:
        if not _lock_soon(descriptor):
            raise _held(descriptor, state)
        holder = Holder(pid=os.getpid(), host=socket.gethostname(), since=f"{now:%Y-%m-%dT%H:%M:%SZ}", verb=verb)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(state: Path) -> Holder | None:
    """Who holds the folder now; None: nobody, whatever the file of a killed process still says."""
    try:
        descriptor = os.open(state / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _lock(descriptor, fcntl.LOCK_SH):
            return None
        return _read(descriptor)
    finally:
        os.close(descriptor)


def is_daemons(state: Path) -> bool:
    """Whether a daemon holds the folder."""
    found = holder(state)
    return found is not None and found.verb == DAEMON


def is_for_long(state: Path) -> bool:
    """Whether somebody holds the folder who neither takes orders nor lets go of it soon."""
    found = holder(state)
    return found is not None and found.verb not in (DAEMON, ORDER)


def _lock_soon(descriptor: int) -> bool:
    """Wait for orders, and for whoever has not yet written, or has just wiped out, who it is."""
    until = time.monotonic() + _MOMENT
    while not _lock(descriptor, fcntl.LOCK_EX):
        found = _read(descriptor)
        if (found and found.verb != ORDER) or time.monotonic() > until:
            return False
    return True


def _lock(descriptor: int, kind: int) -> bool:
    """Try for a few milliseconds: somebody who only looks (`holder`) lets go at once."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


def _open(state: Path) -> int:
    try:
        state.mkdir(parents=True, exist_ok=True)
        return os.open(state / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"the state folder cannot be used: {error.strerror}", where=str(state)) from error


def _held(descriptor: int, state: Path) -> LockHeld:
    found = _read(descriptor)
    who = f"pid {found.pid} on {found.host} since {found.since} ({found.verb})" if found else "another process"
    cure = "wait until it has ended" if found and found.verb != DAEMON else "stop it first, or use another `state:`"
    return LockHeld(f"the state folder is in use by {who}; {cure}", where=str(state))


def _read(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0).decode("utf-8", "replace")))
    except (ValueError, TypeError):  # empty: nobody; torn: written this moment
        return None
