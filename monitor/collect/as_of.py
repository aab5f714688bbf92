"""Decide as of which time a dump shows its source: by its file name, its file's times, or its arrival."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.dump_age import Age, Evidence

_UNSET_YEAR = 1970  # of files that were written before the machine's clock was set
_DAY, _MINUTE, _TICK = timedelta(days=1), timedelta(minutes=1), timedelta(milliseconds=1)
_STAMP = re.compile(
    r"""(?<![0-9A-Za-z])
    (?:
        (?P<y>(?:19|20)\d\d) (?:
            (?P<gap>[-._/]?) (?P<m>[01]\d) (?P=gap) (?P<d>[0-3]\d)
            |
            (?P<one_gap>[-._/]) (?P<one_m>1[0-2]|[1-9]) (?P=one_gap) (?P<one_d>[12]\d|3[01]|[1-9])
            (?!\d | [-._/]\d{1,3}(?!\d))  # 2024-1-2-3 is a running number
            |
            년[ ]?(?P<word_m>\d\d?)월[ ]?(?P<word_d>\d\d?)일
        )
        |
        (?P<six>\d{6})
    )
    (?:
        (?:(?P<T>T)|[_ -])? (?P<H>[01]\d|2[0-3]) (?P<sep>[:.-]?) (?P<M>[0-5]\d)
        (?:(?P=sep) (?P<S>[0-5]\d) (?:[.,]\d{1,9})?)?
        (?P<offset>Z | \+\d\d:?\d\d | -\d\d:\d\d | (?(T)-\d{4}|(?!)))?
        (?!-\d)  # a second date after the first one is not a time of day
        |
        (?P<day_offset>Z)
    )?
    (?![0-9A-Za-z])""",
    re.ASCII | re.VERBOSE,
)


class Stamp(NamedTuple):
    """The time that a file name gives; without a time of day it stands for the whole day."""

    start: datetime
    until: datetime


def age_of(
    rule: str,
    *,
    name: str,
    newest: date | None,
    arrived: datetime,
    timezone: ZoneInfo,
    times: tuple[datetime, datetime] | None,
    after: datetime | None = None,
) -> Age:
    """Return how old a dump is, by the source's rule: auto, filename, newest_date, mtime or arrival.

    auto takes the first evidence that there is: a timestamp in the file name; the rewriting of a path, which shows
    newer content than before; a file time that was kept by copying; the arrival. A rule without evidence falls back to
    the arrival.

    newest: the newest record date that is not a typing error. times: when the file was last written, and when its entry
    last changed; None: they cannot be believed. after: the as-of of what the path showed before; None: nothing else.
    """
    arrival = Age(as_of=arrived.astimezone(UTC), evidence=Evidence.ARRIVAL, after=after)
    stamp = name_stamp(name, timezone, arrived=arrived) if rule in ("auto", "filename") else None
    if stamp:
        return Age(as_of=stamp.start, until=stamp.until, evidence=Evidence.STAMP, newest=newest)
    if rule == "newest_date" and newest and (day := _begin(newest, timezone)):
        return Age(as_of=day, evidence=Evidence.NEWEST_DATE, newest=newest)
    if rule == "mtime" and times and times[0].year > _UNSET_YEAR:
        return Age(as_of=min(times[0], arrived).astimezone(UTC), evidence=Evidence.FILE_TIME)
    if rule != "auto":
        return arrival
    if after is None and times and _is_kept(*times, newest, arrived, timezone):
        return Age(as_of=times[0].astimezone(UTC), evidence=Evidence.FILE_TIME, newest=newest)
    return replace(arrival, newest=newest)


def latest_day(arrived: datetime, timezone: ZoneInfo) -> date:
    """Return the last day that is not a typing error in a record that arrived then."""
    return arrived.astimezone(timezone).date() + _DAY


def name_stamp(name: str, timezone: ZoneInfo, *, arrived: datetime) -> Stamp | None:
    """Return the latest timestamp in a name, such as 2024-07-01, 2024-7-1, 240701 or 2024.07.01_09-30-00+0900.

    One that lies more than a day after the arrival is none: a dump cannot show the world of 2050.
    """
    found = (_read(match, timezone) for match in _STAMP.finditer(unicodedata.normalize("NFKC", name)))
    return max((stamp for stamp in found if stamp and stamp.start <= arrived + _DAY), default=None)


def _read(match: re.Match[str], timezone: ZoneInfo) -> Stamp | None:
    """Return the time that a part of a name stands for; None: these digits are no date."""
    day = _day(match)
    if day is None:
        return None
    offset = match["offset"] or match["day_offset"]
    try:
        zone = datetime.strptime(offset, "%z").tzinfo if offset else timezone
        if match["H"]:
            at = datetime.combine(day, time(int(match["H"]), int(match["M"]), int(match["S"] or 0)), zone)
            return Stamp(at.astimezone(UTC), at.astimezone(UTC) + (timedelta(0) if match["S"] else _MINUTE - _TICK))
    except ValueError:  # such as +9999: no offset
        zone = timezone
    start, end = (datetime.combine(one, time(), zone).astimezone(UTC) for one in (day, day + _DAY))
    return Stamp(start, end - _TICK)


def _day(match: re.Match[str]) -> date | None:
    six = match["six"]
    try:
        if not six:
            months, days = ((match[part], match["one_" + part], match["word_" + part]) for part in "md")
            return date(int(match["y"]), int(next(filter(None, months))), int(next(filter(None, days))))
        year, month, day = int(six[:2]), int(six[2:4]), int(six[4:])
        # Six digits that can be a time of day prove no date.
        return date(2000 + year, month, day) if year > 23 else None
    except ValueError:  # such as 20241345
        return None


def _is_kept(modified: datetime, changed: datetime, newest: date | None, arrived: datetime, timezone: ZoneInfo) -> bool:
    """Return whether a file's time is older than the file: whoever copied it has kept it.

    A file cannot be older than what it shows: its time was lost where a record is dated later.
    """
    if modified.year <= _UNSET_YEAR or modified >= min(changed, arrived) - _MINUTE:
        return False
    return newest is None or latest_day(modified, timezone) >= newest


def _begin(day: date, timezone: ZoneInfo) -> datetime | None:
    try:
        return datetime.combine(day, time(), timezone).astimezone(UTC)
    except OverflowError:  # 0001-01-01 east of Greenwich: no datetime in UTC exists for it
        return None
