"""Distrust the signature of a file that was read so soon after a write that the next write may leave it as it is.

A file system counts its times in grains: one tick of the kernel's clock, a second, or two (FAT, HFS+, ext3, many
servers). A file that was read within the grain of its last change and is rewritten to the same size within it keeps its
signature. As git does with such entries of its index, the ledger gets a smudged signature, which no file has: the file
is hashed once more later, also after a restart.
"""

from __future__ import annotations

from monitor.model import FileSignature

LOOK_AFTER = 3.0  # seconds from a reading to the second look: more than the coarsest grain
_SECOND = 1_000_000_000  # nanoseconds
_TICK = _SECOND // 50  # two ticks of the slowest kernel
_COARSE = 60 * _SECOND  # for whole seconds, as a server's clock may differ from ours
_SMUDGE = -1  # one nanosecond before 1970


def is_racy(signature: FileSignature, opened_at: int) -> bool:
    """Return whether a write after the reading could leave this signature. opened_at: when it began, in nanoseconds.

    A change time in the future is of a clock that was set back, or of a server's: it says nothing.
    """
    grain = _TICK if signature.ctime_ns % _SECOND else _COARSE
    return signature.ctime_ns > opened_at - grain


def smudged(signature: FileSignature) -> FileSignature:
    """Return the signature that stands for it in the ledger until a second look."""
    return signature._replace(ctime_ns=_SMUDGE)
