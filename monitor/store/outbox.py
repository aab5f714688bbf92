"""The Outbox port on SQLite: attempts are written before the send, so a crash in it can be told."""

from __future__ import annotations

import uuid
from datetime import datetime

from monitor.model import Delivery, Message, Outcome, Verdict
from monitor.store.database import Handle
from monitor.store.rows import moment, pack_message, read_moment, unpack_message


class SqliteOutbox:
    """Implements `monitor.ports.Outbox`; one per process, whose `boot` marks the attempts that are its own."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._boot = uuid.uuid4().hex

    def enqueue(self, message: Message, *, key: str, now: datetime) -> None:
        """See Outbox."""
        with self._handle.transaction():
            self._handle.all(
                "add_message",
                key=key,
                channel=message.channel,
                kind=message.kind,
                payload=pack_message(message),
                at=moment(now),
                expires=moment(now + message.max_age),
            )

    def claim(self, channel: str, *, now: datetime) -> Delivery | None:
        """See Outbox."""
        with self._handle.transaction():
            row = self._handle.one("lease", channel=channel, now=moment(now))
            if row is None:
                return None
            self._handle.all("open_attempt", message=row["id"], n=row["attempts"], boot=self._boot, now=moment(now))
        return Delivery(
            id=row["id"],
            attempt=row["attempts"],
            expires=read_moment(row["expires_at"]),
            message=unpack_message(row["payload_json"]),
        )

    def done(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> None:
        """See Outbox."""
        self._settle(delivery, verdict, state="sent", due=None, now=now)

    def retry(self, delivery: Delivery, verdict: Verdict, *, due: datetime, now: datetime) -> None:
        """See Outbox."""
        self._settle(delivery, verdict, state="pending", due=due, now=now)

    def bury(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> None:
        """See Outbox."""
        self._settle(delivery, verdict, state="dead", due=None, now=now)

    def next_due(self, channel: str, *, now: datetime) -> datetime | None:
        """See Outbox."""
        due = self._handle.all("next_due", channel=channel, now=moment(now))[0][0]
        return read_moment(due) if due else None

    def expire(self, *, now: datetime) -> int:
        """See Outbox."""
        with self._handle.transaction():
            return len(self._handle.all("expire", now=moment(now)))

    def reclaim(self, *, now: datetime) -> int:
        """See Outbox."""
        with self._handle.transaction():
            self._handle.all("close_orphans", boot=self._boot, now=moment(now))
            freed = self._handle.all("free_orphans", now=moment(now))
        return len(freed)

    def _settle(self, delivery: Delivery, verdict: Verdict, *, state: str, due: datetime | None, now: datetime) -> None:
        with self._handle.transaction():
            self._handle.all(
                "close_attempt",
                message=delivery.id,
                n=delivery.attempt,
                outcome=verdict.outcome,
                code=verdict.code,
                reason=verdict.reason,
                now=moment(now),
            )
            self._handle.all(
                "settle",
                message=delivery.id,
                state=state,
                due=due and moment(due),
                outcome=verdict.outcome,
                reason=verdict.reason,
                sent_at=moment(now) if verdict.outcome is Outcome.OK else None,
            )
