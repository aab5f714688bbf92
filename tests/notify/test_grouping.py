"""Which messages are made of the notices that wait, and of which of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.channel_health import ChannelState
from monitor.config.window_parsers import digest, quiet
from monitor.model import DraftMessage, PendingNotice
from monitor.notify.compose import PartLimit
from monitor.notify.grouping import HOUR, MessagePlan, plan_messages
from monitor.notify.render import heading
from monitor.notify.send_time import Policy, send_time
from monitor.notify.worker import DeliveryContext, build_messages
from monitor.testing import FrozenClock, MemoryChannelStates, MemoryOutbox
from tests.examples import examples
from tests.notify.facts import NOON, digest_at, notice, quiet_hours

AT_ONCE = Policy()
DAILY = Policy(digest=digest_at(time(13)))
CALM_NIGHTS = Policy(quiet=quiet_hours(time(11), time(13)))
FEW = Policy(max_per_hour=3)
WELL = ChannelState()
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def planned(
    waiting: list[PendingNotice],
    policy: Policy = AT_ONCE,
    channel_state: ChannelState = WELL,
    *,
    recent: tuple[datetime, ...] = (),
    now: datetime = NOON,
) -> MessagePlan:
    return plan_messages(waiting, policy, channel_state, recent, now=now)


def shape(made: MessagePlan) -> list[tuple[str, tuple[int, ...]]]:
    return [(draft.message.kind, draft.events) for draft in made.drafts]


def test_nothing_waits_and_nothing_is_made() -> None:
    assert planned([]) == MessagePlan()


def test_what_one_dump_tells_is_one_message_and_two_dumps_of_one_moment_are_two() -> None:
    made = planned([notice(1), notice(2), notice(3, dump=2)])
    assert shape(made) == [("instant", (1, 2)), ("instant", (3,))]
    assert made.next_due is None
    first = made.drafts[0].message
    assert (first.channel, first.source, heading(first), first.is_urgent) == ("team", "motie", "", False)
    assert [item.release for item in first.items] == [1, 2]


def test_what_is_urgent_stands_in_a_message_of_its_own_and_first() -> None:
    made = planned([notice(1), notice(2, is_urgent=True)])
    assert [(draft.events, draft.message.is_urgent) for draft in made.drafts] == [((2,), True), ((1,), False)]


def test_a_long_message_is_cut_into_parts_that_share_out_the_events() -> None:
    made = planned([notice(n) for n in range(1, 6)], replace(AT_ONCE, part_limit=PartLimit(items=2, characters=10_000)))
    assert [(one.message.part, one.message.parts, one.events) for one in made.drafts] == [
        (1, 3, (1, 2)),
        (2, 3, (3, 4)),
        (3, 3, (5,)),
    ]


# --- digests, quiet hours, mutes -----------------------------------------------------------------------------------


def test_a_digest_gathers_all_sources_and_names_its_window() -> None:
    waiting = [notice(1), notice(2, dump=2, source="customs", since=NOON + MINUTE)]
    assert planned(waiting, DAILY) == MessagePlan(next_due=NOON + HOUR)
    made = planned(waiting, DAILY, now=NOON + HOUR)
    assert shape(made) == [("digest", (1, 2))]
    [told] = [draft.message for draft in made.drafts]
    assert (heading(told), told.source, [item.source for item in told.items]) == (
        "digest of Sun 22 Nov 13:00",
        "",
        ["motie", "customs"],
    )


def test_a_digest_of_one_source_names_it() -> None:
    [told] = planned([notice(1)], DAILY, now=NOON + HOUR).drafts
    assert told.message.source == "motie"


@pytest.mark.parametrize(
    ("behind", "label"),
    [
        (timedelta(minutes=15), "digest of Sun 22 Nov 13:00"),
        (timedelta(minutes=15, seconds=1), "digest of Sun 22 Nov 13:00, sent late"),
        (timedelta(days=9), "digest of Sun 22 Nov 13:00, sent late"),
    ],
)
def test_a_missed_window_is_caught_up_and_says_so(behind: timedelta, label: str) -> None:
    [told] = planned([notice(1)], DAILY, now=NOON + HOUR + behind).drafts
    assert heading(told.message) == label


def test_missed_windows_are_caught_up_in_one_digest_that_names_the_first_and_the_last() -> None:
    waiting = [notice(1), notice(2, since=NOON + timedelta(days=1)), notice(3, since=NOON + timedelta(days=2))]
    made = planned(waiting, DAILY, now=NOON + timedelta(days=2))
    assert shape(made) == [("digest", (1, 2))]
    assert heading(made.drafts[0].message) == "digest of Sun 22 Nov 13:00 to Mon 23 Nov 13:00, sent late"
    assert made.next_due == NOON + timedelta(days=2) + HOUR
    [told] = planned(waiting, DAILY, now=NOON + timedelta(days=2) + HOUR).drafts
    assert (told.events, heading(told.message)) == ((1, 2, 3), "digest of Sun 22 Nov 13:00 to Tue 24 Nov 13:00")


def test_an_hourly_digest_of_a_machine_that_was_off_is_one_message() -> None:
    hourly = replace(DAILY, digest=digest("1h"))
    waiting = [notice(n, since=NOON + n * 40 * MINUTE) for n in range(1, 8)]
    [told] = planned(waiting, hourly, now=NOON + 9 * HOUR + MINUTE).drafts
    assert (told.events, heading(told.message)) == (
        (1, 2, 3, 4, 5, 6, 7),
        "digest of Sun 22 Nov 13:00 to 17:00, sent late",
    )


def test_what_quiet_hours_held_from_hourly_digests_comes_with_the_first_in_the_morning() -> None:
    policy = replace(CALM_NIGHTS, digest=digest("1h"))
    waiting = [notice(1, since=NOON - HOUR), notice(2), notice(3, since=NOON + 59 * MINUTE)]
    assert planned(waiting, policy, now=NOON + 59 * MINUTE).drafts == ()
    [told] = planned(waiting, policy, now=NOON + HOUR).drafts
    assert (told.events, heading(told.message)) == ((1, 2, 3), "digest of Sun 22 Nov 13:00")


def test_quiet_hours_merge_what_came_in_them_and_let_the_urgent_through() -> None:
    waiting = [notice(1), notice(2, dump=2), notice(3, dump=3, is_urgent=True)]
    assert shape(planned(waiting, CALM_NIGHTS)) == [("instant", (3,))]
    made = planned(waiting[:2], CALM_NIGHTS, now=NOON + HOUR)
    assert shape(made) == [("digest", (1, 2))]
    assert heading(made.drafts[0].message) == "held by quiet hours until Sun 22 Nov 13:00"


def test_a_mute_holds_the_urgent_too_and_ended_early_lets_all_go() -> None:
    waiting = [notice(1), notice(2, is_urgent=True)]
    muted = ChannelState(muted_until=NOON + HOUR)
    assert planned(waiting, channel_state=muted) == MessagePlan(next_due=NOON + HOUR)
    ended = ChannelState(muted_until=NOON + MINUTE)
    made = planned(waiting, channel_state=ended, now=NOON + 2 * MINUTE)
    assert shape(made) == [("digest", (2,)), ("digest", (1,))]
    assert heading(made.drafts[0].message) == "held by mute until Sun 22 Nov 12:01"


def test_the_next_check_is_when_the_first_notice_is_due() -> None:
    weekly = Policy(digest=digest_at(time(13), days=frozenset({0})))
    assert planned([notice(1)], weekly).next_due == NOON + timedelta(days=1, hours=1)
    assert planned([notice(1), notice(2, is_urgent=True)], weekly).next_due == NOON + timedelta(days=1, hours=1)


# --- the limit per hour --------------------------------------------------------------------------------------------


def dumps(count: int, *, first: int = 1) -> list[PendingNotice]:
    return [notice(n, dump=n) for n in range(first, first + count)]


def test_beyond_the_most_of_an_hour_the_rest_waits_and_becomes_one_summary_of_all() -> None:
    made = planned(dumps(7), FEW)
    assert shape(made) == [("instant", (1,)), ("instant", (2,)), ("instant", (3,))]
    assert (made.next_due, made.flood_until) == (NOON + HOUR, NOON + HOUR)
    flooded, left = ChannelState(flood_until=made.flood_until), dumps(6, first=4)
    assert planned(left, FEW, flooded, now=NOON + HOUR - SECOND) == MessagePlan(
        next_due=NOON + HOUR, flood_until=NOON + HOUR
    )
    [summary] = planned(left, FEW, flooded, now=NOON + HOUR).drafts
    assert (summary.message.kind, summary.events) == ("summary", (4, 5, 6, 7, 8, 9))
    assert [item.title for item in summary.message.items] == [f"Release {n}" for n in range(4, 10)]
    assert heading(summary.message) == "more than 3 messages an hour"


def test_the_last_message_before_the_limit_says_that_more_comes_and_its_parts_count_what_is_sent() -> None:
    few = replace(FEW, part_limit=PartLimit(items=2, characters=10_000), timezone=ZoneInfo("Asia/Seoul"))
    told = [one.message for one in planned([notice(1), *(notice(n, dump=2) for n in range(2, 12))], few).drafts]
    assert [(one.part, one.parts, heading(one)) for one in told] == [
        (1, 1, ""),
        (1, 2, ""),
        (2, 2, "limit of 3 an hour, the rest at 22:00"),
    ]
    whole = planned([notice(1), notice(2, dump=2), notice(3, dump=3), notice(4, dump=4)], FEW).drafts
    assert [heading(one.message) for one in whole] == ["", "", "limit of 3 an hour, the rest at 13:00"]


def test_a_flood_ends_when_the_oldest_message_of_the_hour_is_an_hour_old() -> None:
    recent = (NOON - 50 * MINUTE, NOON - 40 * MINUTE, NOON - 10 * MINUTE)
    made = planned(dumps(1), FEW, recent=recent)
    assert (made.drafts, made.flood_until) == ((), NOON + 10 * MINUTE)


def test_urgent_messages_put_the_end_of_a_flood_off() -> None:
    recent = (NOON - 50 * MINUTE, NOON - 40 * MINUTE, NOON - 10 * MINUTE)
    urgent = [notice(n, dump=n, is_urgent=True) for n in (1, 2)]
    made = planned([*urgent, *dumps(1, first=3)], FEW, recent=recent)
    assert made.flood_until == NOON + 50 * MINUTE  # then two are left of the last hour


def test_a_flood_that_is_over_with_nothing_left_is_forgotten() -> None:
    assert planned([], FEW, ChannelState(flood_until=NOON)) == MessagePlan()


def test_zero_is_no_limit_also_in_the_middle_of_a_flood() -> None:
    assert len(planned(dumps(500)).drafts) == 500
    made = planned(dumps(2), AT_ONCE, ChannelState(flood_until=NOON + MINUTE))
    assert (shape(made), made.flood_until) == ([("instant", (1,)), ("instant", (2,))], None)


def test_what_is_urgent_or_waited_for_a_moment_passes_a_flood_and_counts() -> None:
    flooded = ChannelState(flood_until=NOON + MINUTE)
    assert shape(planned([notice(1, is_urgent=True), notice(2)], FEW, flooded)) == [("instant", (1,))]
    assert shape(planned([notice(1)], replace(DAILY, max_per_hour=3), flooded, now=NOON + HOUR)) == [("digest", (1,))]
    urgent = [notice(n, dump=n, is_urgent=True) for n in range(1, 3)]
    assert [kind for kind, _ in shape(planned([*urgent, *dumps(3, first=3)], FEW))] == ["instant"] * 3


def test_every_part_of_a_long_message_counts() -> None:
    made = planned([notice(n) for n in range(1, 9)], replace(FEW, part_limit=PartLimit(items=2, characters=10_000)))
    assert [one.events for one in made.drafts] == [(1, 2), (3, 4), (5, 6)]
    assert made.flood_until == NOON + HOUR


def test_a_long_summary_still_names_every_release() -> None:
    flooded, left = ChannelState(flood_until=NOON), dumps(450)
    made = planned(left, FEW, flooded)
    assert {draft.message.kind for draft in made.drafts} == {"summary"}
    assert [event for draft in made.drafts for event in draft.events] == list(range(1, 451))


# --- a clock that was set back -------------------------------------------------------------------------------------


YEARS = timedelta(days=4 * 365)


def test_what_came_while_the_clock_ran_years_ahead_does_not_wait_for_them() -> None:
    early = [notice(1, since=NOON + YEARS)]
    assert shape(planned(early)) == [("instant", (1,))]
    assert planned(early, DAILY, now=NOON + HOUR).drafts[0].events == (1,)


def test_a_flood_of_a_clock_that_ran_ahead_ends_now() -> None:
    made = planned(dumps(2), FEW, ChannelState(flood_until=NOON + YEARS), recent=(NOON + YEARS,) * 3)
    assert (shape(made), made.flood_until) == ([("summary", (1, 2))], None)
    assert planned(dumps(3), FEW, recent=(NOON + YEARS,) * 3).flood_until is None


# --- on an outbox --------------------------------------------------------------------------------------------------


class WorkerSetup:
    """One channel's outbox, grouped at given times."""

    def __init__(self, policy: Policy) -> None:
        self.outbox = MemoryOutbox()
        self.channel_states = MemoryChannelStates(self.outbox)
        self.policy = policy
        self.made: list[tuple[datetime, DraftMessage]] = []

    def restart(self) -> None:
        self.channel_states = MemoryChannelStates(self.outbox)

    def plan(self, now: datetime) -> MessagePlan:
        recent = self.outbox.recent("team", after=now - HOUR, most=max(1, self.policy.max_per_hour))
        return plan_messages(
            self.outbox.pending_notices("team"), self.policy, self.channel_states.get("team"), recent, now=now
        )

    def build(self, now: datetime) -> MessagePlan:
        context = DeliveryContext(
            outbox=self.outbox, channel_states=self.channel_states, clock=FrozenClock(now), jitter=lambda: 0.0
        )
        before = len(self.outbox.rows)
        whole = self.plan(now)
        made = build_messages("team", self.policy, context)
        assert made == whole, "knowing only when notices came must give the same"
        assert len(self.outbox.rows) == before + len(made.drafts)
        self.made += [(now, draft) for draft in made.drafts]
        return made


