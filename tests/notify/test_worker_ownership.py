"""A worker whose channel may belong to another process, and a message that another process may have by now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.channel_health import ChannelState
from monitor.model import Delivery, Outcome
from monitor.notify.retry import Decision
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, DeliveryCounts, DeliveryHooks, DeliveryWorker
from monitor.testing import FrozenClock, MemoryChannelStates, MemoryOutbox
from tests.notify.facts import NOON, note
from tests.notify.fakes import ScriptedChannel


class SharedOutbox(MemoryOutbox):
    """An outbox that finds a claimed message again that was forgotten, and knows of burials, as one that is shared."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.is_held = True
        self.counts = True  # False: this process was buried

    def claim(self, *values: object, **named: object) -> Delivery | None:
        self.calls.append("claim")
        for row in self.rows:
            if row.state == "leased":
                row.state, row.attempts = "pending", row.attempts - 1
        return super().claim(*values, **named)  # type: ignore[arg-type]

    def next_due(self, channel: str, *, now: datetime, is_urgent_only: bool = False) -> datetime | None:
        self.calls.append("next_due")
        is_lost = any(row.state == "leased" for row in self.rows)
        return now if is_lost else super().next_due(channel, now=now, is_urgent_only=is_urgent_only)

    def holds(self, delivery: Delivery) -> bool:
        return self.is_held

    def retry(self, *values: object, **named: object) -> bool:
        return self.counts and super().retry(*values, **named)  # type: ignore[arg-type]

    def pending_since(self, channel: str) -> Sequence[tuple[datetime, bool]]:
        self.calls.append("pending_since")
        return super().pending_since(channel)


class Setup:
    """One worker with two messages."""

    def __init__(self, *script: Outcome) -> None:
        self.outbox = SharedOutbox()
        self.channel_states = MemoryChannelStates(self.outbox)
        self.channel = ScriptedChannel(*script, before=self._before)
        self.owned = True
        self.seen_busy: list[bool] = []
        self.loses_after: int | None = None  # so many sends, the channel is another process's
        self.decided: list[Decision] = []
        for number in (1, 2):
            self.outbox.enqueue(note(f"message {number}", "test"), key=f"{number}", now=NOON)
        context = DeliveryContext(
            outbox=self.outbox,
            channel_states=self.channel_states,
            clock=FrozenClock(NOON),
            jitter=lambda: 0.5,
            owns=lambda _channel: self.owned,
        )
        hooks = DeliveryHooks(on_decision=lambda _delivery, decision: self.decided.append(decision))
        self.worker = DeliveryWorker(self.channel, Policy(), context, hooks)

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


def test_a_verdict_that_comes_after_the_burial_of_its_process_changes_nothing() -> None:
    setup = Setup(*[Outcome.CHANNEL_REFUSED] * 2)
    setup.outbox.counts, setup.loses_after = False, 1
    setup.worker.deliver_due()
    assert (setup.channel_states.get("team"), setup.decided) == (ChannelState(), [])
    setup.outbox.counts, setup.owned, setup.loses_after = True, True, None
    setup.worker.deliver_due()
    assert (setup.channel_states.get("team").is_refused, len(setup.decided)) == (True, 1)
