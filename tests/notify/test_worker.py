"""A worker makes messages of pending notices, and delivers what is due."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from monitor.channel_health import ChannelState
from monitor.errors import StoreDown, StoreError
from monitor.model import Message, Outcome, Rate, Verdict
from monitor.notify.retry import Action, Decision, Transition
from monitor.notify.send_time import Policy
from monitor.notify.unrecorded import EndedAttempt, UnrecordedAttempts
from monitor.notify.worker import (
    MAX_IDLE,
    DeliveryContext,
    DeliveryCounts,
    DeliveryWorker,
)
from monitor.testing import FrozenClock, MemoryChannelStates, MemoryOutbox, RecordingChannel
from tests.notify.facts import NOON, delivery, digest_at, note, quiet_hours, verdict
from tests.notify.fakes import ScriptedChannel, WorkerSetup
from tests.waiting import wait_until

NIGHT = quiet_hours(time(11), time(13))
DAILY = digest_at(time(13))
HOUR = timedelta(hours=1)


def test_everything_due_is_sent_in_order_and_once() -> None:
    channel = ScriptedChannel()
    setup = WorkerSetup(channel, notes=3)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=3)
    assert (channel.sent, setup.states()) == ([1, 2, 3], ["sent"] * 3)
    assert setup.worker.deliver_due() == DeliveryCounts()


def test_notices_become_messages_and_are_sent() -> None:
    setup = WorkerSetup(ScriptedChannel())
    setup.add_notices(1, 2)
    setup.add_notices(3, is_urgent=True)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=2)
    assert [[item.release for item in row.message.items] for row in setup.outbox.rows] == [[3], [1, 2]]
    assert setup.outbox.notices == []


@pytest.mark.parametrize("policy", [Policy(digest=DAILY), Policy(quiet=NIGHT)], ids=["digest", "quiet hours"])
def test_what_waits_for_its_time_is_not_read_before_it_comes(policy: Policy) -> None:
    setup = WorkerSetup(ScriptedChannel(), policy)
    setup.add_notices(1, 2)
    for _ in range(3):
        assert setup.worker.deliver_due() == DeliveryCounts()
        setup.pass_time(minutes=1)
    assert "pending_notices" not in setup.store.calls, "a worker checks every fifteen seconds, and thousands may wait"
    setup.pass_time(hours=1)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)


def test_what_a_flood_holds_back_is_not_read_before_it_ends() -> None:
    setup = WorkerSetup(ScriptedChannel(), Policy(max_per_hour=1))
    setup.add_notices(1)
    setup.add_notices(2)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)
    setup.store.calls.clear()
    setup.pass_time(minutes=59)
    assert setup.worker.deliver_due() == DeliveryCounts()
    assert "pending_notices" not in setup.store.calls
    setup.pass_time(minutes=1)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)


def test_a_refused_message_dies_and_the_next_one_goes_out() -> None:
    setup = WorkerSetup(ScriptedChannel(Outcome.REFUSED), notes=2)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1, buried=1)
    assert setup.states() == ["dead", "sent"]
    assert (setup.outbox.rows[0].reason, setup.decisions[0].action) == ("as scripted", Action.BURY)


@pytest.mark.parametrize("outcome", [Outcome.TRANSIENT, Outcome.UNCERTAIN, Outcome.CHANNEL_REFUSED])
def test_a_channel_that_is_down_is_not_asked_again_in_the_same_round(outcome: Outcome) -> None:
    channel = ScriptedChannel(Outcome.OK, outcome)
    setup = WorkerSetup(channel, notes=3)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1, retried=1, has_backlog=True)
    assert (setup.states(), channel.sent) == (["sent", "pending", "pending"], [1, 2])


def test_a_failed_message_is_sent_again_when_its_wait_is_over_and_not_before() -> None:
    setup = WorkerSetup(ScriptedChannel(Outcome.TRANSIENT), notes=1)
    setup.worker.deliver_due()
    setup.pass_time(seconds=14.9)
    assert setup.worker.deliver_due() == DeliveryCounts()
    setup.pass_time(seconds=0.1)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)
    assert setup.outbox.rows[0].attempts == 2


def test_a_message_is_accepted_so_long_after_it_was_due_at_whatever_attempt() -> None:
    setup = WorkerSetup(ScriptedChannel(Outcome.TRANSIENT, Outcome.OK, Outcome.REFUSED), notes=1)
    setup.worker.deliver_due()
    assert setup.accepted == []
    setup.pass_time(seconds=40)
    setup.worker.deliver_due()
    setup.enqueue("one that is refused")
    setup.enqueue("one that is accepted at once")
    setup.worker.deliver_due()
    assert setup.accepted == [timedelta(seconds=40), timedelta(0)]


def test_a_message_is_not_late_for_a_mute_or_for_a_store_that_could_not_record_it() -> None:
    setup = WorkerSetup(ScriptedChannel(), notes=1)
    setup.channel_states.mute("team", until=NOON + 8 * HOUR)
    setup.pass_time(hours=8)
    setup.store.broken.add("done")
    with pytest.raises(StoreError):
        setup.worker.deliver_due()
    setup.store.broken.clear()
    setup.pass_time(hours=1)
    setup.worker.deliver_due()
    assert setup.accepted == [timedelta(0)]


def test_the_rest_after_a_failure_is_as_long_as_the_service_asks() -> None:
    setup = WorkerSetup(ScriptedChannel(verdict(Outcome.TRANSIENT, retry_after=120)), notes=2)
    setup.worker.deliver_due()
    assert setup.channel_state().opened_until == setup.outbox.rows[0].due == NOON + timedelta(seconds=120)
    setup.pass_time(seconds=119)
    assert setup.worker.deliver_due() == DeliveryCounts(has_backlog=True)  # the second one is due
    setup.pass_time(seconds=1)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=2)


def test_a_wish_to_wait_longer_than_the_age_leaves_a_last_attempt_before_its_end() -> None:
    setup = WorkerSetup(ScriptedChannel(verdict(Outcome.TRANSIENT, retry_after=10 * 365 * 86_400)), notes=1)
    setup.worker.deliver_due()
    setup.pass_time(hours=72, seconds=-61)
    assert (setup.worker.deliver_due(), setup.states()) == (DeliveryCounts(), ["pending"])
    setup.pass_time(seconds=1)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)


def test_a_message_whose_last_attempt_fails_expires() -> None:
    refusal = verdict(Outcome.TRANSIENT, retry_after=73 * 3600)
    setup = WorkerSetup(ScriptedChannel(refusal, refusal), notes=1)
    setup.worker.deliver_due()
    setup.pass_time(hours=72, seconds=-60)
    assert setup.worker.deliver_due() == DeliveryCounts(retried=1)
    setup.pass_time(seconds=61)
    assert (setup.worker.deliver_due(), dict(setup.outbox.expire(now=setup.now()))) == (DeliveryCounts(), {"team": 1})
    assert setup.states() == ["dead"]


def test_what_may_have_arrived_is_held_where_nothing_is_to_come_twice() -> None:
    setup = WorkerSetup(ScriptedChannel(Outcome.UNCERTAIN), Policy(holds_uncertain=True), notes=1)
    assert setup.worker.deliver_due() == DeliveryCounts(held=1)
    setup.pass_time(days=9)
    assert (setup.worker.deliver_due(), setup.states()) == (DeliveryCounts(), ["held"])


def test_a_round_ends_between_messages_when_it_is_to_stop() -> None:
    stop = threading.Event()
    setup = WorkerSetup(ScriptedChannel(before=stop.set), notes=3)
    assert setup.worker.deliver_due(stop=stop) == DeliveryCounts(sent=1, has_backlog=True)


# --- a channel that fails, is muted, or has quiet hours -----------------------------------------------------


def test_five_failures_open_a_channel_one_probe_closes_it_and_both_are_reported_once() -> None:
    channel = ScriptedChannel(*[Outcome.TRANSIENT] * 7)
    setup = WorkerSetup(channel, notes=9)
    probes = []
    for _ in range(30):
        before = len(channel.sent)
        setup.worker.deliver_due()
        if len(channel.sent) > before:
            probes.append((int((setup.now() - NOON).total_seconds()), len(channel.sent) - before))
        setup.pass_time(seconds=15)
    assert probes == [(0, 1), (15, 1), (30, 1), (45, 1), (60, 1), (120, 1), (240, 1)]
    setup.pass_time(seconds=30)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=9)
    assert [(turned, channel_state.failures) for turned, channel_state in setup.transitions] == [
        (Transition.OPENED, 5),
        (Transition.RECOVERED, 7),
    ]
    assert setup.channel_state() == ChannelState()


def test_a_channel_that_refuses_everything_is_left_alone_until_it_is_resumed() -> None:
    channel = ScriptedChannel(Outcome.CHANNEL_REFUSED)
    setup = WorkerSetup(channel, notes=2)
    setup.worker.deliver_due()
    setup.pass_time(days=2)
    assert (setup.worker.deliver_due(), channel.sent) == (DeliveryCounts(has_backlog=True), [1])
    setup.channel_states.resume("team", now=setup.now())
    assert (setup.worker.deliver_due(), channel.sent) == (DeliveryCounts(sent=2), [1, 1, 2])


def test_a_mute_holds_what_is_pending_and_what_comes_and_ended_lets_all_go() -> None:
    channel = ScriptedChannel()
    setup = WorkerSetup(channel, notes=1)
    setup.channel_states.mute("team", until=NOON + 8 * HOUR)
    setup.add_notices(1)
    setup.add_notices(2, is_urgent=True)
    assert setup.worker.deliver_due() == DeliveryCounts()
    setup.pass_time(hours=1)
    setup.channel_states.mute("team", until=setup.now())
    assert setup.worker.deliver_due() == DeliveryCounts(sent=3)


def test_a_mute_longer_than_max_age_buries_nothing() -> None:
    setup = WorkerSetup(ScriptedChannel(), notes=1)
    setup.channel_states.mute("team", until=NOON + timedelta(days=9))
    setup.pass_time(days=9)
    assert setup.outbox.expire(now=setup.now()) == {}
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)


def test_quiet_hours_hold_a_retry_too_and_let_the_urgent_pass() -> None:
    channel = ScriptedChannel(Outcome.TRANSIENT)
    setup = WorkerSetup(channel, Policy(quiet=quiet_hours(time(12, 0, 10), time(13))), notes=1)
    assert setup.worker.deliver_due().retried == 1
    setup.pass_time(minutes=1)
    setup.add_notices(1)
    setup.add_notices(2, is_urgent=True)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)
    assert channel.sent == [1, 2]
    setup.pass_time(hours=1)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=2)
    assert setup.states() == ["sent"] * 3


def test_a_digest_and_a_flood_are_sent_at_their_time() -> None:
    setup = WorkerSetup(ScriptedChannel(), Policy(digest=DAILY))
    setup.add_notices(1)
    setup.pass_time(minutes=59)
    setup.add_notices(2)
    assert setup.worker.deliver_due() == DeliveryCounts()
    setup.pass_time(minutes=1)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)
    flooded = WorkerSetup(ScriptedChannel(), Policy(max_per_hour=2))
    for event in range(1, 6):
        flooded.add_notices(event)
    assert flooded.worker.deliver_due() == DeliveryCounts(sent=2)
    flooded.pass_time(hours=1)
    assert flooded.worker.deliver_due() == DeliveryCounts(sent=1)
    assert [item.release for item in flooded.outbox.rows[-1].message.items] == [3, 4, 5]


def test_what_waited_longer_than_max_age_for_its_window_is_sent_and_not_buried() -> None:
    sunday = digest_at(time(11), days=frozenset({6}))  # NOON is a Sunday, an hour later
    setup = WorkerSetup(ScriptedChannel(), Policy(digest=sunday))
    setup.add_notices(1)
    setup.pass_time(days=6, hours=23)
    assert setup.outbox.expire(now=setup.now()) == {}
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1)
    assert setup.outbox.rows[0].expires == setup.now() + timedelta(hours=72)


def test_a_clock_that_was_set_back_holds_up_nothing() -> None:
    setup = WorkerSetup(ScriptedChannel(Outcome.TRANSIENT), notes=1)
    setup.add_notices(1)
    setup.pass_time(days=1000)
    setup.enqueue("from the future")
    setup.add_notices(2)
    setup.pass_time(days=-1000)
    setup.worker.deliver_due()
    setup.pass_time(minutes=1)
    setup.worker.deliver_due()
    assert setup.states() == ["sent"] * 4


# --- rates ---------------------------------------------------------------------------------------------------------


class TickingClock(FrozenClock):
    """Advances a little whenever it is read."""

    def now(self) -> datetime:
        self.advance(timedelta(milliseconds=1))
        return super().now()


class StampingChannel(ScriptedChannel):
    """Writes down when it was asked."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__()
        self.clock = clock
        self.at: list[datetime] = []

    def send(self, message: Message, *, delivery: str) -> Verdict:
        self.at.append(FrozenClock.now(self.clock))
        return super().send(message, delivery=delivery)


