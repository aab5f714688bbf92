"""Find the day that the path of a file gives. Only what can mean one day is read."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from monitor.collect.formats.days import YEARS
from monitor.collect.formats.fields import FileName

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_YEAR = r"(?:19|20)\d\d"
_WORD = "(?:" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS) + "|sept)"
_DAY = re.compile(
    rf"""(?<!\d)(?:
        (?P<y>{_YEAR}) [-./_]? (?P<m>[01]\d) [-./_]? (?P<d>[0-3]\d) (?=\D | \Z | \d{{4}}(?:\d\d)?(?!\d))
        | (?P<y2>{_YEAR}) (?P<gap>[-./_]) (?P<m2>\d\d?) (?P=gap) (?P<d2>\d\d?) (?!\d | [-./_]\d{{1,3}}(?!\d))
        | (?P<y3>{_YEAR})년[ ]?(?P<m3>\d\d?)월[ ]?(?P<d3>\d\d?)일
        | (?P<d4>\d\d?)\.(?P<m4>\d\d?)\.(?P<y4>{_YEAR})(?!\d)
        | (?P<d5>\d\d?)[-._ ]?(?P<m5>{_WORD})[-._ ]?(?P<y5>{_YEAR})(?!\d)
    ) | (?<![^\W\d_])(?P<m6>{_WORD})[-._ ]?(?P<d6>\d\d?)[-._, ]{{0,2}}(?P<y6>{_YEAR})(?!\d)""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


class DatedName(FileName):
    """The name of a file of which only the day counts."""

    __slots__ = ()

    def text(self, which: str) -> str:
        """Return the last day in the path or in the name, "" for none."""
        day = last_day_in(super().text(which))
        return day.isoformat() if day else ""


def last_day_in(path: str) -> date | None:
    """Return the last day in a path, such as 2024/0315/x.md or 10Apr2007x.txt; None: there is none."""
    found = (_day(match) for match in _DAY.finditer(unicodedata.normalize("NFKC", path)))
    return next(iter([day for day in found if day][::-1]), None)


def _day(match: re.Match[str]) -> date | None:
    parts = {name[0]: text for name, text in match.groupdict().items() if text and name != "gap"}
    month = parts["m"].lower()
    number = int(month) if month.isdecimal() else next(n for n, each in enumerate(_MONTHS, 1) if each[:3] == month[:3])
    try:
        day = date(int(parts["y"]), number, int(parts["d"]))
    except ValueError:  # such as 20241345
        return None
    return day if day.year in YEARS else None
