"""Notice that the files of an open store were removed or replaced: what is written to them then would be lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from monitor.errors import StoreReplaced
from monitor.files import replace_file
from monitor.store.sqlite.diagnose import recovery_advice

SIDECAR = "STORE_ID"
_HEADER = 100  # bytes of a database file; bytes 24 to 27 count its changes, which never go back
_MAGIC = b"SQLite format 3\x00"


class OpenFiles:
    """The database and its logs as they were opened, compared with what stands under their names.

    The database gets a descriptor of its own, opened before SQLite opens the file and closed after it: closing one in
    between would release SQLite's own locks.
    """

    def __init__(self, path: Path, *, lock_lost: Callable[[], str] = lambda: "") -> None:
        self._path = path
        self._lock_lost = lock_lost
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._changes, self._size = self._read()
        self._opened = {path: os.fstat(self._descriptor)}
        self._identity = ""  # of the store; "": it is not known yet

    def note_opened(self, identity: str) -> None:
        """Note which store it is, and its log and index, which SQLite has created by now."""
        self._identity = identity
        for suffix in ("-wal", "-shm"):
            path = self._path.with_name(self._path.name + suffix)
            if path.exists():
                self._opened[path] = path.stat()

    def refuse_replaced(self) -> None:
        """Raise StoreReplaced when a file is gone, another one, or overwritten; it costs a few microseconds."""
        reason = next(filter(None, map(self._replaced, self._opened)), "") or self._overwritten() or self._lock_lost()
        if reason:
            self._mark_as_lost()
            raise StoreReplaced(
                f"{reason}, so nothing is ingested or sent: put the former files of the state folder back, and the"
                f" monitor continues by itself; or stop it, then {recovery_advice(self._path.parent)}, or start it"
                " with the files that are there",
                where=str(self._path),
            )

    def close(self) -> None:
        """Close the descriptor, after SQLite has closed the database."""
        os.close(self._descriptor)

    def _mark_as_lost(self) -> None:
        """Name the store in a folder without any, so that no start takes the folder for a first run."""
        sidecar = self._path.with_name(SIDECAR)
        if self._identity and not self._path.exists() and not os.path.lexists(sidecar):
            with suppress(OSError):  # the folder itself is gone, or cannot be written
                replace_file(sidecar, f"{self._identity}\n")

    def _replaced(self, path: Path) -> str:
        try:
            if os.path.samestat(path.stat(), self._opened[path]):
                return ""
        except (FileNotFoundError, NotADirectoryError):
            return f"{path.name} is gone"
        except OSError:  # the disk does not answer, which says nothing about the file
            return ""
        return f"{path.name} is another file than the one that is open"

    def _overwritten(self) -> str:
        changes, size = self._read()
        if changes < self._changes or size < self._size:
            return f"{self._path.name} was overwritten"
        self._changes, self._size = changes, size
        return ""

    def _read(self) -> tuple[int, int]:
        """Return how often the file was changed, by its header (-1: it has none), and its size."""
        head = os.pread(self._descriptor, _HEADER, 0)
        changes = int.from_bytes(head[24:28], "big") if head.startswith(_MAGIC) else -1
        return changes, os.fstat(self._descriptor).st_size
