"""As of which time a dump shows its source: stamps in names, times of files, dates of records."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.as_of import age_of, name_stamp
from monitor.dump_age import Age
from tests.collect.samples import SEOUL

ARRIVED = datetime(2024, 7, 3, 12, tzinfo=UTC)
LONG_AFTER = datetime(2026, 7, 3, tzinfo=UTC)
MODIFIED = datetime(2024, 7, 2, 8, tzinfo=UTC)


def utc(day: int, hour: int = 0, minute: int = 0, second: int = 0, *, month: int = 7) -> datetime:
    return datetime(2024, month, day, hour, minute, second, tzinfo=UTC)


# (name, time in Seoul's time unless it ends in Z)
STAMPS = [
    ("2024-07-01.txt", utc(30, 15, month=6)),
    ("20240701.txt", utc(30, 15, month=6)),
    ("motie_20240701T0930Z.txt", utc(1, 9, 30)),
    ("20240701_093000.txt", utc(1, 0, 30)),
    ("20240701-0930.txt", utc(1, 0, 30)),
    ("202407010930.txt", utc(1, 0, 30)),
    ("2024-07-01T09:30.txt", utc(1, 0, 30)),
    ("20240701Z.txt", utc(1)),
    ("2024-07-01-2.txt", utc(30, 15, month=6)),
    ("2024-07-01/000_cccce721b9a62ce2.txt", utc(30, 15, month=6)),
    ("99999999_20240701.txt", utc(30, 15, month=6)),
    ("20240230_20240701.txt", utc(30, 15, month=6)),
    ("20241345.txt", None),
    ("20240230.txt", None),
    ("20240701_250000.txt", utc(30, 15, month=6)),
    ("2024.07.01.txt", utc(30, 15, month=6)),
    ("2024_07_01.txt", utc(30, 15, month=6)),
    ("2024/07/01.txt", utc(30, 15, month=6)),
    ("240701.txt", utc(30, 15, month=6)),
    ("240701_0930.txt", utc(1, 0, 30)),
    ("보도자료20240701.txt", utc(30, 15, month=6)),
    ("2024-07-01_2024-07-07.txt", utc(6, 15)),
    ("20240701-20240707.txt", utc(6, 15)),
    ("20240707_20240701.txt", utc(6, 15)),
    ("20240701T0930+0900.txt", utc(1, 0, 30)),
    ("20240701T0930-0500.txt", utc(1, 14, 30)),
    ("2024-07-01T09:30:15+00:00.txt", utc(1, 9, 30, 15)),
    ("2024-07-01_09-30-15.txt", utc(1, 0, 30, 15)),
    ("2024-07-01 09.30.15.txt", utc(1, 0, 30, 15)),
    ("20240701_093000.123.txt", utc(1, 0, 30)),
    ("20240701_0930-2.txt", utc(30, 15, month=6)),
    ("20240701_0060.txt", utc(30, 15, month=6)),
    ("2024-7-1.txt", utc(30, 15, month=6)),
    ("press_2024.7.1.txt", utc(30, 15, month=6)),
    ("2024_7_16.txt", utc(15, 15)),
    ("2024/11/6.txt", utc(5, 15, month=11)),
    ("2024-7-1_0930.txt", utc(1, 0, 30)),
    ("2024-7-1_2024-7-7.txt", utc(6, 15)),
    ("2024-7-1 2024-7-7.txt", utc(6, 15)),
    ("240701-240707.txt", utc(6, 15)),
    ("2024년 7월 1일.txt", utc(30, 15, month=6)),
    (unicodedata.normalize("NFD", "보도자료 2024년7월1일자.txt"), utc(30, 15, month=6)),
    ("２０２４-０７-０１.txt", utc(30, 15, month=6)),
    ("2024-7-1-3.txt", None),
    ("2024-1-2-3-4.txt", None),
    ("2024-7-0.txt", None),
    ("2024-7-32.txt", None),
    ("2024-13-1.txt", None),
    ("2024-7-123.txt", None),
    ("2024-07-1.txt", None),
    ("2024-7.txt", None),
    ("v2024.7.1.txt", None),
    ("20240701250000.txt", None),
    ("235959.txt", None),
    ("110203.txt", None),
    ("247399.txt", None),
    ("press_0930.txt", None),
    ("18990701.txt", None),
    ("2024.txt", None),
    ("202407.txt", None),
    ("120240701.txt", None),
    ("a20240701.txt", None),
    ("20240701a.txt", None),
    ("٢٠٢٤٠٧٠١.txt", None),
    ("000_cccce721b9a62ce2.txt", None),
    ("001_74dff5fd11281e97.txt", None),
    ("dump.txt", None),
    ("", None),
]

JULY_1 = date(2024, 7, 1)
SEOUL_1 = utc(30, 15, month=6)
COPIED = datetime(2024, 7, 3, 11, tzinfo=UTC)  # a copy that kept the time of its file

# (what, rule, name, newest date, the time, the evidence)
RULES = [
    ("a stamp comes first", "auto", "20240702.txt", JULY_1, utc(1, 15), "stamp"),
    ("a kept file time comes next", "auto", "dump.txt", JULY_1, MODIFIED, "file_time"),
    ("no file is older than what it shows", "auto", "dump.txt", date(2024, 7, 4), ARRIVED, "arrival"),
    ("a stamp of the future is none", "auto", "20501231.txt", JULY_1, MODIFIED, "file_time"),
    ("a stamp of tomorrow is one", "auto", "20240704.txt", None, utc(3, 15), "stamp"),
    ("filename reads no file times", "filename", "dump.txt", JULY_1, ARRIVED, "arrival"),
    ("filename reads the stamp", "filename", "20240702.txt", JULY_1, utc(1, 15), "stamp"),
    ("newest_date reads no stamp", "newest_date", "20240702.txt", JULY_1, SEOUL_1, "newest_date"),
    ("newest_date without dates", "newest_date", "20240702.txt", None, ARRIVED, "arrival"),
    ("the first of all days has no time in Seoul", "newest_date", "dump.txt", date.min, ARRIVED, "arrival"),
    ("mtime reads the file's time alone", "mtime", "20240702.txt", JULY_1, MODIFIED, "file_time"),
    ("arrival reads nothing", "arrival", "20240702.txt", JULY_1, ARRIVED, "arrival"),
]  # fmt: skip


def read(
    rule: str,
    name: str,
    newest: date | None = None,
    *,
    modified: datetime | None = MODIFIED,
    arrived: datetime = ARRIVED,
    after: datetime | None = None,
    timezone: ZoneInfo = SEOUL,
) -> Age:
    return age_of(
        rule,
        name=name,
        newest=newest,
        times=(modified, COPIED) if modified else None,
        arrived=arrived,
        after=after,
        timezone=timezone,
    )


def start(name: str, zone: ZoneInfo = SEOUL, arrived: datetime = LONG_AFTER) -> datetime | None:
    stamp = name_stamp(name, zone, arrived=arrived)
    return stamp and stamp.start


@pytest.mark.parametrize(("name", "expected"), STAMPS)
def test_a_stamp_is_read_where_it_is_a_real_time(name: str, expected: datetime | None) -> None:
    assert start(name) == expected


def test_a_stamp_that_lies_after_the_arrival_is_none() -> None:
    assert start("2024-07-01_2050-12-31.txt", arrived=ARRIVED) == SEOUL_1
    assert start("2050-12-31.txt", arrived=ARRIVED) is None


@pytest.mark.parametrize(
    ("name", "seconds"), [("20240701.txt", 86_400), ("20240701T0930.txt", 60), ("20240701T093000.txt", 0.001)]
)
def test_a_stamp_stands_for_all_that_it_does_not_say(name: str, seconds: float) -> None:
    stamp = name_stamp(name, SEOUL, arrived=ARRIVED)

    assert stamp
    assert stamp.until - stamp.start == timedelta(seconds=seconds - 0.001)


@pytest.mark.parametrize(
    ("what", "rule", "name", "newest", "expected", "evidence"), RULES, ids=[row[0] for row in RULES]
)
def test_the_rule_decides_which_evidence_counts(
    what: str, rule: str, name: str, newest: date | None, expected: datetime, evidence: str
) -> None:
    found = read(rule, name, newest)

    assert (found.as_of, found.evidence) == (expected, evidence)
    assert found.as_of.tzinfo is UTC


def test_a_rewritten_path_is_newer_than_its_file_time() -> None:
    assert read("auto", "dump.txt", JULY_1, after=utc(1)).as_of == ARRIVED


def test_without_file_times_the_arrival_decides() -> None:
    assert read("auto", "dump.txt", JULY_1, modified=None).as_of == ARRIVED
    assert read("mtime", "dump.txt", JULY_1, modified=None).as_of == ARRIVED


@pytest.mark.parametrize(("zone", "hour"), [("UTC", 0), ("America/New_York", 4), ("Asia/Tokyo", -9)])
def test_days_begin_at_midnight_of_the_source(zone: str, hour: int) -> None:
    expected = utc(1) + timedelta(hours=hour)

    assert start("20240701.txt", ZoneInfo(zone)) == expected
    assert read("newest_date", "dump.txt", JULY_1, timezone=ZoneInfo(zone)).as_of == expected


def test_a_file_time_in_the_future_counts_as_the_arrival() -> None:
    assert read("mtime", "dump.txt", modified=datetime.max.replace(tzinfo=UTC)).as_of == ARRIVED
    assert read("auto", "dump.txt", modified=datetime.max.replace(tzinfo=UTC)).as_of == ARRIVED


def test_a_time_in_another_zone_comes_out_as_utc() -> None:
    arrived = ARRIVED.astimezone(timezone(timedelta(hours=9)))

    found = read("arrival", "dump.txt", arrived=arrived).as_of

    assert (found, found.tzinfo) == (ARRIVED, UTC)
