"""An outbox in memory, a clock that is set by hand, and a channel that answers from a script."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.errors import StoreError
from monitor.model import Delivery, Message, Outcome, Verdict
from monitor.ports import Channel, Clock, Outbox
from tests.notify.facts import NOON, delivery, note, verdict


class SetClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now = NOON

    def now(self) -> datetime:
        return self._now

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass(slots=True)
class Row:
    delivery: Delivery
    due: datetime
    state: str = "pending"
    verdicts: list[Verdict] = field(default_factory=list)


class ListOutbox:
    """Rows in a list; a test reads them as they are."""

    def __init__(self, count: int = 0) -> None:
        self.rows = [Row(delivery=delivery(n, attempt=0), due=NOON) for n in range(1, count + 1)]
        self.is_broken = False

    def states(self) -> list[str]:
        return [row.state for row in self.rows]

    def enqueue(self, message: Message, *, key: str, now: datetime) -> None:
        self.rows.append(Row(delivery=delivery(len(self.rows) + 1, attempt=0, told=message), due=now))

    def claim(self, channel: str, *, now: datetime) -> Delivery | None:
        if self.is_broken:
            raise StoreError("the disk is full; free some space")
        for row in self.rows:
            if row.state == "pending" and row.due <= now:
                row.state = "leased"
                row.delivery = replace(row.delivery, attempt=row.delivery.attempt + 1)
                return row.delivery
        return None

    def done(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> None:
        self._settle(delivery, verdict, "sent")

    def retry(self, delivery: Delivery, verdict: Verdict, *, due: datetime, now: datetime) -> None:
        self._settle(delivery, verdict, "pending").due = due

    def bury(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> None:
        self._settle(delivery, verdict, "dead")

    def expire(self, *, now: datetime) -> int:
        return 0

    def next_due(self, channel: str, *, now: datetime) -> datetime | None:
        if self.is_broken:
            raise StoreError("the disk is full; free some space")
        return min((row.due for row in self.rows if row.state == "pending"), default=None)

    def reclaim(self, *, now: datetime) -> int:
        return 0

    def _settle(self, delivery: Delivery, verdict: Verdict, state: str) -> Row:
        [row] = [row for row in self.rows if row.delivery == delivery and row.state == "leased"]
        row.state = state
        row.verdicts.append(verdict)
        return row


class ScriptedChannel:
    """Gives the n-th send the n-th outcome, later ones OK; `wait_for` waits until so many were sent."""

    name = "team"

    def __init__(self, *script: Verdict | Outcome, before: Callable[[], None] = lambda: None) -> None:
        self._script = [one if isinstance(one, Verdict) else verdict(one) for one in script]
        self._before = before
        self._changed = threading.Condition()
        self.sent: list[int] = []

    def send(self, message: Message, *, delivery: int) -> Verdict:
        self._before()
        with self._changed:
            self.sent.append(delivery)
            self._changed.notify_all()
            place = len(self.sent) - 1
        return self._script[place] if place < len(self._script) else verdict(Outcome.OK)

    def wait_for(self, count: int) -> list[int]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.sent) >= count, 30), f"only {self.sent} were sent"
            return list(self.sent)


def _fit(outbox: Outbox, clock: Clock, channel: Channel) -> None:
    """Type-checked only: the fakes have the shape of the ports."""


_fit(ListOutbox(), SetClock(), ScriptedChannel())
PING = note("a test", "test")
