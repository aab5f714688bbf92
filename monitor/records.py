"""Define the read side of a store: the port Archive, and the frozen values that it returns.

Each list of an archive comes a page at a time. The `cursor` of a value says where the page behind it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from operator import attrgetter
from typing import Protocol, TypeVar

from monitor.frozen import dataclass
from monitor.ingest_values import IdCounts, IngestReport
from monitor.model import Kind, Release
from monitor.page_records import AttemptRecord, DayCount, DeliveryRecord, DeliveryTimes, Facets, Summary, VersionText
from monitor.search_values import SearchQuery

PAGE = 500  # values read at a time: a large store never lies in memory

DumpCursor = tuple[datetime, int, bytes]  # when it was ingested, id, path of a copy
FIRST_DUMP: DumpCursor = (datetime.min.replace(tzinfo=UTC), 0, b"")
LAST_DUMP: DumpCursor = (datetime.max.replace(tzinfo=UTC), 2**63 - 1, b"")  # behind all of them


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

    @property
    def cursor(self) -> int:
        """The number of the release."""
        return self.number


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

    @property
    def cursor(self) -> int:
        """The number of the version."""
        return self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events to read; None and "" do not narrow."""

    since: datetime | None = None
    kind: str = ""
    watchlist: str = ""
    dump: str = ""
    until: datetime | None = None  # those before it
    kinds: frozenset[str] = frozenset()  # any of these; empty does not narrow
    source: str = ""
    is_notified: bool | None = None  # whether somebody was notified; of a watchlist, because of that one


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
    created_at: datetime | None = None  # None: notices that wait for their message, as with the next
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpRecord(Listed):
    """One ingested file."""

    report: IngestReport
    copy: bytes = b""  # path of a file whose content was known; b"": the content was new

    @property
    def cursor(self) -> DumpCursor:
        """Its time, id and copy: dumps of one moment differ by them."""
        return self.report.at, self.report.dump, self.copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance(Listed):
    """A dump that showed a release."""

    id: int  # of the dump
    dump: str
    at: datetime
    kind: Kind = Kind.UNCHANGED  # what it meant for the release
    reason: str = ""  # of that; "" where it changed nothing


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
class Found:
    """One page of the releases that a search finds, newest first, and how many it finds by their facets.

    Each count is of what passes all filters but its own: the sources whatever source is wanted, and so on.
    """

    page: Sequence[Stored]
    total: int
    sources: Mapping[str, int]
    categories: Mapping[str, int]  # "": none was given
    months: Mapping[str, int]  # 2026-11, newest first; "": no day was given


