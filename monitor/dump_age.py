"""State how old a dump is: as of which time it shows its source, and by which evidence."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from monitor.frozen import dataclass


class Evidence(StrEnum):
    """How the age of a dump is known."""

    STAMP = "stamp"  # a timestamp in its file name
    FILE_TIME = "file_time"  # of its last writing, which copying has kept
    NEWEST_DATE = "newest_date"  # of its records; only where the source is configured so
    ARRIVAL = "arrival"  # it arrived then; it may be older


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """As of which time a dump shows its source, and how that is known."""

    as_of: datetime
    evidence: Evidence
    until: datetime | None = None  # the last time that a timestamp stands for; None: it is exact
    newest: date | None = None  # the newest record date that is not a typing error; None: it is no evidence here
    after: datetime | None = None  # the path was rewritten: it is newer than this; None: it was not
    # Releases of which the path showed an earlier text before it was rewritten, each with the version.
    earlier_texts: frozenset[tuple[int, int]] = frozenset()
    is_replay: bool = False  # known content has no news: of two equally old dumps it loses
