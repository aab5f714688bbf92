"""Whatever happens around one send is one failed attempt of one message; the thread that delivers goes on."""

from __future__ import annotations

import threading

import pytest

from monitor.model import Message, Outcome, Verdict
from monitor.notify.guard import GuardedChannel
from monitor.notify.worker import DeliveryCounts
from tests.notify.facts import verdict
from tests.notify.fakes import RaisingChannel, ScriptedChannel, WorkerSetup
from tests.notify.services import PING


@pytest.mark.parametrize(
    "fault",
    [RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError, MemoryError, BaseException],
)
def test_whatever_a_send_raises_is_a_failed_attempt_of_one_message(fault: type[BaseException]) -> None:
    setup = WorkerSetup(RaisingChannel(fault("secret"), broken={1}), notes=3)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=2, retried=1)
    assert setup.states() == ["pending", "sent", "sent"]
    assert setup.channel_state().failures == 0
    assert fault.__name__ in setup.decisions[0].verdict.reason
    assert "secret" not in setup.decisions[0].verdict.reason


def test_a_message_that_can_never_be_sent_waits_longer_and_longer_and_expires() -> None:
    channel = RaisingChannel(ValueError(), broken={1})
    setup = WorkerSetup(channel, notes=1)
    for _ in range(5):
        setup.worker.deliver_due()
        setup.pass_time(minutes=10)
    waits = [decision.due for decision in setup.decisions if decision.due]
    assert len(waits) == setup.outbox.rows[0].attempts == 5
    setup.enqueue("a good one")
    assert setup.worker.deliver_due().sent == 1
    setup.pass_time(hours=73)
    assert setup.outbox.expire(now=setup.now()) == {"team": 1}


def test_a_channel_that_returns_no_verdict_has_not_accepted() -> None:
    setup = WorkerSetup(RaisingChannel(None, broken={1}), notes=2)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1, retried=1)


def test_a_fault_of_the_monitor_ends_a_round_and_not_the_thread() -> None:
    setup = WorkerSetup(ScriptedChannel(), notes=1)
    setup.store.faults["claim"] = ValueError("a stored message that cannot be read")
    assert setup.worker.deliver_due() == DeliveryCounts(retried=1)
    assert [(channel, type(error)) for channel, error in setup.faults] == [("team", ValueError)]
    setup.store.faults.clear()
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)


@pytest.mark.parametrize("method", ["next_due", "claim", "pending_since"])
def test_a_thread_outlives_a_fault_of_the_monitor_and_rests_after_it(method: str) -> None:
    setup, stop = WorkerSetup(channel := ScriptedChannel(), notes=1), threading.Event()
    setup.store.faults[method] = ValueError("a stored row that cannot be read")
    thread = threading.Thread(target=setup.worker.run, args=(stop,))
    thread.start()
    try:
        assert setup.has_fault.wait(30)
        setup.store.faults.clear()
        assert (len(setup.faults), channel.sent) == (1, [])  # it waits until it is woken
        setup.worker.wake()
        channel.wait_for(1)
    finally:
        stop.set()
        setup.worker.wake()
        thread.join(30)


class HangingChannel:
    """Ends its first send only when it may."""

    name = "team"

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.has_ended = threading.Event()

    def fits(self, message: Message) -> bool:
        return True

    def send(self, message: Message, *, delivery: str) -> Verdict:
        self.may_end.wait()
        self.has_ended.set()
        return verdict(Outcome.OK)


def test_a_send_that_hangs_is_given_up_as_uncertain_and_no_other_starts_beside_it() -> None:
    hanging = HangingChannel()
    guarded = GuardedChannel(hanging, timeout=0.05)
    first, second = guarded.send(PING, delivery="1"), guarded.send(PING, delivery="2")
    assert (first.outcome, second.outcome) == (Outcome.UNCERTAIN, Outcome.TRANSIENT)
    assert "did not end within" in first.reason
    assert "earlier send" in second.reason
    assert not hanging.has_ended.is_set()
    hanging.may_end.set()
    for thread in threading.enumerate():
        if thread.name == "send-team":
            thread.join(30)
    assert guarded.send(PING, delivery="3").outcome is Outcome.OK


def test_a_system_without_threads_delays_the_message() -> None:
    setup = WorkerSetup(ScriptedChannel(), notes=1)
    usual = threading.stack_size(2**46)  # more than any system has for the next thread
    try:
        assert setup.worker.deliver_due() == DeliveryCounts(retried=1)
    finally:
        threading.stack_size(usual)
    assert "thread" in setup.decisions[0].verdict.reason
    assert setup.channel_state().failures == 1
    setup.pass_time(seconds=30)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)
