"""Judge whether a dump is older than what is known, by evidence of one kind only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol, TypeVar

from monitor.dump_age import Age, Evidence
from monitor.model import SeenRecord

_Time = TypeVar("_Time", datetime, date)


class Confirmed(Protocol):
    """What is known of the newest dump that showed a release, or of the newest dump of a listing."""

    @property
    def confirmed(self) -> datetime: ...
    @property
    def stamped(self) -> datetime | None: ...
    @property
    def newest(self) -> date | None: ...


def is_older(age: Age, known: Confirmed) -> bool:
    """Return whether a dump is proved to be older.

    A timestamp in a file name is compared with timestamps only: the arrival of another dump, or the dates of its
    records, say nothing about it. A dump of which only the arrival is known is never proved to be older.
    """
    match age.evidence:
        case Evidence.STAMP:
            mine = age.as_of if age.is_replay else age.until or age.as_of
            return known.stamped is not None and _is_before(mine, known.stamped, age)
        case Evidence.FILE_TIME:
            return _is_before(age.as_of, known.confirmed, age)
        case Evidence.NEWEST_DATE:
            return age.newest is not None and known.newest is not None and _is_before(age.newest, known.newest, age)
        case Evidence.ARRIVAL:
            return False


def proof_of(age: Age, known: Confirmed) -> str:
    """Return by which evidence a dump is older than what is known."""
    match age.evidence:
        case Evidence.STAMP if known.stamped is not None:
            return f"its name says {_shown(age.as_of)}, a later one {_shown(known.stamped)}"
        case Evidence.NEWEST_DATE:
            return f"its newest record is of {age.newest}, that of a later one of {known.newest}"
        case _:
            return f"its file is of {_shown(age.as_of)}, what is known of {_shown(known.confirmed)}"


def is_repeated(age: Age, seen: SeenRecord) -> bool:
    """Return whether the path of a dump showed this very text before, when another file had shown a newer one.

    Two copies of a page that are rewritten by turns would bring both texts back for ever.
    """
    return age.evidence is Evidence.ARRIVAL and (seen.number, seen.version) in age.earlier_texts


def doubt_of(age: Age, known: Confirmed) -> str:
    """Return why a dump may be older, where no evidence of one kind decides; "": nothing says so.

    A board that shows only old releases is not an old dump, and a file may come without a timestamp at any time: this
    proves nothing.
    """
    is_stamp = age.evidence is Evidence.STAMP
    if is_stamp and known.stamped is None and (age.until or age.as_of) < known.confirmed:
        return "its name says so"
    if age.newest is None or known.newest is None or age.newest >= known.newest:
        return ""
    is_newer = known.stamped is not None if is_stamp else age.after is not None and age.after >= known.confirmed
    has_time = age.evidence in (Evidence.FILE_TIME, Evidence.NEWEST_DATE)
    return "" if is_newer or has_time else f"its newest record is of {age.newest}"


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _is_before(one: _Time, other: _Time, age: Age) -> bool:
    return one < other or (age.is_replay and one == other)
