"""Find the dump files in a source's folder by their names, without opening them."""

from __future__ import annotations

import os
from collections.abc import Callable

from monitor.collect.globs import fits
from monitor.collect.watching.file_names import FETCH_STATE, IGNORED
from monitor.collect.watching.walk import Walk
from monitor.frozen import dataclass
from monitor.model import FileSignature
from monitor.text import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFiles:
    """The files in a folder."""

    dumps: tuple[tuple[bytes, FileSignature], ...]  # oldest first, then by name
    ignored: tuple[bytes, ...]  # files whose names are not those of dumps
    unreadable: tuple[tuple[bytes, str], ...] = ()  # subfolders and dumps that cannot be read now, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The folder where one source's dumps are dropped, and which names are dumps."""

    source: str
    path: bytes  # absolute
    files: tuple[str, ...] = ("*.txt",)  # globs on the name
    ignore: tuple[str, ...] = IGNORED
    is_recursive: bool = False
    follows_links: bool = False

    def holds(self, path: bytes) -> bool:
        """Return whether a path is a dump in this folder by its name."""
        parent, name = os.path.split(path)
        if b".." in parent.split(b"/"):
            return False
        root = os.path.join(self.path, b"")
        is_below = self.is_recursive and parent.startswith(root)
        is_scanned = is_below and not any(map(self.ignores, parent[len(root) :].split(b"/")))
        return self.matches(name) and (parent == self.path or is_scanned)

    def matches(self, name: bytes) -> bool:
        """Return whether a file name is that of a dump."""
        text = os.fsdecode(name)
        return fits(self.files, text) and not fits(self.ignore, text)

    def ignores(self, name: bytes) -> bool:
        """Return whether files and subfolders of this name are never read."""
        return fits(self.ignore, os.fsdecode(name))

    def name_of(self, path: bytes) -> str:
        """Return a path safe to print, relative to the folder; of a file elsewhere only the name."""
        root = self.path.rstrip(b"/") + b"/"
        return escape(os.fsdecode(path[len(root) :] if path.startswith(root) else os.path.basename(path)))

    @property
    def shown(self) -> str:
        """Return the folder's own path, safe to print."""
        return escape(os.fsdecode(self.path))

    def enters(self, name: bytes) -> bool:
        """Return whether subfolders of this name belong to the folder."""
        return self.is_recursive and not self.ignores(name)

    def scan(self) -> FolderFiles:
        """Return all files. Raise OSError when the folder itself cannot be read; a part of it is only reported."""
        dumps, ignored = list[tuple[bytes, FileSignature]](), list[bytes]()
        unreadable = list[tuple[bytes, str]]()

        def note(path: bytes, reason: str) -> None:
            unreadable.append((path, reason))

        walk = Walk(enters=self.enters, follows_links=self.follows_links, on_error=note)
        for path, entry in walk.below(self.path):
            if entry is None:
                continue
            is_dump = self.matches(os.fsencode(entry.name))
            if is_dump and (file := self._signature(entry, path, note)) is not None:
                dumps.append((path, file))
            elif not is_dump and not fits((FETCH_STATE,), entry.name):
                ignored.append(path)
        dumps.sort(key=lambda each: (each[1].mtime_ns, each[0]))
        return FolderFiles(dumps=tuple(dumps), ignored=tuple(ignored), unreadable=tuple(unreadable))

    def signature_at(self, path: bytes) -> FileSignature | None:
        """Return the signature of the file at a path, of a link's target where links are followed; None: no file."""
        try:
            return signature(os.stat(path, follow_symlinks=self.follows_links))
        except OSError:
            return None

    def _signature(
        self, entry: os.DirEntry[str], path: bytes, on_error: Callable[[bytes, str], None]
    ) -> FileSignature | None:
        try:
            return signature(entry.stat(follow_symlinks=self.follows_links))
        except FileNotFoundError:  # deleted since, or a link that leads nowhere
            return None
        except OSError as error:
            on_error(path, error.strerror or str(error))
            return None


def signature(status: os.stat_result) -> FileSignature:
    """Return what differs between two states of a file, without opening it.

    File systems that hash their inode numbers use all 64 bits, and a time may lie beyond the year 2262.
    """
    return FileSignature(
        _signed(status.st_dev),
        _signed(status.st_ino),
        status.st_size,
        min(max(status.st_mtime_ns, -_HALF), _HALF - 1),  # in order of time: the change time tells these apart
        _signed(status.st_ctime_ns),
    )


_HALF = 1 << 63


def _signed(number: int) -> int:
    """Return a number of 64 bits as a signed one."""
    return (number + _HALF) % (2 * _HALF) - _HALF
