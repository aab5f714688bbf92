"""When a folder is scanned, and for how long → when it is scanned next. Pure; times are monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass

POLL = 5.0  # seconds between scans of a folder that gives no events
POLL_FACTOR, RESCAN_FACTOR, REQUEST_FACTOR = 20.0, 50.0, 2.0  # a scan rests that many times as long as it took


@dataclass(slots=True)
class _LastScan:
    ended: float | None = None  # None: never scanned
    took: float = 0.0
    is_requested: bool = False


class ScanSchedule:
    """Every folder's next scan; one that takes long comes less often, so it never takes the machine."""

    def __init__(self, *, rescan: float, poll: float = POLL) -> None:
        self._rescan = rescan
        self._poll = poll
        self._scans: dict[bytes, _LastScan] = {}

    def request(self, path: bytes) -> None:
        """Something may have been missed there: scan as soon as the last scan has rested a little."""
        self._scan_of(path).is_requested = True

    def is_requested(self, path: bytes, now: float) -> bool:
        """Whether a scan that was asked for is due; the first one is due at once."""
        of = self._scan_of(path)
        return of.is_requested and (of.ended is None or now >= of.ended + REQUEST_FACTOR * of.took)

    def is_due(self, path: bytes, now: float, *, is_polled: bool) -> bool:
        """Whether the steady pace asks for a scan."""
        of = self._scan_of(path)
        if of.ended is None:
            return True
        pause = max(self._poll, POLL_FACTOR * of.took) if is_polled else max(self._rescan, RESCAN_FACTOR * of.took)
        return now >= of.ended + pause

    def note_scan(self, path: bytes, *, began: float, ended: float) -> None:
        """It was scanned; what was asked for before it began is answered."""
        self._scans[path] = _LastScan(ended=ended, took=ended - began)

    def _scan_of(self, path: bytes) -> _LastScan:
        return self._scans.setdefault(path, _LastScan())
