"""A worker whose channel may belong to another process, and a message that another process may have by now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor.errors import StoreError
from monitor.model import Delivery
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, DeliveryCounts, DeliveryWorker
from monitor.testing import FrozenClock, MemoryChannelStates, MemoryOutbox
from tests.notify.facts import NOON, note
from tests.notify.fakes import ScriptedChannel


class ForgettingOutbox(MemoryOutbox):
    """An outbox that finds a claimed message again that was forgotten, as one that is shared does."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.is_held = True
        self.fails = False  # the next claim is stored, and its answer lost

    def claim(self, *values: object, **named: object) -> Delivery | None:
        self.calls.append("claim")
        leased = next((row for row in self.rows if row.state == "leased"), None)
        if leased:
            leased.state, leased.attempts = "pending", leased.attempts - 1
        found = super().claim(*values, **named)  # type: ignore[arg-type]
        if self.fails:
            self.fails = False
            raise StoreError("the connection is lost")
        return found

    def holds(self, delivery: Delivery) -> bool:
        return self.is_held

    def pending_since(self, channel: str) -> list[tuple[datetime, bool]]:
        self.calls.append("pending_since")
        return []


class Setup:
    """One worker with two messages."""

    def __init__(self) -> None:
        self.outbox = ForgettingOutbox()
        self.channel = ScriptedChannel(before=self._before)
        self.owned = True
        self.seen_busy: list[bool] = []
        self.loses_after: int | None = None  # so many sends, the channel is another process's
        for number in (1, 2):
            self.outbox.enqueue(note(f"message {number}", "test"), key=f"{number}", now=NOON)
        context = DeliveryContext(
            outbox=self.outbox,
            channel_states=MemoryChannelStates(self.outbox),
            clock=FrozenClock(NOON),
            jitter=lambda: 0.5,
        )
        self.worker = DeliveryWorker(self.channel, Policy(), replace(context, owns=lambda _channel: self.owned))

    def _before(self) -> None:
        self.seen_busy.append(self.worker.is_busy)
        self.owned = self.loses_after is None or len(self.seen_busy) < self.loses_after


def test_a_worker_of_anothers_channel_asks_the_store_for_nothing() -> None:
    setup = Setup()
    setup.owned = False
    assert setup.worker.deliver_due() == DeliveryCounts()
    assert (setup.channel.sent, setup.outbox.calls) == ([], [])


def test_a_channel_that_another_is_to_have_is_left_between_two_messages() -> None:
    setup = Setup()
    setup.loses_after = 1
    setup.worker.deliver_due()
    assert (setup.channel.sent, [row.state for row in setup.outbox.rows]) == ([1], ["sent", "pending"])
    assert (setup.seen_busy, setup.worker.is_busy) == ([True], False)


def test_a_message_that_another_process_may_have_is_not_sent_and_is_found_again() -> None:
    setup = Setup()
    setup.outbox.is_held = False
    setup.worker.deliver_due()
    assert (setup.channel.sent, [row.state for row in setup.outbox.rows]) == ([], ["leased", "pending"])
    setup.outbox.is_held = True
    setup.worker.deliver_due()
    assert setup.channel.sent == [1, 2]
    assert [(row.state, row.attempts) for row in setup.outbox.rows] == [("sent", 1), ("sent", 1)]


def test_a_claim_whose_answer_was_lost_is_made_again_though_nothing_else_is_due() -> None:
    setup = Setup()
    del setup.outbox.rows[1]
    setup.outbox.fails = True
    try:
        setup.worker.deliver_due()
    except StoreError:
        assert [row.state for row in setup.outbox.rows] == ["leased"]
    setup.worker.deliver_due()
    assert setup.channel.sent == [1]
    calls = len(setup.outbox.calls)
    setup.worker.deliver_due()
    assert setup.outbox.calls[calls:] == ["pending_since"]  # an answered claim needs no second one