def test_a_second_tick_at_the_same_moment_forms_nothing_more() -> None:
    setup = WorkerSetup(DAILY)
    setup.outbox.notices.append(notice(1))
    setup.build(NOON + HOUR)
    setup.build(NOON + HOUR)
    assert [row.message.kind for row in setup.outbox.rows] == ["digest"]


def test_a_clock_set_back_hours_into_a_flood_ends_it() -> None:
    setup = WorkerSetup(FEW)
    setup.outbox.notices += dumps(5)
    setup.build(NOON)
    assert shape(setup.build(NOON - 3 * HOUR)) == [("summary", (4, 5))]


def test_a_flood_ends_where_the_limit_is_taken_away() -> None:
    setup = WorkerSetup(FEW)
    setup.outbox.notices += dumps(5)
    setup.build(NOON)
    setup.policy = AT_ONCE
    assert shape(setup.build(NOON + MINUTE)) == [("instant", (4,)), ("instant", (5,))]


def test_a_flood_outlives_a_restart() -> None:
    setup = WorkerSetup(FEW)
    setup.outbox.notices += dumps(5)
    setup.build(NOON)
    setup.restart()
    setup.outbox.notices += dumps(1, first=6)
    assert setup.build(NOON + 59 * MINUTE).drafts == ()
    assert shape(setup.build(NOON + HOUR)) == [("summary", (4, 5, 6))]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 150),  # minutes that pass
        st.lists(st.booleans(), max_size=4),  # a dump's notices: urgent or not
        st.none() | st.integers(0, 90),  # muted for so long
    ),
    max_size=25,
)
POLICIES = st.builds(
    Policy,
    part_limit=st.sampled_from([PartLimit(items=2, characters=10_000), PartLimit(items=20, characters=10_000)]),
    max_per_hour=st.integers(0, 4),
    digest=st.just(())
    | st.sets(st.times().map(lambda at: at.replace(second=0, microsecond=0)), min_size=1, max_size=4).map(
        lambda times: digest_at(*sorted(times))
    )
    | st.sampled_from([digest("1h"), digest("mon-fri 4h; sat 10:00")]),
    quiet=st.sampled_from([(), quiet_hours(time(22), time(7)), quiet("sat 18:00-mon 08:00")]),
)


