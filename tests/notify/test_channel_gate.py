"""Whether a message may go out now, and how fast."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Rate, Standing
from monitor.notify.channel_gate import Gate, Hold, gate, tokens
from monitor.notify.send_time import Policy
from monitor.notify.time_windows import Quiet
from tests.notify.facts import NOON

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NIGHT = Quiet(start=time(11), end=time(13))
SLOW = Policy(rate=Rate(per_second=0.5, burst=2), quiet=NIGHT)
ALL_AT_ONCE = Standing(
    is_refused=True,
    since=NOON - HOUR,
    opened_until=NOON + HOUR,
    muted_until=NOON + 2 * HOUR,
    tokens=0.0,
    tokens_at=NOON,
)


def test_a_channel_that_stands_well_is_open() -> None:
    assert gate(Standing(), Policy(), now=NOON) == Gate()
    assert (Gate().is_shut, Gate().is_urgent_only) == (False, False)


def test_the_first_rule_that_fits_holds() -> None:
    standing = ALL_AT_ONCE
    lifted = (
        standing,
        replace(standing, is_refused=False),
        replace(standing, is_refused=False, opened_until=None),
        replace(standing, is_refused=False, opened_until=None, muted_until=NOON),
        replace(standing, is_refused=False, opened_until=None, muted_until=NOON, tokens=1.0),
    )
    held = [gate(one, SLOW, now=NOON) for one in lifted]
    assert [(one.hold, one.is_shut, one.is_urgent_only) for one in held] == [
        (Hold.REFUSED, True, False),
        (Hold.FAILING, True, False),
        (Hold.MUTED, True, False),
        (Hold.RATE, True, False),
        (Hold.QUIET, False, True),
    ]
    assert [one.again for one in held] == [
        None,
        NOON + HOUR,
        NOON + 2 * HOUR,
        NOON + 2 * SECOND + timedelta(milliseconds=1),
        NOON + HOUR,
    ]


@pytest.mark.parametrize("standing", [Standing(opened_until=NOON), Standing(muted_until=NOON)])
def test_a_hold_ends_at_its_moment(standing: Standing) -> None:
    assert gate(standing, Policy(), now=NOON - SECOND).is_shut
    assert gate(standing, Policy(), now=NOON) == Gate()


@pytest.mark.parametrize(
    "standing",
    [
        Standing(since=NOON + SECOND, opened_until=NOON + HOUR),
        Standing(since=NOON - HOUR, opened_until=NOON + timedelta(days=1, seconds=1)),
    ],
    ids=["failed in the future", "rests for years"],
)
def test_a_rest_of_a_clock_that_ran_ahead_is_over(standing: Standing) -> None:
    assert gate(standing, Policy(), now=NOON) == Gate()


def test_a_service_may_ask_for_a_rest_of_a_day() -> None:
    standing = Standing(since=NOON, opened_until=NOON + timedelta(days=1))
    assert gate(standing, Policy(), now=NOON).hold is Hold.FAILING


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
    standing = Standing(tokens=None if at is None else 0.0, tokens_at=at)
    assert tokens(Rate(per_second=0.5, burst=3), standing, now=now) == left


@given(
    per_second=st.sampled_from([0.01, 0.3, 1.0, 10.0, 333.0]),
    burst=st.integers(1, 5),
    pauses=st.lists(st.integers(0, 30_000_000), min_size=1, max_size=60),
)
def test_no_stretch_of_time_sees_more_than_the_burst_and_what_flows_in(
    per_second: float, burst: int, pauses: list[int]
) -> None:
    """Moments are kept as a store keeps them, in whole milliseconds."""
    policy, standing, now, sent = Policy(rate=Rate(per_second=per_second, burst=burst)), Standing(), NOON, []
    assert policy.rate
    for pause in pauses:
        now += timedelta(microseconds=pause)
        found = gate(standing, policy, now=now)
        if found.hold is Hold.RATE:
            assert found.again is not None
            assert found.again > now
            assert not gate(standing, policy, now=found.again).is_shut
            continue
        kept = now.replace(microsecond=now.microsecond // 1000 * 1000)
        standing = replace(standing, tokens=tokens(policy.rate, standing, now=now) - 1, tokens_at=kept)
        sent.append(kept)
    for first, start in enumerate(sent):
        for count, end in enumerate(sent[first:], start=1):
            assert count <= burst + per_second * (end - start).total_seconds() + 1e-6
