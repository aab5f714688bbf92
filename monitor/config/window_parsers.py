"""Parse times of the week: digests, quiet hours and expected dumps, as `parsers` does the other settings.

`;` separates parts that stand for themselves. In a part, `,` separates times, and days count until others are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import time
from typing import NamedTuple

from monitor.config import parsers
from monitor.notify.time_windows import DAYS, EVERY_DAY, DailyTimes, Digest, Expectation, Quiet, WeekSpan

MINUTES = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720)  # between digests; each divides a day
DAY = "[A-Za-z]{3}(-[A-Za-z]{3})?"
DAY_LIST = f"{DAY}(,{DAY})*"
TIME = "[0-9]{1,2}:[0-9]{2}"
_DAILY = f"({DAY_LIST} +)?({TIME}|[0-9]{{1,2}}[mhMH])"
_SPAN = f"{DAY_LIST}|({DAY_LIST} +)?{TIME} *- *([A-Za-z]{{3}} +)?{TIME}"
DIGEST_PATTERN = f" *{_DAILY}( *[,;] *{_DAILY})* *"
QUIET_PATTERN = f" *({_SPAN})( *[,;] *({_SPAN}))* *"
EXPECTATION_PATTERN = f"({parsers.DURATION.pattern})( +{QUIET_PATTERN})?"

_ITEM = re.compile(r"(?:[^,;]|(?<=[a-z]),(?=[a-z]))+")  # the comma in a list of days has no space beside it
_DIGEST_ITEM = re.compile(r"(?:([a-z][a-z,-]*)\s+)?(\S+)")
_SPAN_ITEM = re.compile(r"(?:([a-z][a-z,-]*)(?:\s+|$))?(?:([^\s-]+)\s*-\s*(?:([a-z]+)\s+)?([^\s-]+))?")
_INTERVAL = re.compile("([0-9]{1,4})(m|h)")
_WALL_TIME = re.compile("([01]?[0-9]|2[0-3]):([0-5][0-9])")
_MIDNIGHT = time()
_WEEK = 7 * 24 * 60  # minutes
_FEW = 6  # so many times a day are written one by one, more as the interval between them

_NO_DIGEST = (
    'is not a valid digest time: write times such as "08:30, 17:00" or an interval such as 1h, '
    'and days before them as in "mon-fri 08:30; sat 10:00"'
)
_NO_QUIET = (
    'is not a valid range of quiet hours: write two times, for example "22:00-07:00", '
    'or with days "fri 18:00-mon 08:00" or "22:00-07:00; sat-sun"'
)
_NO_EXPECTATION = 'has no valid days after the duration: write for example "1d mon-fri" or "2h mon-fri 09:00-18:00"'


class WindowFault(ValueError):
    """A time of the week that cannot be read; the column counts characters from 1; 0: the whole text is meant."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.column = offset + 1 if offset else 0


class _Item(NamedTuple):
    """The text between two separators."""

    text: str  # in lower case, without the spaces around it
    offset: int
    is_first: bool  # of its part

    def fault(self, message: str) -> WindowFault:
        return WindowFault(message, self.offset)


def digest(text: str) -> Digest:
    """Parse local times, or an interval, after the days they apply to: `08:30, 17:00`, `mon,wed-fri 17:00`, `1h`."""
    times: dict[frozenset[int], set[time]] = {}
    days = EVERY_DAY
    for item in _items(text, _NO_DIGEST):
        match = _DIGEST_ITEM.fullmatch(item.text)
        if match is None:
            raise item.fault(_NO_DIGEST)
        days = _days(item, match[1]) if match[1] else EVERY_DAY if item.is_first else days
        times.setdefault(days, set()).update(_digest_times(item, match[2]))
    return tuple(DailyTimes(times=tuple(sorted(found)), days=days) for days, found in times.items())


def digest_text(digest: Digest) -> str:
    """Write the times of a digest after their days; all days are not written."""
    return "; ".join(_days_before(each.days) + _times_text(each.times) for each in digest)


def quiet(text: str) -> Quiet:
    """Parse parts of the week, as in `22:00-07:00`, `fri 18:00-mon 08:00` or `22:00-07:00; sat-sun`."""
    spans = _spans(text, _NO_QUIET)
    if len({minute for span in spans for minute in _minutes(span)}) == _WEEK:
        raise WindowFault("leaves no time to send anything: leave a part of the week out")
    return spans


def quiet_text(quiet: Quiet) -> str:
    """Write parts of the week so that each can be read alone."""
    return "; ".join(map(_span_text, quiet))


def expectation(text: str) -> Expectation:
    """Parse a duration, and the part of the week that counts: `1d`, `1d mon-fri`, `2h mon-fri 09:00-18:00`."""
    length, space, within = text.partition(" ")
    every = parsers.positive_duration(length)
    return Expectation(every=every, within=_spans(within, _NO_EXPECTATION, len(length + space)) if space else ())


def expectation_text(expectation: Expectation) -> str:
    """Write a duration, and the part of the week that counts."""
    return f"{parsers.duration_text(expectation.every)} {quiet_text(expectation.within)}".rstrip()


def interval_of(times: tuple[time, ...]) -> int | None:
    """Return the minutes between times that are spread evenly over the day; None: they are few, or they are not."""
    return next((minutes for minutes in MINUTES if len(times) > _FEW and times == _every(minutes)), None)


