"""How a courier makes messages of what waits, and works through what is due."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta

import pytest

from monitor.errors import StoreError
from monitor.model import ChannelState, Message, Outcome, Rate, Verdict
from monitor.notify.retry import Action, Transition
from monitor.notify.send_time import Policy
from monitor.notify.time_windows import Digest, Quiet
from monitor.notify.worker import HEARTBEAT, DeliveryContext, DeliveryCounts, DeliveryWorker
from monitor.testing import FrozenClock, MemoryChannelStates, MemoryOutbox
from tests.notify.facts import NOON, note, verdict
from tests.notify.fakes import Desk, ScriptedChannel

NIGHT = Quiet(start=time(11), end=time(13))
DAILY = Digest(at=time(13))
HOUR = timedelta(hours=1)


def test_everything_due_is_sent_in_order_and_once() -> None:
    channel = ScriptedChannel()
    commands = Desk(channel, notes=3)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=3)
    assert (channel.sent, commands.states()) == ([1, 2, 3], ["sent"] * 3)
    assert commands.worker.deliver_due() == DeliveryCounts()


def test_notices_become_messages_and_are_sent() -> None:
    commands = Desk(ScriptedChannel())
    commands.tell(1, 2)
    commands.tell(3, is_urgent=True)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=2)
    assert [[item.release for item in row.message.items] for row in commands.outbox.rows] == [[3], [1, 2]]
    assert commands.outbox.notices == []


@pytest.mark.parametrize("policy", [Policy(digest=DAILY), Policy(quiet=NIGHT)], ids=["digest", "quiet hours"])
def test_what_waits_for_its_moment_is_not_read_before_it_comes(policy: Policy) -> None:
    commands = Desk(ScriptedChannel(), policy)
    commands.tell(1, 2)
    for _ in range(3):
        assert commands.worker.deliver_due() == DeliveryCounts()
        commands.pass_time(minutes=1)
    assert "pending_notices" not in commands.store.calls, (
        "a courier looks every fifteen seconds, and thousands may wait"
    )
    commands.pass_time(hours=1)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1)


def test_what_a_flood_holds_back_is_not_read_before_it_ends() -> None:
    commands = Desk(ScriptedChannel(), Policy(max_per_hour=1))
    commands.tell(1)
    commands.tell(2)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1)
    commands.store.calls.clear()
    commands.pass_time(minutes=59)
    assert commands.worker.deliver_due() == DeliveryCounts()
    assert "pending_notices" not in commands.store.calls
    commands.pass_time(minutes=1)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1)


def test_a_refused_message_dies_and_the_next_one_goes_out() -> None:
    commands = Desk(ScriptedChannel(Outcome.REFUSED), notes=2)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1, buried=1)
    assert commands.states() == ["dead", "sent"]
    assert (commands.outbox.rows[0].reason, commands.steps[0].action) == ("as scripted", Action.BURY)


@pytest.mark.parametrize("outcome", [Outcome.TRANSIENT, Outcome.UNCERTAIN, Outcome.CHANNEL_REFUSED])
def test_a_channel_that_is_down_is_not_asked_again_in_the_same_round(outcome: Outcome) -> None:
    channel = ScriptedChannel(Outcome.OK, outcome)
    commands = Desk(channel, notes=3)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1, retried=1, is_behind=True)
    assert (commands.states(), channel.sent) == (["sent", "pending", "pending"], [1, 2])


def test_a_failed_message_is_sent_again_when_its_wait_is_over_and_not_before() -> None:
    commands = Desk(ScriptedChannel(Outcome.TRANSIENT), notes=1)
    commands.worker.deliver_due()
    commands.pass_time(seconds=14.9)
    assert commands.worker.deliver_due() == DeliveryCounts()
    commands.pass_time(seconds=0.1)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1)
    assert commands.outbox.rows[0].attempts == 2


def test_the_rest_after_a_failure_is_as_long_as_the_service_asks() -> None:
    commands = Desk(ScriptedChannel(verdict(Outcome.TRANSIENT, retry_after=120)), notes=2)
    commands.worker.deliver_due()
    assert commands.channel_state().opened_until == commands.outbox.rows[0].due == NOON + timedelta(seconds=120)
    commands.pass_time(seconds=119)
    assert commands.worker.deliver_due() == DeliveryCounts(is_behind=True)  # the second one is due
    commands.pass_time(seconds=1)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=2)


def test_a_message_that_fails_beyond_its_age_is_buried_as_too_old() -> None:
    commands = Desk(ScriptedChannel(verdict(Outcome.TRANSIENT, retry_after=73 * 3600)), notes=1)
    assert commands.worker.deliver_due().buried == 1
    assert "too old" in str(commands.outbox.rows[0].reason)


def test_what_may_have_arrived_is_held_where_nothing_is_to_come_twice() -> None:
    commands = Desk(ScriptedChannel(Outcome.UNCERTAIN), Policy(holds_uncertain=True), notes=1)
    assert commands.worker.deliver_due() == DeliveryCounts(held=1)
    commands.pass_time(days=9)
    assert (commands.worker.deliver_due(), commands.states()) == (DeliveryCounts(), ["held"])


def test_a_round_ends_between_messages_when_it_is_to_stop() -> None:
    stop = threading.Event()
    commands = Desk(ScriptedChannel(before=stop.set), notes=3)
    assert commands.worker.deliver_due(stop=stop) == DeliveryCounts(sent=1, is_behind=True)


# --- a channel that fails, is muted, or is to be left in peace -----------------------------------------------------


def test_five_failures_open_a_channel_one_probe_closes_it_and_both_are_told_once() -> None:
    channel = ScriptedChannel(*[Outcome.TRANSIENT] * 7)
    commands = Desk(channel, notes=9)
    probes = []
    for _ in range(30):
        before = len(channel.sent)
        commands.worker.deliver_due()
        if len(channel.sent) > before:
            probes.append((int((commands.now() - NOON).total_seconds()), len(channel.sent) - before))
        commands.pass_time(seconds=15)
    assert probes == [(0, 1), (15, 1), (30, 1), (45, 1), (60, 1), (120, 1), (240, 1)]
    commands.pass_time(seconds=30)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=9)
    assert [(turned, channel_state.failures) for turned, channel_state in commands.turns] == [
        (Transition.OPENED, 5),
        (Transition.RECOVERED, 7),
    ]
    assert commands.channel_state() == ChannelState()


def test_a_channel_that_refuses_everything_is_left_alone_until_it_is_resumed() -> None:
    channel = ScriptedChannel(Outcome.CHANNEL_REFUSED)
    commands = Desk(channel, notes=2)
    commands.worker.deliver_due()
    commands.pass_time(days=2)
    assert (commands.worker.deliver_due(), channel.sent) == (DeliveryCounts(is_behind=True), [1])
    commands.board.resume("team", now=commands.now())
    assert (commands.worker.deliver_due(), channel.sent) == (DeliveryCounts(sent=2), [1, 1, 2])


def test_a_mute_holds_what_is_pending_and_what_comes_and_ended_lets_all_go() -> None:
    channel = ScriptedChannel()
    commands = Desk(channel, notes=1)
    commands.board.mute("team", until=NOON + 8 * HOUR)
    commands.tell(1)
    commands.tell(2, is_urgent=True)
    assert commands.worker.deliver_due() == DeliveryCounts()
    commands.pass_time(hours=1)
    commands.board.mute("team", until=commands.now())
    assert commands.worker.deliver_due() == DeliveryCounts(sent=3)


def test_a_mute_longer_than_max_age_buries_nothing() -> None:
    commands = Desk(ScriptedChannel(), notes=1)
    commands.board.mute("team", until=NOON + timedelta(days=9))
    commands.pass_time(days=9)
    assert commands.outbox.expire(now=commands.now()) == {}
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1)


def test_quiet_hours_hold_a_retry_too_and_let_the_urgent_pass() -> None:
    channel = ScriptedChannel(Outcome.TRANSIENT)
    commands = Desk(channel, Policy(quiet=Quiet(start=time(12, 0, 10), end=time(13))), notes=1)
    assert commands.worker.deliver_due().retried == 1
    commands.pass_time(minutes=1)
    commands.tell(1)
    commands.tell(2, is_urgent=True)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1)
    assert channel.sent == [1, 2]
    commands.pass_time(hours=1)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=2)
    assert commands.states() == ["sent"] * 3


def test_a_digest_and_a_flood_are_told_at_their_time() -> None:
    commands = Desk(ScriptedChannel(), Policy(digest=DAILY))
    commands.tell(1)
    commands.pass_time(minutes=59)
    commands.tell(2)
    assert commands.worker.deliver_due() == DeliveryCounts()
    commands.pass_time(minutes=1)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1)
    flooded = Desk(ScriptedChannel(), Policy(max_per_hour=2))
    for event in range(1, 6):
        flooded.tell(event)
    assert flooded.worker.deliver_due() == DeliveryCounts(sent=2)
    flooded.pass_time(hours=1)
    assert flooded.worker.deliver_due() == DeliveryCounts(sent=1)
    assert [item.release for item in flooded.outbox.rows[-1].message.items] == [3, 4, 5]


def test_what_waited_longer_than_max_age_for_its_window_is_told_and_not_buried() -> None:
    sunday = Digest(at=time(11), days=frozenset({6}))  # NOON is a Sunday, an hour later
    commands = Desk(ScriptedChannel(), Policy(digest=sunday))
    commands.tell(1)
    commands.pass_time(days=6, hours=23)
    assert commands.outbox.expire(now=commands.now()) == {}
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1)
    assert commands.outbox.rows[0].expires == commands.now() + timedelta(hours=72)


def test_a_clock_that_was_set_back_holds_up_nothing() -> None:
    commands = Desk(ScriptedChannel(Outcome.TRANSIENT), notes=1)
    commands.tell(1)
    commands.pass_time(days=1000)
    commands.write("from the future")
    commands.tell(2)
    commands.pass_time(days=-1000)
    commands.worker.deliver_due()
    commands.pass_time(minutes=1)
    commands.worker.deliver_due()
    assert commands.states() == ["sent"] * 4


# --- rates ---------------------------------------------------------------------------------------------------------


class TickingClock(FrozenClock):
    """Moves on by a moment whenever it is looked at."""

    def now(self) -> datetime:
        self.advance(timedelta(milliseconds=1))
        return super().now()


class StampingChannel(ScriptedChannel):
    """Writes down when it was asked."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__()
        self.clock = clock
        self.at: list[datetime] = []

    def send(self, message: Message, *, delivery: int) -> Verdict:
        self.at.append(FrozenClock.now(self.clock))
        return super().send(message, delivery=delivery)


