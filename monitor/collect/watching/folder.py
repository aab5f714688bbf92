"""A source's folder → the dump files in it; names decide, nothing is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate
from functools import cache

from monitor.model import FileSignature
from monitor.text import escape

# Files that are on their way or belong to a desktop; they get their real name when they are whole.
IGNORED = (
    ".*", "*~", "*.tmp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.swp",
    "Thumbs.db", "desktop.ini", "@eaDir",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFiles:
    """What stands in a folder."""

    dumps: tuple[tuple[bytes, FileSignature], ...]  # oldest first, then by name
    ignored: tuple[bytes, ...]  # files under names that do not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Where one source's dumps are dropped and which names count."""

    source: str
    path: bytes  # absolute
    files: tuple[str, ...] = ("*.txt",)  # globs on the name
    ignore: tuple[str, ...] = IGNORED
    is_recursive: bool = False
    follows_links: bool = False

    def holds(self, path: bytes) -> bool:
        """Whether a path lies in this folder under a name that counts."""
        parent, name = os.path.split(path)
        return self.matches(name) and (parent == self.path or (self.is_recursive and self._reaches(parent)))

    def matches(self, name: bytes) -> bool:
        """Whether a file name counts as a dump."""
        text = os.fsdecode(name)
        return _fits(self.files, text) and not _fits(self.ignore, text)

    def ignores(self, name: bytes) -> bool:
        """Whether a file name is one of those that are never dumps."""
        return _fits(self.ignore, os.fsdecode(name))

    def name_of(self, path: bytes) -> str:
        """The path as people and output see it: relative to the folder, escaped; a file elsewhere by its name."""
        root = self.path.rstrip(b"/") + b"/"
        return escape(os.fsdecode(path[len(root) :] if path.startswith(root) else os.path.basename(path)))

    @property
    def shown(self) -> str:
        """The folder's own path, safe to print."""
        return escape(os.fsdecode(self.path))

    def scan(self) -> list[tuple[bytes, FileSignature]]:
        """Every dump file with its signature, oldest first, then by name. Raises OSError when the folder is missing."""
        return list(self.listing().dumps)

    def listing(self) -> FolderFiles:
        """The same, and the files that are none. Raises OSError when the folder is missing."""
        dumps, ignored = list[tuple[bytes, FileSignature]](), list[bytes]()
        for path, sign in self._entries(self.path):
            if sign is None:
                ignored.append(path)
            else:
                dumps.append((path, sign))
        return FolderFiles(
            dumps=tuple(sorted(dumps, key=lambda each: (each[1].mtime_ns, each[0]))), ignored=tuple(ignored)
        )

    def signature_at(self, path: bytes) -> FileSignature | None:
        """The signature of what stands at a path now, of a link's target where links are followed; None: nothing."""
        try:
            return signature(os.stat(path, follow_symlinks=self.follows_links))
        except OSError:
            return None

    def _reaches(self, parent: bytes) -> bool:
        """Whether a scan would come to this subfolder: no folder on the way is ignored."""
        root = os.path.join(self.path, b"")
        return parent.startswith(root) and not any(map(self.ignores, parent[len(root) :].split(b"/")))

    def _entries(self, folder: bytes) -> Iterator[tuple[bytes, FileSignature | None]]:
        """Every file; one that is ignored without a signature."""
        with os.scandir(folder) as entries:
            for entry in entries:
                yield from self._entry(entry)

    def _entry(self, entry: os.DirEntry[bytes]) -> Iterator[tuple[bytes, FileSignature | None]]:
        if entry.is_dir(follow_symlinks=False):
            if self.is_recursive and not self.ignores(entry.name):
                yield from self._subfolder(entry.path)
        elif self.matches(entry.name):
            sign = self.signature_at(entry.path)
            if sign is not None:  # else gone between the listing and the look
                yield entry.path, sign
        else:
            yield entry.path, None

    def _subfolder(self, folder: bytes) -> Iterator[tuple[bytes, FileSignature | None]]:
        try:
            yield from self._entries(folder)
        except FileNotFoundError:
            return  # gone between the listing and the look


def _fits(globs: tuple[str, ...], text: str) -> bool:
    return _pattern(globs).match(text) is not None


@cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all of them: each name of a large folder is asked several times."""
    return re.compile("|".join(map(translate, globs)) or r"(?!)")


def signature(status: os.stat_result) -> FileSignature:
    """What tells two states of a file apart without opening it."""
    return FileSignature(
        device=status.st_dev,
        inode=status.st_ino,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
    )
