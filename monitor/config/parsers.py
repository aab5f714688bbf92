"""Parse the text of one setting into its typed value, or raise a ValueError that ends the sentence of its message.

The message begins with the shown value: `'90 x'` + ` is not a valid duration: …`. A parser never repeats its input, so
no message can contain a secret. The functions `…_text` write a value as the text that parses to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from monitor.collect.formats import fields
from monitor.collect.formats.registry import FORMATS, NAMES, canonical
from monitor.config.redact import mask_secret
from monitor.model import Kind, Rate
from monitor.secret import Secret

DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(ms|s|m|h|d|w)")
SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(B|kB|KB|MB|GB|TB)")
RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)/(s|m|min|h)")
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]*")
WEB_ADDRESS = re.compile(r"https?://[!-~]+")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_MAIL = re.compile(r"(mailto:)?[^\s@:/]+@[^\s@/]+", re.IGNORECASE)
_BARE_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+/", re.IGNORECASE)
_AROUND = (
    " \t\r\n\"'“”‘’<>"  # what comes along when an address is copied, or read from a file of variables as it stands
)
_OWN_HEADERS = ("host", "connection", "content-length", "transfer-encoding", "accept-encoding", "range")
WHEN = (Kind.NEW, Kind.CHANGED, Kind.COMPLETED, Kind.ENRICHED, Kind.REREAD, Kind.REAPPEARED, Kind.WITHDRAWN)

# A value is written in the first unit that fits.
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds", "w": "weeks"}
_BYTES = {"TB": 10**12, "GB": 10**9, "MB": 10**6, "kB": 10**3, "KB": 10**3, "B": 1}
_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600}
_LONGEST = timedelta(days=365_000)
_COUNT = re.compile("0{0,3}[1-9][0-9]{0,2}|1000")
_LIMIT = re.compile("[0-9]{1,5}")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_SOME_TIME = datetime(2024, 11, 29, 13, 45, 59, tzinfo=UTC)
_NAME = re.compile(r"[A-Za-z0-9가-힣][\w.-]{0,63}")


def duration(text: str) -> timedelta:
    """Parse a number and a unit such as `90s` or `1.5h`; the result is never negative."""
    units = "(units: ms, s, m, h, d, w)"
    message = f"is not a valid duration: write a number and a unit without a space, for example 90s or 1.5h {units}"
    number, unit = matched(DURATION, text, message).groups()
    with suppress(OverflowError):
        length = timedelta(**{_UNITS[unit]: float(number)})
        if length <= _LONGEST:  # the sum with any time of today must be a valid time
            return length
    raise ValueError(f"is too long: write a duration of at most {_LONGEST.days}d")


def duration_text(length: timedelta) -> str:
    """Write a duration in the largest unit up to days that divides it."""
    spans = {unit: timedelta(**{name: 1}) for unit, name in _UNITS.items()}
    unit = next((unit for unit, span in spans.items() if not length % span), "ms") if length else "s"
    return f"{length / spans[unit]:.15g}{unit}"


def positive_duration(text: str) -> timedelta:
    """Parse a duration above zero."""
    length = duration(text)
    if not length:
        raise ValueError("is zero: write a longer duration, for example 1s")
    return length


def age(text: str) -> timedelta | None:
    """Parse whole days such as `365`; `keep` gives None and means forever."""
    if text == "keep":
        return None
    if not _LIMIT.fullmatch(text) or not int(text):
        raise ValueError("is not a valid number of days: write a whole number from 1 to 99999, or keep")
    return timedelta(days=int(text))


def size(text: str) -> int:
    """Parse a size in decimal units such as `500kB` or `1.5MB` into bytes, at least one."""
    units = "(units: B, kB, MB, GB)"
    message = f"is not a valid size: write a number and a unit without a space, for example 500kB {units}"
    number, unit = matched(SIZE, text, message).groups()
    count = round(float(number) * _BYTES[unit])
    if count < 1:
        raise ValueError("is not a valid size: write at least 1B")
    return count


def size_text(count: int) -> str:
    """Write a number of bytes in the largest unit that divides it."""
    unit = next(unit for unit, bytes_ in _BYTES.items() if count % bytes_ == 0)
    return f"{count // _BYTES[unit]}{unit}"


def flag(text: str) -> bool:
    """Parse yes or no, as people write it in YAML, in any letter case."""
    if text.lower() not in _FLAGS:
        raise ValueError("is neither true nor false: write one of the two")
    return _FLAGS[text.lower()]


def count(text: str) -> int:
    """Parse a whole number from 1 to 1000."""
    return int(matched(_COUNT, text, "is not a valid count: write a whole number from 1 to 1000")[0])


def limit(text: str) -> int:
    """Parse an upper limit; 0 means no limit."""
    return int(matched(_LIMIT, text, "is not a valid limit: write a whole number from 0 to 99999 (0: no limit)")[0])


def rate(text: str) -> Rate:
    """Parse a number per second, minute or hour, as in `1/s` or `10/min`, evenly spread."""
    message = "is not a valid rate: write a number and /s, /min or /h without a space, for example 1/s or 10/min"
    match = matched(RATE, text, message)
    if not float(match[1]):
        raise ValueError(message)
    return Rate(per_second=float(match[1]) / _SECONDS[match[2]])


def rate_text(rate: Rate) -> str:
    """Write a rate per the first period that gives a whole number, or per any period that is exact."""
    counts = {unit: rate.per_second * seconds for unit, seconds in _SECONDS.items()}
    exact = {unit: round(count, 6) for unit, count in counts.items() if abs(count - round(count, 6)) < 1e-9}
    unit = next((unit for unit, count in exact.items() if count == int(count)), next(iter(exact), "h"))
    return f"{exact.get(unit, counts[unit]):.12g}/{unit}"


def zone(text: str) -> ZoneInfo:
    """Parse the IANA name of a time zone, from the machine's zone data or the tzdata package."""
    with suppress(ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Asia" is a folder of the zone data
        return ZoneInfo(text)
    known = available_timezones()
    city = min((one for one in known if one.rpartition("/")[2].casefold() == text.casefold()), default=None)
    near = city or closest(text, tuple(known), likeness=0.8)
    hint = f"; did you mean '{near}'?" if near else ": write a name such as Asia/Seoul or UTC"
    raise ValueError(f"is not a known time zone{hint}")


def codec(text: str) -> str:
    """Accept `auto`, or the name of a text encoding that can decode any bytes with replacements."""
    with suppress(LookupError, ValueError):  # unknown; or known and no text encoding, such as hex
        if text != "auto":
            b"abcd".decode(text, "replace")
        return text
    raise ValueError("is not a known text encoding: write auto, utf-8, cp949 or another encoding")


def glob(text: str) -> str:
    """Accept a pattern for file names."""
    if not text:
        raise ValueError('is empty: write a pattern, for example "*.txt"')
    if "/" in text:
        raise ValueError("has a '/': write a pattern for the file name only, without its folder")
    return text


def line_glob(text: str) -> str:
    """Accept a pattern for lines of a text; one of stars alone would leave nothing of it."""
    if not text.strip().strip("*?"):
        raise ValueError('fits every line: write a pattern such as "Views [0-9]*"')
    return text.strip()


def word(text: str) -> str:
    """Accept text with at least one visible character."""
    if not text.strip():
        raise ValueError("is empty: write a word, or remove the entry")
    return text


def format_name(text: str) -> str:
    """Parse the name of a format, or an alias of it, into the name."""
    found = canonical(text)
    if found is None:
        raise ValueError(f"is not a known format{suggestion(text, NAMES) or ': choose from ' + ', '.join(FORMATS)}")
    return found


def expression(text: str) -> fields.Expression:
    """Parse what a field is read from."""
    return fields.parse(text)


def records_path(text: str) -> tuple[str, ...]:
    """Parse the names that lead to the records."""
    return fields.parse_path(text)


def dates(text: str) -> str:
    """Accept an order of day and month, or a format of strptime, which must read what it writes."""
    if text in ("auto", "mdy", "dmy"):
        return text
    from monitor.collect.formats.days import has_year  # most monitors read the day of a text alone

    with suppress(ValueError):
        written = _SOME_TIME.strftime(text)
        read = datetime.strptime(written, text) if has_year(text) else None  # noqa: DTZ007 - only the day counts
        if read and read.date() == _SOME_TIME.date():
            return text
    raise ValueError("is not a valid order of dates: write auto, mdy, dmy, or a strptime format such as %d.%m.%Y")


def html(text: str) -> str:
    """Parse auto, yes or no."""
    if text == "auto":
        return text
    with suppress(ValueError):
        return "yes" if flag(text) else "no"
    raise ValueError("must be auto, yes or no")


def base_address(text: str) -> str:
    """Accept a web address that holds no password."""
    with suppress(ValueError):  # brackets without an IPv6 address
        if WEB_ADDRESS.fullmatch(text) and urlsplit(text).hostname and "@" not in urlsplit(text).netloc:
            return text
    raise ValueError("is not a valid address: write https://… in plain ASCII without spaces and without a password")


def event(text: str) -> Kind:
    """Parse a kind of event that a watchlist can alert on."""
    if text in WHEN:
        return Kind(text)
    choices = f": choose from {', '.join(WHEN)}"
    if text in set(Kind):
        raise ValueError(f"is recorded but never alerts{choices}")
    raise ValueError(f"is not a known kind of event{suggestion(text, WHEN) or choices}")


def url(text: str) -> Secret:
    """Parse a channel's address; it is secret from here on."""
    message = "is not a valid channel URL: write scheme://… without spaces, for example console://"
    if _MAIL.fullmatch(text):
        message = "is a mail address alone, and mail needs a server: write mailtos://USER:PASSWORD@SERVER/?from=USER@HOST&to=NAME@HOST"
    elif _BARE_HOST.match(text):
        message = "is not a valid channel URL: write https:// before it"
    elif URL.fullmatch(text.strip(_AROUND)):
        message = "is not a valid channel URL: remove the quotes or spaces around it"
    return Secret(matched(URL, text, message)[0])


def web_address(text: str) -> Secret:
    """Parse a web address; it is secret from here on, because whoever knows its path may ping it."""
    with suppress(ValueError):  # brackets without an IPv6 address, or a port that is not a number
        if WEB_ADDRESS.fullmatch(text) and urlsplit(text).hostname and urlsplit(text).port != 0:
            return Secret(text)
    raise ValueError("is not a valid web address: write https://… in plain ASCII without spaces")


def header(text: str) -> Secret:
    """Parse the value of an HTTP header; it is secret from here on."""
    if not text.strip() or not text.isascii() or not text.isprintable():
        raise ValueError("is not a valid header value: write one line of plain ASCII")
    return Secret(text.strip())


def header_name(text: str) -> str:
    """Accept the name of an HTTP header that is the user's to set."""
    if not HEADER_NAME.fullmatch(text) or text.lower() in _OWN_HEADERS:
        raise ValueError("is no name of a header that you can set: write one such as Authorization or X-Api-Key")
    return text


def secret_text(secret: Secret) -> str:
    """Write what may be shown of a secret."""
    return mask_secret(secret.reveal())


def listen(text: str) -> str:
    """Accept `off`, or an address of this machine with a port, as in `127.0.0.1:9877` or `[::1]:9877`."""
    if text == "off" or is_address(text):
        return text
    raise ValueError("is not a valid address to listen on: write 127.0.0.1:9877, [::1]:9877 or off")


def is_address(text: str) -> bool:
    """Return whether this is an IP address with a port."""
    host, _, port = text.rpartition(":")
    version = 6 if host.startswith("[") and host.endswith("]") else 4
    with suppress(ValueError):  # of a host that is no address
        is_port = _LIMIT.fullmatch(port) is not None and int(port) <= 65535
        return is_port and ip_address(host.strip("[]")).version == version
    return False


def name(text: str) -> str:
    """Accept a name that people can type on a command line and read in a log."""
    then = "then use letters, digits, '.', '_' or '-' (at most 64 characters)"
    return matched(_NAME, text, f"is not a valid name: begin with a letter, a digit or a Hangul syllable, {then}")[0]


def folder_path(text: str, base: Path) -> Path:
    """Parse a path that need not exist; a relative one starts from base."""
    if not text:
        raise ValueError("is empty: write the path of a folder")
    if text.startswith("~"):
        raise ValueError("begins with '~', which is not expanded here: write ${HOME}/… or the full path")
    try:
        os.fsencode(text)
    except ValueError:
        raise ValueError("has a character that no file name on this machine can have: write another path") from None
    if "\0" in text:
        raise ValueError("has a NUL character, which no path can have: remove it")
    return base / text


def suggestion(text: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or nothing where no known word is similar."""
    near = closest(text, tuple(known))
    return f"; did you mean '{near}'?" if near else ""


@lru_cache(maxsize=1024)  # a mistake in a long list is often repeated
def closest(text: str, known: tuple[str, ...], *, likeness: float = 0.6) -> str | None:
    """Return the known word that is most similar to a text, if any; likeness is difflib's ratio, from 0 to 1."""
    from difflib import get_close_matches

    by_folded = {one.casefold(): one for one in known}
    close = get_close_matches(text.casefold(), by_folded, n=1, cutoff=likeness)
    return by_folded[close[0]] if close else None


def matched(pattern: re.Pattern[str], text: str, message: str) -> re.Match[str]:
    """Return the full match of a pattern; raise ValueError with this message if there is none."""
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError(message)
    return match
