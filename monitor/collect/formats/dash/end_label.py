"""Read the label at the end of a record, `date2024-07-01`, also as other hands and programs write it.

The label that the listings print is one word without a space. Nothing in prose looks like it, so at the end of a line
it ends a record even where no "-" follows. `date 2024-07-01` and `Date: 2024-07-01` are prose, too: they are read at
the end of a record, and end one inside a piece only behind a finished sentence.
"""

from __future__ import annotations

import re
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

_HINT, _CAPITAL_HINT, _WIDE_HINT = "ate", "ATE", "ｔｅ"  # one of them stands in each label that cannot be read
MAX_LENGTH = 64  # characters at the end of a line that a label may take
LETTERS = "월화수목금토일"  # the only ones among the last three characters of a label
INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # as the inside of a character class
DASHES = "\\-\u00ad\u2010-\u2015\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d"  # the same

_EXACT = re.compile(r"(?:^|\s)date(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
_EXACT_LENGTH = len(" date2024-07-01")
_SEPARATOR = f"[{DASHES}./\uff0e\uff0f]"
_DAY = (
    rf"(\d{{4}})(?:{_SEPARATOR}(\d\d){_SEPARATOR}(\d\d)|(\d\d)(\d\d)"
    r"|\s?[.\uff0e]\s?(\d\d?)\s?[.\uff0e]\s?(\d\d?)\s?[.\uff0e]|\s?년\s?(\d\d?)\s?월\s?(\d\d?)\s?일)"
    r"(?:[T ]\d\d:\d\d(?::\d\d)?|\s?\([월화수목금토일]\))?"
)
_BLANK = rf"[\s{INVISIBLE}]"
_WORD = r"(?<![A-Za-z\u00c0-\u024f])(?:[Dd]ate|DATE)"
_END = rf"[.\u3002]?{_BLANK}*(?P<dash>(?:[{DASHES}][\s{INVISIBLE}{DASHES}]*)?)\Z"
_GLUED = re.compile(rf"{_BLANK}*{_WORD}[{INVISIBLE}]*{_DAY}{_END}")
_SPACED = re.compile(
    rf"(?P<before>[.!?\u2026\"'\u2019\u201d)\]다\u3002]?){_BLANK}*{_WORD}{_BLANK}*[:\uff1a]?{_BLANK}*{_DAY}{_END}"
)
_UNREADABLE = re.compile(rf"{_BLANK}*{_WORD}\d{{1,4}}{_SEPARATOR}\d{{1,2}}{_SEPARATOR}\d{{1,4}}{_END}")
_DAY_AT_END = re.compile(rf"[\d일)][.\u3002\uff0e\s{INVISIBLE}{DASHES}]*\Z")  # as each of these has
# What in an undated record is a label that cannot be read: with a day anywhere, or with any figure at its very end.
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}\W{1,2}(?=[^\n]*\d))"
_MONTH = r"(?:[A-Z][a-z]{2,8}\.?\s?)"
_MENTION = re.compile(
    rf"date\d{{4}}(?:{_SEPARATOR}|년)\s?\d[^\n]{{0,30}}"
    rf"|(?:(?:[Dd]ate|DATE|ｄａｔｅ)\d|{_WORD}(?:s?\s*[:=\uff1a{DASHES}]\s*{_MONTH}?\d|s?{_MONTH}?\d"
    rf"|\s\d{{4}}\D{{1,2}}\d|\s(?:\d\d?\s)?{_MONTH}\d|['’]\d\d[.\-/]|{_WEEKDAY}|\s?[\u4e00-\u9fff]))[^\n]{{0,24}}\Z"
)
_UNSEEN = re.compile(f"[{INVISIBLE}]")
_DASH_AT_END = re.compile(rf"(?P<gap>[\s{DASHES}]?)(?P<dash>[{DASHES}])[\s{INVISIBLE}]*\Z")


class EndLabel(NamedTuple):
    """The label at the end of a line."""

    length: int  # characters at the line's end that are no text
    day: date | None = None  # None: the calendar has no such day, or it cannot be read
    is_read: bool = True
    ends_record: bool = True  # also inside a piece and before a "-" that might belong to a body
    dash: int = 0  # characters at the line's end that are the next record's "-"; 0: none is glued to the label


def end_label(line: str) -> EndLabel | None:
    """Return the label that a line without spaces at its end ends in."""
    if label := exact_label(line):
        return label
    tail = line[-MAX_LENGTH:]
    if not ("ate" in tail or "ATE" in tail):
        return None
    return _other_label(tail) if _DAY_AT_END.search(tail) else None


def exact_label(line: str) -> EndLabel | None:
    """Return the label that a line ends in if it is written as the listings do."""
    return _exact_label(line[-_EXACT_LENGTH:]) if line[-14:-10] == "date" else None


def label_like_text(text: str) -> str:
    """Return what looks like a label in a text without one, or ""."""
    found = _MENTION.search(_UNSEEN.sub("", text))
    return found.group().strip() if found else ""


class DamagedEnd(Enum):
    """How a line may be the end of a record."""

    CUT = "cut"  # a "-" is glued to its last letter: half a text, and the next record's "-"
    DOUBTFUL = "doubtful"  # another dash, or one behind a space, ends it, or a label that cannot be read


def damaged_end(line: str) -> DamagedEnd | None:
    """Return how a line may be the end of a record; None: it is none. A line between two dashes is a heading."""
    tail, last = line[-MAX_LENGTH:], line[-1:]
    dash = _DASH_AT_END.search(tail) if last == "-" or (last > "\x7f" and not last.isalnum()) else None
    if dash is None:
        has_hint = _HINT in tail or _CAPITAL_HINT in tail or _WIDE_HINT in tail
        return DamagedEnd.DOUBTFUL if has_hint and label_like_text(tail) else None
    if line[:1] in "-–—":
        return None
    is_cut = dash["dash"] == "-" and dash.start() > 0 and not dash["gap"]
    return DamagedEnd.CUT if is_cut else DamagedEnd.DOUBTFUL


@lru_cache(maxsize=4096)  # many records of a dump end in the same few days
def _exact_label(end: str) -> EndLabel | None:
    match = _EXACT.search(end)
    return EndLabel(_EXACT_LENGTH, _day(match.groups())) if match else None


def _other_label(tail: str) -> EndLabel | None:
    if match := _GLUED.search(tail):
        return _label(match, tail, start=match.start(), ends_record=True)
    if match := _SPACED.search(tail):
        is_apart = bool(match["before"]) or bool(match["dash"])
        return _label(match, tail, start=match.end("before"), ends_record=is_apart)
    if match := _UNREADABLE.search(tail):
        return EndLabel(0, is_read=False, dash=_dash_length(match, tail))
    return None


def _label(match: re.Match[str], tail: str, *, start: int, ends_record: bool) -> EndLabel:
    dash = _dash_length(match, tail)
    numbers = [part for part in match.groups() if part and part.isdecimal()]
    length = len(tail[: len(tail) - dash].rstrip()) - start
    return EndLabel(length, _day(numbers), ends_record=ends_record, dash=dash)


def _dash_length(match: re.Match[str], tail: str) -> int:
    return len(tail) - match.start("dash") if match["dash"] else 0


def _day(numbers: tuple[str, ...] | list[str]) -> date | None:
    year, month, day = map(int, numbers)
    try:
        return date(year, month, day)
    except ValueError:
        return None
