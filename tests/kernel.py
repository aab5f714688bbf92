"""The kernel's limits of inotify are everybody's: a test that lowers or exhausts one runs alone on the machine.

@pytest.mark.alone                         # no other test runs beside it, not even one of another checkout
def test_…:
    with short_queue(16): …                # what begins to watch in here loses events beyond so many
    with no_instances(): …                 # nothing begins to watch in here
"""

from __future__ import annotations

import ctypes
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

import pytest

LOCKS = Path(gettempdir()) / f"monitor-tests-{os.getuid()}"
_LIMITS = Path("/proc/sys/fs/inotify")


@contextmanager
def lane(*, is_alone: bool, locks: Path = LOCKS) -> Iterator[None]:
    """Beside others that are not alone either; who waits to be alone keeps those waiting who come later."""
    locks.mkdir(exist_ok=True)
    with (locks / "door").open("w") as door, (locks / "room").open("w") as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


@contextmanager
def short_queue(events: int) -> Iterator[None]:
    """The kernel drops events beyond so many, of queues made within the block."""
    limit = _LIMITS / "max_queued_events"
    if not os.access(limit, os.W_OK):
        pytest.skip("only root may shorten the kernel's queue")
    with _lowered(limit, events):
        yield


@contextmanager
def no_instances() -> Iterator[None]:
    """The kernel refuses whoever wants to watch; where only root may say so, all that this user may have are taken."""
    limit = _LIMITS / "max_user_instances"
    with _lowered(limit, 0) if os.access(limit, os.W_OK) else _exhausted():
        yield


@contextmanager
def _lowered(limit: Path, value: int) -> Iterator[None]:
    before = limit.read_text("ascii")
    limit.write_text(str(value), "ascii")
    try:
        yield
    finally:
        limit.write_text(before, "ascii")


@contextmanager
def _exhausted() -> Iterator[None]:
    """The kernel frees them a little later than they are closed."""
    libc, taken = ctypes.CDLL(None), list[int]()
    try:
        while (descriptor := libc.inotify_init()) >= 0:
            taken.append(descriptor)
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
