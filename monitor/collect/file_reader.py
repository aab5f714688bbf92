"""Read dump files: only regular files, only one consistent state of each, and never change them.

Opening is guarded: a link is followed only where that is allowed, and nothing but a regular file is opened, because
opening a FIFO would block forever and a device never ends. A file that changes while it is read is refused.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256

from monitor.collect.watching.folder import signature
from monitor.collect.watching.lease import is_open_for_writing
from monitor.collect.watching.racy import is_racy, smudged
from monitor.collect.watching.walk import open_parent
from monitor.errors import FileChanged, MonitorError
from monitor.frozen import dataclass
from monitor.model import FileSignature

LARGE_SIZE = 1_000_000  # bytes; a larger dump is stored in parts
MAX_IN_MEMORY = 16_000_000  # bytes; a larger dump is read several times instead of being kept in memory
_CHUNK = 1 << 20
_LATEST = datetime.max.replace(tzinfo=UTC)
_LINKS_OFF = "(watch.follow_symlinks is off)"


class Skipped(MonitorError):
    """A path that is not a dump file, such as a link, a FIFO or a folder; it is logged and not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """A file's bytes, and the signature it had from the first byte read to the last."""

    content: bytes  # empty where `fault` gives the reason why it was not kept
    sha256: bytes
    signature: FileSignature
    fault: str = ""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in chunks, so that the decoded text need not be in memory all at once."""
        return (self.content[at : at + _CHUNK] for at in range(0, len(self.content), _CHUNK))


class File:
    """An open regular file; it can be read several times, and every reading shows the same state of the file."""

    def __init__(self, descriptor: int, status: os.stat_result, path: bytes) -> None:
        self._descriptor = descriptor
        self.path = path
        self.pause: Callable[[], None] = lambda: None  # called between two chunks
        self.signature = signature(status)

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes. Raise FileChanged as soon as a change is noticed."""
        at, size = 0, self.signature.size
        while True:
            chunk = os.pread(self._descriptor, _CHUNK, at)
            at += len(chunk)
            self._refuse_change()
            if at > size or (at < size and not chunk):
                raise FileChanged("the file was written to while it was read")
            yield chunk
            self.pause()
            if at == size:
                break
        self._refuse_change()

    def sha256(self, each: Callable[[bytes], None] = lambda chunk: None) -> bytes:
        """Return the hash of all bytes, and call `each` with them chunk by chunk. Raise FileChanged."""
        digest = sha256()
        for chunk in self.chunks():
            digest.update(chunk)
            each(chunk)
        return digest.digest()

    def verified_chunks(self, expected: bytes) -> Iterator[bytes]:
        """Yield all bytes. Raise FileChanged, at the end also where their sha256 is not the expected one."""
        digest = sha256()
        for chunk in self.chunks():
            digest.update(chunk)
            yield chunk
        if digest.digest() != expected:
            raise FileChanged("the file was rewritten between two readings")

    def first_bytes(self, size: int) -> bytes:
        """Return at most `size` bytes from the start."""
        return os.pread(self._descriptor, size, 0)

    def lasting_signature(self, *, opened_at: int) -> FileSignature:
        """Return the signature to store: a smudged one where a write after this reading could leave it as it is.

        opened_at: nanoseconds on the clock of the system, which also gives the times of the files.
        """
        # While a process writes, it may do so through a mapping: that gives a new time only now and then.
        is_unproven = self.is_open_for_writing() or is_racy(self.signature, opened_at)
        return smudged(self.signature) if is_unproven else self.signature

    def is_open_for_writing(self) -> bool:
        """Return whether a process is known to have it open or mapped for writing."""
        return is_open_for_writing(self._descriptor) is True

    def _refuse_change(self) -> None:
        if signature(os.fstat(self._descriptor)) != self.signature:
            raise FileChanged("the file was written to while it was read")


@contextmanager
def open_file(path: bytes, *, root: bytes = b"", follow_symlinks: bool = False) -> Iterator[File]:
    """Open a dump file for reading. Raise Skipped, and OSError where it cannot be opened.

    root: the folder below which no part of the path may be a link, unless they are followed; empty: the file's own.
    """
    descriptor = open_regular(path, root=root, follow_symlinks=follow_symlinks)
    try:
        yield File(descriptor, os.fstat(descriptor), path)
    finally:
        os.close(descriptor)


def open_regular(path: bytes, *, root: bytes = b"", follow_symlinks: bool = False) -> int:
    """Return a descriptor of a regular file, as `open_file` does; the caller closes it.

    A link that takes the place of a folder during the call is not followed either: every part of the way is opened from
    the one above it. A hard link is a name of the file like any other.
    """
    if follow_symlinks:
        return _open_checked(path, None, os.O_RDONLY)
    folder = os.path.dirname(path)
    is_below = path.startswith(os.path.join(root, b"")) if root else False
    try:
        parent = open_parent(root if is_below else folder, path)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise Skipped(f"a symbolic link {_LINKS_OFF}, or no folder, is on the way to it") from error
        raise
    try:
        return _open_checked(os.path.basename(path), parent, os.O_RDONLY | os.O_NOFOLLOW)
    finally:
        os.close(parent)


def _open_checked(path: bytes, parent: int | None, flags: int) -> int:
    # Checked before opening: opening a FIFO wakes its writer, and opening a device may do anything.
    _require_regular(os.stat(path, dir_fd=parent, follow_symlinks=not flags & os.O_NOFOLLOW))
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Skipped(f"a symbolic link {_LINKS_OFF}") from error
        raise
    try:
        _require_regular(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_content(file: File, *, max_file: int) -> FileContent:
    """Return all bytes of a file; of one larger than `max_file` bytes nothing is read. Raise FileChanged."""
    size = file.signature.size
    if size > max_file:
        fault = f"the file has {size:,} bytes, more than max_file ({max_file:,})"
        identity = unread_identity(file.path, file.signature)
        return FileContent(content=b"", sha256=identity, signature=file.signature, fault=fault)
    content = b"".join(file.chunks())
    return FileContent(content=content, sha256=sha256(content).digest(), signature=file.signature)


def unread_identity(path: bytes, signature: FileSignature) -> bytes:
    """Return what stands for the hash of a file too large to be read; it stays the same while the file grows."""
    return sha256(b"unread\0%d\0%d\0" % (signature.device, signature.inode) + path).digest()


def file_times(signature: FileSignature) -> tuple[datetime, datetime]:
    """Return when a file was last written, and when its entry last changed, aware UTC; copying can keep the first.

    Of a smudged signature the second is the latest time there is: the entry changed just before it was read.
    """
    changed = _time(signature.ctime_ns) if signature != smudged(signature) else _LATEST
    return _time(signature.mtime_ns), changed


def _time(nanoseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
    except (ValueError, OverflowError, OSError):  # a clock set beyond the year 9999
        return _LATEST


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise Skipped(f"a symbolic link {_LINKS_OFF}")
    if not stat.S_ISREG(status.st_mode):
        raise Skipped("not a regular file")
