"""Read and replace small files of a state folder, which a power cut, another version or a person may have damaged."""

from __future__ import annotations

import errno
import json
import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

MAX_SIZE = 1_000_000  # bytes; a file beyond that is none of ours
_PASSING = frozenset(
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EIO", "ENOLCK", "EAGAIN", "EBUSY", "EINTR", "ENOMEM", "ENFILE", "EMFILE"),
        *("ESTALE", "ETIMEDOUT", "ENODEV", "ENXIO", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "ENETUNREACH"),
        *("ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EREMOTEIO", "ENOENT", "ENOMEDIUM"),
    )
    if hasattr(errno, name)
)
PRIVATE = 0o600  # whatever the umask: who may open a file may also lock it


def replace_file(path: Path, content: str) -> None:
    """Replace a file by one that is complete, on the disk and private, or leave it as it was. Raises OSError."""
    made = path.with_name(f".{path.name}.new")
    write_cache(made, content)
    sync(made)
    made.replace(path)
    sync(path.parent)


def write_cache(path: Path, content: str) -> None:
    """Write a private file anew; nothing waits until it is on the disk. Raises OSError."""
    path.unlink(missing_ok=True)
    create_private(path, like=path.parent.stat())
    path.write_text(content, "utf-8", "surrogateescape")


def create_private(path: Path, *, like: os.stat_result | None = None, mode: int = PRIVATE) -> None:
    """Create an empty file that only its owner may open. Raises FileExistsError, OSError.

    like: a file or folder whose owner and group it gets as far as this process may give files away, which root may.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    try:
        _give_away(descriptor, like)
        os.fchmod(descriptor, mode)  # also where the umask took a right away
    finally:
        os.close(descriptor)


def create_folder(path: Path) -> None:
    """Create a folder that only its owner may open, and its parents; one made by root gets its parent's owner."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True, mode=0o700 if each == path else 0o777)
        descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _give_away(descriptor, each.parent.stat())
        finally:
            os.close(descriptor)


def owner_of(path: Path) -> os.stat_result:
    """Return a status with the owner of a file that is replaced; of its folder, where root owns it or it is missing.

    What root writes for a service must stay open to the user that the service runs as.
    """
    folder = path.parent.stat()
    try:
        found = path.lstat()
    except OSError:
        return folder
    return found if stat.S_ISREG(found.st_mode) and found.st_uid else folder


def user_name(user: int) -> str:
    """Return the name of a user, or the number where the system knows no name."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _give_away(descriptor: int, like: os.stat_result | None) -> None:
    """Give a file that was just created to an owner; through its descriptor, which nobody can exchange."""
    if like is not None:
        with suppress(OSError):  # no such right here, or an owner that this container does not know
            os.fchown(descriptor, -1 if os.geteuid() else like.st_uid, like.st_gid)


def sync(path: Path) -> None:
    """Wait until the content of a file or a folder is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def socket_path(path: Path) -> Iterator[str]:
    """Yield the path of a unix socket through a descriptor of its folder, where the system shows descriptors as files.

    A socket's path has 107 bytes at most, and a state folder's may be longer.
    """
    if not Path("/proc/self/fd").is_dir():
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def read_bytes(path: Path) -> bytes | None:
    """Return the content of a small file; None: there is none, or it is a folder, a pipe, too large, not readable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would be waited for
    except OSError:
        return None
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        content = os.read(descriptor, MAX_SIZE + 1) if is_file else None
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return content if content is not None and len(content) <= MAX_SIZE else None


def read_object(path: Path) -> Mapping[str, Any]:
    """Return the JSON object that a small file holds; empty: it holds none."""
    content = read_bytes(path)
    return parse_object(content.decode("utf-8", "surrogateescape")) if content else {}


def is_passing(error: OSError) -> bool:
    """Return whether an error may end by itself: a full disk, a disk or server that does not answer, a late mount."""
    return error.errno in _PASSING


def parse_object(text: str) -> Mapping[str, Any]:
    """Return the JSON object of a text; empty: it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: thousands of brackets
        return {}
    return found if isinstance(found, dict) else {}
