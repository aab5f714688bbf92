"""A path in a watched folder → a Dump, or the reason why it is none; the file is only ever read.

Opening is guarded: no link is followed unless allowed, and nothing but a regular file is read (opening a FIFO would
block for ever, a device never ends). What changes while it is read is not one state of the file and is refused.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from monitor.collect.folder import signature
from monitor.errors import FileChanged, MonitorError
from monitor.model import Signature

_CHUNK = 1 << 20


class Skipped(MonitorError):
    """This path is no dump file: a link, a FIFO, a folder; it is listed with this reason and left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A file's bytes with the signature they had from the first byte read to the last."""

    content: bytes  # empty where `fault` says why it was not kept
    sha256: bytes
    signature: Signature
    fault: str = ""


def read(path: bytes, *, max_file: int, follow_symlinks: bool = False) -> Content:
    """Read a whole file; one beyond `max_file` bytes is only hashed.

    Raises Skipped, FileChanged, and OSError when it cannot be opened.
    """
    descriptor = _open(path, follow_symlinks=follow_symlinks)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise Skipped("not a regular file")
        is_kept = before.st_size <= max_file
        digest, chunks, size = sha256(), list[bytes](), 0
        # A file that grows as fast as it is read would have no end, and no bound.
        while size <= before.st_size and (chunk := os.read(descriptor, _CHUNK)):
            size += len(chunk)
            digest.update(chunk)
            if is_kept:
                chunks.append(chunk)
        if size > before.st_size or signature(os.fstat(descriptor)) != signature(before):
            raise FileChanged("the file was written to while it was read")
    finally:
        os.close(descriptor)
    return Content(
        content=b"".join(chunks),
        sha256=digest.digest(),
        signature=signature(before),
        fault="" if is_kept else f"the file has {before.st_size:,} bytes, more than max_file ({max_file:,})",
    )


def arrival(sign: Signature) -> datetime:
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
