"""As of which time a dump shows its source: stamps in names, dates of records, times of files."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.as_of import as_of, name_stamp
from tests.collect.samples import SEOUL

ARRIVED = datetime(2024, 7, 3, 12, tzinfo=UTC)
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
    ("20240701_250000.txt", None),
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

JULY_1, JULY_4, JULY_5 = date(2024, 7, 1), date(2024, 7, 4), date(2024, 7, 5)
SEOUL_1, SEOUL_4 = utc(30, 15, month=6), utc(3, 15)

# (what, rule, name, dates, the time)
RULES = [
    ("a stamp comes first", "auto", "20240702.txt", (JULY_1,), utc(1, 15)),
    ("the newest date comes second", "auto", "dump.txt", (date(2024, 6, 1), JULY_1), SEOUL_1),
    ("the arrival comes last", "auto", "dump.txt", (), ARRIVED),
    ("no stamp is made of digits that are no date", "auto", "20241345.txt", (JULY_1,), SEOUL_1),
    ("a date of 2099 is a typing error", "auto", "dump.txt", (date(2099, 1, 1), JULY_1), SEOUL_1),
    ("a lone typing error tells nothing", "auto", "dump.txt", (date(2099, 1, 1),), ARRIVED),
    ("a date one day ahead is none", "auto", "dump.txt", (JULY_4, JULY_1), SEOUL_4),
    ("a date two days ahead is one", "auto", "dump.txt", (JULY_5, JULY_1), SEOUL_1),
    ("the first of all days has no time in Seoul", "auto", "dump.txt", (date.min,), ARRIVED),
    ("filename reads no dates", "filename", "dump.txt", (JULY_1,), ARRIVED),
    ("filename reads the stamp", "filename", "20240702.txt", (JULY_1,), utc(1, 15)),
    ("newest_date reads no stamp", "newest_date", "20240702.txt", (JULY_1,), SEOUL_1),
    ("newest_date without dates", "newest_date", "20240702.txt", (), ARRIVED),
    ("mtime reads the file's time alone", "mtime", "20240702.txt", (JULY_1,), MODIFIED),
]  # fmt: skip


def read(
    rule: str,
    name: str,
    *dates: date,
    modified: datetime = MODIFIED,
    arrived: datetime = ARRIVED,
    timezone: ZoneInfo = SEOUL,
) -> datetime:
    return as_of(rule, name=name, dates=dates, modified=modified, arrived=arrived, timezone=timezone)


@pytest.mark.parametrize(("name", "expected"), STAMPS)
def test_a_stamp_is_read_where_it_is_a_real_time(name: str, expected: datetime | None) -> None:
    assert name_stamp(name, SEOUL) == expected


@pytest.mark.parametrize(("what", "rule", "name", "dates", "expected"), RULES, ids=[row[0] for row in RULES])
def test_the_rule_decides_which_evidence_counts(
    what: str, rule: str, name: str, dates: tuple[date, ...], expected: datetime
) -> None:
    found = read(rule, name, *dates)

    assert found == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize(("zone", "hour"), [("UTC", 0), ("America/New_York", 4), ("Asia/Tokyo", -9)])
def test_days_begin_at_midnight_of_the_source(zone: str, hour: int) -> None:
    expected = utc(1) + timedelta(hours=hour)

    assert name_stamp("20240701.txt", ZoneInfo(zone)) == expected
    assert read("auto", "dump.txt", JULY_1, timezone=ZoneInfo(zone)) == expected


def test_tomorrow_is_reckoned_in_the_zone_of_the_source() -> None:
    arrived = utc(3, 16)  # in Seoul it is July 4 already

    assert read("auto", "dump.txt", JULY_5, arrived=arrived) == utc(4, 15)
    assert read("auto", "dump.txt", JULY_5, arrived=arrived, timezone=ZoneInfo("UTC")) == arrived


def test_a_file_time_in_the_future_counts_as_the_arrival() -> None:
    assert read("mtime", "dump.txt", modified=datetime.max.replace(tzinfo=UTC)) == ARRIVED


def test_a_time_in_another_zone_comes_out_as_utc() -> None:
    arrived = ARRIVED.astimezone(timezone(timedelta(hours=9)))

    found = read("auto", "dump.txt", arrived=arrived)

    assert (found, found.tzinfo) == (ARRIVED, UTC)
