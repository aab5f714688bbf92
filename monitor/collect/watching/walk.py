"""Walk a folder and its subfolders with a list of what is left, so that no depth is too deep.

One folder is open at a time. A subfolder that cannot be read is reported, and the walk goes on with the others.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC
# The subfolder was deleted, or exchanged for a file or a link, since its parent was listed.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(eq=False, kw_only=True)
class Walk:
    """One walk; its values say which subfolders it enters."""

    enters: Callable[[bytes], bool]  # by the subfolder's name
    follows_links: bool = False
    on_error: Callable[[bytes, str], None] = lambda _path, _reason: None  # a path that cannot be read, and why
    _folders: list[bytes] = field(default_factory=list)
    _links: list[bytes] = field(default_factory=list)  # to folders; last, so that a real path is preferred
    _entered: set[tuple[int, int]] = field(default_factory=set)  # device and inode of each folder: no loop, none twice

    def below(self, root: bytes) -> Iterator[tuple[bytes, os.DirEntry[str] | None]]:
        """Yield each folder with None before it is listed, then its files with their entries.

        An entry is only usable until the next one. Raise OSError where the root itself cannot be opened.
        """
        yield from self._list(root, self._open(root, may_be_link=True))
        while self._folders or self._links:
            is_link = not self._folders
            if is_link:
                self._links.sort(reverse=True)
            folder = (self._links if is_link else self._folders).pop()
            try:
                descriptor = self._open(folder, may_be_link=self.follows_links)
            except OSError as error:
                if error.errno not in _GONE:
                    self.on_error(folder, error.strerror or str(error))
                continue
            yield from self._list(folder, descriptor)

    def _open(self, folder: bytes, *, may_be_link: bool) -> int:
        return os.open(folder, _OPEN_FOLDER if may_be_link else _OPEN_FOLDER | os.O_NOFOLLOW)

    def _list(self, folder: bytes, descriptor: int) -> Iterator[tuple[bytes, os.DirEntry[str] | None]]:
        try:
            if self._is_new(descriptor):
                yield folder, None
                with os.scandir(descriptor) as entries:
                    yield from self._files(folder, entries)
        except OSError as error:
            self.on_error(folder, error.strerror or str(error))
        finally:
            os.close(descriptor)

    def _files(
        self, folder: bytes, entries: Iterator[os.DirEntry[str]]
    ) -> Iterator[tuple[bytes, os.DirEntry[str] | None]]:
        for entry in entries:
            name = os.fsencode(entry.name)
            path = os.path.join(folder, name)
            if not _is_folder(entry, follows_links=self.follows_links):
                yield path, entry
            elif self.enters(name):
                (self._links if entry.is_symlink() else self._folders).append(path)

    def _is_new(self, descriptor: int) -> bool:
        status = os.fstat(descriptor)
        identity = status.st_dev, status.st_ino
        is_new = identity not in self._entered
        self._entered.add(identity)
        return is_new


def open_parent(root: bytes, path: bytes) -> int:
    """Open the folder that holds a path below the root, without following any link below the root.

    The root itself may be a link. Raise OSError: NotADirectoryError or ELOOP where a part of the way is no folder.
    """
    parts = [part for part in os.path.dirname(path)[len(root) :].split(b"/") if part]
    if b".." in parts:
        raise NotADirectoryError(errno.ENOTDIR, "the path leads out of the folder")
    descriptor = os.open(root, _OPEN_FOLDER)
    try:
        for part in parts:
            below = os.open(part, _OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_folder(entry: os.DirEntry[str], *, follows_links: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follows_links)
    except OSError:  # a link that leads to itself, or a name that has no status
        return False
