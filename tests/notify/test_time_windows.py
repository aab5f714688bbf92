"""Wall times of digests and quiet hours become timestamps, on the odd days of a year too."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.notify.time_windows import DAYS, Digest, Quiet, next_window, quiet_until

BERLIN, SEOUL = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Seoul")
ZONES = [
    *(BERLIN, SEOUL, ZoneInfo("UTC"), ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe")),
    *(ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/Nuuk"), ZoneInfo("Asia/Kathmandu")),
]
MOMENTS = st.integers(0, 15 * 366 * 86_400).map(lambda seconds: utc("2020-01-01") + timedelta(seconds=seconds))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def digest(at: str, days: str = "mon tue wed thu fri sat sun") -> Digest:
    return Digest(at=time.fromisoformat(at), days=frozenset(DAYS.index(day) for day in days.split()))


def quiet(hours: str) -> Quiet:
    start, end = hours.split("-")
    return Quiet(start=time.fromisoformat(start), end=time.fromisoformat(end))


# 22 November 2026 is a Sunday. In Berlin 2026-03-29 has no 02:30, and 2026-10-25 has two.
@pytest.mark.parametrize(
    ("spec", "after", "zone", "window"),
    [
        (digest("08:30"), "2026-11-22T07:29:59", BERLIN, "2026-11-22T07:30"),
        (digest("08:30"), "2026-11-22T07:30:00", BERLIN, "2026-11-23T07:30"),
        (digest("08:30"), "2026-11-22T07:30:01", BERLIN, "2026-11-23T07:30"),
        (digest("08:30"), "2026-11-22T23:29", SEOUL, "2026-11-22T23:30"),
        (digest("08:30"), "2026-11-22T14:00", SEOUL, "2026-11-22T23:30"),  # 23:00 there
        (digest("08:30"), "2026-11-22T16:00", SEOUL, "2026-11-22T23:30"),  # 01:00 the next day there
        (digest("08:30", "mon"), "2026-11-23T07:30", BERLIN, "2026-11-30T07:30"),
        (digest("08:30", "mon tue wed thu fri"), "2026-11-20T08:00", BERLIN, "2026-11-23T07:30"),
        (digest("17:00", "mon wed thu fri"), "2026-11-23T17:00", BERLIN, "2026-11-25T16:00"),
        (digest("00:00"), "2026-11-22T22:59:59", BERLIN, "2026-11-22T23:00"),
        (digest("02:30"), "2026-03-28T12:00", BERLIN, "2026-03-29T01:30"),  # 03:30, as if not yet moved
        (digest("02:30"), "2026-03-29T01:30", BERLIN, "2026-03-30T00:30"),
        (digest("02:30"), "2026-10-24T12:00", BERLIN, "2026-10-25T00:30"),  # the first of the two
        (digest("02:30"), "2026-10-25T00:30", BERLIN, "2026-10-26T01:30"),  # and not the second
        (digest("02:30"), "2026-10-25T01:29", BERLIN, "2026-10-26T01:30"),
        (digest("23:30"), "2026-03-29T01:10", ZoneInfo("America/Nuuk"), "2026-03-29T01:30"),  # yesterday's, skipped
    ],
)
def test_the_next_window_is_the_first_moment_after(spec: Digest, after: str, zone: ZoneInfo, window: str) -> None:
    assert next_window(spec, after=utc(after), timezone=zone) == utc(window)


@given(
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None)),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    after=MOMENTS,
    zone=st.sampled_from(ZONES),
)
def test_windows_follow_one_another_and_no_day_is_left_out_or_comes_twice(
    at: time, days: frozenset[int], after: datetime, zone: ZoneInfo
) -> None:
    spec, found = Digest(at=at, days=days), [after]
    for _ in range(10):
        found.append(next_window(spec, after=found[-1], timezone=zone))
    assert all(later > earlier for earlier, later in pairwise(found))
    dates = [_day(moment, spec, zone) for moment in found[1:]]
    wanted = (dates[0] + timedelta(days=n) for n in range(80))
    assert dates == [day for day in wanted if day.weekday() in days][:10]
    assert next_window(spec, after=found[1] - timedelta(microseconds=1), timezone=zone) == found[1]


def _day(moment: datetime, spec: Digest, zone: ZoneInfo) -> datetime:
    """The local day a window stands for; a window that the spring moves over midnight stands for the day before."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    day = local - timedelta(days=1) if local.time() < spec.at and spec.at.hour == 23 else local
    return datetime.combine(day.date(), time())


@pytest.mark.parametrize(
    ("hours", "at", "end"),
    [
        ("22:00-07:00", wall("2026-11-22T21:59:59"), None),
        ("22:00-07:00", wall("2026-11-22T22:00"), wall("2026-11-23T07:00")),
        ("22:00-07:00", wall("2026-11-23T00:00"), wall("2026-11-23T07:00")),
        ("22:00-07:00", wall("2026-11-23T06:59:59"), wall("2026-11-23T07:00")),
        ("22:00-07:00", wall("2026-11-23T07:00"), None),
        ("12:00-13:00", wall("2026-11-22T12:30"), wall("2026-11-22T13:00")),
        ("12:00-13:00", wall("2026-11-22T13:00"), None),
        ("00:00-23:59", wall("2026-11-22T23:59:30"), None),
        ("22:00-07:00", wall("2026-03-28T23:00"), wall("2026-03-29T07:00")),  # an hour shorter
        ("22:00-07:00", wall("2026-10-24T23:00"), wall("2026-10-25T07:00")),  # an hour longer
        ("22:00-02:30", wall("2026-03-28T23:00"), wall("2026-03-29T03:30")),  # 02:30 is skipped
        ("22:00-02:30", wall("2026-10-25T02:10"), wall("2026-10-25T02:30")),
        ("22:00-02:30", wall("2026-10-25T02:10", fold=1), None),  # that night is over
        ("02:30-07:00", wall("2026-10-25T02:10", fold=1), wall("2026-10-25T07:00")),  # has begun
    ],
)
def test_quiet_hours_cover_their_night_and_end_once(hours: str, at: datetime, end: datetime | None) -> None:
    assert quiet_until(quiet(hours), at=at, timezone=BERLIN) == end


def test_quiet_hours_are_those_of_the_place() -> None:
    assert quiet_until(quiet("22:00-07:00"), at=utc("2026-11-22T13:00"), timezone=SEOUL) == utc("2026-11-22T22:00")
    assert quiet_until(quiet("22:00-07:00"), at=utc("2026-11-22T22:00"), timezone=SEOUL) is None


@given(
    hours=st.tuples(st.times(), st.times()).filter(lambda two: two[0] != two[1]),
    at=MOMENTS,
    zone=st.sampled_from(ZONES),
)
def test_quiet_hours_end_within_a_day_and_last_without_a_gap(
    hours: tuple[time, time], at: datetime, zone: ZoneInfo
) -> None:
    spec = Quiet(start=hours[0], end=hours[1])
    end = quiet_until(spec, at=at, timezone=zone)
    if end is not None:
        assert at < end <= at + timedelta(hours=25)
        assert quiet_until(spec, at=at + (end - at) / 2, timezone=zone) == end