def _paced(rate: Rate) -> tuple[DeliveryWorker, StampingChannel, MemoryOutbox]:
    clock, outbox = TickingClock(), MemoryOutbox()
    channel = StampingChannel(clock)
    post = DeliveryContext(outbox=outbox, channel_states=MemoryChannelStates(outbox), clock=clock, jitter=lambda: 0.5)
    for number in range(6):
        outbox.enqueue(note(f"message {number}", "test"), key=f"{number}", now=NOON)
    return DeliveryWorker(channel, Policy(rate=rate), post), channel, outbox


def test_one_pass_waits_for_what_the_rate_holds_back() -> None:
    worker, channel, _ = _paced(Rate(per_second=100, burst=2))
    assert worker.drain(threading.Event()) == DeliveryCounts(sent=6)
    gaps = [later - first for first, later in zip(channel.at, channel.at[2:], strict=False)]
    assert min(gaps) >= timedelta(milliseconds=10)


def test_one_pass_does_not_wait_for_minutes() -> None:
    worker, channel, _ = _paced(Rate(per_second=1 / 90))
    assert worker.drain(threading.Event()) == DeliveryCounts(sent=1, is_behind=True)
    assert channel.sent == [1]


def test_a_daemon_leaves_what_the_rate_holds_back_for_the_next_round() -> None:
    commands = Desk(ScriptedChannel(), Policy(rate=Rate(per_second=0.5, burst=2)), notes=5)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=2, is_behind=True)
    assert 2 < commands.worker._pause() < 2.01
    commands.pass_time(seconds=2.01)
    assert commands.worker.deliver_due() == DeliveryCounts(sent=1, is_behind=True)