def _items(text: str, message: str, before: int = 0) -> Iterator[_Item]:
    """Yield the items of a text. Raises WindowFault with the message where one is empty. before: characters of it."""
    text, start, is_first = text.lower(), 0, True
    while True:
        match = _ITEM.match(text, start)
        content = match[0] if match else ""
        offset = start + len(content) - len(content.lstrip())
        if not content.strip():
            raise WindowFault(message, before + offset)
        yield _Item(content.strip(), before + offset, is_first)
        start += len(content)
        if start == len(text):
            return
        is_first, start = text[start] == ";", start + 1


def _digest_times(item: _Item, text: str) -> Iterable[time]:
    if interval := _INTERVAL.fullmatch(text):
        minutes = int(interval[1]) * (60 if interval[2] == "h" else 1)
        if minutes not in MINUTES:
            choices = ", ".join(map(_interval_text, MINUTES))
            raise item.fault(f"has an interval that does not divide a day: write one of {choices}")
        return _every(minutes)
    if ":" in text:
        return [_wall_time(item, text)]
    if text.partition("-")[0].partition(",")[0] in DAYS:
        raise item.fault('names days without a time: write a list of days without spaces, for example "mon,wed 08:30"')
    raise item.fault(_NO_DIGEST)


def _times_text(times: tuple[time, ...]) -> str:
    interval = interval_of(times)
    return _interval_text(interval) if interval else ", ".join(f"{each:%H:%M}" for each in times)


def _every(minutes: int) -> tuple[time, ...]:
    return tuple(time(*divmod(minute, 60)) for minute in range(0, 24 * 60, minutes))


def _interval_text(minutes: int) -> str:
    return f"{minutes}m" if minutes < 60 else f"{minutes // 60}h"


def _spans(text: str, message: str, before: int = 0) -> tuple[WeekSpan, ...]:
    """Parse parts of the week; whole days apply to themselves alone, days before times until others are named."""
    found: list[WeekSpan] = []
    days, is_after_whole_days = EVERY_DAY, False
    for item in _items(text, message, before):
        match = _SPAN_ITEM.fullmatch(item.text)
        if match is None:
            raise item.fault(message)
        named, start, end_day, end = match.groups()
        if named and start and is_after_whole_days and not item.is_first:
            raise item.fault(
                "follows whole days: write a list of days without spaces, as in mon,wed, or separate with ';'"
            )
        days = _days(item, named) if named else EVERY_DAY if item.is_first or is_after_whole_days else days
        is_after_whole_days = start is None
        found.append(_span(item, days, start, end_day, end) if start else _whole(days))
    return tuple(dict.fromkeys(found))


def _span(item: _Item, days: frozenset[int], start: str, end_day: str | None, end: str) -> WeekSpan:
    first, last = _wall_time(item, start), _wall_time(item, end)
    nights = int(first >= last)
    if end_day:
        if len(days) > 1:
            raise item.fault('ends on a day: write one day before its start too, for example "fri 18:00-mon 08:00"')
        [start_day], [day] = days, _days(item, end_day)
        nights = (day - start_day) % 7 or 7 * nights
    if first == last and (nights == 7 or not end_day):
        raise item.fault("has the same time twice: write two different times")
    return WeekSpan(start=first, end=last, nights=nights, days=days)


def _whole(days: frozenset[int]) -> WeekSpan:
    return WeekSpan(start=_MIDNIGHT, end=_MIDNIGHT, nights=1, days=days)


def _span_text(span: WeekSpan) -> str:
    if span == _whole(span.days):
        return _days_text(span.days)
    hours = f"{span.start:%H:%M}-{{}}{span.end:%H:%M}"
    if span.nights == int(span.start >= span.end) and span.start != span.end:
        return _days_before(span.days) + hours.format("")
    [day] = span.days
    return f"{DAYS[day]} " + hours.format(f"{DAYS[(day + span.nights) % 7]} ")


def _minutes(span: WeekSpan) -> Iterator[int]:
    """Yield the minutes of the week that a span covers."""
    length = span.nights * 24 * 60 + _minute(span.end) - _minute(span.start)
    for day in span.days:
        start = day * 24 * 60 + _minute(span.start)
        yield from (minute % _WEEK for minute in range(start, start + length))


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _wall_time(item: _Item, text: str) -> time:
    match = _WALL_TIME.fullmatch(text)
    if match is None:
        raise item.fault("has no valid time of day: write hours and minutes from 00:00 to 23:59")
    return time(int(match[1]), int(match[2]))


def _days(item: _Item, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise item.fault(f"has an unknown day: write {', '.join(DAYS)}, or a range such as mon-fri")
        start, end = DAYS.index(first), DAYS.index(last if dash else first)
        found.update((start + ahead) % 7 for ahead in range((end - start) % 7 + 1))
    return frozenset(found)


def _days_before(days: frozenset[int]) -> str:
    return "" if days == EVERY_DAY else f"{_days_text(days)} "


def _days_text(days: frozenset[int]) -> str:
    """Write days with ranges such as `mon-fri`."""
    starts = [day for day in sorted(days) if day - 1 not in days]
    ends = [day for day in sorted(days) if day + 1 not in days]
    return ",".join(
        DAYS[one] if one == last else f"{DAYS[one]}-{DAYS[last]}" for one, last in zip(starts, ends, strict=True)
    )
