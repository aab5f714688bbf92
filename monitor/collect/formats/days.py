"""Read the day of a release as publishers write it. Only what can mean one day is read; all else is None.

Libraries that read any date guess. feedparser makes the month of the run of `2024/6/29`, dateutil makes today of
`10:30` and passes over EST, dateparser takes 5 ms a text. A wrong day is worse here than none: it is told as a change.

A time with an offset is a moment, and its day is the one in the source's time zone. A time without is the publisher's
own, and its day is the one that is written.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

MAX_LENGTH = 100  # characters; what is longer is no date
# Programs write year 1 or 9999 where they have no date, and strptime gives 1900 where its format has no year.
YEARS = range(1901, 2101)

_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Names with one offset in all the world, in hours. BST, CST, IST and others have several: they count as local.
# fmt: off
_OFFSETS: Final = {
    name: hours
    for hours, names in {
        0.0: "Z UT UTC GMT WET",
        1.0: "CET WEST", 2.0: "CEST EET SAST", 3.0: "EEST MSK", 5.75: "NPT", 7.0: "WIB", 8.0: "AWST HKT SGT",
        9.0: "JST KST", 10.0: "AEST", 11.0: "AEDT", 12.0: "NZST", 13.0: "NZDT", -2.5: "NDT", -3.5: "NST",
        -4.0: "EDT", -5.0: "EST CDT", -6.0: "MDT", -7.0: "MST PDT", -8.0: "PST AKDT", -9.0: "AKST", -10.0: "HST",
    }.items()
    for name in names.split()
}
# fmt: on

_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = r"(?:(?P<weekday>mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?\.?,?\s)?"
_IN_BRACKETS = r"(?:\s?\((?:[월화수목금토일]|mon|tue|wed|thu|fri|sat|sun)\)|\s?[월화수목금토일]요일)?"
_ZONE = (
    r"(?:\s?(?P<zone>(?:UTC|GMT|UT)?\s?[+-]\d{1,2}(?::?\d\d)?|(?-i:Z|[A-Z]{2,5})))?"
    r"(?:\s?\([^()]{1,40}\)|\[[\w/+-]{1,40}\]|\s(?-i:[A-Z]{3,5}))?"  # the name of an offset, said once more
)
_CLOCK = (
    r"(?P<half>오전\s?|오후\s?)?(?P<hour>\d{1,2})(?:시(?:\s?(?P<korean_minute>\d{1,2})분(?:\s?\d{1,2}초)?)?"
    r"|:(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,9})?)?(?:\s?(?P<noon>[ap]\.?m\.?))?|\s?(?P<hour_noon>[ap]\.?m\.?))"
)
_TIME = rf"(?:(?:T|,?\s(?:at\s|-\s|\|\s)?){_CLOCK})?{_ZONE}"
_YEAR = r"(?P<year>\d{4})"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_FORMS = tuple(
    map(
        _pattern,
        (
            rf"(?P<year>\d{{4}}|'\d\d)\s?(?P<gap>[-./])\s?(?P<number>\d\d?)\s?(?P=gap)\s?(?P<day>\d\d?)\s?\.?{_IN_BRACKETS}{_TIME}",
            rf"{_YEAR}\s?[년年]\s?(?P<number>\d\d?)\s?[월月]\s?(?P<day>\d\d?)\s?[일日]\.?{_IN_BRACKETS}{_TIME}",
            rf"{_WEEKDAY}(?P<day>\d\d?)(?:st|nd|rd|th)?(?:\sof)?[\s-]{_MONTH},?[\s-](?P<year>\d{{4}}|\d\d){_TIME}",
            rf"{_WEEKDAY}{_MONTH}\s(?P<day>\d\d?)(?:st|nd|rd|th)?,?\s{_YEAR}{_TIME}",
            rf"{_WEEKDAY}{_MONTH}\s(?P<day>\d\d?)\s{_CLOCK}{_ZONE}\s{_YEAR}",  # as `date` prints it
            rf"{_YEAR}[\s-]{_MONTH}[\s-](?P<day>\d\d?){_TIME}",
            rf"{_YEAR}(?P<number>\d\d)(?P<day>\d\d){_TIME}",
            rf"{_YEAR}(?P<number>\d\d)(?P<day>\d\d)[T\s]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?{_ZONE}",
        ),
    )
)
_DAY_AND_MONTH = _pattern(
    rf"(?P<first>\d\d?)\s?(?P<gap>[-./])\s?(?P<other>\d\d?)\s?(?P=gap)\s?(?P<year>\d{{4}}|\d\d)\.?{_IN_BRACKETS}{_TIME}"
)
_RFC_822 = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d(?::\d\d)?) (?:GMT|UTC?|([+-]\d{4}))", re.ASCII
)
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d{1,9})?", re.ASCII)
_YEAR_OF_FORMAT = re.compile("%[-_0^#]*[EO]?[YyGcxDF]")
_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d\d)?\Z")


def day_of(text: str, *, timezone: ZoneInfo, dates: str = "auto") -> date | None:
    """Return the day that a text gives; None: it gives none, or it could mean two.

    dates: auto; mdy or dmy, which decide what `07/01/2024` means; or a format of `strptime`: then only that is read.
    """
    return _day_of(text, timezone, dates) if len(text) <= MAX_LENGTH else None


def has_year(form: str) -> bool:
    """Return whether a format of `strptime` reads a year; newer Pythons warn of one that reads a day without."""
    return _YEAR_OF_FORMAT.search(form.replace("%%", "")) is not None


@lru_cache(maxsize=4096)  # many records of a file carry the same days
def _day_of(text: str, timezone: ZoneInfo, dates: str) -> date | None:
    try:
        found = _read(" ".join(text.split()), timezone, dates)
    except (ValueError, OverflowError):  # no day of the calendar, no time of a day
        return None
    return found if found and found.year in YEARS else None


def _read(text: str, timezone: ZoneInfo, dates: str) -> date | None:
    if "%" in dates:
        if not has_year(dates):
            return None
        return _day_in(datetime.strptime(text, dates), timezone)  # noqa: DTZ007 - the format may have an offset
    if iso := _iso(text):  # the usual cases, and five times faster
        try:
            found = datetime.fromisoformat(iso)
        except ValueError:
            pass
        else:  # 24:00 of a day is the next one to Python 3.14, and no time to those before
            return _day_in(found, timezone) if found.tzinfo else date.fromisoformat(iso[:10])
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_DASHES).replace("’", "'").replace("‘", "'")
    if match := _EPOCH.fullmatch(text):
        return _day_of_epoch(match, timezone)
    if match := _DAY_AND_MONTH.fullmatch(text):
        return _moved(match, _ordered(match, dates), timezone)
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    return _moved(match, _day(match), timezone) if match else None


def _iso(text: str) -> str:
    """Return a text in ISO 8601, or in the form of RFC 822 that most feeds have, as ISO 8601; "": it is neither."""
    if text[4:5] == text[7:8] == "-" and text[:4].isdecimal():
        return text
    if (match := _RFC_822.fullmatch(text)) and (month := match[2].lower()) in _MONTHS:
        return f"{match[3]}-{_MONTHS.index(month) + 1:02}-{match[1]:0>2} {match[4]}{match[5] or 'Z'}"
    return ""


def _day_in(time: datetime, timezone: ZoneInfo) -> date:
    return (time.astimezone(timezone) if time.tzinfo else time).date()


def _day_of_epoch(match: re.Match[str], timezone: ZoneInfo) -> date | None:
    """Return the day of seconds or milliseconds since 1970; None: the digits also read as a day and an hour."""
    seconds = match[1]
    if len(match[0]) == len(seconds) and "1900" <= seconds[:4] <= "2100":
        try:
            datetime.strptime(seconds, "%Y%m%d%H")  # noqa: DTZ007 - only whether it reads
        except ValueError:
            pass
        else:
            return None
    return datetime.fromtimestamp(int(seconds), UTC).astimezone(timezone).date()


def _ordered(match: re.Match[str], dates: str) -> date | None:
    """Return the day of two numbers and a year; None: nothing tells which of the two is the month."""
    first, other, year = int(match["first"]), int(match["other"]), match["year"]
    if dates == "auto":
        if len(year) == 2 or (match["gap"] != "." and first <= 12 and other <= 12 and first != other):
            return None
        is_day_first = match["gap"] == "." or other <= 12
    else:
        is_day_first = dates == "dmy"
    day, month = (first, other) if is_day_first else (other, first)
    return date(_full_year(year), month, day)


def _day(match: re.Match[str]) -> date | None:
    """Return the day that a form gives; None: its year has two digits, and no weekday confirms them."""
    parts, year = match.groupdict(), match["year"]
    month = _MONTHS.index(parts["month"][:3].lower()) + 1 if parts.get("month") else int(parts["number"])
    day = date(_full_year(year), month, int(match["day"]))
    if len(year) == 2 and _WEEKDAYS[day.weekday()] != (parts["weekday"] or "").lower():
        return None
    return day


def _full_year(year: str) -> int:
    digits = int(year.removeprefix("'"))
    return digits if digits > 99 else digits + (2000 if digits < 69 else 1900)  # as POSIX and RFC 6265 do


def _moved(match: re.Match[str], day: date | None, timezone: ZoneInfo) -> date | None:
    """Return the day in the time zone of a time with an offset, else the same day. Raise ValueError for no time."""
    parts = match.groupdict()
    if day is None or parts["hour"] is None:
        return day
    hour = _hour(int(parts["hour"]), (parts.get("half") or parts.get("noon") or parts.get("hour_noon") or "").strip())
    minute = int(parts.get("minute") or parts.get("korean_minute") or 0)
    if hour * 60 + minute > 24 * 60 or minute > 59 or int(parts.get("second") or 0) > 60:
        raise ValueError
    offset = _offset(parts["zone"] or "")
    if offset is None:
        return day
    time = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute) - offset
    return time.astimezone(timezone).date()


def _hour(hour: int, half: str) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError
    return hour % 12 + (12 if half[0] in "pP" or half == "오후" else 0)


def _offset(zone: str) -> timedelta | None:
    """Return the offset of a zone as it is written; None: it is local. Raise ValueError for none that there is."""
    if match := _OFFSET.search(zone):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if offset > timedelta(hours=14):
            raise ValueError
        return -offset if match[1] == "-" else offset
    return timedelta(hours=_OFFSETS[zone]) if zone in _OFFSETS else None
