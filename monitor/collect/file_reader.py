"""A path in a watched folder → its bytes, or the reason why it is no dump; the file is only ever read.

Opening is guarded: no link is followed unless allowed, and nothing but a regular file is read (opening a FIFO would
block for ever, a device never ends). What changes while it is read is not one state of the file and is refused.
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

LARGE_SIZE = 1_000_000  # bytes; a larger dump is stored part by part
MAX_IN_MEMORY = 16_000_000  # bytes; a larger dump is not held in memory
_CHUNK = 1 << 20


class Skipped(MonitorError):
    """This path is no dump file: a link, a FIFO, a folder; it is listed with this reason and left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """A file's bytes with the signature they had from the first byte read to the last."""

    content: bytes  # empty where `fault` says why it was not kept
    sha256: bytes
    signature: FileSignature
    fault: str = ""

    def chunks(self) -> Iterator[bytes]:
        """The bytes once more, bit by bit: nobody has to hold all of them as text as well."""
        return (self.content[at : at + _CHUNK] for at in range(0, len(self.content), _CHUNK))


class File:
    """A regular file held open: it may be read several times, and all of it is one state of the file."""

    def __init__(self, descriptor: int, status: os.stat_result) -> None:
        self._descriptor = descriptor
        self.pause: Callable[[], None] = lambda: None  # called between two chunks
        self.signature = signature(status)

    def chunks(self) -> Iterator[bytes]:
        """All bytes. Raises FileChanged as soon as a change can be told."""
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
        """Of all bytes."""
        digest = sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.digest()

    def verified_chunks(self, expected: bytes) -> Iterator[bytes]:
        """All bytes; raises FileChanged at the end where their sha256 is another one."""
        digest = sha256()
        for chunk in self.chunks():
            digest.update(chunk)
            yield chunk
        if digest.digest() != expected:
            raise FileChanged("the file was rewritten between two readings")

    def first_bytes(self, size: int) -> bytes:
        """The first bytes."""
        return os.pread(self._descriptor, size, 0)

    def _refuse_change(self) -> None:
        if signature(os.fstat(self._descriptor)) != self.signature:
            raise FileChanged("the file was written to while it was read")


@contextmanager
def open_file(path: bytes, *, follow_symlinks: bool = False) -> Iterator[File]:
    """Open a dump file for reading. Raises Skipped, and OSError when it cannot be opened."""
    descriptor = _open(path, follow_symlinks=follow_symlinks)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Skipped("not a regular file")
        yield File(descriptor, status)
    finally:
        os.close(descriptor)


def read_all(file: File, *, max_file: int) -> FileContent:
    """All of a file's bytes; one beyond `max_file` is only hashed. Raises FileChanged."""
    size = file.signature.size
    if size > max_file:
        fault = f"the file has {size:,} bytes, more than max_file ({max_file:,})"
        return FileContent(content=b"", sha256=file.sha256(), signature=file.signature, fault=fault)
    content = b"".join(file.chunks())
    return FileContent(content=content, sha256=sha256(content).digest(), signature=file.signature)


def read(path: bytes, *, max_file: int, follow_symlinks: bool = False) -> FileContent:
    """Read a whole file; one beyond `max_file` bytes is only hashed.

    Raises Skipped, FileChanged, and OSError when it cannot be opened.
    """
    with open_file(path, follow_symlinks=follow_symlinks) as file:
        return read_all(file, max_file=max_file)


def modified_at(sign: FileSignature) -> datetime:
    """When the file came, as far as anybody can know: its modification time, aware UTC."""
    try:
        return datetime.fromtimestamp(sign.mtime_ns / 1e9, UTC)
    except (ValueError, OverflowError, OSError):  # a clock set beyond the year 9999
        return datetime.max.replace(tzinfo=UTC)


def _open(path: bytes, *, follow_symlinks: bool) -> int:
    """Look before opening: opening a FIFO wakes its writer, opening a device may do anything."""
    mode = os.stat(path, follow_symlinks=follow_symlinks).st_mode
    if stat.S_ISLNK(mode):
        raise Skipped("a symbolic link (watch.follow_symlinks is off)")
    if not stat.S_ISREG(mode):
        raise Skipped("not a regular file")
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(path, flags if follow_symlinks else flags | os.O_NOFOLLOW)
