"""Take rights away from root, so that closed files are closed in tests that root runs too.

The user stays the same, so these tests need no folder that another user can reach.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_VERSION = 0x20080522  # of the kernel's capabilities(7), 64 bits wide
_OVERRIDE = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
_ROOT = Path(__file__).parent.parent
NOBODY = 65534
WITHOUT_OVERRIDE = f"""
import sys
sys.path.insert(0, {str(_ROOT)!r})
from monitor.cli import main
from tests.rights import give_up_override
give_up_override()
main()
"""


def give_up_override() -> None:
    """Respect the mode of every file from now on, in this thread and those it starts."""
    effective, permitted, inheritable = _capabilities()
    _set_capabilities(effective & ~_OVERRIDE, permitted & ~_OVERRIDE, inheritable)


@contextmanager
def without_override() -> Iterator[None]:
    """Respect the mode of every file within the block, in this thread and those it starts."""
    effective, permitted, inheritable = _capabilities()
    _set_capabilities(effective & ~_OVERRIDE, permitted, inheritable)
    try:
        yield
    finally:
        _set_capabilities(effective, permitted, inheritable)


@contextmanager
def not_root() -> Iterator[None]:
    """Be another user within the block; nothing in it may need a file of root."""
    before = os.geteuid()
    os.seteuid(before or NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def _capabilities() -> tuple[int, int, int]:
    """Return what this thread holds: effective, permitted and inheritable (the first 32 bits of each)."""
    words = (ctypes.c_uint32 * 6)()
    _call("capget", words)
    return words[0], words[1], words[2]


def _set_capabilities(effective: int, permitted: int, inheritable: int) -> None:
    words = (ctypes.c_uint32 * 6)()
    _call("capget", words)
    words[:3] = [effective, permitted, inheritable]
    _call("capset", words)


def _call(name: str, words: ctypes.Array[ctypes.c_uint32]) -> None:
    if sys.platform != "linux":
        return  # other systems have no capabilities; there an ordinary user runs the tests
    if getattr(ctypes.CDLL(None, use_errno=True), name)((ctypes.c_uint32 * 2)(_VERSION, 0), words):
        raise OSError(ctypes.get_errno(), name)
