"""Messages that are due on one channel → sent one after another, each with its verdict recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from monitor.errors import StoreError
from monitor.model import Delivery
from monitor.notify.due import Move, Step, next_step
from monitor.ports import Channel, Clock, Outbox

HEARTBEAT = 15.0  # seconds; bounds the lag after a suspend, a clock jump or a lost wake-up


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one round came to."""

    sent: int = 0
    retried: int = 0
    buried: int = 0
    rest: float = 0.0  # seconds before the channel should be tried again; 0: it is well


class Courier:
    """Carries one channel's messages, in order, in one thread; channels never wait for one another."""

    def __init__(
        self,
        channel: Channel,
        outbox: Outbox,
        *,
        clock: Clock,
        jitter: Callable[[], float],
        on_step: Callable[[Delivery, Step], None] = lambda _delivery, _step: None,
        on_trouble: Callable[[StoreError], None] = lambda _error: None,
    ) -> None:
        self.channel = channel
        self._outbox = outbox
        self._clock = clock
        self._jitter = jitter
        self._on_step = on_step
        self._on_trouble = on_trouble
        self._woken = threading.Event()

    def deliver_due(self, *, stop: threading.Event | None = None) -> Tally:
        """Send everything that is due now, until the channel turns out to be down or `stop` is set."""
        moves = dict.fromkeys(Move, 0)
        rest = 0.0
        while not rest and not (stop and stop.is_set()):
            delivery = self._next()
            if delivery is None:
                break
            step = self._attempt(delivery)
            moves[step.move] += 1
            rest = max(HEARTBEAT, step.rest.total_seconds()) if step.is_channel_down else 0.0
        return Tally(sent=moves[Move.DONE], retried=moves[Move.RETRY], buried=moves[Move.BURY], rest=rest)

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop`; set it, then call `wake`.

        After a failure of the channel the rest is kept even when woken, or every new message would knock again. A
        store that fails, because it is locked or its disk is full, is a pause: it is told, and tried again.
        """
        while not stop.is_set():
            self._woken.clear()
            try:
                tally = self.deliver_due(stop=stop)
                until_due = self._until_due()
            except StoreError as error:
                self._on_trouble(error)
                stop.wait(HEARTBEAT)
                continue
            if tally.rest:
                stop.wait(tally.rest)
            elif not stop.is_set():
                self._woken.wait(until_due)

    def wake(self) -> None:
        """Look again now: something was committed, or the run is to stop. From any thread, at no cost."""
        self._woken.set()

    def _next(self) -> Delivery | None:
        """Claim what is due; look first without writing, so that an idle channel asks nothing of a busy store."""
        now = self._clock.now()
        due = self._outbox.next_due(self.channel.name, now=now)
        return self._outbox.claim(self.channel.name, now=now) if due is not None and due <= now else None

    def _attempt(self, delivery: Delivery) -> Step:
        """One claimed message on its way and its verdict in the outbox; no transaction is open while it travels."""
        verdict = self.channel.send(delivery.message, delivery=delivery.id)
        now = self._clock.now()
        step = next_step(verdict, delivery, now=now, jitter=self._jitter())
        if step.due is not None:
            self._outbox.retry(delivery, step.verdict, due=step.due, now=now)
        elif step.move is Move.DONE:
            self._outbox.done(delivery, step.verdict, now=now)
        else:
            self._outbox.bury(delivery, step.verdict, now=now)
        self._on_step(delivery, step)
        return step

    def _until_due(self) -> float:
        """Seconds until the next message is due, at most a heartbeat."""
        now = self._clock.now()
        due = self._outbox.next_due(self.channel.name, now=now)
        return HEARTBEAT if due is None else min(max((due - now).total_seconds(), 0.0), HEARTBEAT)
