"""Lock a state folder for the one monitor that writes there, by an flock that ends with its process."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from monitor.errors import LockHeld, StoreError, StoreUnavailable
from monitor.files import create_folder, create_private, is_passing, parse_object, user_name
from monitor.frozen import dataclass
from monitor.times import is_rfc3339

FILE = "monitor.lock"
COMMAND = "order"  # the verb of a process that holds the folder for a short time only
DAEMON = "run"  # the verb of the process that serves commands while it holds the folder
_ATTEMPTS = 3
_MAX_WAIT = 2.0  # seconds
_LOCKS = Path("/proc/locks")  # of Linux: every lock, with the pid of its holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that holds a state folder."""

    pid: int
    host: str
    since: str  # RFC 3339
    verb: str  # run | run --once | ingest | order


@contextmanager
def hold(state: Path, *, verb: str, now: datetime) -> Iterator[Callable[[], str]]:
    """Hold the folder's lock for the length of a block. Raises LockHeld when another process does, and StoreError.

    A process that executes one command is waited for: a daemon must not fail to start because somebody muted a channel.
    The block gets a function that returns why the lock protects the folder no longer; "": it does.
    """
    descriptor = _open(state)
    try:
        if not _wait_for_lock(descriptor, state):
            found = _read(descriptor)
            is_short = found and found.verb != DAEMON
            action = "wait until it has ended" if is_short else "stop it first, or use another `state:`"
            raise LockHeld(f"the state folder is in use by {_name(descriptor, found)}; {action}", where=str(state))
        holder = Holder(pid=os.getpid(), host=socket.gethostname(), since=f"{now:%Y-%m-%dT%H:%M:%SZ}", verb=verb)
        text = json.dumps(asdict(holder)).encode()
        _write(descriptor, text)
        try:
            yield lambda: _lost(descriptor, state, text)
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(state: Path) -> Holder | None:
    """Return the process that holds the folder; None: there is none, whatever a killed process left in the file."""
    try:
        descriptor = os.open(state / FILE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return None if _lock(descriptor, fcntl.LOCK_SH) else _read(descriptor)
    except OSError:  # no lock can be had here, so nobody has one
        return None
    finally:
        os.close(descriptor)


def holder_verb(state: Path) -> str:
    """Return the verb of the process that holds the folder now; "": there is none."""
    found = holder(state)
    return found.verb if found else ""


def _wait_for_lock(descriptor: int, state: Path) -> bool:
    """Wait for a process that executes one command, and for one whose name is not in the file yet or any more."""
    until = time.monotonic() + _MAX_WAIT
    try:
        while not _lock(descriptor, fcntl.LOCK_EX):
            found = _read(descriptor)
            if (found and found.verb != COMMAND) or time.monotonic() > until:
                return False
    except OSError as error:  # for example ENOLCK: the file server has none left
        raise _refused(error, state) from error
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
        create_folder(state)
        with suppress(FileExistsError):
            create_private(state / FILE, like=state.stat())
        return os.open(state / FILE, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refused(error, state) from error


def _refused(error: OSError, state: Path) -> StoreError:
    kind = StoreUnavailable if is_passing(error) else StoreError
    return kind(f"the state folder cannot be used: {error.strerror}", where=str(state))


def _write(descriptor: int, text: bytes) -> None:
    """Write who holds the folder; on a full disk the lock holds as well, and nobody's name stands in it."""
    with suppress(OSError):
        os.pwrite(descriptor, text, 0)  # over what a killed process left: that needs no space
        os.ftruncate(descriptor, len(text))


def _lost(descriptor: int, state: Path, text: bytes) -> str:
    """Return why the lock protects the folder no longer; "": the file of its name is the one that is locked.

    The holder's text is written again where it is missing: a full disk may have had no room for it.
    """
    try:
        found = os.fstat(descriptor)
        if os.path.samestat(found, (state / FILE).stat()):
            if found.st_size != len(text):
                _write(descriptor, text)
            return ""
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return ""  # the disk does not answer, which says nothing about the lock
        return f"{FILE} is gone from the state folder"
    return f"{FILE} in the state folder is another file than the one that this monitor has locked"


def _read(descriptor: int) -> Holder | None:
    """Return the holder that the file names; None: none, as while it is being written, or the text is damaged."""
    try:
        text = os.pread(descriptor, 4096, 0).decode("utf-8", "replace")
    except OSError:  # a folder or a pipe of that name
        return None
    match parse_object(text):
        case {"pid": int(pid), "host": str(host), "since": str(since), "verb": str(verb)} if is_rfc3339(since):
            return Holder(pid=pid, host=host, since=since, verb=verb)
    return None


def _name(descriptor: int, found: Holder | None) -> str:
    """Name the process that has the lock: by the system's table of locks where it can be read, else by the file."""
    pids = _lock_pids(descriptor)
    if found and (not pids or found.pid in pids):
        return f"pid {found.pid} on {found.host} since {found.since} ({found.verb})"
    return next((_stranger(pid) for pid in pids), "another process")


def _lock_pids(descriptor: int) -> list[int]:
    """Return the processes that have an flock on the file; empty: unknown, as on other systems than Linux."""
    info = os.fstat(descriptor)
    place = f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}:{info.st_ino}"
    try:
        rows = [line.split() for line in _LOCKS.read_text("ascii", "replace").splitlines()]
    except OSError:
        return []
    return [int(row[4]) for row in rows if row[1:2] == ["FLOCK"] and row[5] == place and row[4].isdecimal()]


def _stranger(pid: int) -> str:
    try:
        process = Path(f"/proc/{pid}")
        uid, program = process.stat().st_uid, (process / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return f"pid {pid}, which is no monitor that is known here"
    return f"pid {pid} (program {program} of user {user_name(uid)}), which is no monitor that is known here"
