"""Keep the attempts to send that have ended, until the store has recorded them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from monitor.errors import StoreError
from monitor.model import Delivery
from monitor.notify.guard import attempt, returned
from monitor.notify.retry import Decision


class EndedAttempt(NamedTuple):
    """An attempt to send, with what was decided on it."""

    delivery: Delivery
    decision: Decision
    at: datetime
    moved: timedelta  # of the clock, before the end of the attempt

    def after_move(self, moved: timedelta) -> EndedAttempt:
        """Return the attempt by the time of a clock that has been moved by so much in all."""
        by, due = moved - self.moved, self.decision.due
        decision = replace(self.decision, due=due + by) if due else self.decision
        return EndedAttempt(self.delivery, decision, self.at + by, moved)


class UnrecordedAttempts:
    """Ended attempts that are not recorded yet; a worker that ends leaves them to the next one of its process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[EndedAttempt] = []

    def add(self, attempt: EndedAttempt) -> None:
        """Keep an attempt until it is recorded."""
        self._waiting.append(attempt)

    def record_all(
        self,
        record: Callable[[EndedAttempt], Callable[[], object]],
        *,
        channel: str,
        transaction: Callable[[], AbstractContextManager[None]],
        claim: Callable[[], Delivery | None] = lambda: None,
    ) -> Delivery | None:
        """Record every attempt, oldest first, and claim the channel's next message, in one transaction.

        What `record` returns is called once that is durable. An attempt whose `record` raises StoreError is kept for
        the next time; all are kept where the transaction fails as a whole. Raises that error only for an attempt of
        `channel`, which claims nothing then. A claim that fails undoes nothing. Other threads wait meanwhile: no worker
        claims a message whose last attempt another worker is recording.
        """
        claimed: Delivery | BaseException | None = None
        with self._lock:
            waiting = tuple(self._waiting)  # others add to it meanwhile
            kept, failed, calls = list[EndedAttempt](), list[BaseException](), list[Callable[[], object]]()
            with transaction() if waiting else nullcontext():
                for ended in waiting:
                    result = attempt(partial(record, ended))
                    if isinstance(result, StoreError):  # any other error must not stop its channel forever
                        kept.append(ended)
                    if not isinstance(result, BaseException):
                        calls.append(result)
                    elif not isinstance(result, StoreError) or ended.delivery.message.channel == channel:
                        failed.append(result)
                claimed = None if failed else attempt(claim)
            self._waiting[: len(waiting)] = kept
            for call in calls:
                call()
        return returned(failed[0] if failed else claimed)
