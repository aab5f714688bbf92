"""Provide a worker with its stores, a channel that answers from a script, and a store that can fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from monitor.channel_health import ChannelState
from monitor.errors import StoreError
from monitor.model import Delivery, Message, Outcome, Verdict
from monitor.notify.retry import Decision, Transition
from monitor.notify.send_time import Policy
from monitor.notify.unrecorded import UnrecordedAttempts
from monitor.notify.worker import DeliveryContext, DeliveryHooks, DeliveryWorker
from monitor.ports import Channel, ChannelStates, Outbox
from monitor.testing import FrozenClock, MemoryChannelStates, MemoryOutbox
from tests.notify.facts import NOON, note, notice, verdict

AT_ONCE = Policy()


class ScriptedChannel:
    """Gives the n-th send the n-th outcome, later ones OK; `wait_for` waits until so many were sent."""

    name = "team"

    def __init__(self, *script: Verdict | Outcome, before: Callable[[], None] = lambda: None) -> None:
        self._script = [one if isinstance(one, Verdict) else verdict(one) for one in script]
        self._before = before
        self._changed = threading.Condition()
        self.sent: list[int] = []

    def fits(self, message: Message) -> bool:
        return True

    def send(self, message: Message, *, delivery: str) -> Verdict:
        self._before()
        with self._changed:
            self.sent.append(int(delivery.partition("-")[0]))
            self._changed.notify_all()
            place = len(self.sent) - 1
        return self._script[place] if place < len(self._script) else verdict(Outcome.OK)

    def wait_for(self, count: int, timeout: float = 30) -> list[int]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.sent) >= count, timeout), f"only {self.sent} were sent"
            return list(self.sent)


class RaisingChannel:
    """Raises an error for some deliveries, or returns nothing where the error is None; accepts all others."""

    name = "team"

    def __init__(self, error: BaseException | None, *, broken: set[int]) -> None:
        self._error = error
        self._broken = broken

    def fits(self, message: Message) -> bool:
        return True

    def send(self, message: Message, *, delivery: str) -> Verdict:
        if int(delivery.partition("-")[0]) not in self._broken:
            return verdict(Outcome.OK)
        if self._error is None:
            return cast("Verdict", None)
        raise self._error


class FailingOutbox:
    """An outbox whose store fails in the methods named in `broken`; it counts the calls of all."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox
        self.broken: set[str] = set()
        self.broken_once: set[str] = set()  # these fail at the next call alone
        self.faults: dict[str, Exception] = {}  # other errors, by method
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._outbox, name)

        def call(*values: object, **named: object) -> object:
            self.calls.append(name)
            if name in self.broken or name in self.broken_once:
                self.broken_once.discard(name)
                raise StoreError("the disk is full; free some space")
            if name in self.faults:
                raise self.faults[name]
            return found(*values, **named)

        return call


class WorkerSetup:
    """One channel with its worker, outbox and states; the calls of its hooks are kept."""

    def __init__(self, channel: Channel, policy: Policy = AT_ONCE, *, notes: int = 0) -> None:
        self.channel = channel
        self.clock = FrozenClock(NOON)
        self.outbox = MemoryOutbox()
        self.channel_states = MemoryChannelStates(self.outbox)
        self.store = FailingOutbox(self.outbox)
        self.decisions: list[Decision] = []
        self.accepted: list[timedelta] = []
        self.transitions: list[tuple[Transition, ChannelState]] = []
        self.store_errors: list[StoreError] = []
        self.has_store_error = threading.Event()
        self.faults: list[tuple[str, Exception]] = []
        self.has_fault = threading.Event()
        self.unrecorded = UnrecordedAttempts()
        self.worker = self.next_worker(channel, policy)
        for number in range(1, notes + 1):
            self.enqueue(f"message {number}")

    def enqueue(self, text: str) -> None:
        """Queue a message that no dump caused."""
        self.outbox.enqueue(note(text, "test"), key=text, now=self.clock.now())

    def add_notices(self, *events: int, is_urgent: bool = False) -> None:
        """Add the notices of one dump."""
        now, dump = self.clock.now(), events[0]
        self.outbox.notices += [notice(event, since=now, dump=dump, is_urgent=is_urgent) for event in events]

    def pass_time(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))

    def now(self) -> datetime:
        return self.clock.now()

    def states(self) -> list[str]:
        return [row.state for row in self.outbox.rows]

    def channel_state(self) -> ChannelState:
        return self.channel_states.get("team")

    def next_worker(
        self, channel: Channel, policy: Policy = AT_ONCE, *, channel_states: ChannelStates | None = None
    ) -> DeliveryWorker:
        """Return a worker as a reload makes one: of the same process, on the same store."""

        def on_decision(_delivery: Delivery, decision: Decision) -> None:
            self.decisions.append(decision)

        def on_transition(_channel: str, change: Transition, channel_state: ChannelState) -> None:
            self.transitions.append((change, channel_state))

        def on_fault(channel: str, error: Exception) -> None:
            self.faults.append((channel, error))
            self.has_fault.set()

        def on_store_error(error: StoreError) -> None:
            self.store_errors.append(error)
            self.has_store_error.set()

        context = DeliveryContext(
            outbox=cast("Outbox", self.store),
            channel_states=channel_states or self.channel_states,
            clock=self.clock,
            jitter=lambda: 0.5,
            unrecorded=self.unrecorded,
        )
        return DeliveryWorker(
            channel,
            policy,
            context,
            DeliveryHooks(
                on_decision=on_decision,
                on_accepted=lambda _channel, since_due: self.accepted.append(since_due),
                on_transition=on_transition,
                on_store_error=on_store_error,
                on_fault=on_fault,
            ),
        )


def _fit(channel: Channel) -> None:
    """Type-checked only: the fake has the shape of the port."""


_fit(ScriptedChannel())