def _paced(rate: Rate) -> tuple[DeliveryWorker, StampingChannel, MemoryOutbox]:
    clock, outbox = TickingClock(), MemoryOutbox()
    channel = StampingChannel(clock)
    context = DeliveryContext(
        outbox=outbox, channel_states=MemoryChannelStates(outbox), clock=clock, jitter=lambda: 0.5
    )
    for number in range(6):
        outbox.enqueue(note(f"message {number}", "test"), key=f"{number}", now=NOON)
    return DeliveryWorker(channel, Policy(rate=rate), context), channel, outbox


def test_one_pass_waits_for_what_the_rate_holds_back() -> None:
    worker, channel, _ = _paced(Rate(per_second=100, burst=2))
    assert worker.drain(threading.Event()) == DeliveryCounts(sent=6)
    gaps = [later - first for first, later in zip(channel.at, channel.at[2:], strict=False)]
    assert min(gaps) >= timedelta(milliseconds=10)


def test_one_pass_does_not_wait_for_minutes() -> None:
    worker, channel, _ = _paced(Rate(per_second=1 / 90))
    assert worker.drain(threading.Event()) == DeliveryCounts(sent=1, has_backlog=True)
    assert channel.sent == [1]


def test_what_quiet_hours_hold_back_waits_for_no_token_and_takes_none() -> None:
    class Impatient(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise AssertionError(f"it waits {timeout} s for a token that nothing may use")

    setup = WorkerSetup(ScriptedChannel(), Policy(rate=Rate(per_second=0.02, burst=1), quiet=NIGHT))
    setup.outbox.enqueue(replace(note("now", "test"), is_urgent=True), key="urgent", now=NOON)
    setup.enqueue("later")
    assert setup.worker.drain(Impatient()) == DeliveryCounts(sent=1)
    assert setup.channel_state().tokens == 0.0
    setup.pass_time(minutes=1)
    assert setup.worker.drain(Impatient()) == DeliveryCounts()
    assert setup.channel_state().tokens_at == NOON


def test_a_daemon_leaves_what_the_rate_holds_back_for_the_next_round() -> None:
    setup = WorkerSetup(ScriptedChannel(), Policy(rate=Rate(per_second=0.5, burst=2)), notes=5)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=2, has_backlog=True)
    assert 2 < setup.worker._pause() < 2.01
    setup.pass_time(seconds=2.01)
    assert setup.worker.deliver_due() == DeliveryCounts(sent=1, has_backlog=True)


