"""Times of the week are read as people write them, written so that they are read again, or refused at their place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import window_parsers
from monitor.config.window_parsers import (
    MINUTES,
    WindowFault,
    digest,
    digest_text,
    expectation,
    expectation_text,
    quiet,
    quiet_text,
)
from monitor.notify.time_windows import DAYS, DailyTimes, Expectation, WeekSpan

EVERY = "mon tue wed thu fri sat sun"
WEEKDAYS = "mon tue wed thu fri"


def days(text: str) -> frozenset[int]:
    return frozenset(DAYS.index(day) for day in text.split())


def at(text: str, on: str = EVERY) -> DailyTimes:
    return DailyTimes(times=tuple(map(time.fromisoformat, text.split())), days=days(on))


def span(start: str, end: str, nights: int = 0, on: str = EVERY) -> WeekSpan:
    return WeekSpan(start=time.fromisoformat(start), end=time.fromisoformat(end), nights=nights, days=days(on))


HOURLY = at(" ".join(f"{hour:02}:00" for hour in range(24)))


@pytest.mark.parametrize(
    ("text", "expected", "written"),
    [
        ("08:30", [at("08:30")], "08:30"),
        ("8:30", [at("08:30")], "08:30"),
        ("mon-fri 08:30", [at("08:30", WEEKDAYS)], "mon-fri 08:30"),
        ("mon,wed-fri 17:00", [at("17:00", "mon wed thu fri")], "mon,wed-fri 17:00"),
        ("sat-mon 00:00", [at("00:00", "sat sun mon")], "mon,sat-sun 00:00"),
        ("Tue  23:59", [at("23:59", "tue")], "tue 23:59"),
        ("mon,mon-tue 12:00", [at("12:00", "mon tue")], "mon-tue 12:00"),
        ("08:30, 17:00", [at("08:30 17:00")], "08:30, 17:00"),
        ("17:00,08:30,17:00", [at("08:30 17:00")], "08:30, 17:00"),
        (
            "mon-fri 08:30, 17:00; sat 10:00",
            [at("08:30 17:00", WEEKDAYS), at("10:00", "sat")],
            "mon-fri 08:30, 17:00; sat 10:00",
        ),
        ("mon-fri 08:30, sat 10:00", [at("08:30", WEEKDAYS), at("10:00", "sat")], "mon-fri 08:30; sat 10:00"),
        ("mon 08:30; 17:00", [at("08:30", "mon"), at("17:00")], "mon 08:30; 17:00"),  # `;` ends what `mon` is said of
        ("1h", [HOURLY], "1h"),
        ("1H", [HOURLY], "1h"),
        ("60m", [HOURLY], "1h"),
        ("mon-fri 12h", [at("00:00 12:00", WEEKDAYS)], "mon-fri 00:00, 12:00"),
        ("6h", [at("00:00 06:00 12:00 18:00")], "00:00, 06:00, 12:00, 18:00"),
        ("3h", [at("00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00")], "3h"),
    ],
)
def test_a_digest_is_one_or_more_times_on_some_days(text: str, expected: list[DailyTimes], written: str) -> None:
    assert list(digest(text)) == expected
    assert digest_text(digest(text)) == written


@pytest.mark.parametrize(
    ("text", "expected", "written"),
    [
        ("22:00-07:00", [span("22:00", "07:00", 1)], "22:00-07:00"),
        ("22:00 - 7:00", [span("22:00", "07:00", 1)], "22:00-07:00"),
        ("12:00-13:00", [span("12:00", "13:00")], "12:00-13:00"),
        ("fri 18:00-mon 08:00", [span("18:00", "08:00", 3, "fri")], "fri 18:00-mon 08:00"),
        ("Fri 18:00 - Mon 08:00", [span("18:00", "08:00", 3, "fri")], "fri 18:00-mon 08:00"),
        ("sat 08:00-sun 08:00", [span("08:00", "08:00", 1, "sat")], "sat 08:00-sun 08:00"),
        ("fri 22:00-sat 07:00", [span("22:00", "07:00", 1, "fri")], "fri 22:00-07:00"),
        ("wed 12:00-wed 14:00", [span("12:00", "14:00", 0, "wed")], "wed 12:00-14:00"),
        ("mon 12:00-mon 08:00", [span("12:00", "08:00", 7, "mon")], "mon 12:00-mon 08:00"),
        ("mon-fri 22:00-07:00", [span("22:00", "07:00", 1, WEEKDAYS)], "mon-fri 22:00-07:00"),
        ("mon,wed 12:00-13:00", [span("12:00", "13:00", 0, "mon wed")], "mon,wed 12:00-13:00"),
        ("sat-sun", [span("00:00", "00:00", 1, "sat sun")], "sat-sun"),
        ("22:00-07:00, sat-sun", [span("22:00", "07:00", 1), span("00:00", "00:00", 1, "sat sun")], None),
        ("22:00-07:00,sat,sun", [span("22:00", "07:00", 1), span("00:00", "00:00", 1, "sat sun")], None),
        ("sat-sun, 22:00-07:00", [span("00:00", "00:00", 1, "sat sun"), span("22:00", "07:00", 1)], None),
        ("sat; mon-fri 1:00-2:00", [span("00:00", "00:00", 1, "sat"), span("01:00", "02:00", 0, WEEKDAYS)], None),
        ("mon 12:00-13:00, 18:00-19:00", [span("12:00", "13:00", 0, "mon"), span("18:00", "19:00", 0, "mon")], None),
        ("mon 12:00-13:00; 18:00-19:00", [span("12:00", "13:00", 0, "mon"), span("18:00", "19:00")], None),
    ],
)
def test_quiet_hours_are_parts_of_the_week(text: str, expected: list[WeekSpan], written: str | None) -> None:
    assert list(quiet(text)) == expected
    assert quiet_text(quiet(text)) in (written, "; ".join(quiet_text((each,)) for each in expected))
    assert quiet(quiet_text(quiet(text))) == quiet(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1d", Expectation(every=timedelta(days=1))),
        ("90m", Expectation(every=timedelta(minutes=90))),
        ("1d mon-fri", Expectation(every=timedelta(days=1), within=(span("00:00", "00:00", 1, WEEKDAYS),))),
        (
            "2h mon-fri 09:00-18:00",
            Expectation(every=timedelta(hours=2), within=(span("09:00", "18:00", 0, WEEKDAYS),)),
        ),
        ("1d sun 20:00-fri 18:00", Expectation(every=timedelta(days=1), within=(span("20:00", "18:00", 5, "sun"),))),
    ],
)
def test_a_dump_is_expected_within_a_time_that_may_count_on_some_days_only(text: str, expected: Expectation) -> None:
    assert expectation(text) == expected
    assert expectation_text(expected).replace("1.5h", "90m") == text


@pytest.mark.parametrize(
    ("parse", "text", "column", "why"),
    [
        (digest, "", 0, "is not a valid digest time"),
        (digest, "8", 0, "is not a valid digest time"),
        (digest, "08.30", 0, "is not a valid digest time"),
        (digest, "hourly", 0, "is not a valid digest time"),
        (digest, "24:00", 0, "no valid time of day"),
        (digest, "08:30, 17:60", 8, "no valid time of day"),
        (digest, "08:30,", 7, "is not a valid digest time"),
        (digest, "08:30;; 09:00", 7, "is not a valid digest time"),
        (digest, "xyz 08:30", 0, "unknown day"),
        (digest, "08:30; son 10:00", 8, "unknown day"),
        (digest, "mon- 08:30", 0, "unknown day"),
        (digest, "-mon 08:30", 0, "is not a valid digest time"),
        (digest, "mon, wed 08:30", 0, "a list of days without spaces"),
        (digest, "mon-fri", 0, "days without a time"),
        (digest, "08:30 mon", 0, "is not a valid digest time"),
        (digest, "7h", 0, "one of 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h"),
        (digest, "08:30; 24h", 8, "does not divide a day"),
        (digest, "1d", 0, "is not a valid digest time"),
        (digest, "08:30-17:00", 0, "no valid time of day"),
        (quiet, "", 0, "not a valid range"),
        (quiet, "-", 0, "not a valid range"),
        (quiet, "22:00", 0, "not a valid range"),
        (quiet, "22-07", 0, "no valid time of day"),
        (quiet, "22:00-24:00", 0, "no valid time of day"),
        (quiet, "22:00-22:00", 0, "the same time twice"),
        (quiet, "12:00-13:00; mon 22:00-mon 22:00", 14, "the same time twice"),
        (quiet, "22:00-07:00, weekends", 14, "unknown day"),
        (quiet, "22:00-07:00, weekend 10:00", 14, "not a valid range"),
        (quiet, "mon-fri 18:00-sat 08:00", 0, "ends on a day"),
        (quiet, "18:00-mon 08:00", 0, "ends on a day"),
        (quiet, "fri 18:00-mon", 0, "no valid time of day"),
        (quiet, "mon, wed 12:00-13:00", 6, "follows whole days"),
        (quiet, "mon-sun", 0, "leaves no time"),
        (quiet, "mon-fri; fri 12:00-mon 08:00", 0, "leaves no time"),
        (quiet, "00:00-12:00; 12:00-00:00", 0, "leaves no time"),
        (expectation, "1d monday", 4, "unknown day"),
        (expectation, "1d 5", 4, "no valid days after the duration"),
        (expectation, "1d ", 4, "no valid days after the duration"),
        (expectation, "2h mon-fri 09:00-25:00", 4, "no valid time of day"),
    ],
)
def test_what_cannot_be_read_is_refused_where_it_stands(
    parse: Callable[[str], object], text: str, column: int, why: str
) -> None:
    with pytest.raises(WindowFault, match=why) as caught:
        parse(text)
    assert caught.value.column == column
    assert str(caught.value)[0].islower()  # the end of a sentence


@pytest.mark.parametrize("text", ["mon-fri", "1dmon", "0s", "0s mon-fri", "d"])
def test_an_expected_time_begins_with_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid duration|is zero"):
        expectation(text)


TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
DAY_SETS = st.frozensets(st.integers(0, 6), min_size=1)


@given(st.dictionaries(DAY_SETS, st.sets(TIMES, min_size=1, max_size=8), min_size=1, max_size=4))
def test_a_digest_is_read_again(times: dict[frozenset[int], set[time]]) -> None:
    made = tuple(DailyTimes(times=tuple(sorted(each)), days=days) for days, each in times.items())
    assert digest(digest_text(made)) == made


@pytest.mark.parametrize("minutes", MINUTES)
def test_an_interval_is_read_again(minutes: int) -> None:
    made = digest(f"{minutes}m" if minutes < 60 else f"{minutes // 60}h")
    assert digest(digest_text(made)) == made
    assert len(made[0].times) == 24 * 60 // minutes


def _hours(start: time, end: time, days: frozenset[int]) -> WeekSpan:
    return WeekSpan(start=start, end=end, nights=int(start >= end), days=days)


def _days_apart(start: time, end: time, day: int, nights: int) -> WeekSpan:
    return WeekSpan(start=start, end=end, nights=nights or int(start >= end), days=frozenset({day}))


SPANS = st.one_of(
    st.builds(_hours, TIMES, TIMES, DAY_SETS).filter(lambda each: each.start != each.end),
    st.builds(partial(_hours, time(), time()), DAY_SETS),
    st.builds(_days_apart, TIMES, TIMES, st.integers(0, 6), st.integers(1, 6)),
)


@given(st.lists(SPANS, min_size=1, max_size=4, unique=True).map(tuple))
def test_parts_of_the_week_are_read_again(spans: tuple[WeekSpan, ...]) -> None:
    made = Expectation(every=timedelta(hours=1), within=spans)
    assert expectation(expectation_text(made)) == made
    try:
        assert quiet(quiet_text(spans)) == spans
    except WindowFault as fault:
        assert "leaves no time" in str(fault)  # noqa: PT017 - most spans leave some


@given(st.text(alphabet="montuefrisats0123456789:-,; hm", max_size=40))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    for parse in (digest, quiet, expectation):
        try:
            parse(text)
        except ValueError as error:
            assert 0 <= getattr(error, "column", 0) <= len(text) + 1  # noqa: PT017 - either is right


def test_a_long_text_is_refused_in_a_number_of_steps_that_grows_with_it() -> None:
    for text in ("mon," * 20_000, "08:30," * 20_000, "1" * 100_000, " " * 100_000, "mon-" * 20_000 + "22:00-"):
        for parse in (window_parsers.digest, window_parsers.quiet):
            with pytest.raises(WindowFault):
                parse(text)
