"""The text of one setting → its typed value, or a ValueError that goes on where the shown value ends.

`'90 x'` + ` is no duration; write …`: a parser never repeats its input, so no message can hold a secret.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from datetime import time, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from monitor.model import Kind, Rate
from monitor.notify.time_windows import DAYS, EVERY_DAY, Digest, Quiet
from monitor.secret import Secret

_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(ms|s|m|h|d|w)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=365_000)
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(B|kB|KB|MB|GB|TB)")
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_COUNT = re.compile("[0-9]{1,4}")
_LIMIT = re.compile("[0-9]{1,5}")
_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)/(s|m|min|h)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}
_DIGEST = re.compile(r"(?:([a-z,-]+) +)?([0-9]{1,2}:[0-9]{2})")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]*")
_WEB = re.compile(r"https?://[!-~]+")
_NAME = re.compile(r"[A-Za-z0-9가-힣][\w.-]{0,63}")
WHEN = (Kind.NEW, Kind.CHANGED, Kind.COMPLETED, Kind.ENRICHED, Kind.REAPPEARED, Kind.WITHDRAWN)


def duration(text: str) -> timedelta:
    """A number and one of ms s m h d w, as in `90s` or `1.5h`; never negative."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("is no duration; write a number and one of ms s m h d w without a blank, such as 90s or 1.5h")
    try:
        length = timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        length = timedelta.max
    if length > _LONGEST:  # added to any moment of today it must give a moment
        raise ValueError("is too long; no calendar reaches that far")
    return length


def positive_duration(text: str) -> timedelta:
    """A duration that some time passes in."""
    length = duration(text)
    if not length:
        raise ValueError("is no time at all; write a duration above zero")
    return length


def age(text: str) -> timedelta | None:
    """Whole days, as in `365`; `keep` means for ever."""
    if text == "keep":
        return None
    if not _LIMIT.fullmatch(text) or not int(text):
        raise ValueError("is no number of days; write a whole number from 1 to 99999, or keep")
    return timedelta(days=int(text))


def size(text: str) -> int:
    """Bytes, written with decimal units as in `500kB` or `1.5MB`; at least one."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError("is no size; write a number and one of B kB MB GB without a blank, such as 500kB (1000 B)")
    count = round(float(match[1]) * _BYTES[match[2]])
    if count < 1:
        raise ValueError("is no size; it must be at least 1B")
    return count


def flag(text: str) -> bool:
    """Yes or no, as people write it in YAML; letter case means nothing."""
    if text.lower() not in _FLAGS:
        raise ValueError("is neither true nor false; write one of them")
    return _FLAGS[text.lower()]


def count(text: str) -> int:
    """How often something must be there; from 1 to 1000."""
    if not _COUNT.fullmatch(text) or not 1 <= int(text) <= 1000:
        raise ValueError("is no count; write a whole number from 1 to 1000")
    return int(text)


def limit(text: str) -> int:
    """How much there may be at most; 0 means no limit."""
    if not _LIMIT.fullmatch(text):
        raise ValueError("is no limit; write a whole number, 0 for no limit")
    return int(text)


def rate(text: str) -> Rate:
    """So many in a second, a minute or an hour, as in `1/s` or `10/min`, evenly spread."""
    match = _RATE.fullmatch(text)
    if match is None or not float(match[1]):
        raise ValueError("is no rate; write a number and /s, /min or /h without a blank, such as 1/s or 10/min")
    return Rate(per_second=float(match[1]) / _SECONDS[match[2]])


def digest(text: str) -> Digest:
    """A local time, after the days it is for: `08:30`, `mon-fri 08:30`, `mon,wed-fri 17:00`."""
    match = _DIGEST.fullmatch(text.lower())
    if match is None:
        raise ValueError('is no digest time; write "08:30", or days before it such as "mon-fri 08:30"')
    return Digest(at=_wall_time(match[2]), days=_days(match[1]) if match[1] else EVERY_DAY)


def quiet(text: str) -> Quiet:
    """Two local times, as in `22:00-07:00`."""
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError('is no span of quiet hours; write two times such as "22:00-07:00"')
    hours = Quiet(start=_wall_time(start.strip()), end=_wall_time(end.strip()))
    if hours.start == hours.end:
        raise ValueError("holds the same time twice; write two different times, or leave quiet: out")
    return hours


def _wall_time(text: str) -> time:
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError("holds no time of day; write hours and minutes, from 00:00 to 23:59")
    return time(int(match[1]), int(match[2]))


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"holds a day that is none; write {', '.join(DAYS)}")
        start, end = DAYS.index(first), DAYS.index(last if dash else first)
        found.update((start + ahead) % 7 for ahead in range((end - start) % 7 + 1))
    return frozenset(found)


def zone(text: str) -> ZoneInfo:
    """A time zone by its IANA name, of the machine's zone data or the tzdata package."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Asia" is a folder of the zone data
        pass
    known = available_timezones()
    city = min((one for one in known if one.rpartition("/")[2].casefold() == text.casefold()), default=None)
    intended = city or closest(text, known, likeness=0.8)
    hint = f"did you mean '{intended}'?" if intended else "write a name such as Asia/Seoul or UTC"
    raise ValueError(f"is no time zone; {hint}")