# --- a store that fails --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "method", "state"),
    [(Outcome.OK, "done", "sent"), (Outcome.TRANSIENT, "retry", "pending"), (Outcome.REFUSED, "bury", "dead")],
)
def test_a_verdict_that_the_store_could_not_take_is_written_first_thing_next_time(
    outcome: Outcome, method: str, state: str
) -> None:
    channel = ScriptedChannel(outcome)
    setup = WorkerSetup(channel, notes=1)
    setup.store.broken.add(method)
    for _ in range(2):
        with pytest.raises(StoreError):
            setup.worker.deliver_due()
    assert (setup.states(), channel.sent, setup.decisions) == (["leased"], [1], [])
    setup.store.broken.clear()
    setup.worker.deliver_due()
    assert (setup.states(), channel.sent, len(setup.decisions)) == ([state], [1], 1)


VERDICTS = {
    "done": (Outcome.OK, Policy(), "sent"),
    "retry": (Outcome.TRANSIENT, Policy(), "pending"),
    "hold": (Outcome.UNCERTAIN, Policy(holds_uncertain=True), "held"),
    "bury": (Outcome.REFUSED, Policy(), "dead"),
}


@pytest.mark.parametrize("method", VERDICTS)
def test_a_verdict_that_a_worker_leaves_behind_is_recorded_by_the_next_one_of_its_process(method: str) -> None:
    outcome, policy, state = VERDICTS[method]
    setup = WorkerSetup(ScriptedChannel(outcome), policy, notes=1)
    setup.store.broken.add(method)
    with pytest.raises(StoreError):
        setup.worker.deliver_due()
    setup.store.broken.clear()
    setup.outbox.reclaim(claimed_before=NOON + HOUR, now=NOON)  # as if its lease had ended meanwhile
    setup.next_worker(ScriptedChannel(outcome), policy).deliver_due()
    assert (setup.states(), setup.outbox.rows[0].attempts, len(setup.decisions)) == ([state], 1, 1)


