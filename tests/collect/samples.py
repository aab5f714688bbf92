"""Provide a time zone, signatures and unusual files to the tests of this folder."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.collect.watching.folder import signature as signature_of
from monitor.model import FileSignature

LEVELS = 1_200  # of subfolders: more than Python's stack has frames
SEOUL = ZoneInfo("Asia/Seoul")


def signature(**parts: int) -> FileSignature:
    """A signature that differs from the usual one in these parts."""
    return FileSignature(**{"device": 1, "inode": 2, "size": 3, "mtime_ns": 4, "ctime_ns": 5, **parts})


def signed(path: Path) -> FileSignature:
    """The signature of a file that is there."""
    return signature_of(os.lstat(path))


def raw(folder: Path, name: bytes) -> bytes:
    """A path whose name is any bytes."""
    return os.fsencode(folder / os.fsdecode(name))


def put(path: bytes | Path, content: bytes = b"x", *, mtime: int | None = None) -> bytes:
    """Write a file, with a modification time (seconds) of its own if one is given; its path as bytes."""
    file = Path(os.fsdecode(path))
    file.write_bytes(content)
    if mtime is not None:
        os.utime(file, (mtime, mtime))
    return os.fsencode(file)


def nest(folder: Path, levels: int) -> bytes:
    """Make so many subfolders, one in the other, and a file in the last one; its path."""
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("x.txt", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    return os.fsencode(folder) + b"/d" * levels + b"/x.txt"
