"""How a courier makes messages of what waits, and works through what is due."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta

import pytest

from monitor.errors import StoreError
from monitor.model import Message, Outcome, Rate, Standing, Verdict
from monitor.notify.retry import Move, Turn
from monitor.notify.send_time import Policy
from monitor.notify.time_windows import Digest, Quiet
from monitor.notify.worker import HEARTBEAT, Courier, Post, Tally
from monitor.testing import FrozenClock, MemoryOutbox, MemorySwitchboard
from tests.notify.facts import NOON, note, verdict
from tests.notify.fakes import Desk, ScriptedChannel

NIGHT = Quiet(start=time(11), end=time(13))
DAILY = Digest(at=time(13))
HOUR = timedelta(hours=1)


def test_everything_due_is_sent_in_order_and_once() -> None:
    channel = ScriptedChannel()
    desk = Desk(channel, notes=3)
    assert desk.courier.deliver_due() == Tally(sent=3)
    assert (channel.sent, desk.states()) == ([1, 2, 3], ["sent"] * 3)
    assert desk.courier.deliver_due() == Tally()


def test_notices_become_messages_and_are_sent() -> None:
    desk = Desk(ScriptedChannel())
    desk.tell(1, 2)
    desk.tell(3, is_urgent=True)
    assert desk.courier.deliver_due() == Tally(sent=2)
    assert [[item.release for item in row.message.items] for row in desk.outbox.rows] == [[3], [1, 2]]
    assert desk.outbox.notices == []


@pytest.mark.parametrize("policy", [Policy(digest=DAILY), Policy(quiet=NIGHT)], ids=["digest", "quiet hours"])
def test_what_waits_for_its_moment_is_not_read_before_it_comes(policy: Policy) -> None:
    desk = Desk(ScriptedChannel(), policy)
    desk.tell(1, 2)
    for _ in range(3):
        assert desk.courier.deliver_due() == Tally()
        desk.pass_time(minutes=1)
    assert "waiting" not in desk.store.calls, "a courier looks every fifteen seconds, and thousands may wait"
    desk.pass_time(hours=1)
    assert desk.courier.deliver_due() == Tally(sent=1)


def test_what_a_flood_holds_back_is_not_read_before_it_ends() -> None:
    desk = Desk(ScriptedChannel(), Policy(max_per_hour=1))
    desk.tell(1)
    desk.tell(2)
    assert desk.courier.deliver_due() == Tally(sent=1)
    desk.store.calls.clear()
    desk.pass_time(minutes=59)
    assert desk.courier.deliver_due() == Tally()
    assert "waiting" not in desk.store.calls
    desk.pass_time(minutes=1)
    assert desk.courier.deliver_due() == Tally(sent=1)


def test_a_refused_message_dies_and_the_next_one_goes_out() -> None:
    desk = Desk(ScriptedChannel(Outcome.REFUSED), notes=2)
    assert desk.courier.deliver_due() == Tally(sent=1, buried=1)
    assert desk.states() == ["dead", "sent"]
    assert (desk.outbox.rows[0].reason, desk.steps[0].move) == ("as scripted", Move.BURY)


@pytest.mark.parametrize("outcome", [Outcome.TRANSIENT, Outcome.UNCERTAIN, Outcome.CHANNEL_REFUSED])
def test_a_channel_that_is_down_is_not_asked_again_in_the_same_round(outcome: Outcome) -> None:
    channel = ScriptedChannel(Outcome.OK, outcome)
    desk = Desk(channel, notes=3)
    assert desk.courier.deliver_due() == Tally(sent=1, retried=1, is_behind=True)
    assert (desk.states(), channel.sent) == (["sent", "pending", "pending"], [1, 2])


def test_a_failed_message_is_sent_again_when_its_wait_is_over_and_not_before() -> None:
    desk = Desk(ScriptedChannel(Outcome.TRANSIENT), notes=1)
    desk.courier.deliver_due()
    desk.pass_time(seconds=14.9)
    assert desk.courier.deliver_due() == Tally()
    desk.pass_time(seconds=0.1)
    assert desk.courier.deliver_due() == Tally(sent=1)
    assert desk.outbox.rows[0].attempts == 2


def test_the_rest_after_a_failure_is_as_long_as_the_service_asks() -> None:
    desk = Desk(ScriptedChannel(verdict(Outcome.TRANSIENT, retry_after=120)), notes=2)
    desk.courier.deliver_due()
    assert desk.standing().opened_until == desk.outbox.rows[0].due == NOON + timedelta(seconds=120)
    desk.pass_time(seconds=119)
    assert desk.courier.deliver_due() == Tally(is_behind=True)  # the second one is due
    desk.pass_time(seconds=1)
    assert desk.courier.deliver_due() == Tally(sent=2)


def test_a_message_that_fails_beyond_its_age_is_buried_as_too_old() -> None:
    desk = Desk(ScriptedChannel(verdict(Outcome.TRANSIENT, retry_after=73 * 3600)), notes=1)
    assert desk.courier.deliver_due().buried == 1
    assert "too old" in str(desk.outbox.rows[0].reason)


def test_what_may_have_arrived_is_held_where_nothing_is_to_come_twice() -> None:
    desk = Desk(ScriptedChannel(Outcome.UNCERTAIN), Policy(holds_uncertain=True), notes=1)
    assert desk.courier.deliver_due() == Tally(held=1)
    desk.pass_time(days=9)
    assert (desk.courier.deliver_due(), desk.states()) == (Tally(), ["held"])


def test_a_round_ends_between_messages_when_it_is_to_stop() -> None:
    stop = threading.Event()
    desk = Desk(ScriptedChannel(before=stop.set), notes=3)
    assert desk.courier.deliver_due(stop=stop) == Tally(sent=1, is_behind=True)


# --- a channel that fails, is muted, or is to be left in peace -----------------------------------------------------


def test_five_failures_open_a_channel_one_probe_closes_it_and_both_are_told_once() -> None:
    channel = ScriptedChannel(*[Outcome.TRANSIENT] * 7)
    desk = Desk(channel, notes=9)
    probes = []
    for _ in range(30):
        before = len(channel.sent)
        desk.courier.deliver_due()
        if len(channel.sent) > before:
            probes.append((int((desk.now() - NOON).total_seconds()), len(channel.sent) - before))
        desk.pass_time(seconds=15)
    assert probes == [(0, 1), (15, 1), (30, 1), (45, 1), (60, 1), (120, 1), (240, 1)]
    desk.pass_time(seconds=30)
    assert desk.courier.deliver_due() == Tally(sent=9)
    assert [(turned, standing.failures) for turned, standing in desk.turns] == [(Turn.OPENED, 5), (Turn.RECOVERED, 7)]
    assert desk.standing() == Standing()


def test_a_channel_that_refuses_everything_is_left_alone_until_it_is_resumed() -> None:
    channel = ScriptedChannel(Outcome.CHANNEL_REFUSED)
    desk = Desk(channel, notes=2)
    desk.courier.deliver_due()
    desk.pass_time(days=2)
    assert (desk.courier.deliver_due(), channel.sent) == (Tally(is_behind=True), [1])
    desk.board.resume("team", now=desk.now())
    assert (desk.courier.deliver_due(), channel.sent) == (Tally(sent=2), [1, 1, 2])


def test_a_mute_holds_what_is_pending_and_what_comes_and_ended_lets_all_go() -> None:
    channel = ScriptedChannel()
    desk = Desk(channel, notes=1)
    desk.board.mute("team", until=NOON + 8 * HOUR)
    desk.tell(1)
    desk.tell(2, is_urgent=True)
    assert desk.courier.deliver_due() == Tally()
    desk.pass_time(hours=1)
    desk.board.mute("team", until=desk.now())
    assert desk.courier.deliver_due() == Tally(sent=3)


def test_a_mute_longer_than_max_age_buries_nothing() -> None:
    desk = Desk(ScriptedChannel(), notes=1)
    desk.board.mute("team", until=NOON + timedelta(days=9))
    desk.pass_time(days=9)
    assert desk.outbox.expire(now=desk.now()) == {}
    assert desk.courier.deliver_due() == Tally(sent=1)


def test_quiet_hours_hold_a_retry_too_and_let_the_urgent_pass() -> None:
    channel = ScriptedChannel(Outcome.TRANSIENT)
    desk = Desk(channel, Policy(quiet=Quiet(start=time(12, 0, 10), end=time(13))), notes=1)
    assert desk.courier.deliver_due().retried == 1
    desk.pass_time(minutes=1)
    desk.tell(1)
    desk.tell(2, is_urgent=True)
    assert desk.courier.deliver_due() == Tally(sent=1)
    assert channel.sent == [1, 2]
    desk.pass_time(hours=1)
    assert desk.courier.deliver_due() == Tally(sent=2)
    assert desk.states() == ["sent"] * 3


def test_a_digest_and_a_flood_are_told_at_their_time() -> None:
    desk = Desk(ScriptedChannel(), Policy(digest=DAILY))
    desk.tell(1)
    desk.pass_time(minutes=59)
    desk.tell(2)
    assert desk.courier.deliver_due() == Tally()
    desk.pass_time(minutes=1)
    assert desk.courier.deliver_due() == Tally(sent=1)
    flooded = Desk(ScriptedChannel(), Policy(max_per_hour=2))
    for event in range(1, 6):
        flooded.tell(event)
    assert flooded.courier.deliver_due() == Tally(sent=2)
    flooded.pass_time(hours=1)
    assert flooded.courier.deliver_due() == Tally(sent=1)
    assert [item.release for item in flooded.outbox.rows[-1].message.items] == [3, 4, 5]


def test_what_waited_longer_than_max_age_for_its_window_is_told_and_not_buried() -> None:
    sunday = Digest(at=time(11), days=frozenset({6}))  # NOON is a Sunday, an hour later
    desk = Desk(ScriptedChannel(), Policy(digest=sunday))
    desk.tell(1)
    desk.pass_time(days=6, hours=23)
    assert desk.outbox.expire(now=desk.now()) == {}
    assert desk.courier.deliver_due() == Tally(sent=1)
    assert desk.outbox.rows[0].expires == desk.now() + timedelta(hours=72)


def test_a_clock_that_was_set_back_holds_up_nothing() -> None:
    desk = Desk(ScriptedChannel(Outcome.TRANSIENT), notes=1)
    desk.tell(1)
    desk.pass_time(days=1000)
    desk.write("from the future")
    desk.tell(2)
    desk.pass_time(days=-1000)
    desk.courier.deliver_due()
    desk.pass_time(minutes=1)
    desk.courier.deliver_due()
    assert desk.states() == ["sent"] * 4


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


def _paced(rate: Rate) -> tuple[Courier, StampingChannel, MemoryOutbox]:
    clock, outbox = TickingClock(), MemoryOutbox()
    channel = StampingChannel(clock)
    post = Post(outbox=outbox, switchboard=MemorySwitchboard(outbox), clock=clock, jitter=lambda: 0.5)
    for number in range(6):
        outbox.enqueue(note(f"message {number}", "test"), key=f"{number}", now=NOON)
    return Courier(channel, Policy(rate=rate), post), channel, outbox


def test_one_pass_waits_for_what_the_rate_holds_back() -> None:
    courier, channel, _ = _paced(Rate(per_second=100, burst=2))
    assert courier.drain(threading.Event()) == Tally(sent=6)
    gaps = [later - first for first, later in zip(channel.at, channel.at[2:], strict=False)]
    assert min(gaps) >= timedelta(milliseconds=10)


def test_one_pass_does_not_wait_for_minutes() -> None:
    courier, channel, _ = _paced(Rate(per_second=1 / 90))
    assert courier.drain(threading.Event()) == Tally(sent=1, is_behind=True)
    assert channel.sent == [1]


def test_a_daemon_leaves_what_the_rate_holds_back_for_the_next_round() -> None:
    desk = Desk(ScriptedChannel(), Policy(rate=Rate(per_second=0.5, burst=2)), notes=5)
    assert desk.courier.deliver_due() == Tally(sent=2, is_behind=True)
    assert 2 < desk.courier._pause() < 2.01
    desk.pass_time(seconds=2.01)
    assert desk.courier.deliver_due() == Tally(sent=1, is_behind=True)


# --- a store that fails --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "method", "state"),
    [(Outcome.OK, "done", "sent"), (Outcome.TRANSIENT, "retry", "pending"), (Outcome.REFUSED, "bury", "dead")],
)
def test_a_verdict_that_the_store_could_not_take_is_written_first_thing_next_time(
    outcome: Outcome, method: str, state: str
) -> None:
    channel = ScriptedChannel(outcome)
    desk = Desk(channel, notes=1)
    desk.store.broken.add(method)
    for _ in range(2):
        with pytest.raises(StoreError):
            desk.courier.deliver_due()
    assert (desk.states(), channel.sent, desk.steps) == (["leased"], [1], [])
    desk.store.broken.clear()
    desk.courier.deliver_due()
    assert (desk.states(), channel.sent, len(desk.steps)) == ([state], [1], 1)


def test_a_store_that_cannot_lease_sends_nothing() -> None:
    channel = ScriptedChannel()
    desk = Desk(channel, notes=1)
    desk.store.broken.add("claim")
    with pytest.raises(StoreError):
        desk.courier.deliver_due()
    assert (channel.sent, desk.states()) == ([], ["pending"])


# --- in its thread -------------------------------------------------------------------------------------------------


@contextmanager
def running(desk: Desk) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=desk.courier.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        desk.courier.wake()
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_run_sends_what_waits_and_then_what_it_is_woken_for() -> None:
    channel = ScriptedChannel()
    desk = Desk(channel, notes=1)
    with running(desk):
        channel.wait_for(1)
        desk.write("one more")
        desk.courier.wake()
        assert channel.wait_for(2) == [1, 2]


def test_a_run_stops_at_once_even_while_its_channel_rests() -> None:
    channel = ScriptedChannel(verdict(Outcome.TRANSIENT, retry_after=3600))
    desk = Desk(channel, notes=2)
    with running(desk):
        channel.wait_for(1)
        desk.courier.wake()
    assert channel.sent == [1]


def test_a_store_that_fails_is_told_and_the_run_goes_on() -> None:
    channel = ScriptedChannel()
    desk = Desk(channel, notes=1)
    desk.store.broken.add("claim")
    with running(desk):
        assert desk.is_troubled.wait(30)
    assert [type(error) for error in desk.troubles] == [StoreError]
    assert (channel.sent, desk.states()) == ([], ["pending"])


def test_a_wake_ends_the_pause_after_a_store_that_failed() -> None:
    channel = ScriptedChannel()
    desk = Desk(channel, notes=1)
    desk.store.broken.add("claim")
    with running(desk):
        assert desk.is_troubled.wait(30)
        desk.store.broken.clear()
        desk.courier.wake()
        assert channel.wait_for(1, patience=HEARTBEAT / 2) == [1]


def _refused(desk: Desk) -> None:
    desk.board.stand("team", Standing(is_refused=True))


def _failing(desk: Desk) -> None:
    desk.board.stand("team", Standing(failures=1, since=NOON, opened_until=NOON + HOUR))


def _muted(desk: Desk) -> None:
    desk.board.mute("team", until=NOON + HOUR)


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
    desk = Desk(ScriptedChannel(), policy)
    happen(desk)
    for event in (1, 2, 3):
        desk.write(f"message {event}")
        desk.tell(event)
    desk.courier.deliver_due()
    desk.store.calls.clear()
    for _ in range(3):
        desk.courier.deliver_due()
        assert desk.courier._pause() == HEARTBEAT
    assert set(desk.store.calls) <= {"waiting_since", "waiting", "recent", "next_due"}


@pytest.mark.parametrize(
    ("ahead", "wait"),
    [(None, HEARTBEAT), (3600, HEARTBEAT), (4, 4), (-5, 0)],
    ids=["nothing waits", "far ahead", "soon", "overdue"],
)
def test_an_idle_courier_waits_until_the_next_message_but_never_beyond_a_heartbeat(
    ahead: int | None, wait: float
) -> None:
    desk = Desk(ScriptedChannel(), notes=0 if ahead is None else 1)
    for row in desk.outbox.rows:
        row.due = NOON + timedelta(seconds=ahead or 0)
    assert desk.courier._pause() == wait


def test_a_courier_wakes_for_a_digest_that_is_due_soon() -> None:
    desk = Desk(ScriptedChannel(), Policy(digest=DAILY))
    desk.tell(1)
    desk.pass_time(minutes=59, seconds=56)
    desk.courier.deliver_due()
    assert desk.courier._pause() == 4
