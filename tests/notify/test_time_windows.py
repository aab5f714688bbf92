"""Wall times of digests and quiet hours become timestamps, on the odd days of a year too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.window_parsers import digest, expectation, quiet
from monitor.notify.time_windows import Digest, WeekSpan, is_overdue, next_window, quiet_until
from tests.notify.facts import digest_at, quiet_hours

BERLIN, SEOUL, NUUK = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Seoul"), ZoneInfo("America/Nuuk")
ZONES = [
    *(BERLIN, SEOUL, ZoneInfo("UTC"), ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe")),
    *(ZoneInfo("America/Sao_Paulo"), NUUK, ZoneInfo("Asia/Kathmandu")),
]
MOMENTS = st.integers(0, 15 * 366 * 86_400).map(lambda seconds: utc("2020-01-01") + timedelta(seconds=seconds))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


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
        (digest("mon 08:30"), "2026-11-23T07:30", BERLIN, "2026-11-30T07:30"),
        (digest("mon-fri 08:30"), "2026-11-20T08:00", BERLIN, "2026-11-23T07:30"),
        (digest("mon,wed-fri 17:00"), "2026-11-23T17:00", BERLIN, "2026-11-25T16:00"),
        (digest("00:00"), "2026-11-22T22:59:59", BERLIN, "2026-11-22T23:00"),
        (digest("02:30"), "2026-03-28T12:00", BERLIN, "2026-03-29T01:30"),  # 03:30, as if not yet moved
        (digest("02:30"), "2026-03-29T01:30", BERLIN, "2026-03-30T00:30"),
        (digest("02:30"), "2026-10-24T12:00", BERLIN, "2026-10-25T00:30"),  # the first of the two
        (digest("02:30"), "2026-10-25T00:30", BERLIN, "2026-10-26T01:30"),  # and not the second
        (digest("02:30"), "2026-10-25T01:29", BERLIN, "2026-10-26T01:30"),
        (digest("23:30"), "2026-03-29T01:10", NUUK, "2026-03-29T01:30"),  # yesterday's, skipped
        (digest("00:10, 23:30"), "2026-03-29T00:50", NUUK, "2026-03-29T01:10"),  # the next day's comes before it
        (digest("00:10, 23:30"), "2026-03-29T01:10", NUUK, "2026-03-29T01:30"),
        (digest("08:30, 17:00"), "2026-11-22T07:30", BERLIN, "2026-11-22T16:00"),
        (digest("08:30, 17:00"), "2026-11-22T16:00", BERLIN, "2026-11-23T07:30"),
        (digest("mon-fri 08:30, 17:00; sat 10:00"), "2026-11-20T16:00", BERLIN, "2026-11-21T09:00"),
        (digest("mon-fri 08:30, 17:00; sat 10:00"), "2026-11-21T09:00", BERLIN, "2026-11-23T07:30"),
        (digest("1h"), "2026-11-22T07:00", SEOUL, "2026-11-22T08:00"),
        (digest("1h"), "2026-11-22T07:00", ZoneInfo("Asia/Kathmandu"), "2026-11-22T07:15"),  # full hours there
        (digest("1h"), "2026-03-29T00:30", BERLIN, "2026-03-29T01:00"),  # 03:00; 02:00 is the same moment
        (digest("1h"), "2026-03-29T01:00", BERLIN, "2026-03-29T02:00"),
        (digest("1h"), "2026-10-25T00:00", BERLIN, "2026-10-25T02:00"),  # after 02:00 comes 03:00, two hours later
        (digest("30m"), "2026-03-29T01:00", BERLIN, "2026-03-29T01:30"),
    ],
)
def test_the_next_window_is_the_first_moment_after(spec: Digest, after: str, zone: ZoneInfo, window: str) -> None:
    assert next_window(spec, after=utc(after), timezone=zone) == utc(window)


WALL_TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None))


@given(at=WALL_TIMES, days=st.frozensets(st.integers(0, 6), min_size=1), after=MOMENTS, zone=st.sampled_from(ZONES))
def test_windows_follow_one_another_and_no_day_is_left_out_or_comes_twice(
    at: time, days: frozenset[int], after: datetime, zone: ZoneInfo
) -> None:
    spec, found = digest_at(at, days=days), [after]
    for _ in range(10):
        found.append(next_window(spec, after=found[-1], timezone=zone))
    assert all(later > earlier for earlier, later in pairwise(found))
    dates = [_day(moment, at, zone) for moment in found[1:]]
    wanted = (dates[0] + timedelta(days=n) for n in range(80))
    assert dates == [day for day in wanted if day.weekday() in days][:10]
    assert next_window(spec, after=found[1] - timedelta(microseconds=1), timezone=zone) == found[1]


def _day(moment: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The local day a window stands for; a window that the spring moves over midnight stands for the day before."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    day = local - timedelta(days=1) if local.time() < at and at.hour == 23 else local
    return datetime.combine(day.date(), time())


@given(
    parts=st.lists(
        st.tuples(st.sets(WALL_TIMES, min_size=1, max_size=5), st.frozensets(st.integers(0, 6), min_size=1)),
        min_size=1,
        max_size=3,
    ),
    after=MOMENTS,
    zone=st.sampled_from(ZONES),
)
def test_of_several_times_the_next_window_is_the_first_of_any(
    parts: list[tuple[set[time], frozenset[int]]], after: datetime, zone: ZoneInfo
) -> None:
    spec = tuple(one for times, days in parts for one in digest_at(*sorted(times), days=days))
    alone = (digest_at(at, days=each.days) for each in spec for at in each.times)
    assert next_window(spec, after=after, timezone=zone) == min(
        next_window(one, after=after, timezone=zone) for one in alone
    )


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [
        (SEOUL, date(2026, 11, 22), 24),
        (BERLIN, date(2026, 11, 22), 24),
        (BERLIN, date(2026, 3, 29), 23),  # 02:00 does not come
        (BERLIN, date(2026, 10, 25), 24),  # of the day's 25 hours, 02:00 comes twice and counts once
    ],
)
def test_an_hourly_digest_has_each_hour_of_a_day_once(zone: ZoneInfo, day: date, count: int) -> None:
    at, last = (datetime.combine(day + timedelta(days=n), time(), zone).astimezone(UTC) for n in (0, 1))
    found = []
    while at < last:
        at = next_window(digest("1h"), after=at, timezone=zone)
        found.append(at)
    assert (len(found), found[-1]) == (count, last)


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
        # 20 November 2026 is a Friday
        ("fri 18:00-mon 08:00", wall("2026-11-20T17:59"), None),
        ("fri 18:00-mon 08:00", wall("2026-11-20T18:00"), wall("2026-11-23T08:00")),
        ("fri 18:00-mon 08:00", wall("2026-11-22T03:00"), wall("2026-11-23T08:00")),
        ("fri 18:00-mon 08:00", wall("2026-11-23T08:00"), None),
        ("fri 18:00-mon 08:00", wall("2026-03-29T02:30"), wall("2026-03-30T08:00")),
        ("fri 18:00-mon 08:00", wall("2026-10-25T02:30", fold=1), wall("2026-10-26T08:00")),
        ("mon-fri 22:00-07:00", wall("2026-11-20T23:00"), wall("2026-11-21T07:00")),  # the night that Friday begins
        ("mon-fri 22:00-07:00", wall("2026-11-21T23:00"), None),
        ("mon-fri 22:00-07:00", wall("2026-11-23T06:00"), None),  # Sunday began it
        ("sat-sun", wall("2026-11-20T23:59"), None),
        ("sat-sun", wall("2026-11-21T00:00"), wall("2026-11-23T00:00")),
        ("22:00-07:00, sat-sun", wall("2026-11-20T23:00"), wall("2026-11-23T07:00")),  # one part goes on in another
        ("22:00-07:00, sat-sun", wall("2026-11-24T23:00"), wall("2026-11-25T07:00")),
        ("12:00-13:00; 13:00-14:00", wall("2026-11-24T12:30"), wall("2026-11-24T14:00")),
        ("12:00-14:00; 13:00-13:30", wall("2026-11-24T13:10"), wall("2026-11-24T14:00")),
        ("mon 12:00-mon 08:00", wall("2026-11-23T10:00"), None),
        ("mon 12:00-mon 08:00", wall("2026-11-23T12:00"), wall("2026-11-30T08:00")),
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
    spec = quiet_hours(*hours)
    end = quiet_until(spec, at=at, timezone=zone)
    if end is not None:
        assert at < end <= at + timedelta(hours=25)
        assert quiet_until(spec, at=at + (end - at) / 2, timezone=zone) == end


SPANS = st.builds(
    lambda start, end, nights, days: WeekSpan(start=start, end=end, nights=nights + int(start >= end), days=days),
    WALL_TIMES,
    WALL_TIMES,
    st.integers(0, 2),
    st.frozensets(st.integers(0, 6), min_size=1, max_size=1),
)


@given(spec=st.lists(SPANS, min_size=1, max_size=2).map(tuple), at=MOMENTS, zone=st.sampled_from(ZONES))
def test_parts_of_the_week_end_outside_of_all_of_them(spec: tuple[WeekSpan, ...], at: datetime, zone: ZoneInfo) -> None:
    end = quiet_until(spec, at=at, timezone=zone)
    ends = [quiet_until((each,), at=at, timezone=zone) for each in spec]
    assert (end is None) == (not any(ends))
    if end is not None:
        assert end >= max(each for each in ends if each)
        assert quiet_until(spec, at=end, timezone=zone) is None
        assert quiet_until(spec, at=at + (end - at) / 2, timezone=zone) == end


@pytest.mark.parametrize(
    ("expected", "since", "until"),
    [
        # The first time at which it is overdue; 20 November 2026 is a Friday.
        ("1d", "2026-11-20T17:00", "2026-11-21T17:00"),
        ("1d mon-fri", "2026-11-19T17:00", "2026-11-20T17:00"),
        ("1d mon-fri", "2026-11-20T17:00", "2026-11-23T17:00"),
        ("1d mon-fri", "2026-11-21T17:00", "2026-11-24T00:00"),
        ("3d mon-fri", "2026-11-20T17:00", "2026-11-25T17:00"),
        ("2h mon-fri 09:00-18:00", "2026-11-20T17:00", "2026-11-23T10:00"),
        ("2h mon-fri 09:00-18:00", "2026-11-20T12:00", "2026-11-20T14:00"),
        ("2h mon-fri 09:00-18:00", "2026-11-22T12:00", "2026-11-23T11:00"),
        ("2h 09:00-12:00, 11:00-18:00", "2026-11-20T10:30", "2026-11-20T12:30"),  # 11 to 12 counts once
        ("1d", "2026-03-28T17:00", "2026-03-29T18:00"),  # 24 hours
        ("1d sun", "2026-03-29T00:00", "2026-04-05T01:00"),  # a day of 23 hours, and one more
    ],
)
def test_a_dump_is_overdue_when_the_time_that_counts_has_passed(expected: str, since: str, until: str) -> None:
    spec, end = expectation(expected), wall(until)
    assert is_overdue(spec, since=wall(since), until=end, timezone=BERLIN)
    assert not is_overdue(spec, since=wall(since), until=end - timedelta(microseconds=1), timezone=BERLIN)


@given(since=MOMENTS, hours=st.integers(0, 400), zone=st.sampled_from(ZONES))
def test_the_whole_week_counts_as_every_time_does(since: datetime, hours: int, zone: ZoneInfo) -> None:
    until = since + timedelta(hours=hours)
    for expected in ("100h", "100h mon-sun", "100h sat 06:00-wed 06:00; tue 18:00-sun 12:00"):
        assert is_overdue(expectation(expected), since=since, until=until, timezone=zone) == (hours >= 100)


@given(since=MOMENTS, minutes=st.integers(0, 40_000), zone=st.sampled_from(ZONES))
def test_who_is_overdue_stays_so(since: datetime, minutes: int, zone: ZoneInfo) -> None:
    spec, until = expectation("30h mon-fri 08:00-20:00"), since + timedelta(minutes=minutes)
    if is_overdue(spec, since=since, until=until, timezone=zone):
        assert until - since >= spec.every
        assert is_overdue(spec, since=since, until=until + timedelta(days=1), timezone=zone)
