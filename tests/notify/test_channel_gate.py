"""Whether a message may go out now, and how fast."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.channel_health import ChannelState
from monitor.model import Rate
from monitor.notify.channel_gate import Admission, BlockReason, admission, tokens
from monitor.notify.send_time import Policy
from tests.notify.facts import NOON, quiet_hours

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NIGHT = quiet_hours(time(11), time(13))
SLOW = Policy(rate=Rate(per_second=0.5, burst=2), quiet=NIGHT)
ALL_AT_ONCE = ChannelState(
    is_refused=True,
    since=NOON - HOUR,
    opened_until=NOON + HOUR,
    muted_until=NOON + 2 * HOUR,
    tokens=0.0,
    tokens_at=NOON,
)


def test_a_channel_that_stands_well_is_open() -> None:
    assert admission(ChannelState(), Policy(), now=NOON) == Admission()
    assert (Admission().is_blocked, Admission().is_urgent_only) == (False, False)


def test_the_first_rule_that_fits_holds() -> None:
    channel_state = ALL_AT_ONCE
    lifted = (
        channel_state,
        replace(channel_state, is_refused=False),
        replace(channel_state, is_refused=False, opened_until=None),
        replace(channel_state, is_refused=False, opened_until=None, muted_until=NOON),
        replace(channel_state, is_refused=False, opened_until=None, muted_until=NOON, tokens=1.0),
    )
    held = [admission(one, SLOW, now=NOON) for one in lifted]
    assert [(one.reason, one.is_blocked, one.is_urgent_only) for one in held] == [
        (BlockReason.REFUSED, True, False),
        (BlockReason.FAILING, True, False),
        (BlockReason.MUTED, True, False),
        (BlockReason.RATE, True, False),
        (BlockReason.QUIET, False, True),
    ]
    assert [one.until for one in held] == [
        None,
        NOON + HOUR,
        NOON + 2 * HOUR,
        NOON + 2 * SECOND + timedelta(milliseconds=1),
        NOON + HOUR,
    ]


@pytest.mark.parametrize("channel_state", [ChannelState(opened_until=NOON), ChannelState(muted_until=NOON)])
def test_a_hold_ends_at_its_moment(channel_state: ChannelState) -> None:
    assert admission(channel_state, Policy(), now=NOON - SECOND).is_blocked
    assert admission(channel_state, Policy(), now=NOON) == Admission()


@pytest.mark.parametrize(
    "channel_state",
    [
        ChannelState(since=NOON + SECOND, opened_until=NOON + HOUR),
        ChannelState(since=NOON - HOUR, opened_until=NOON + timedelta(days=1, seconds=1)),
    ],
    ids=["failed in the future", "rests for years"],
)
def test_a_rest_of_a_clock_that_ran_ahead_is_over(channel_state: ChannelState) -> None:
    assert admission(channel_state, Policy(), now=NOON) == Admission()


def test_a_service_may_ask_for_a_rest_of_a_day() -> None:
    channel_state = ChannelState(since=NOON, opened_until=NOON + timedelta(days=1))
    assert admission(channel_state, Policy(), now=NOON).reason is BlockReason.FAILING


@pytest.mark.parametrize(
    ("left", "at", "now"),
    [
        (3.0, None, NOON),
        (0.0, NOON, NOON),
        (0.5, NOON, NOON + SECOND),
        (3.0, NOON, NOON + 24 * HOUR),
        (0.0, NOON + 2 * SECOND, NOON),  # set back by a little: it fills nothing
        (3.0, NOON + HOUR, NOON),  # by so much that it would be full by now
    ],
)
def test_a_bucket_fills_steadily_up_to_its_burst(left: float, at: datetime | None, now: datetime) -> None:
    channel_state = ChannelState(tokens=None if at is None else 0.0, tokens_at=at)
    assert tokens(Rate(per_second=0.5, burst=3), channel_state, now=now) == left


@given(
    per_second=st.sampled_from([0.01, 0.3, 1.0, 10.0, 333.0]),
    burst=st.integers(1, 5),
    pauses=st.lists(st.integers(0, 30_000_000), min_size=1, max_size=60),
)
def test_no_stretch_of_time_sees_more_than_the_burst_and_what_flows_in(
    per_second: float, burst: int, pauses: list[int]
) -> None:
    """Moments are kept as a store keeps them, in whole milliseconds."""
    policy, channel_state, now, sent = Policy(rate=Rate(per_second=per_second, burst=burst)), ChannelState(), NOON, []
    assert policy.rate
    for pause in pauses:
        now += timedelta(microseconds=pause)
        found = admission(channel_state, policy, now=now)
        if found.reason is BlockReason.RATE:
            assert found.until is not None
            assert found.until > now
            assert not admission(channel_state, policy, now=found.until).is_blocked
            continue
        kept = now.replace(microsecond=now.microsecond // 1000 * 1000)
        channel_state = replace(channel_state, tokens=tokens(policy.rate, channel_state, now=now) - 1, tokens_at=kept)
        sent.append(kept)
    for first, start in enumerate(sent):
        for count, end in enumerate(sent[first:], start=1):
            assert count <= burst + per_second * (end - start).total_seconds() + 1e-6
