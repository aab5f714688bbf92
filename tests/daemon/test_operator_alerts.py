"""Who is told how the monitor itself fares, of what, and how often."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.channel_health import ChannelState
from monitor.daemon.dispatcher import Dispatcher, Receiver
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.errors import StoreDamaged, StoreError, StoreReplaced, StoreUnavailable
from monitor.health.counters import Counters
from monitor.ingest_values import BaselineCounts, IngestReport
from monitor.model import (
    Delivery,
    Kind,
    Message,
    Outcome,
    Verdict,
)
from monitor.notify.retry import Action, Decision, Transition
from monitor.notify.send_time import Policy
from monitor.ports import LEASE
from monitor.state_values import OverdueDumps
from monitor.testing import NOON, FrozenClock, MemoryChannelStates, MemoryOutbox, RecordingChannel, note
from tests.notify.facts import notice

HOUR = timedelta(hours=1)
GIVEN_UP = Decision(action=Action.BURY, verdict=Verdict(outcome=Outcome.REFUSED, reason="413 from the service"))
UNSURE = Decision(action=Action.HOLD, verdict=Verdict(outcome=Outcome.UNCERTAIN, reason="no answer within 30 s"))
FAILING = ChannelState(failures=5, since=NOON, opened_until=NOON + HOUR, reason="503 from the service")
REFUSED = replace(FAILING, failures=1, is_refused=True, reason="401 from the service")


class Operator:
    """An operator over an outbox, and what was put into it."""

    def __init__(self, *channels: str) -> None:
        self.clock = FrozenClock()
        self.outbox = MemoryOutbox()
        self.counters = Counters()
        self.operator = OperatorAlerts(channels=channels, outbox=self.outbox, clock=self.clock)

    def alerts(self) -> list[tuple[str, str]]:
        """Channel and headline."""
        return [(row.message.channel, row.message.text.partition("\n")[0]) for row in self.outbox.rows]


def delivery(kind: str = "instant", channel: str = "team") -> Delivery:
    message = Message(channel=channel, kind=kind, source="motie")
    return Delivery(id=7, number="7-0123456789abcdef", attempt=3, expires=NOON + HOUR, message=message)


def report(rejected: int = 2, source: str = "motie") -> IngestReport:
    return IngestReport(
        dump=1,
        source=source,
        name="a.txt",
        sha256=b"",
        status="stored",
        size=1,
        encoding="utf-8",
        as_of=NOON,
        at=NOON,
        counts={Kind.REJECTED: rejected},
    )


CHANNEL_EVENTS: dict[str, tuple[Callable[[OperatorAlerts], None], str]] = {
    "opened": (lambda op: op.channel_state_changed("team", Transition.OPENED, FAILING), "channel team is failing"),
    "refused": (
        lambda op: op.channel_state_changed("team", Transition.OPENED, REFUSED),
        "channel team refuses everything",
    ),
    "recovered": (
        lambda op: op.channel_state_changed("team", Transition.RECOVERED, FAILING),
        "channel team works again",
    ),
    "buried": (lambda op: op.message_dead(delivery(), GIVEN_UP), "a message to channel team was given up"),
    "held": (lambda op: op.message_held(delivery(), UNSURE), "a message to channel team waits for you"),
    "held over": (lambda op: op.sends_interrupted({"team": 2}), "2 messages to channel team wait for you"),
    "expired": (lambda op: op.messages_expired({"team": 3}), "3 messages to channel team were given up"),
}


@pytest.mark.parametrize(("happen", "headline"), CHANNEL_EVENTS.values(), ids=CHANNEL_EVENTS)
def test_what_happens_to_a_channel_is_told_to_the_others(
    happen: Callable[[OperatorAlerts], None], headline: str
) -> None:
    staff = Operator("team", "desk", "boss")
    happen(staff.operator)
    assert staff.alerts() == [("desk", headline), ("boss", headline)]
    assert {row.message.kind for row in staff.outbox.rows} == {"system"}


@pytest.mark.parametrize(("happen", "headline"), CHANNEL_EVENTS.values(), ids=CHANNEL_EVENTS)
@pytest.mark.parametrize("channels", [(), ("team",)], ids=["nobody", "only itself"])
def test_where_nobody_is_left_the_log_alone_says_it(
    happen: Callable[[OperatorAlerts], None],
    headline: str,
    channels: Collection[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    staff = Operator(*channels)
    for _ in range(3):
        happen(staff.operator)
    assert staff.alerts() == []
    [line] = caplog.records
    assert line.getMessage() == "operator_told"
    fields = vars(line)["fields"]
    assert (fields["what"], fields["channels"]) == (headline, "none")
    assert fields["details"], "nobody else has the whole text"


@pytest.mark.parametrize(("happen", "headline"), CHANNEL_EVENTS.values(), ids=CHANNEL_EVENTS)
def test_the_same_thing_is_told_once_an_hour(happen: Callable[[OperatorAlerts], None], headline: str) -> None:
    staff = Operator("desk")
    for _ in range(3):
        happen(staff.operator)
        staff.clock.advance(timedelta(minutes=10))
    assert staff.alerts() == [("desk", headline)]


def test_a_channel_that_comes_and_goes_is_told_of_once_an_hour() -> None:
    staff = Operator("desk")
    for minutes in range(0, 60, 5):
        channel_state = replace(FAILING, since=NOON + timedelta(minutes=minutes))
        staff.operator.channel_state_changed("team", Transition.OPENED, channel_state)
        staff.operator.channel_state_changed("team", Transition.RECOVERED, channel_state)
    staff.operator.channel_state_changed("team", Transition.OPENED, replace(FAILING, since=NOON + HOUR))
    assert [headline for _, headline in staff.alerts()] == [
        "channel team is failing",
        "channel team works again",
        "channel team is failing",
    ]


def test_what_a_resume_leads_to_is_told_in_the_same_hour_too() -> None:
    staff, outcomes = Operator("team", "desk"), (Outcome.CHANNEL_REFUSED, Outcome.CHANNEL_REFUSED, Outcome.OK)
    team = RecordingChannel("team", *(Verdict(outcome=outcome, reason="401") for outcome in outcomes))
    opened = dispatcher(staff, team)
    [worker] = opened.delivery_workers()
    staff.outbox.enqueue(replace(note("hello", channel="team"), kind="instant"), key="a", now=NOON)
    for _ in outcomes:
        worker.deliver_due()
        staff.clock.advance(timedelta(minutes=1))
        opened.channel_states.resume("team", now=staff.clock.now())
        staff.clock.advance(timedelta(minutes=1))
    assert staff.alerts()[1:] == [
        ("desk", "channel team refuses everything"),
        ("desk", "channel team refuses everything"),
        ("desk", "channel team works again"),
    ]
    assert "since 2026-11-22 12:00 UTC" in staff.outbox.rows[-1].message.text


def test_a_channel_that_stays_down_is_told_of_once_more_after_an_hour() -> None:
    staff = Operator("team", "desk")
    channel_states = MemoryChannelStates(staff.outbox)
    line = Receiver(channel=RecordingChannel("team"), policy=Policy(), fingerprint="")
    dispatcher = Dispatcher(
        receivers=[line],
        outbox=staff.outbox,
        channel_states=channel_states,
        operator=staff.operator,
        counters=staff.counters,
        clock=staff.clock,
        since=staff.clock.now(),
    )
    channel_states.save("team", FAILING)
    dispatcher.send_reminders()
    assert staff.alerts() == []
    for _ in range(3):
        staff.clock.advance(HOUR)
        dispatcher.send_reminders()
    assert staff.alerts() == [("desk", "channel team is still down")]
    channel_states.save("team", ChannelState())
    staff.clock.advance(HOUR)
    dispatcher.send_reminders()
    assert len(staff.alerts()) == 1


def test_an_hour_later_it_is_told_again() -> None:
    staff = Operator("desk")
    for _ in range(2):
        staff.operator.message_dead(delivery(), GIVEN_UP)
        staff.operator.messages_expired({"team": 1})
        staff.operator.dump_rejected(report())
        staff.operator.dumps_overdue(OverdueDumps(unfinished=1))
        staff.clock.advance(HOUR)
    assert len(staff.alerts()) == 8


def test_an_empty_dump_is_called_empty() -> None:
    staff = Operator("desk")
    staff.operator.dumps_overdue(OverdueDumps(empty=2))
    staff.clock.advance(HOUR)
    staff.operator.dumps_overdue(OverdueDumps(unfinished=1, empty=1))
    assert [headline for _, headline in staff.alerts()] == [
        "2 dumps stayed empty",
        "1 unfinished dump stayed unfinished, and 1 dump stayed empty",
    ]


def test_other_channels_and_sources_are_other_things() -> None:
    staff = Operator("desk")
    staff.operator.message_dead(delivery(), GIVEN_UP)
    staff.operator.message_dead(delivery(channel="boss"), GIVEN_UP)
    staff.operator.dump_rejected(report())
    staff.operator.dump_rejected(report(1, source="customs"))
    assert [headline for _, headline in staff.alerts()] == [
        "a message to channel team was given up",
        "a message to channel boss was given up",
        "2 parts of a dump could not be read",
        "1 part of a dump could not be read",
    ]


def test_a_system_message_that_is_dead_or_held_raises_none() -> None:
    staff = Operator("desk", "boss")
    staff.operator.message_dead(delivery("system"), GIVEN_UP)
    staff.operator.message_held(delivery("system"), UNSURE)
    assert staff.alerts() == []


def test_a_baseline_is_told_to_everybody_once() -> None:
    staff = Operator("desk", "boss")
    for _ in range(2):
        staff.operator.baseline_taken("motie", BaselineCounts(releases=1234, matched=56))
        staff.clock.advance(timedelta(days=9))
    headline = "baseline of motie taken: 1234 releases, 56 would match"
    assert staff.alerts() == [("desk", headline), ("boss", headline)]


class Locked(MemoryOutbox):
    """Its store fails for the channels named in `broken`."""

    def __init__(self, *broken: str) -> None:
        super().__init__()
        self.broken = set(broken)

    def enqueue(self, message: Message, *, key: str, now: datetime) -> bool:
        if message.channel in self.broken:
            raise StoreError("the state store failed: database is locked")
        return super().enqueue(message, key=key, now=now)


def test_a_store_that_cannot_take_it_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    staff = Operator("desk")
    replace(staff.operator, outbox=Locked("desk")).dumps_overdue(OverdueDumps(unfinished=1))
    assert sorted(record.getMessage() for record in caplog.records) == ["operator_told", "store_busy"]


def test_an_alert_that_the_store_could_not_take_is_queued_once_it_can(caplog: pytest.LogCaptureFixture) -> None:
    staff = Operator("team", "desk", "boss")
    staff.outbox = outbox = Locked("team", "boss")
    operator = replace(staff.operator, outbox=outbox)
    operator.dumps_overdue(OverdueDumps(unfinished=1))
    headline = "1 unfinished dump stayed unfinished"
    assert staff.alerts() == [("desk", headline)], "one channel that fails is no reason to leave out the next"
    operator.retry_postponed()
    outbox.broken.clear()
    staff.clock.advance(HOUR)
    for _ in range(2):
        replace(operator, channels=("desk",)).retry_postponed()  # after a reload
    assert staff.alerts() == [(name, headline) for name in ("desk", "team", "boss")]
    assert sum(record.getMessage() == "operator_told" for record in caplog.records) == 3


# --- through the office --------------------------------------------------------------------------------------------


def dispatcher(staff: Operator, *channels: RecordingChannel) -> Dispatcher:
    lines = [Receiver(channel=channel, policy=Policy(), fingerprint="0000") for channel in channels]
    board = MemoryChannelStates(staff.outbox)
    return Dispatcher(
        receivers=lines,
        outbox=staff.outbox,
        channel_states=board,
        operator=staff.operator,
        counters=staff.counters,
        clock=staff.clock,
        since=staff.clock.now(),
    )


def test_what_grows_too_old_is_told_whether_or_not_its_channel_is_still_there() -> None:
    staff = Operator("desk")
    for name in ("gone", "desk"):
        old = replace(note("old", channel=name), kind="instant", max_age=HOUR)
        staff.outbox.enqueue(old, key=name, now=NOON)
    own = replace(note("of the monitor itself", channel="gone"), max_age=HOUR)
    staff.outbox.enqueue(own, key="own", now=NOON)
    staff.clock.advance(HOUR)
    dispatcher(staff, RecordingChannel("desk")).expire()
    assert staff.alerts()[3:] == [("desk", "1 message to channel gone was given up")]
    assert staff.counters.snapshot().messages["gone", "dead"] == 1


@pytest.mark.parametrize("name", ["see", "event", "channel", "level"])
def test_a_channel_may_be_called_like_a_word_of_the_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    staff = Operator("desk")
    staff.outbox.enqueue(replace(note("old", channel=name), kind="instant", max_age=HOUR), key="a", now=NOON)
    staff.clock.advance(HOUR)
    assert dispatcher(staff, RecordingChannel("desk")).expire() == 1
    [_, told] = [vars(record)["fields"] for record in caplog.records]
    assert (told["channel"], told["count"]) == (name, 1)


def test_notices_of_a_channel_that_is_gone_become_messages_that_wait_and_grow_too_old() -> None:
    staff = Operator("desk")
    staff.outbox.notices += [notice(1, channel="gone"), notice(2, channel="desk")]
    commands = dispatcher(staff, RecordingChannel("desk"))
    for _ in range(2):
        commands.build_unconfigured_messages()
    assert [(row.message.channel, row.state) for row in staff.outbox.rows] == [("gone", "pending")]
    assert staff.outbox.pending_channels() == {"desk"}
    staff.clock.advance(timedelta(hours=72))
    commands.start()
    assert [(row.message.channel, row.state) for row in staff.outbox.rows] == [("gone", "dead"), ("desk", "pending")]


def test_an_office_that_opens_takes_back_what_a_dead_process_left() -> None:
    staff = Operator("desk")
    for name in ("desk", "team"):
        staff.outbox.enqueue(replace(note("hello", channel=name), kind="instant"), key=name, now=NOON)
        staff.outbox.claim(name, now=NOON)
    staff.clock.advance(timedelta(seconds=1))
    opened = dispatcher(staff, RecordingChannel("desk"), RecordingChannel("team"))
    commands, team = opened.receivers
    replace(opened, receivers=[commands, replace(team, policy=Policy(holds_uncertain=True))]).start()
    assert [row.state for row in staff.outbox.rows] == ["pending", "held", "pending"]
    assert staff.alerts()[2:] == [("desk", "1 message to channel team waits for you")]
    assert staff.counters.snapshot().messages == {("team", "held"): 1}


def test_an_office_takes_back_what_nobody_sends_any_more_and_leaves_its_own_alone() -> None:
    staff = Operator("desk")
    staff.outbox.enqueue(replace(note("hello", channel="team"), kind="instant"), key="a", now=NOON)
    commands = dispatcher(staff, RecordingChannel("desk"), RecordingChannel("team"))
    staff.outbox.claim("team", now=NOON)
    staff.clock.advance(LEASE - timedelta(seconds=1))
    commands.start()  # after a reload
    commands.reclaim()
    assert [row.state for row in staff.outbox.rows] == ["leased"]
    staff.clock.advance(timedelta(seconds=1))
    commands.reclaim()
    assert [row.state for row in staff.outbox.rows] == ["pending"]


def test_a_message_that_is_held_is_told_on_another_channel_which_is_woken() -> None:
    staff, woken = Operator("team", "desk"), list[bool]()
    staff.outbox.enqueue(replace(note("hello", channel="team"), kind="instant"), key="a", now=NOON)
    team, commands = RecordingChannel("team", UNSURE.verdict), RecordingChannel("desk")
    opened = dispatcher(staff, team, commands)
    holding = replace(opened, receivers=[replace(r, policy=Policy(holds_uncertain=True)) for r in opened.receivers])
    first, second = holding.delivery_workers(on_alert=lambda: woken.append(True))
    first.deliver_due()
    assert woken == [True]
    second.deliver_due()
    counted = staff.counters.snapshot().messages
    assert (counted["team", "held"], counted["desk", "sent"]) == (1, 1)
    [told] = commands.messages
    assert told.text.startswith("a message to channel team waits for you\nMessage 1 may have arrived or not: no answer")
    assert len(team.messages) == 1


def test_a_dead_message_is_told_on_another_channel_which_is_woken() -> None:
    staff, woken = Operator("team", "desk"), list[bool]()
    staff.outbox.enqueue(replace(note("hello", channel="team"), kind="instant"), key="a", now=NOON)
    team, commands = RecordingChannel("team", GIVEN_UP.verdict), RecordingChannel("desk")
    first, second = dispatcher(staff, team, commands).delivery_workers(on_alert=lambda: woken.append(True))
    first.deliver_due()
    assert woken == [True]
    second.deliver_due()
    assert [message.text.partition("\n")[0] for message in commands.messages] == [
        "a message to channel team was given up"
    ]
    assert len(team.messages) == 1


def test_channels_that_refuse_each_other_do_not_call_for_ever() -> None:
    staff = Operator("team", "desk")
    staff.outbox.enqueue(replace(note("hello", channel="team"), kind="instant"), key="a", now=NOON)
    never = [GIVEN_UP.verdict] * 9
    team, commands = RecordingChannel("team", *never), RecordingChannel("desk", *never)
    workers = dispatcher(staff, team, commands).delivery_workers()
    for _ in range(5):
        for worker in workers:
            worker.deliver_due()
    assert (len(team.messages), len(commands.messages)) == (1, 1)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (StoreDamaged("monitor.db is damaged"), ["the state store is damaged"]),
        (StoreReplaced("monitor.db is gone"), ["the state store was replaced while it was in use"]),
        (StoreUnavailable("the disk is full"), []),
        (None, []),
    ],
)
def test_damage_and_lost_files_are_alerted_once_a_day_and_what_passes_is_not(
    failure: StoreError | None, expected: list[str]
) -> None:
    told = Operator("team")
    for _ in range(3):
        told.operator.store_failed(failure)
    assert [headline for _, headline in told.alerts()] == expected
