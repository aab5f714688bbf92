"""Tests of the days of records."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats.days import day_of

SEOUL, NEW_YORK = ZoneInfo("Asia/Seoul"), ZoneInfo("America/New_York")
FIRST = date(2024, 7, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2024-07-01",
        " 2024-07-01\n",
        "2024-7-1",
        "2024-07-01T09:30",
        "2024-07-01 09:30:15.123456",
        "2024-07-01T09:30:15.123456789",
        "2024-07-01T24:00:00",
        "20240701",
        "202407010930",
        "20240701093015",
        "20240701T0930",
        "20240701 09:30",
        "2024.07.01",
        "2024.07.01.",
        "2024. 7. 1.",
        "2024. 7. 1. (월)",
        "2024.7.1 15:07",
        "2024.07.01. 오후 3:07",
        "2024/7/1 15:07",
        "2024-07-01(월)",
        "2024년 7월 1일",
        "2024년7월1일 월요일",
        "2024년 07월 01일(월) 오전 11시 30분",
        "2024年7月1日",
        "２０２４．０７．０１",
        "2024–07–01",
        "July 1, 2024",
        "July 1st, 2024",
        "JULY 1 2024",
        "Jul. 1, 2024, 9:30 p.m.",
        "Monday, July 1, 2024 at 10 a.m.",
        "1 July 2024",
        "1st of July, 2024",
        "Mon, 1 Jul 2024",
        "01-Jul-2024",
        "2024-Jul-01",
        "2024 July 1",
        "Monday, 01-Jul-24 09:30:00",
        "Mon Jul  1 09:30:15 2024",
        "01.07.2024",
        "1. 7. 2024",
        "1.7.2024 15:07",
    ],
)
def test_a_day_without_an_offset_is_the_day_as_written(text: str) -> None:
    assert day_of(text, timezone=SEOUL) == day_of(text, timezone=NEW_YORK) == FIRST


@pytest.mark.parametrize(
    ("text", "in_seoul", "in_new_york"),
    [
        ("2024-07-01T20:00:00Z", 2, 1),
        ("2024-07-01T20:00:00+00:00", 2, 1),
        ("2024-07-01T20:00:00.000-0000", 2, 1),
        ("2024-07-02T03:00:00+09:00", 2, 1),
        ("2024-07-02T03:00:00+09:00[Asia/Seoul]", 2, 1),
        ("2024-07-02 03:00:00 +0900", 2, 1),
        ("2024-07-02 03:00:00 +0900 KST", 2, 1),
        ("2024-07-01T24:00:00Z", 2, 1),
        ("20240701T200000Z", 2, 1),
        ("Mon, 01 Jul 2024 20:00:00 GMT", 2, 1),
        ("Mon, 01 Jul 2024 20:00:00 +0000", 2, 1),
        ("Mon, 01 Jul 2024 16:00:00 EDT", 2, 1),
        ("Mon, 01 Jul 2024 15:00:00 EST", 2, 1),
        ("01 Jul 2024 20:00 UT", 2, 1),
        ("Tue, 02 Jul 2024 03:00:00 KST", 2, 1),
        ("Monday, 01-Jul-24 20:00:00 GMT", 2, 1),
        ("Tue Jul 02 2024 03:00:00 GMT+0900 (Korean Standard Time)", 2, 1),
        ("Tue Jul 02 03:00:00 KST 2024", 2, 1),
        ("July 1, 2024, 4:00 PM EDT", 2, 1),
        ("July 2, 2024 3:00 UTC+9", 2, 1),
        ("2024.07.02 03:00 JST", 2, 1),
        ("2024-07-01 21:00:00 CEST", 2, 1),
        ("1719864000", 2, 1),
        ("1719864000.25", 2, 1),
        ("1719864000000", 2, 1),
        # A date alone has no time that could move it; what has several offsets in the world counts as local.
        ("2024-07-01Z", 1, 1),
        ("2024-07-01+09:00", 1, 1),
        ("Mon, 01 Jul 2024 23:00:00 BST", 1, 1),
        ("Mon, 01 Jul 2024 23:00:00 IST", 1, 1),
        ("Mon, 01 Jul 2024 23:00:00 CST", 1, 1),
    ],
)
def test_a_time_with_an_offset_is_the_day_in_the_sources_zone(text: str, in_seoul: int, in_new_york: int) -> None:
    assert day_of(text, timezone=SEOUL) == date(2024, 7, in_seoul)
    assert day_of(text, timezone=NEW_YORK) == date(2024, 7, in_new_york)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "today",
        "3 hours ago",
        "10:30",
        "2024",
        "2024-07",
        "July 2024",
        "July 1",
        "240701",
        "24.07.01",
        "07/01/2024",
        "7-1-2024",
        "07/01/24",
        "01.07.24",
        "24 Jul 01",
        "01 Jul 24 09:30:00 GMT",
        "Tue, 01 Jul 24 09:30:00 GMT",
        "2024-02-30",
        "2024-13-01",
        "07.13.2024",
        "0000-00-00",
        "0001-01-01T00:00:00Z",
        "9999-12-31",
        "2024-07-01 25:00",
        "2024-07-01 24:30",
        "2024-07-01 10:75",
        "2024-07-01 13:00 PM",
        "2024-07-01 10:00 +9900",
        "2024-07-01 ~ 2024-07-05",
        "2024-07-01 hits 35",
        "2024-07-01 조회 35",
        "Posted by Kim on 2024-07-01",
        "2024070110",
        "123",
        "171986400",
        "17198640000",
        "17198640000000000",
        "2024-07-01" + " " * 200 + "x",
        "9" * 5000,
    ],
)
def test_what_could_be_two_days_or_none_is_none(text: str) -> None:
    assert day_of(text, timezone=SEOUL) is None


@pytest.mark.parametrize(
    ("text", "dates", "day"),
    [
        ("07/01/2024", "mdy", FIRST),
        ("01/07/2024", "dmy", FIRST),
        ("1/7/24 15:07", "dmy", FIRST),
        ("7-1-2024", "mdy", FIRST),
        ("07.01.2024", "mdy", FIRST),
        ("13/07/2024", "mdy", None),
        ("07/13/2024", "dmy", None),
        ("2024-07-01", "mdy", FIRST),
        ("July 1, 2024", "dmy", FIRST),
        # Numbers of which only one can be the month.
        ("13/07/2024", "auto", date(2024, 7, 13)),
        ("07/13/2024", "auto", date(2024, 7, 13)),
        ("07/07/2024", "auto", date(2024, 7, 7)),
        # A format is the only one that is read.
        ("24|07|01", "%y|%m|%d", FIRST),
        ("01Jul2024:20:00+0000", "%d%b%Y:%H:%M%z", date(2024, 7, 2)),
        ("2024-07-01", "%d/%m/%Y", None),
        ("01/07", "%d/%m", None),
    ],
)
def test_a_source_may_say_how_its_dates_are_written(text: str, dates: str, day: date | None) -> None:
    assert day_of(text, timezone=SEOUL, dates=dates) == day
