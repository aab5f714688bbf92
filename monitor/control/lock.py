"""Lock a state folder for the one monitor that writes there, by an flock that ends with its process."""

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
COMMAND = "order"  # the verb of a process that holds the folder for a short time only
DAEMON = "run"  # the verb of the process that serves commands while it holds the folder
_ATTEMPTS = 3
_MAX_WAIT = 2.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that holds a state folder."""

    pid: int
    host: str
    since: str  # RFC 3339
    verb: str  # run | run --once | ingest | order


@contextmanager
def hold(state: Path, *, verb: str, now: datetime) -> Iterator[None]:
    """Hold the folder's lock for the length of a block. Raises LockHeld when another process does.

    A process that executes one command is waited for: a daemon must not fail to start because somebody muted a channel.
    """
    descriptor = _open(state)
    try:
        if not _wait_for_lock(descriptor):
            found = _read(descriptor)
            who = f"pid {found.pid} on {found.host} since {found.since} ({found.verb})" if found else "another process"
            is_short = found and found.verb != DAEMON
            action = "wait until it has ended" if is_short else "stop it first, or use another `state:`"
            raise LockHeld(f"the state folder is in use by {who}; {action}", where=str(state))
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
    """Return the process that holds the folder; None: there is none, whatever a killed process left in the file."""
    try:
        descriptor = os.open(state / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return None if _lock(descriptor, fcntl.LOCK_SH) else _read(descriptor)
    finally:
        os.close(descriptor)


def holder_verb(state: Path) -> str:
    """Return the verb of the process that holds the folder now; "": there is none."""
    found = holder(state)
    return found.verb if found else ""


def _wait_for_lock(descriptor: int) -> bool:
    """Wait for a process that executes one command, and for one whose name is not in the file yet or any more."""
    until = time.monotonic() + _MAX_WAIT
    while not _lock(descriptor, fcntl.LOCK_EX):
        found = _read(descriptor)
        if (found and found.verb != COMMAND) or time.monotonic() > until:
            return False
    return True


def _lock(descriptor: int, kind: int) -> bool:
    """Try for a few milliseconds: a process that only asks for the `holder` releases the lock at once."""
    for _ in range(_ATTEMPTS):
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


def _read(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0).decode("utf-8", "replace")))
    except (ValueError, TypeError):  # empty: no process; torn: it is being written
        return None
