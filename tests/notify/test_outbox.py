"""How a courier works through what is due."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from monitor.errors import StoreError
from monitor.model import Outcome
from monitor.notify.outbox import HEARTBEAT, Courier, Tally
from tests.notify.facts import NOON, verdict
from tests.notify.fakes import PING, ListOutbox, ScriptedChannel, SetClock


def courier(channel: ScriptedChannel, outbox: ListOutbox, clock: SetClock | None = None) -> Courier:
    return Courier(channel, outbox, clock=clock or SetClock(), jitter=lambda: 0.5)


def test_everything_due_is_sent_in_order_and_once() -> None:
    outbox, channel = ListOutbox(3), ScriptedChannel()
    assert courier(channel, outbox).deliver_due() == Tally(sent=3)
    assert channel.sent == [1, 2, 3]
    assert outbox.states() == ["sent"] * 3


def test_nothing_due_is_no_attempt() -> None:
    assert courier(ScriptedChannel(), ListOutbox()).deliver_due() == Tally()


def test_a_refused_message_dies_and_the_next_one_goes_out() -> None:
    outbox = ListOutbox(2)
    assert courier(ScriptedChannel(Outcome.REFUSED), outbox).deliver_due() == Tally(sent=1, buried=1)
    assert outbox.states() == ["dead", "sent"]
    assert outbox.rows[0].verdicts == [verdict(Outcome.REFUSED)]


@pytest.mark.parametrize(
    ("outcome", "rest"),
    [(Outcome.TRANSIENT, HEARTBEAT), (Outcome.UNCERTAIN, HEARTBEAT), (Outcome.CHANNEL_REFUSED, 600.0)],
)
def test_a_channel_that_is_down_is_not_asked_again_in_the_same_round(outcome: Outcome, rest: float) -> None:
    outbox, channel = ListOutbox(3), ScriptedChannel(Outcome.OK, outcome)
    assert courier(channel, outbox).deliver_due() == Tally(sent=1, retried=1, rest=rest)
    assert outbox.states() == ["sent", "pending", "pending"]
    assert channel.sent == [1, 2]


def test_a_failed_message_is_sent_again_when_its_wait_is_over_and_not_before() -> None:
    outbox, channel, clock = ListOutbox(1), ScriptedChannel(Outcome.TRANSIENT), SetClock()
    team = courier(channel, outbox, clock)
    team.deliver_due()
    clock.move(14.9)
    assert team.deliver_due() == Tally()
    clock.move(0.1)
    assert team.deliver_due() == Tally(sent=1)
    assert outbox.rows[0].delivery.attempt == 2


def test_the_rest_after_a_failure_is_as_long_as_the_service_asks() -> None:
    asked = verdict(Outcome.TRANSIENT, retry_after=120)
    outbox = ListOutbox(1)
    assert courier(ScriptedChannel(asked), outbox).deliver_due().rest == 120
    assert outbox.rows[0].due == NOON + timedelta(seconds=120)


def test_a_message_that_fails_beyond_its_age_is_buried_as_too_old() -> None:
    outbox = ListOutbox(1)
    late = verdict(Outcome.TRANSIENT, retry_after=73 * 3600)
    assert courier(ScriptedChannel(late), outbox).deliver_due().buried == 1
    assert "too old" in outbox.rows[0].verdicts[0].reason


def test_a_round_ends_between_messages_when_it_is_to_stop() -> None:
    stop = threading.Event()
    outbox, channel = ListOutbox(3), ScriptedChannel(before=stop.set)
    assert courier(channel, outbox).deliver_due(stop=stop) == Tally(sent=1)


@contextmanager
def running(team: Courier) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=team.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        team.wake()
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_run_sends_what_waits_and_then_what_it_is_woken_for() -> None:
    outbox, channel = ListOutbox(1), ScriptedChannel()
    team = courier(channel, outbox)
    with running(team):
        channel.wait_for(1)
        outbox.enqueue(PING, key="t", now=NOON)
        team.wake()
        assert channel.wait_for(2) == [1, 2]


def test_a_run_stops_at_once_even_while_its_channel_rests() -> None:
    asked = verdict(Outcome.TRANSIENT, retry_after=3600)
    channel = ScriptedChannel(asked)
    team = courier(channel, ListOutbox(2))
    with running(team):
        channel.wait_for(1)
        team.wake()
    assert channel.sent == [1]


def test_a_store_that_fails_is_told_and_the_run_goes_on() -> None:
    outbox, failures, told = ListOutbox(1), list[StoreError](), threading.Event()
    outbox.is_broken = True

    def on_trouble(error: StoreError) -> None:
        failures.append(error)
        told.set()

    channel = ScriptedChannel()
    team = Courier(channel, outbox, clock=SetClock(), jitter=lambda: 0.5, on_trouble=on_trouble)
    with running(team):
        assert told.wait(30)
    assert [type(error) for error in failures] == [StoreError]
    assert (channel.sent, outbox.states()) == ([], ["pending"])


@pytest.mark.parametrize(
    ("ahead", "wait"),
    [(None, HEARTBEAT), (3600, HEARTBEAT), (4, 4), (-5, 0)],
    ids=["nothing waits", "far ahead", "soon", "overdue"],
)
def test_an_idle_courier_waits_until_the_next_message_but_never_beyond_a_heartbeat(
    ahead: int | None, wait: float
) -> None:
    outbox = ListOutbox(0 if ahead is None else 1)
    for row in outbox.rows:
        row.due = NOON + timedelta(seconds=ahead or 0)
    assert courier(ScriptedChannel(), outbox)._until_due() == wait
