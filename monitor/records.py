"""Define the read side of a store: the port Archive, and the frozen values that it returns.

Each list of an archive comes a page at a time. The `cursor` of a value says where the page behind it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar

from monitor.dump_age import Evidence
from monitor.ingest_values import IdCounts, IngestReport
from monitor.model import FileSignature, Head, Kind, Release

PAGE = 500  # values read at a time: a large store never lies in memory

DumpCursor = tuple[datetime, int, bytes]  # when it was ingested, id, path of a copy
FIRST_DUMP: DumpCursor = (datetime.min.replace(tzinfo=UTC), 0, b"")


class Listed:
    """A value of a list that is read page by page."""

    __slots__ = ()
    cursor = property(attrgetter("id"))  # its place in the list: the `after` of the next page


_Listed = TypeVar("_Listed", bound=Listed)


def read_all(read: Callable[..., Sequence[_Listed]], *, after: object = None, limit: int = PAGE) -> Iterator[_Listed]:
    """Yield every value that a list of an archive has, with one page of them in memory.

    after: cursor of the value to go on behind; None: from the beginning.
    """
    place = {} if after is None else {"after": after}
    while page := read(limit=limit, **place):
        yield from page
        if len(page) < limit:
            return
        place = {"after": page[-1].cursor}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Listed):
    """A release as the archive holds it now."""

    number: int
    version: int
    source: str
    state: str  # listed | withdrawn
    release: Release

    cursor = property(attrgetter("number"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRecord(Listed):
    """One version of a release, with what made it."""

    release: int
    version: int  # from 1
    kind: Kind
    at: datetime
    dump: str
    title: str
    date: date | None  # None: the dump gave none
    category: str | None  # None: the dump gave none
    body: str  # "" where it was pruned
    url: str | None  # as that dump gave it, of the current text the newest; None: none is known
    ref: str | None  # the publisher's id, likewise

    cursor = property(attrgetter("version"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events to read; None and "" do not narrow."""

    since: datetime | None = None
    kind: str = ""
    watchlist: str = ""
    dump: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord(Listed):
    """What happened to one release, or the reject of a record."""

    id: int
    at: datetime
    source: str
    dump: str
    kind: Kind
    release: int | None  # None: a reject, as with the next four
    version: int | None
    title: str | None
    date: date | None  # also None where the dump gave none
    category: str | None  # also None where the dump gave none
    watchlists: tuple[str, ...]  # those that match
    alert: tuple[str, ...]  # those that alerted
    fields: tuple[str, ...]  # that differ
    numbers: tuple[tuple[str, str], ...]  # figures that differ, old and new
    reverted: bool
    related: tuple[int, ...]
    reason: str
    url: str | None  # the release's newest link; None: none is known
    ref: str | None  # the publisher's id, likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageItem:
    """One release in a message."""

    release: int
    version: int
    title: str
    watchlists: tuple[str, ...]
    url: str | None = None  # None: none was known, as with the next
    ref: str | None = None  # the publisher's id


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord(Listed):
    """A message to one channel, with its delivery state."""

    id: int | None  # None: notices that wait for their message
    channel: str
    kind: str  # as in Message
    state: str  # one of MESSAGE_STATES
    attempts: int
    due: datetime
    reason: str | None  # of the last attempt, or what it waits for; None: there is none
    sent_at: datetime | None  # None: it is not sent
    items: tuple[MessageItem, ...]
    text: str = ""  # what a system or test message says
    uncertain: int = 0  # attempts whose outcome nobody knows


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpRecord(Listed):
    """One ingested file."""

    report: IngestReport
    copy: bytes = b""  # path of a file whose content was known; b"": the content was new

    cursor = property(attrgetter("report.at", "report.dump", "copy"))  # a DumpCursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance(Listed):
    """A dump that showed a release."""

    id: int  # of the dump
    dump: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectRecord(Listed):
    """A file or a record that could not be read, and what became of it."""

    id: int
    source: str
    dump: str
    line: int
    offset: int
    reason: str
    text: str
    state: str  # held | rejected | healed
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTotals:
    """How much of one source is stored."""

    dumps: int = 0
    releases: int = 0
    rejected: int = 0
    held: int = 0
    last_at: datetime | None = None  # of its newest dump; None: there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDump:
    """A dump that lost against the age of what was known: some of its views are stale."""

    dump: str
    at: datetime
    as_of: datetime
    evidence: Evidence | None  # how as_of is known; None: an older version stored it
    stale: int  # views
    reason: str  # of the first of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The counts of a whole store; the defaults are those of an empty one."""

    sources: Mapping[str, SourceTotals] = field(default_factory=dict)
    events: Mapping[Kind, int] = field(default_factory=dict)
    messages: Mapping[tuple[str, str], int] = field(default_factory=dict)  # by channel and state
    notices: Mapping[str, int] = field(default_factory=dict)  # by channel: those that are in no message yet
    late: Mapping[str, LateDump] = field(default_factory=dict)  # by source: its last one


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