@pytest.mark.parametrize("method", VERDICTS)
def test_a_worker_that_is_stopped_records_its_verdict_before_it_ends(method: str) -> None:
    outcome, policy, state = VERDICTS[method]
    setup = WorkerSetup(ScriptedChannel(outcome), policy, notes=1)
    setup.store.broken.add(method)
    with running(setup):
        assert setup.has_store_error.wait(30)
        setup.store.broken.clear()
    assert (setup.states(), len(setup.decisions)) == ([state], 1)


@pytest.mark.parametrize("method", VERDICTS)
def test_one_pass_records_its_verdict_before_it_fails(method: str) -> None:
    outcome, policy, state = VERDICTS[method]
    setup = WorkerSetup(ScriptedChannel(outcome), policy, notes=1)
    setup.store.broken_once.add(method)
    with pytest.raises(StoreError):
        setup.worker.drain(threading.Event())
    assert (setup.states(), len(setup.decisions)) == ([state], 1)


def test_what_follows_for_a_channel_is_not_lost_when_the_store_fails_behind_the_verdict() -> None:
    class Failing(MemoryChannelStates):
        is_broken = True

        def save(self, channel: str, channel_state: ChannelState) -> None:
            if self.is_broken:
                raise StoreError("the state store failed: database is locked")
            super().save(channel, channel_state)

    setup = WorkerSetup(ScriptedChannel(Outcome.CHANNEL_REFUSED), notes=1)
    states = Failing(setup.outbox)
    worker = setup.next_worker(setup.channel, channel_states=states)
    with pytest.raises(StoreError):
        worker.deliver_due()
    states.is_broken = False
    worker.deliver_due()
    assert (states.get("team").is_refused, states.get("team").failures) == (True, 1)
    assert [change for change, _ in setup.transitions] == [Transition.OPENED]


