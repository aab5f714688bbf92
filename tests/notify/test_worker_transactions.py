"""A worker on SQLite records a verdict and claims the next message in one transaction, and loses neither."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest

from monitor.errors import StoreError
from monitor.model import Delivery
from monitor.notify.retry import Action, Decision
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, DeliveryCounts, DeliveryHooks, DeliveryWorker
from monitor.store.channel_states import SqlChannelStates
from monitor.store.outbox import SqlOutbox
from monitor.store.sqlite.database import FILE, open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.testing import NOON, FrozenClock
from tests.notify.facts import note
from tests.notify.fakes import ScriptedChannel


class UnluckyOutbox(SqlOutbox):
    """An outbox whose transactions, or whose claims from the n-th one on, fail."""

    fails_at_commit = False
    claims_left = 1_000

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            if self.fails_at_commit:
                raise StoreError("the disk is full; free some space")

    def claim(
        self, channel: str, *, now: datetime, is_urgent_only: bool = False, tokens: float | None = None
    ) -> Delivery | None:
        self.claims_left -= 1
        if self.claims_left < 0:
            raise StoreError("a stored value cannot be read")
        return super().claim(channel, now=now, is_urgent_only=is_urgent_only, tokens=tokens)


class Setup:
    """A worker on a real store with three messages."""

    def __init__(self, handle: Handle, state: Path) -> None:
        self.handle, self.state = handle, state
        self.outbox = UnluckyOutbox(handle)
        self.seen: list[list[str]] = []  # the states of all messages at each send, for another process
        self.channel = ScriptedChannel(before=lambda: self.seen.append(self.states()))
        self.decided: list[Action] = []
        self.faults: list[str] = []
        for number in range(1, 4):
            self.outbox.enqueue(note(f"message {number}", "test"), key=f"{number}", now=NOON)
        self.worker = self.worker_with(lambda _delivery, decision: self.decided.append(decision.action))

    def worker_with(self, on_decision: object) -> DeliveryWorker:
        assert callable(on_decision)
        context = DeliveryContext(
            outbox=self.outbox,
            channel_states=SqlChannelStates(self.handle),
            clock=FrozenClock(),
            jitter=lambda: 0.5,
        )
        hooks = DeliveryHooks(
            on_decision=on_decision, on_fault=lambda _channel, error: self.faults.append(type(error).__name__)
        )
        return DeliveryWorker(self.channel, Policy(), context, hooks)

    def states(self) -> list[str]:
        with closing(sqlite3.connect(self.state / FILE)) as other:
            return [row[0] for row in other.execute("SELECT state FROM message ORDER BY id")]

    def commits(self) -> int:
        return self.handle.generation()[1]


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    with closing(open_for_writing(tmp_path / "state")) as handle:
        yield Setup(handle, tmp_path / "state")


def test_each_message_costs_one_commit_and_the_first_one_more(setup: Setup) -> None:
    before = setup.commits()
    assert setup.worker.deliver_due() == DeliveryCounts(sent=3)
    assert setup.commits() - before == 3 + 1


def test_a_claim_is_durable_before_its_send_and_so_is_the_verdict_before_it(setup: Setup) -> None:
    setup.worker.deliver_due()
    assert setup.seen == [["leased", "pending", "pending"], ["sent", "leased", "pending"], ["sent", "sent", "leased"]]


def test_a_commit_that_fails_keeps_the_verdict_and_sends_nothing_more(setup: Setup) -> None:
    def break_it() -> None:
        setup.outbox.fails_at_commit = True

    setup.channel._before = break_it
    for _ in range(2):
        with pytest.raises(StoreError):
            setup.worker.deliver_due()
    assert (setup.channel.sent, setup.states(), setup.decided) == ([1], ["leased", "pending", "pending"], [])
    setup.outbox.fails_at_commit, setup.channel._before = False, lambda: None
    assert setup.worker.deliver_due() == DeliveryCounts(sent=2)
    assert (setup.channel.sent, setup.states(), setup.decided) == ([1, 2, 3], ["sent"] * 3, [Action.DONE] * 3)


def test_a_claim_that_fails_undoes_no_verdict(setup: Setup) -> None:
    setup.outbox.claims_left = 1
    with pytest.raises(StoreError):
        setup.worker.deliver_due()
    assert (setup.channel.sent, setup.states()) == ([1], ["sent", "pending", "pending"])
    assert setup.decided == [Action.DONE]


def test_a_hook_is_called_for_what_is_durable_and_may_fail(setup: Setup) -> None:
    seen: list[list[str]] = []

    def fail(_delivery: Delivery, _decision: Decision) -> None:
        seen.append(setup.states())
        raise ValueError("of a hook")

    with suppress(ValueError):
        setup.worker_with(fail).deliver_due()
    assert (setup.channel.sent, setup.states(), setup.faults) == ([1, 2, 3], ["sent"] * 3, ["ValueError"] * 3)
    assert seen == [["sent", "leased", "pending"], ["sent", "sent", "leased"], ["sent"] * 3]
