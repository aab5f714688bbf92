"""Read dump files: only regular files, only one consistent state of each, and never change them.

Opening is guarded: a link is followed only where that is allowed, and nothing but a regular file is opened, because
opening a FIFO would block forever and a device never ends. A file that changes while it is read is refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from monitor.collect.watching.folder import signature
from monitor.errors import FileChanged, MonitorError
from monitor.model import FileSignature

LARGE_SIZE = 1_000_000  # bytes; a larger dump is stored in parts
MAX_IN_MEMORY = 16_000_000  # bytes; a larger dump is read several times instead of being kept in memory
_CHUNK = 1 << 20


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

    def __init__(self, descriptor: int, status: os.stat_result) -> None:
        self._descriptor = descriptor
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

    def sha256(self) -> bytes:
        """Return the hash of all bytes. Raise FileChanged."""
        digest = sha256()
        for chunk in self.chunks():
            digest.update(chunk)
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

    def _refuse_change(self) -> None:
        if signature(os.fstat(self._descriptor)) != self.signature:
            raise FileChanged("the file was written to while it was read")


@contextmanager
def open_file(path: bytes, *, follow_symlinks: bool = False) -> Iterator[File]:
    """Open a dump file for reading. Raise Skipped, and OSError where it cannot be opened."""
    # Checked before opening: opening a FIFO wakes its writer, and opening a device may do anything.
    _require_regular(os.stat(path, follow_symlinks=follow_symlinks))
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags if follow_symlinks else flags | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        _require_regular(status)
        yield File(descriptor, status)
    finally:
        os.close(descriptor)


def read_content(file: File, *, max_file: int) -> FileContent:
    """Return all bytes of a file; one larger than `max_file` bytes is only hashed. Raise FileChanged."""
    size = file.signature.size
    if size > max_file:
        fault = f"the file has {size:,} bytes, more than max_file ({max_file:,})"
        return FileContent(content=b"", sha256=file.sha256(), signature=file.signature, fault=fault)
    content = b"".join(file.chunks())
    return FileContent(content=content, sha256=sha256(content).digest(), signature=file.signature)


def modified_at(signature: FileSignature) -> datetime:
    """Return the file's modification time, aware UTC: the best evidence of when it arrived."""
    try:
        return datetime.fromtimestamp(signature.mtime_ns / 1e9, UTC)
    except (ValueError, OverflowError, OSError):  # a clock set beyond the year 9999
        return datetime.max.replace(tzinfo=UTC)


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise Skipped("a symbolic link (watch.follow_symlinks is off)")
    if not stat.S_ISREG(status.st_mode):
        raise Skipped("not a regular file")
