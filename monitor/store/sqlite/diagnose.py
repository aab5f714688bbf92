"""Explain errors of SQLite and of the file system: what they mean for a monitor, and what to do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from monitor.errors import StoreDamaged, StoreError, StoreUnavailable
from monitor.files import is_passing
from monitor.store.sqlite.migrations import APPLICATION_ID
from monitor.store.stored_values import StoredValueError

_MAGIC, _HEADER = b"SQLite format 3\x00", 100
_FULL = "the disk is full; make room, and the monitor continues by itself"
_MIN_FREE = 32 * 1024  # bytes: SQLite makes an index of that size beside the log
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ", "SQLITE_IOERR_CORRUPTFS")
_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_PROTOCOL")
_MEANINGS = (
    (
        "SQLITE_BUSY",
        "another program holds its write lock; close the program that has monitor.db open (a database shell, a copy)",
    ),
    ("SQLITE_FULL", _FULL),
    ("SQLITE_READONLY", "it cannot be written; make the state folder and monitor.db writable for this user"),
    (
        "SQLITE_CANTOPEN",
        "this user cannot create or open files in the state folder; change its owner or its permissions",
    ),
    ("SQLITE_IOERR", "the disk failed to read or write; see the system log"),
)


def describe_error(error: Exception) -> str:
    """Return what SQLite says, with what it means and what to do."""
    if isinstance(error, MemoryError):
        return "there is no memory left; the monitor continues by itself once there is some"
    if str(error).startswith(("no such table", "no such column")):
        return f"{error}: the store is of an older version; start the monitor once, which migrates it"
    name = getattr(error, "sqlite_errorname", "") or ""
    meaning = next((meaning for code, meaning in _MEANINGS if name.startswith(code)), "")
    return f"{error}: {meaning}" if meaning else str(error)


def store_error(error: Exception, what: str, state: Path) -> StoreError:
    """Return an error of SQLite or of the file system as one of the store: its kind, its meaning and what to do."""
    where = str(state / "monitor.db")
    if is_damage(error):
        cure = f"monitor.db is damaged: `monitor db verify` shows where; {recovery_advice(state)}"
        return StoreDamaged(f"{what}: {error}; {cure}", where=where)
    if not _may_pass(error, state):
        return StoreError(f"{what}: {describe_error(error)}", where=where)
    meaning = f"{error}: {_FULL}" if _is_full(state) else describe_error(error)
    return StoreUnavailable(f"{what}: {meaning}", where=where)


def is_damage(error: Exception) -> bool:
    """Return whether the database itself is damaged, so that only a backup helps."""
    name = getattr(error, "sqlite_errorname", "") or ""
    is_unreadable = isinstance(error, StoredValueError)
    return is_unreadable or name.startswith(_DAMAGE) or str(error).startswith("Could not decode to UTF-8")


def is_busy(error: Exception) -> bool:
    """Return whether another program uses the database just now."""
    return (getattr(error, "sqlite_errorname", "") or "").startswith("SQLITE_BUSY")


def _may_pass(error: Exception, state: Path) -> bool:
    """Return whether it may end by itself, so that waiting helps."""
    if isinstance(error, OSError):
        return is_passing(error)
    if isinstance(error, MemoryError):
        return True
    name = getattr(error, "sqlite_errorname", "") or ""
    # A full disk, too, keeps SQLite from creating its files; missing rights do not pass.
    is_full = name.startswith("SQLITE_CANTOPEN") and os.access(state, os.W_OK | os.X_OK) and not _closed_files(state)
    return name.startswith(_PASSING) or is_full


def _is_full(state: Path) -> bool:
    """Return whether the disk is full: SQLite reports many failures then, most of them as errors of the disk."""
    try:
        return shutil.disk_usage(state).free < _MIN_FREE
    except OSError:
        return False


def _closed_files(state: Path) -> list[Path]:
    return [path for path in state.glob("monitor.db*") if not os.access(path, os.R_OK | os.W_OK)]


def recovery_advice(state: Path) -> str:
    """Return how to restore a store: from the newest backup in the state folder, or from a named one."""
    backup = newest_backup(state)
    if backup is None:
        return "restore a backup with `monitor db restore FILE`"
    return f"the newest backup here is {backup}: `monitor db restore {backup}`"


def newest_backup(state: Path) -> Path | None:
    """Return the newest copy of a store in the folder, by its first bytes; not one that a restore has replaced."""
    found = [path for path in state.glob("*") if _is_copy(path)]
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)


def is_cut_short(path: Path) -> bool:
    """Return whether the file is shorter than its first page says; not while there is a write-ahead log."""
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        return False
    with path.open("rb") as file:
        head = file.read(_HEADER)
    size = int.from_bytes(head[16:18], "big")
    is_counted = head.startswith(_MAGIC) and head[24:28] == head[92:96]  # else the count is of an older SQLite
    return is_counted and int.from_bytes(head[28:32], "big") * (65_536 if size == 1 else size) > path.stat().st_size


def _is_copy(path: Path) -> bool:
    if path.name.startswith((".", "monitor.db-", "monitor.db.replaced-")) or path.name == "monitor.db":
        return False
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as file:
            head = file.read(_HEADER)
    except OSError:
        return False
    return head.startswith(_MAGIC) and int.from_bytes(head[68:72], "big") == APPLICATION_ID
