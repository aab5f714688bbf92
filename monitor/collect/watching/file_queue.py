"""Queue settled files so that a small file never waits for a big one."""

from __future__ import annotations

from itertools import islice

SMALL = 1_000_000  # bytes; an ingest of such a file takes milliseconds


class FileQueue:
    """Two queues, for small and for big files, each in the order of arrival."""

    def __init__(self) -> None:
        self._small: dict[bytes, None] = {}
        self._big: dict[bytes, None] = {}

    def __len__(self) -> int:
        return len(self._small) + len(self._big)

    @property
    def small_count(self) -> int:
        """Return how many small files wait."""
        return len(self._small)

    def add(self, path: bytes, size: int) -> None:
        """Add a settled file; a waiting one keeps its place unless its size now belongs to the other queue."""
        queue, other = (self._small, self._big) if size <= SMALL else (self._big, self._small)
        other.pop(path, None)
        queue[path] = None

    def take_small(self, limit: int) -> list[bytes]:
        """Remove and return the next small files, at most `limit`."""
        return _take(self._small, limit)

    def small_files(self) -> list[bytes]:
        """Return the small files in their order; they stay."""
        return list(self._small)

    def drop_small(self, path: bytes) -> None:
        """Remove a small file."""
        del self._small[path]

    def take_big(self) -> list[bytes]:
        """Remove and return the next big file, if one waits."""
        return _take(self._big, 1)


def _take(queue: dict[bytes, None], limit: int) -> list[bytes]:
    taken = list(islice(queue, limit))
    for path in taken:
        del queue[path]
    return taken
