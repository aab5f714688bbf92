"""The time at which a notice is sent, and what delays it until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.channel_health import ChannelState
from monitor.config.window_parsers import digest
from monitor.notify.send_time import Delay, Policy, SendTime, send_time, waits_for
from tests.notify.facts import digest_at, quiet_hours

SEOUL = ZoneInfo("Asia/Seoul")
AT_ONCE = Policy(timezone=SEOUL)
MORNING = Policy(timezone=SEOUL, digest=digest_at(time(8, 30)))
AT_NIGHT = Policy(timezone=SEOUL, quiet=quiet_hours(time(22), time(7)))
BOTH = replace(AT_NIGHT, digest=digest_at(time(6)))

HOURLY = replace(AT_NIGHT, digest=digest("1h"))


def at(hour: int, minute: int = 0, *, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SEOUL).astimezone(UTC)


def muted(until: datetime) -> ChannelState:
    return ChannelState(muted_until=until)


@pytest.mark.parametrize(
    ("policy", "channel_state", "is_urgent", "since", "expected"),
    [
        (AT_ONCE, ChannelState(), False, at(3), SendTime(at(3))),
        (MORNING, ChannelState(), False, at(8, 29), SendTime(at(8, 30), Delay.DIGEST)),
        (MORNING, ChannelState(), False, at(8, 30), SendTime(at(8, 30, day=24), Delay.DIGEST)),
        (MORNING, ChannelState(), True, at(8, 29), SendTime(at(8, 29))),
        (AT_NIGHT, ChannelState(), False, at(23), SendTime(at(7, day=24), Delay.QUIET)),
        (AT_NIGHT, ChannelState(), False, at(7), SendTime(at(7))),
        (AT_NIGHT, ChannelState(), True, at(23), SendTime(at(23))),
        (BOTH, ChannelState(), False, at(5), SendTime(at(7), Delay.QUIET)),  # its digest comes in the night
        (HOURLY, ChannelState(), False, at(20, 59), SendTime(at(21), Delay.DIGEST)),
        (HOURLY, ChannelState(), False, at(21), SendTime(at(7, day=24), Delay.DIGEST)),  # 22:00 is in quiet hours
        (HOURLY, ChannelState(), False, at(6, 10), SendTime(at(7), Delay.DIGEST)),  # of one message with the night's
        (AT_ONCE, muted(at(12)), False, at(9), SendTime(at(12), Delay.MUTE)),
        (AT_ONCE, muted(at(12)), True, at(9), SendTime(at(12), Delay.MUTE)),
        (AT_ONCE, muted(at(12)), False, at(12), SendTime(at(12))),
        (AT_ONCE, muted(at(12)), False, at(13), SendTime(at(13))),
        (MORNING, muted(at(8, 0)), False, at(7), SendTime(at(8, 30), Delay.DIGEST)),
        (MORNING, muted(at(12)), False, at(7), SendTime(at(12), Delay.MUTE)),
        (AT_NIGHT, muted(at(23)), False, at(21), SendTime(at(7, day=24), Delay.QUIET)),
        (AT_NIGHT, muted(at(23)), True, at(21), SendTime(at(23), Delay.MUTE)),
        (AT_NIGHT, muted(at(9, day=24)), False, at(23), SendTime(at(9, day=24), Delay.MUTE)),
    ],
)
def test_what_puts_a_notice_off_and_until_when(
    policy: Policy, channel_state: ChannelState, is_urgent: bool, since: datetime, expected: SendTime
) -> None:
    assert send_time(since, policy, channel_state, is_urgent=is_urgent) == expected


def test_a_mute_that_is_ended_early_lets_go_of_what_it_held() -> None:
    assert send_time(at(9), AT_ONCE, muted(at(18)), is_urgent=False).at == at(18)
    assert send_time(at(9), AT_ONCE, muted(at(10)), is_urgent=False) == SendTime(at(10), Delay.MUTE)


@pytest.mark.parametrize("hours", range(0, 48, 5))
def test_nothing_is_due_before_it_came(hours: int) -> None:
    since = at(0) + timedelta(hours=hours)
    for policy in (AT_ONCE, MORNING, AT_NIGHT, BOTH, HOURLY):
        for channel_state in (ChannelState(), muted(at(12))):
            assert send_time(since, policy, channel_state, is_urgent=False).at >= since


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (SendTime(at(9)), ""),
        (SendTime(at(8, 30), Delay.DIGEST), "the digest of 08:30"),  # today
        (SendTime(at(8, 30, day=24), Delay.DIGEST), "the digest of Tue 08:30"),
        (SendTime(at(8, 30, day=22), Delay.DIGEST), "the digest of Sun 08:30"),  # missed
        (SendTime(at(8, 30, day=30), Delay.DIGEST), "the digest of Mon 30 Nov 08:30"),
        (SendTime(at(7, day=24), Delay.QUIET), "the end of quiet hours at Tue 07:00"),
        (SendTime(at(12), Delay.MUTE), "the end of a mute at 12:00"),
    ],
)
def test_what_a_notice_waits_for_is_said_in_the_time_of_the_place(time: SendTime, text: str) -> None:
    assert waits_for(time, MORNING, now=at(0)) == text
