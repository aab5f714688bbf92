"""Find the dump files in a source's folder by their names, without opening them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import translate
from functools import cache

from monitor.model import FileSignature
from monitor.text import escape

# Incomplete files, which get their real name when they are complete, and files of a desktop.
IGNORED = (
    ".*", "*~", "*.tmp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.swp",
    "Thumbs.db", "desktop.ini", "@eaDir",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFiles:
    """The files in a folder."""

    dumps: tuple[tuple[bytes, FileSignature], ...]  # oldest first, then by name
    ignored: tuple[bytes, ...]  # files whose names are not those of dumps


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
        root = os.path.join(self.path, b"")
        is_below = self.is_recursive and parent.startswith(root)
        is_scanned = is_below and not any(map(self.ignores, parent[len(root) :].split(b"/")))
        return self.matches(name) and (parent == self.path or is_scanned)

    def matches(self, name: bytes) -> bool:
        """Return whether a file name is that of a dump."""
        text = os.fsdecode(name)
        return _fits(self.files, text) and not _fits(self.ignore, text)

    def ignores(self, name: bytes) -> bool:
        """Return whether files and subfolders of this name are never read."""
        return _fits(self.ignore, os.fsdecode(name))

    def name_of(self, path: bytes) -> str:
        """Return a path safe to print, relative to the folder; of a file elsewhere only the name."""
        root = self.path.rstrip(b"/") + b"/"
        return escape(os.fsdecode(path[len(root) :] if path.startswith(root) else os.path.basename(path)))

    @property
    def shown(self) -> str:
        """Return the folder's own path, safe to print."""
        return escape(os.fsdecode(self.path))

    def scan(self) -> FolderFiles:
        """Return all files. Raise OSError when the folder is missing."""
        dumps, ignored = list[tuple[bytes, FileSignature]](), list[bytes]()
        for entry in self._files(self.path):
            if not self.matches(entry.name):
                ignored.append(entry.path)
            elif (file := self.signature_at(entry.path)) is not None:  # None: deleted since
                dumps.append((entry.path, file))
        dumps.sort(key=lambda each: (each[1].mtime_ns, each[0]))
        return FolderFiles(dumps=tuple(dumps), ignored=tuple(ignored))

    def signature_at(self, path: bytes) -> FileSignature | None:
        """Return the signature of the file at a path, of a link's target where links are followed; None: no file."""
        try:
            return signature(os.stat(path, follow_symlinks=self.follows_links))
        except OSError:
            return None

    def _files(self, folder: bytes) -> Iterator[os.DirEntry[bytes]]:
        with os.scandir(folder) as entries:
            found = list(entries)
        for entry in found:
            if not entry.is_dir(follow_symlinks=False):
                yield entry
            elif self.is_recursive and not self.ignores(entry.name):
                with suppress(FileNotFoundError):  # deleted since
                    yield from self._files(entry.path)


def _fits(globs: tuple[str, ...], text: str) -> bool:
    return _pattern(globs).match(text) is not None


@cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Compile one expression for all globs: each name in a large folder is matched several times."""
    return re.compile("|".join(map(translate, globs)) or r"(?!)")


def signature(status: os.stat_result) -> FileSignature:
    """Return what differs between two states of a file, without opening it."""
    return FileSignature(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
