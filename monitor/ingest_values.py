"""Define the values of one ingest: how it works, what it is decided on, the batch that is stored, the report on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from monitor.dump_age import Age, Evidence
from monitor.frozen import dataclass
from monitor.model import Alert, Change, Dump, FileSignature, Head, Kind, Notice, Reject


class Mode(StrEnum):
    """How an ingest treats what is unfinished and what is known."""

    WATCH = "watch"  # a daemon: an unfinished tail is held for its writer to complete
    ONCE = "once"  # one pass: it is rejected at once, and can still be completed
    AGAIN = "again"  # as once, and known content is compared again


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A snapshot of what the store knows around one dump; decisions are made on it and on nothing else."""

    heads: Mapping[int, Head]  # by release number
    by_key: Mapping[bytes, tuple[int, ...]]  # identity key → release numbers
    next_number: int  # the first release number that is free
    mark: int = 0  # which state of the source it shows, where other monitors write to the store as well
    crowded: frozenset[bytes] = frozenset()  # identity keys of too many releases; they are not in by_key
    # By digest, the releases that a record may show, by the name of the index entry, where by_key does not have them.
    nearest: Mapping[bytes, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    # By digest, what a record that was never seen may look like: releases, and records of its dump by their digests;
    # each with the share of it that many releases have (compare.near_duplicates). The heads of the releases are here.
    alike: Mapping[bytes, Mapping[int | bytes, float]] = field(default_factory=dict)
    # By digest, releases of the record's title and day that share so little with it that boilerplate may be all of it.
    doubtful: Mapping[bytes, tuple[int, ...]] = field(default_factory=dict)
    # Three-word sequences that several other releases have, where any record is doubtful.
    boilerplate: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdCounts:
    """How many known releases of a dump have another id than before, though their texts stayed."""

    changed: int = 0
    of: int = 0  # 0: no id could be compared

    def __add__(self, other: IdCounts) -> IdCounts:
        return IdCounts(changed=self.changed + other.changed, of=self.of + other.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything one dump leads to, or one part of a large dump; stored whole or not at all."""

    dump: Dump
    age: Age  # as of which time it shows its source
    status: str  # stored | held | rejected | empty; superseded until the last part is stored
    as_seen: Mapping[int, int]  # releases shown exactly as before: version by number
    changes: tuple[Change, ...]  # of the other releases
    rejects: tuple[Reject, ...]
    alerts: tuple[Alert, ...]
    notices: tuple[Notice, ...]
    parser: int  # version of the parser that read it
    mode: Mode
    listing: str | None = None  # the declared listing this dump is of; None: none
    missing: tuple[int, ...] = ()  # releases that are withdrawn if the next dump of the listing lacks them, too
    row: int | None = None  # id of the dump row that the earlier parts made; None: this is the first part
    is_last: bool = True  # all of the dump is stored with it
    ids: IdCounts = IdCounts()  # of the dump up to here
    mark: int = 0  # `Known.mark` of the snapshot it was decided on
    known: int | None = (
        None  # the newest complete ingest of this content when it was decided: its dump; None: there was none
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """The result of one ingest."""

    dump: int  # id of the dump row; of a duplicate, that of the first ingest
    source: str
    name: str
    sha256: bytes
    status: str  # stored | duplicate | held | rejected | empty | superseded
    size: int
    encoding: str
    as_of: datetime
    at: datetime
    counts: dict[Kind, int] = field(default_factory=dict)
    evidence: Evidence | None = None  # how as_of is known; None: an older version stored it
    missing: int = 0  # releases of its listing that a second dump is to withdraw; not stored
    ids: IdCounts = IdCounts()  # not stored either
    unread_dates: int = 0  # records whose date gives no day; not stored either
    unread_date: str = ""  # the first of these dates

    @property
    def rejected(self) -> int:
        """Count the rejected records, or the file itself."""
        return self.counts.get(Kind.REJECTED, 0)


class BaselineCounts(NamedTuple):
    """How many releases were recorded without alerts."""

    releases: int
    matched: int  # of these, those that some watchlist matched
    place: str = ""  # that recorded them, where the source had releases before it did; "": they are all of the source


class CutOffBaseline(NamedTuple):
    """A baseline whose monitor is silent."""

    source: str
    place: str  # the state folder of the monitor
    node: str  # its name; "": nobody knows it
    counts: BaselineCounts


class LedgerEntry(NamedTuple):
    """One row of the ingest ledger: a path as it was last ingested."""

    signature: FileSignature
    sha256: bytes
    status: str  # as in IngestReport
    parser: int  # version of the parser that read it


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDumps:
    """What was ingested of the content and of the path of a dump, before it is ingested."""

    same: IngestReport | None  # the newest complete ingest of exactly this content
    before: IngestReport | None  # of what its path showed until it was rewritten; None: it was not
    earlier_texts: frozenset[tuple[int, int]]  # that the latter showed, told or stale: release and version
    entry: LedgerEntry | None  # of its path