@settings(max_examples=examples(300))
@given(policy=POLICIES, steps=STEPS, is_restarted=st.booleans())
def test_whatever_comes_whenever_everything_is_told_once_in_order_and_never_too_early_or_too_much(
    policy: Policy, steps: list[tuple[int, list[bool], int | None]], is_restarted: bool
) -> None:
    setup, now, came = WorkerSetup(policy), NOON, dict[int, PendingNotice]()
    for dump, (minutes, urgent, mute) in enumerate(steps, start=1):
        now += minutes * MINUTE
        if mute is not None:
            setup.channel_states.mute("team", until=now + mute * MINUTE)
        new = [
            notice(len(came) + n, since=now, dump=dump, is_urgent=is_urgent) for n, is_urgent in enumerate(urgent, 1)
        ]
        came |= {one.event: one for one in new}
        setup.outbox.notices += new
        if is_restarted:
            setup.restart()
        before = len(setup.made)
        channel_state = setup.channel_states.get("team")
        setup.build(now)
        for _, draft in setup.made[before:]:
            for event in draft.events:
                one = came[event]
                assert send_time(one.since, policy, channel_state, is_urgent=one.notice.is_urgent).at <= now
    for _ in range(400):  # until nothing is left
        next_due = setup.build(now).next_due
        if next_due is None:
            break
        assert next_due > now
        now = next_due
    assert setup.outbox.notices == []
    told = [event for _, draft in setup.made for event in draft.events]
    assert sorted(told) == sorted(came)
    assert all(
        [item.release for item in draft.message.items] == list(draft.events) == sorted(draft.events)
        for _, draft in setup.made
    )
    if policy.max_per_hour:
        rush = [at for at, one in setup.made if one.message.kind == "instant" and not one.message.is_urgent]
        most = policy.max_per_hour
        assert all(later - earlier >= HOUR for earlier, later in zip(rush, rush[most:], strict=False))
    assert all(earlier <= later for earlier, later in pairwise(at for at, _ in setup.made))