# --- a store that fails --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "method", "state"),
    [(Outcome.OK, "done", "sent"), (Outcome.TRANSIENT, "retry", "pending"), (Outcome.REFUSED, "bury", "dead")],
)
def test_a_verdict_that_the_store_could_not_take_is_written_first_thing_next_time(
    outcome: Outcome, method: str, state: str
) -> None:
    channel = ScriptedChannel(outcome)
    commands = Desk(channel, notes=1)
    commands.store.broken.add(method)
    for _ in range(2):
        with pytest.raises(StoreError):
            commands.worker.deliver_due()
    assert (commands.states(), channel.sent, commands.steps) == (["leased"], [1], [])
    commands.store.broken.clear()
    commands.worker.deliver_due()
    assert (commands.states(), channel.sent, len(commands.steps)) == ([state], [1], 1)


def test_a_store_that_cannot_lease_sends_nothing() -> None:
    channel = ScriptedChannel()
    commands = Desk(channel, notes=1)
    commands.store.broken.add("claim")
    with pytest.raises(StoreError):
        commands.worker.deliver_due()
    assert (channel.sent, commands.states()) == ([], ["pending"])


# --- in its thread -------------------------------------------------------------------------------------------------


@contextmanager
def running(commands: Desk) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=commands.worker.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        commands.worker.wake()
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_run_sends_what_waits_and_then_what_it_is_woken_for() -> None:
    channel = ScriptedChannel()
    commands = Desk(channel, notes=1)
    with running(commands):
        channel.wait_for(1)
        commands.write("one more")
        commands.worker.wake()
        assert channel.wait_for(2) == [1, 2]


