"""The system's time, for everything that is handed a Clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Implements `monitor.ports.Clock`."""

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)
