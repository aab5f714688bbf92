"""Schedule the scans of the folders; a scan that takes long is repeated less often.

All times are monotonic seconds.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

POLL = 5.0  # seconds between scans of a folder without events
POLL_FACTOR, RESCAN_FACTOR, REQUEST_FACTOR = 20.0, 50.0, 2.0  # times what the last scan took: the least wait


@dataclass(slots=True)
class _LastScan:
    ended: float | None = None  # None: never scanned
    seconds: float = 0.0
    is_requested: bool = False  # another one is


class ScanSchedule:
    """The times of the next scan of every folder."""

    def __init__(self, *, rescan: float, poll: float = POLL) -> None:
        self._rescan = rescan
        self._poll = poll
        self._scans = defaultdict[bytes, _LastScan](_LastScan)

    def request(self, path: bytes) -> None:
        """Request a scan as soon as possible, because something may have been missed."""
        self._scans[path].is_requested = True

    def is_requested(self, path: bytes, now: float) -> bool:
        """Return whether a requested scan is due; the first one is due at once."""
        last = self._scans[path]
        return last.is_requested and (last.ended is None or now >= last.ended + REQUEST_FACTOR * last.seconds)

    def is_due(self, path: bytes, now: float, *, is_polled: bool) -> bool:
        """Return whether a periodic scan is due."""
        last = self._scans[path]
        pause, factor = (self._poll, POLL_FACTOR) if is_polled else (self._rescan, RESCAN_FACTOR)
        return last.ended is None or now >= last.ended + max(pause, factor * last.seconds)

    def note_scan(self, path: bytes, *, began: float, ended: float) -> None:
        """Note a scan; it answers every request made before it began."""
        self._scans[path] = _LastScan(ended=ended, seconds=ended - began)