def test_a_run_stops_at_once_even_while_its_channel_rests() -> None:
    channel = ScriptedChannel(verdict(Outcome.TRANSIENT, retry_after=3600))
    commands = Desk(channel, notes=2)
    with running(commands):
        channel.wait_for(1)
        commands.worker.wake()
    assert channel.sent == [1]


def test_a_store_that_fails_is_told_and_the_run_goes_on() -> None:
    channel = ScriptedChannel()
    commands = Desk(channel, notes=1)
    commands.store.broken.add("claim")
    with running(commands):
        assert commands.is_troubled.wait(30)
    assert [type(error) for error in commands.troubles] == [StoreError]
    assert (channel.sent, commands.states()) == ([], ["pending"])


def test_a_wake_ends_the_pause_after_a_store_that_failed() -> None:
    channel = ScriptedChannel()
    commands = Desk(channel, notes=1)
    commands.store.broken.add("claim")
    with running(commands):
        assert commands.is_troubled.wait(30)
        commands.store.broken.clear()
        commands.worker.wake()
        assert channel.wait_for(1, retry_policy=HEARTBEAT / 2) == [1]


def _refused(commands: Desk) -> None:
    commands.board.save("team", ChannelState(is_refused=True))


def _failing(commands: Desk) -> None:
    commands.board.save("team", ChannelState(failures=1, since=NOON, opened_until=NOON + HOUR))


def _muted(commands: Desk) -> None:
    commands.board.mute("team", until=NOON + HOUR)


def _as_it_is(_: Desk) -> None:
    """Nothing more."""


@pytest.mark.parametrize(
    ("policy", "happen"),
    [
        (Policy(), _refused),
        (Policy(), _failing),
        (Policy(), _muted),
        (Policy(rate=Rate(per_second=0.01)), _as_it_is),
        (Policy(quiet=NIGHT), _as_it_is),
        (Policy(digest=DAILY), _as_it_is),
        (Policy(max_per_hour=1), _as_it_is),
        (Policy(max_per_hour=1, quiet=NIGHT, digest=DAILY, rate=Rate(per_second=0.01)), _muted),
    ],
)
def test_a_courier_that_can_do_nothing_waits_a_heartbeat_and_does_not_write(
    policy: Policy, happen: Callable[[Desk], None]
) -> None:
    commands = Desk(ScriptedChannel(), policy)
    happen(commands)
    for event in (1, 2, 3):
        commands.write(f"message {event}")
        commands.tell(event)
    commands.worker.deliver_due()
    commands.store.calls.clear()
    for _ in range(3):
        commands.worker.deliver_due()
        assert commands.worker._pause() == HEARTBEAT
    assert set(commands.store.calls) <= {"pending_since", "pending_notices", "recent", "next_due"}


@pytest.mark.parametrize(
    ("ahead", "wait"),
    [(None, HEARTBEAT), (3600, HEARTBEAT), (4, 4), (-5, 0)],
    ids=["nothing waits", "far ahead", "soon", "overdue"],
)
def test_an_idle_courier_waits_until_the_next_message_but_never_beyond_a_heartbeat(
    ahead: int | None, wait: float
) -> None:
    commands = Desk(ScriptedChannel(), notes=0 if ahead is None else 1)
    for row in commands.outbox.rows:
        row.due = NOON + timedelta(seconds=ahead or 0)
    assert commands.worker._pause() == wait


def test_a_courier_wakes_for_a_digest_that_is_due_soon() -> None:
    commands = Desk(ScriptedChannel(), Policy(digest=DAILY))
    commands.tell(1)
    commands.pass_time(minutes=59, seconds=56)
    commands.worker.deliver_due()
    assert commands.worker._pause() == 4