class Archive(Protocol):
    """The read side, for commands and pages; never writes and never blocks a writer.

    A list comes oldest first and a page at a time: the first `limit` values behind the one whose cursor is `after`.
    A shorter page is the last one. `read_all` reads a list to its end. Lists for people come newest first: the first
    `limit` values older than the one whose cursor is `before`; None: from the newest one.
    Every read ends its transaction before it returns.
    """

    def events(self, wanted: EventFilter, *, after: int = 0, limit: int = PAGE) -> Sequence[EventRecord]:
        """Return events that pass the filter; after: an id."""

    def event_before_last(self, count: int, wanted: EventFilter) -> int:
        """Return the id behind which the last `count` events that pass the filter begin; 0: there are no more."""

    def page(
        self, wanted: EventFilter, *, before: int | None = None, after: int | None = None, limit: int = PAGE
    ) -> Sequence[EventRecord]:
        """Return events that pass the filter, newest first; after: the oldest ones newer than this id instead."""

    def event(self, id_: int) -> EventRecord:
        """Return one event. Raises NotFound."""

    def latest(self) -> int:
        """Return the id of the newest event; 0: there is none. Cheap."""

    def newest_events(self) -> Mapping[str, int]:
        """Return the id of the newest event of each source, or under "" that of all, 0: there is none; cheap.

        Under each of these names ids rise with the commits, over several of them they do not: who follows what is
        stored keeps a place for each.
        """

    def facets(self, wanted: EventFilter) -> Facets:
        """Count events by their facets: those since `wanted.since`, else of the 90 days up to the newest one."""

    def per_day(self, midnights: Sequence[datetime], wanted: EventFilter) -> Sequence[DayCount]:
        """Count the events that pass the filter, from each of these times to the next one."""

    def per_month(self, watchlist: str, zone: tzinfo) -> Mapping[str, DayCount]:
        """Count the events that a watchlist matched by the month of a zone (2026-11), oldest first; no empty month."""

    def watchlist_days(self, midnights: Sequence[datetime]) -> Mapping[str, Sequence[int]]:
        """Count the events that each watchlist matched, from each of these times to the next one."""

    def watchlist_totals(self) -> Mapping[str, DayCount]:
        """Count the events that each watchlist ever matched, those that no configuration names any more included."""

    def last_matches(self) -> Mapping[str, EventRecord]:
        """Return the newest event that each watchlist matched."""

    def texts(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], VersionText]:
        """Return the texts of versions, by release and version; unknown ones are left out.

        Each has the text that was current before it; a stale version is never current.
        """

    def release_events(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[EventRecord]:
        """Return the events of one release; after: an id."""

    def versions(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[VersionRecord]:
        """Return versions of one release; after: the number of a version. Raises NotFound."""

    def shown_by(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[Appearance]:
        """Return the dumps that showed a release, changed or not; after: the id of a dump."""

    def shown_page(self, release: int, *, before: int | None = None, limit: int = PAGE) -> Sequence[Appearance]:
        """Return the dumps that showed a release, newest first; before: the id of a dump."""

    def messages(self, state: str | None = None, *, after: int = 0, limit: int = PAGE) -> Sequence[MessageRecord]:
        """Return messages, or those in one state; after: an id."""

    def messages_page(
        self, state: str | None = None, channel: str | None = None, *, before: int | None = None, limit: int = PAGE
    ) -> Sequence[MessageRecord]:
        """Return messages, newest first, or those in one state or of one channel; before: an id."""

    def last_messages(self, channel: str, n: int) -> Sequence[MessageRecord]:
        """Return the last messages of a channel, newest first."""

    def message(self, id_: int) -> MessageRecord:
        """Return one message. Raises NotFound."""

    def attempts(self, messages: Collection[int]) -> Mapping[int, Sequence[AttemptRecord]]:
        """Return the attempts of messages, each in the order of time; a message without any is left out."""

    def deliveries(self, release: int) -> Sequence[DeliveryRecord]:
        """Return the messages and waiting notices that told of a release, newest event first, by channel."""

    def delivery_times(self, midnights: Sequence[datetime]) -> Sequence[DeliveryTimes]:
        """Return how long the messages took that were made from each of these times to the next one.

        Of more messages than a few thousand, the newest ones are read.
        """

    def dumps(self, *, after: DumpCursor = FIRST_DUMP, limit: int = PAGE) -> Sequence[DumpRecord]:
        """Return ingested files in the order of time, duplicates too."""

    def dumps_page(self, *, before: DumpCursor | None = None, limit: int = PAGE) -> Sequence[DumpRecord]:
        """Return ingested files, newest first, duplicates too."""

    def rejects(self, *, after: int = 0, limit: int = PAGE) -> Sequence[RejectRecord]:
        """Return rejects; after: an id."""

    def rejects_page(
        self, state: str | None = None, *, before: int | None = None, limit: int = PAGE
    ) -> Sequence[RejectRecord]:
        """Return rejects, newest first, or those in one state; before: an id."""

    def summary(self) -> Summary:
        """Return the counts that `status` shows."""

    def changed_ids(self) -> Mapping[str, IdCounts]:
        """Return the sources whose newest dump gave known releases other ids, though their texts stayed."""

    def days(self, midnights: Sequence[datetime]) -> Mapping[Kind, Sequence[int]]:
        """Count the events of each kind from each of these times to the next one."""

    def heads(self, *, since: date | None = None, after: int = 0, limit: int = PAGE) -> Sequence[Stored]:
        """Return releases as they are now, or those of that day and later; after: a number."""

    def heads_before(self, number: int | None = None, limit: int = PAGE) -> Sequence[Stored]:
        """Return releases as they are now, newest first: those of lower numbers; None: the newest ones."""

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

    def found(
        self,
        query: SearchQuery | None,
        *,
        source: str = "",
        category: str | None = None,
        since: date | None = None,
        month: str = "",
        before: int | None = None,
        limit: int = PAGE,
    ) -> Found:
        """Return releases whose current text the query finds, newest first; before: a number.

        query: None finds every release. category: "" finds those without one; None does not narrow. month: 2026-11.
        """

    def store_id(self) -> str:
        """Return the identity of the store, which a backup and a restored store share."""

    def moved_to(self) -> str | None:
        """Return where this store was copied to, and when; None: it is in use. No password is in it."""

    def contents(self) -> object:
        """Return a value that differs from the last one when releases or events were stored or pruned meanwhile.

        Where several monitors share a store, it stays the same while they only say that they live. Cheap.
        """
