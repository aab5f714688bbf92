"""Settled files → the order in which they are taken in: small ones never wait behind a big one. Pure."""

from __future__ import annotations

from itertools import islice

SMALL = 1_000_000  # bytes; up to here a take-in lasts milliseconds


class FileQueue:
    """Two queues by size; each keeps the order in which its files came."""

    def __init__(self) -> None:
        self._small: dict[bytes, None] = {}
        self._big: dict[bytes, None] = {}

    def __len__(self) -> int:
        return len(self._small) + len(self._big)

    def __contains__(self, path: bytes) -> bool:
        return path in self._small or path in self._big

    @property
    def small_count(self) -> int:
        """How many small files wait."""
        return len(self._small)

    def add(self, path: bytes, size: int) -> None:
        """A settled file; one that waits already keeps its place unless it has changed its lane."""
        lane, other = (self._small, self._big) if size <= SMALL else (self._big, self._small)
        other.pop(path, None)
        lane[path] = None

    def take_small(self, limit: int) -> list[bytes]:
        """The next small files, at most so many; they wait no longer."""
        return _take(self._small, limit)

    def take_big(self) -> list[bytes]:
        """The next big file, if one waits."""
        return _take(self._big, 1)


def _take(lane: dict[bytes, None], most: int) -> list[bytes]:
    taken = list(islice(lane, most))
    for path in taken:
        del lane[path]
    return taken