def test_a_verdict_of_another_channel_that_cannot_be_recorded_stops_no_other_channel() -> None:
    setup = WorkerSetup(ScriptedChannel(), notes=1)
    setup.store.broken.add("done")
    with pytest.raises(StoreError):
        setup.worker.deliver_due()
    other = RecordingChannel("desk", verdict(Outcome.REFUSED))
    setup.outbox.enqueue(replace(note("hello", "test"), channel="desk"), key="desk", now=NOON)
    assert setup.next_worker(other).deliver_due() == DeliveryCounts(buried=1)


def test_a_verdict_that_cannot_be_recorded_for_an_error_of_ours_does_not_stop_its_channel() -> None:
    unrecorded = UnrecordedAttempts()
    decision = Decision(action=Action.DONE, verdict=verdict(Outcome.OK))
    unrecorded.add(EndedAttempt(delivery(), decision, NOON, moved=timedelta()))

    def fail(_attempt: EndedAttempt) -> Callable[[], object]:
        raise OverflowError("date value out of range")

    with pytest.raises(OverflowError):
        unrecorded.record_all(fail, channel="team", transaction=nullcontext)
    unrecorded.record_all(fail, channel="team", transaction=nullcontext)


def test_an_attempt_that_ends_while_others_are_recorded_is_recorded_next() -> None:
    """Another worker's send may end while this one waits for the disk; forgotten, it would be sent again."""
    unrecorded, recorded, ended = UnrecordedAttempts(), list[str](), ["later"]

    def end(channel: str) -> None:
        decision = Decision(action=Action.DONE, verdict=verdict(Outcome.OK))
        of_channel = delivery(told=replace(note("hello"), channel=channel))
        unrecorded.add(EndedAttempt(of_channel, decision, NOON, moved=timedelta()))

    @contextmanager
    def transaction() -> Iterator[None]:
        yield
        while ended:
            end(ended.pop())

    def record(attempt: EndedAttempt) -> Callable[[], object]:
        recorded.append(attempt.delivery.message.channel)
        return lambda: None

    end("first")
    unrecorded.record_all(record, channel="team", transaction=transaction)
    assert recorded == ["first"]
    unrecorded.record_all(record, channel="team", transaction=transaction)
    assert recorded == ["first", "later"]


def test_a_store_that_cannot_lease_sends_nothing() -> None:
    channel = ScriptedChannel()
    setup = WorkerSetup(channel, notes=1)
    setup.store.broken.add("claim")
    with pytest.raises(StoreError):
        setup.worker.deliver_due()
    assert (channel.sent, setup.states()) == ([], ["pending"])


