"""Define the values that the write side of a store takes and returns, beside those of an ingest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from monitor.frozen import dataclass
from monitor.model import Head, Release, Sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How much a pruning deleted."""

    versions: int = 0  # old texts
    messages: int = 0
    events: int = 0
    copies: int = 0  # old automatic backups, and stores that a restore replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityCheck:
    """A check of the store, with what it found."""

    check: str
    faults: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Return whether it found no fault."""
        return not self.faults


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDump:
    """How old the newest dump of a listing is, as `monitor.model.Head` has it of a release."""

    confirmed: datetime
    stamped: datetime | None = None
    newest: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the store knows of one listing of a source."""

    last: LastDump | None  # None: there was no dump of it
    heads: tuple[Head, ...]  # seen in it before, within the days asked for
    missing: frozenset[int] = frozenset()  # of these, what its last dump lacked together with most others
    known: int = 0  # how many it has shown within these days, those that were asked to be left out included


class OverdueDumps(NamedTuple):
    """How many held dumps were not completed in time."""

    unfinished: int = 0  # their last record is
    empty: int = 0  # the file holds no record
    rejects: tuple[int, ...] = ()  # the ids of them all

    @property
    def total(self) -> int:
        """Return how many there are of both kinds."""
        return self.unfinished + self.empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What an outbox has still to send."""

    pending: int = 0  # messages, and notices that are in none yet
    oldest: datetime | None = None  # when the oldest pending message was made; None: there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long old texts, messages and events are kept; None: forever."""

    versions: timedelta | None = None
    messages: timedelta | None = None
    events: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprinter:
    """The functions that compute hashes and index entries from a text; the store itself knows no normal forms."""

    norm_version: int  # of the normal forms that all of them use
    text_hash: Callable[[Release], bytes]
    keys: Callable[[str, Release], tuple[bytes, ...]]  # index entries, by the name of the source and the release
    sketch: Callable[[Release], Sketch]