def codec(text: str) -> str:
    """`auto`, or the name of a text encoding that can read any bytes with replacements."""
    if text == "auto":
        return text
    try:
        b"abcd".decode(text, "replace")
    except (LookupError, ValueError):  # unknown; or known and no text encoding, such as hex
        raise ValueError("is no text encoding; write auto, utf-8, cp949 or the like") from None
    return text


def glob(text: str) -> str:
    """A pattern for file names."""
    if not text:
        raise ValueError('is empty; write a pattern such as "*.txt"')
    if "/" in text:
        raise ValueError("holds a '/'; a pattern fits the file's name alone")
    return text


def word(text: str) -> str:
    """Text with at least one character that is not blank."""
    if not text.strip():
        raise ValueError("is empty; write a word, or leave the entry out")
    return text


def event(text: str) -> Kind:
    """A kind of event that a watchlist can tell people of."""
    if text in WHEN:
        return Kind(text)
    choices = ", ".join(WHEN)
    if text in set(Kind):
        raise ValueError(f"is recorded and never alerts; choose from {choices}")
    raise ValueError(f"is no kind of event{suggestion(text, WHEN) or f'; choose from {choices}'}")


def url(text: str) -> Secret:
    """A channel's address, from here on secret."""
    if not _URL.fullmatch(text):
        raise ValueError("is no channel URL; it must look like scheme://… without blanks, for instance console://")
    return Secret(text)


def web_address(text: str) -> Secret:
    """An address of the web, from here on secret: whoever knows its path may ping it."""
    try:
        is_usable = bool(_WEB.fullmatch(text) and urlsplit(text).hostname) and urlsplit(text).port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError("is no web address; it must look like https://… without blanks and in plain ASCII")
    return Secret(text)


def listen(text: str) -> str:
    """`off`, or an address of this machine with a port, as in `127.0.0.1:9877` or `[::1]:9877`."""
    if text == "off":
        return text
    host, _, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    try:
        is_address = ip_address(host.strip("[]")).version == (6 if is_bracketed else 4)
    except ValueError:
        is_address = False
    if not is_address or not _LIMIT.fullmatch(port) or int(port) > 65535:
        raise ValueError("is no address to listen on; write 127.0.0.1:9877, [::1]:9877 or off")
    return text


def name(text: str) -> str:
    """A name people can type on a command line and read in a log."""
    if not _NAME.fullmatch(text):
        raise ValueError(
            "cannot be a name; begin with a letter, a digit or a Hangul syllable and go on with letters, digits, "
            "'.', '_' or '-', at most 64 characters"
        )
    return text


def folder_path(text: str, base: Path) -> Path:
    """A path, a relative one taken from base; it need not exist."""
    if not text:
        raise ValueError("is empty; write the path of a folder")
    if text.startswith("~"):
        raise ValueError("begins with '~', which is not replaced here; write ${HOME}/… or the whole path")
    try:
        os.fsencode(text)
    except ValueError:
        raise ValueError("holds a character that no file name of this machine can hold") from None
    if "\0" in text:
        raise ValueError("holds a NUL character, which no path can")
    return base / text


def suggestion(text: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing where nothing comes close."""
    intended = closest(text, known)
    return f"; did you mean '{intended}'?" if intended else ""


def closest(text: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The known word that this one was probably meant to be; likeness is difflib's, from 0 to 1."""
    by_folded = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(text.casefold(), by_folded, n=1, cutoff=likeness)
    return by_folded[close[0]] if close else None