class LedgerEntry(NamedTuple):
    """One row of the ingest ledger: a path as it was last ingested."""

    signature: FileSignature
    sha256: bytes
    status: str  # as in IngestReport
    parser: int  # version of the parser that read it


class OverdueDumps(NamedTuple):
    """How many held dumps were not completed in time."""

    unfinished: int = 0  # their last record is
    empty: int = 0  # the file holds no record

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
class SearchWord:
    """A word to search for, by the words that the index holds."""

    ranges: tuple[tuple[str, str], ...]  # first and last words in the index's order; each that is found is in one
    accepts: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPhrase:
    """Words side by side in one of these fields."""

    words: tuple[SearchWord, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What to search for: of each group some phrase, all of them anywhere in the release."""

    all_of: tuple[tuple[SearchPhrase, ...], ...]
    index_words: IndexWords


IndexWords = Callable[[Release], tuple[str, str, str]]  # a release → the words of title, body and category


class Archive(Protocol):
    """The read side, for commands and pages; never writes and never blocks a writer.

    Every list comes oldest first and a page at a time: the first `limit` values behind the one whose cursor is `after`.
    A shorter page is the last one. `read_all` reads a list to its end.
    """

    def events(self, wanted: EventFilter, *, after: int = 0, limit: int = PAGE) -> Sequence[EventRecord]:
        """Return events that pass the filter; after: an id."""

    def event_before_last(self, count: int, wanted: EventFilter) -> int:
        """Return the id behind which the last `count` events that pass the filter begin; 0: there are no more."""

    def release_events(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[EventRecord]:
        """Return the events of one release; after: an id."""

    def versions(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[VersionRecord]:
        """Return versions of one release; after: the number of a version. Raises NotFound."""

    def shown_by(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[Appearance]:
        """Return the dumps that showed a release, changed or not; after: the id of a dump."""

    def messages(self, state: str | None = None, *, after: int = 0, limit: int = PAGE) -> Sequence[MessageRecord]:
        """Return messages, or those in one state; after: an id."""

    def dumps(self, *, after: DumpCursor = FIRST_DUMP, limit: int = PAGE) -> Sequence[DumpRecord]:
        """Return ingested files in the order of time, duplicates too."""

    def rejects(self, *, after: int = 0, limit: int = PAGE) -> Sequence[RejectRecord]:
        """Return rejects; after: an id."""

    def summary(self) -> Summary:
        """Return the counts that `status` shows."""

    def changed_ids(self) -> Mapping[str, IdCounts]:
        """Return the sources whose newest dump gave known releases other ids, though their texts stayed."""

    def days(self, midnights: Sequence[datetime]) -> Mapping[Kind, Sequence[int]]:
        """Count the events of each kind from each of these times to the next one."""

    def heads(self, *, since: date | None = None, after: int = 0, limit: int = PAGE) -> Sequence[Stored]:
        """Return releases as they are now, or those of that day and later; after: a number."""

    def head_before_last(self, count: int) -> int:
        """Return the number behind which the last `count` releases begin; 0: there are no more."""

    def heads_of(self, numbers: Collection[int]) -> Sequence[Stored]:
        """Return these releases as they are now, in the order of their numbers; unknown ones are left out."""

    def head(self, release: int) -> Stored:
        """Return one release as it is now. Raises NotFound."""

    def count_heads(self, *, since: date | None = None) -> int:
        """Count the releases, or those of that day and later."""

    def search(self, query: SearchQuery, *, since: date | None = None) -> Sequence[int]:
        """Return the numbers of releases whose current text the query finds, ascending."""
