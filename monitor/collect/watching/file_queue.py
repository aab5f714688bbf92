"""Settled files → the order in which they are taken in: small ones never wait behind a big one. Pure."""

from __future__ import annotations

from itertools import islice

SMALL = 1_000_000  # bytes; up to here a take-in lasts milliseconds


class FileQueue:
    """Two queues by size; each keeps the order in which its files came."""

    def __init__(self) -> None:
        self._fast: dict[bytes, None] = {}
        self._bulk: dict[bytes, None] = {}

    def __len__(self) -> int:
        return len(self._fast) + len(self._bulk)

    def __contains__(self, path: bytes) -> bool:
        return path in self._fast or path in self._bulk

    @property
    def small(self) -> int:
        """How many small files wait."""
        return len(self._fast)

    def add(self, path: bytes, size: int) -> None:
        """A settled file; one that waits already keeps its place unless it has changed its lane."""
        lane, other = (self._fast, self._bulk) if size <= SMALL else (self._bulk, self._fast)
        other.pop(path, None)
        lane[path] = None

    def take_small(self, most: int) -> list[bytes]:
        """The next small files, at most so many; they wait no longer."""
        return _take(self._fast, most)

    def take_big(self) -> list[bytes]:
        """The next big file, if one waits."""
        return _take(self._bulk, 1)


def _take(lane: dict[bytes, None], most: int) -> list[bytes]:
    taken = list(islice(lane, most))
    for path in taken:
        del lane[path]
    return taken
