"""The Outbox port in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from monitor.model import Delivery, Message, Verdict


@dataclass(slots=True, kw_only=True)
class Queued:
    """One message of a MemoryOutbox and how it fared."""

    id: int
    key: str
    message: Message
    due: datetime
    expires: datetime
    state: str = "pending"  # pending | leased | sent | dead
    attempts: int = 0
    outcomes: list[str] = field(default_factory=list)  # of the attempts that have ended; `unknown`: reclaimed
    reason: str | None = None  # of the last one; None: none has ended
    boot: object = None  # the outbox that claimed it last


class MemoryOutbox:
    """Implements `monitor.ports.Outbox`; a second one over the same `rows` is the next process on the same state."""

    def __init__(self, rows: list[Queued] | None = None) -> None:
        self.rows = [] if rows is None else rows

    def enqueue(self, message: Message, *, key: str, now: datetime) -> None:
        """See Outbox."""
        if all(row.key != key for row in self.rows):
            row = Queued(id=len(self.rows) + 1, key=key, message=message, due=now, expires=now + message.max_age)
            self.rows.append(row)

    def claim(self, channel: str, *, now: datetime) -> Delivery | None:
        """See Outbox."""
        row = next((row for row in self._waiting(channel, now) if row.due <= now), None)
        if row is None:
            return None
        row.state, row.attempts, row.boot = "leased", row.attempts + 1, self
        return Delivery(id=row.id, attempt=row.attempts, expires=row.expires, message=row.message)

    def done(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> None:
        """See Outbox."""
        self._settle(delivery, verdict, state="sent")

    def retry(self, delivery: Delivery, verdict: Verdict, *, due: datetime, now: datetime) -> None:
        """See Outbox."""
        self._settle(delivery, verdict, state="pending").due = due

    def bury(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> None:
        """See Outbox."""
        self._settle(delivery, verdict, state="dead")

    def next_due(self, channel: str, *, now: datetime) -> datetime | None:
        """See Outbox."""
        return min((row.due for row in self._waiting(channel, now)), default=None)

    def expire(self, *, now: datetime) -> int:
        """See Outbox."""
        expired = [row for row in self.rows if row.state == "pending" and row.expires <= now]
        for row in expired:
            row.state, row.reason = "dead", "older than max_age" + (f"; last: {row.reason}" if row.reason else "")
        return len(expired)

    def reclaim(self, *, now: datetime) -> int:
        """See Outbox."""
        orphans = [row for row in self.rows if row.state == "leased" and row.boot is not self]
        for row in orphans:
            row.state, row.due, row.reason = "pending", now, "the process ended during the send"
            row.outcomes.append("unknown")
        return len(orphans)

    def _waiting(self, channel: str, now: datetime) -> Iterator[Queued]:
        return (r for r in self.rows if r.message.channel == channel and r.state == "pending" and r.expires > now)

    def _settle(self, delivery: Delivery, verdict: Verdict, *, state: str) -> Queued:
        row = self.rows[delivery.id - 1]
        row.state, row.reason = state, verdict.reason
        row.outcomes.append(verdict.outcome)
        return row