# --- in its thread -------------------------------------------------------------------------------------------------


@contextmanager
def running(setup: WorkerSetup) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=setup.worker.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        setup.worker.wake()
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_store_that_is_down_is_asked_as_soon_as_it_is_worth_it_and_is_no_news() -> None:
    setup = WorkerSetup(channel := ScriptedChannel(), notes=1)
    setup.store.faults["claim"] = StoreDown("the state store failed: refused", retry_after=0.001, since=1.0)
    with running(setup):
        wait_until(lambda: setup.store.calls.count("claim") > 3)
        del setup.store.faults["claim"]
        wait_until(lambda: setup.states() == ["sent"])
    assert (len(channel.sent), setup.store_errors) == (1, [])


def test_a_run_sends_what_waits_and_then_what_it_is_woken_for() -> None:
    channel = ScriptedChannel()
    setup = WorkerSetup(channel, notes=1)
    with running(setup):
        channel.wait_for(1)
        setup.enqueue("one more")
        setup.worker.wake()
        assert channel.wait_for(2) == [1, 2]


def test_a_run_stops_at_once_even_while_its_channel_rests() -> None:
    channel = ScriptedChannel(verdict(Outcome.TRANSIENT, retry_after=3600))
    setup = WorkerSetup(channel, notes=2)
    with running(setup):
        channel.wait_for(1)
        setup.worker.wake()
    assert channel.sent == [1]


def test_a_store_that_fails_is_reported_and_the_run_goes_on() -> None:
    channel = ScriptedChannel()
    setup = WorkerSetup(channel, notes=1)
    setup.store.broken.add("claim")
    with running(setup):
        assert setup.has_store_error.wait(30)
    assert [type(error) for error in setup.store_errors] == [StoreError]
    assert (channel.sent, setup.states()) == ([], ["pending"])


def test_a_wake_ends_the_pause_after_a_store_that_failed() -> None:
    channel = ScriptedChannel()
    setup = WorkerSetup(channel, notes=1)
    setup.store.broken.add("claim")
    with running(setup):
        assert setup.has_store_error.wait(30)
        setup.store.broken.clear()
        setup.worker.wake()
        assert channel.wait_for(1, timeout=MAX_IDLE / 2) == [1]


def _refused(setup: WorkerSetup) -> None:
    setup.channel_states.save("team", ChannelState(is_refused=True))


def _failing(setup: WorkerSetup) -> None:
    setup.channel_states.save("team", ChannelState(failures=1, since=NOON, opened_until=NOON + HOUR))


def _muted(setup: WorkerSetup) -> None:
    setup.channel_states.mute("team", until=NOON + HOUR)


def _as_it_is(_: WorkerSetup) -> None:
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
def test_a_worker_that_can_do_nothing_pauses_and_does_not_write(
    policy: Policy, happen: Callable[[WorkerSetup], None]
) -> None:
    setup = WorkerSetup(ScriptedChannel(), policy)
    happen(setup)
    for event in (1, 2, 3):
        setup.enqueue(f"message {event}")
        setup.add_notices(event)
    setup.worker.deliver_due()
    setup.store.calls.clear()
    for _ in range(3):
        setup.worker.deliver_due()
        assert setup.worker._pause() == MAX_IDLE
    assert set(setup.store.calls) <= {"pending_since", "pending_notices", "recent", "next_due"}


@pytest.mark.parametrize(
    ("ahead", "wait"),
    [(None, MAX_IDLE), (3600, MAX_IDLE), (4, 4), (-5, 0)],
    ids=["nothing waits", "far ahead", "soon", "overdue"],
)
def test_an_idle_worker_waits_until_the_next_message_but_never_too_long(ahead: int | None, wait: float) -> None:
    setup = WorkerSetup(ScriptedChannel(), notes=0 if ahead is None else 1)
    for row in setup.outbox.rows:
        row.due = NOON + timedelta(seconds=ahead or 0)
    assert setup.worker._pause() == wait


def test_a_worker_wakes_for_a_digest_that_is_due_soon() -> None:
    setup = WorkerSetup(ScriptedChannel(), Policy(digest=DAILY))
    setup.add_notices(1)
    setup.pass_time(minutes=59, seconds=56)
    setup.worker.deliver_due()
    assert setup.worker._pause() == 4
