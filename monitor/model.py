"""Define the values that pass between packages, in the order in which the processing of one dump makes them.

All are frozen: code takes values and returns new ones. Those of which there is one for each file of a folder or each
word are named tuples, which take a quarter of the time to make. Times are aware UTC; a publication day is a `date`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from monitor.frozen import dataclass


class Kind(StrEnum):
    """The meaning of one record of one dump for a release; docs/events.md defines each."""

    NEW = "new"
    CHANGED = "changed"
    COMPLETED = "completed"
    ENRICHED = "enriched"
    REREAD = "reread"
    COSMETIC = "cosmetic"
    STALE = "stale"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    REAPPEARED = "reappeared"
    REJECTED = "rejected"


class FileSignature(NamedTuple):
    """What the file system says of a file without opening it; equal signatures mean that it was not changed.

    Each number fits a signed integer of 64 bits.
    """

    device: int
    inode: int
    size: int  # bytes
    mtime_ns: int
    ctime_ns: int  # cannot be set back, so it betrays a rewrite that restores size and mtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """The content of one dump file, with what is known of its origin."""

    source: str  # the publisher it belongs to, a name in the configuration
    name: str  # path relative to the source's folder, safe to print
    path: bytes  # absolute, as the file system spells it
    signature: FileSignature
    sha256: bytes  # of the file's bytes: the identity of its content
    # Its text from the beginning, in pieces of any length; line ends are LF or CRLF, bytes that do not decode are lone
    # surrogates or U+FFFD. Read when it is needed: content that is known never is. Raises FileChanged.
    text_chunks: Callable[[], Iterator[str]] = field(compare=False, repr=False)
    encoding: str  # "": none was recognised
    fault: str = ""  # why the file is no text; `text_chunks` is then only good to be shown
    bom: int = 0  # bytes before the text
    # Of a dump too large to be held: asked before each part how many records it may have. Raises Interrupted.
    max_records: Callable[[], int] | None = field(default=None, compare=False, repr=False)
    is_held: bool = True  # it is kept in memory during the ingest; else it is read again as often as needed
    # Its bytes from the beginning, unpacked, for formats that decode them by themselves. Raises FileChanged.
    byte_chunks: Callable[[], Iterator[bytes]] = field(default=lambda: iter(()), compare=False, repr=False)
    tail: Reject | None = None  # why a packed file cannot be unpacked to its end; None: it can, or is not packed

    @property
    def is_large(self) -> bool:
        """Return whether it is stored part by part."""
        return self.max_records is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A press release as one view shows it: never a guess."""

    title: str
    body: str  # plain text as seen, line breaks kept; a listing cuts it near 3,900 characters
    date: date | None  # the listing's day, not a day named in the text; None: the dump gave none
    category: str | None = None  # None: this listing prints no category
    # Known about it, and no part of it: where only these differ, nothing has changed.
    url: str | None = field(default=None, compare=False)  # a link to it; None: none is known
    ref: str | None = field(default=None, compare=False)  # the publisher's own id of it; None: none is known
    reading: str | None = field(default=None, compare=False)  # FORMAT:FINGERPRINT of the mapping; None: none was needed
    is_day_of_update: bool = field(default=False, compare=False)  # its date only says when it was last changed


@dataclass(frozen=True, kw_only=True)  # without slots: a cached property needs a dict
class Record:
    """A release at its place in a dump."""

    digest: bytes  # sha256 of the record's text: within a source, equal digests need no comparing
    day: date | None  # the release's
    line: int  # 1-based line of its "-" in the decoded text
    read: Callable[[], Release] = field(compare=False, repr=False)  # parses its text
    offset: int = field(default=0, compare=False)  # bytes of the file before it; another encoding, another offset
    ref: str | None = field(default=None, compare=False)  # the release's, known before it is read; None: it has none
    unread_date: str = field(default="", compare=False)  # a date that is there and gives no day; "": there is none

    @cached_property
    def release(self) -> Release:
        """Return the release that it shows."""
        return self.read()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A file or a record that could not be read as a release; kept in quarantine; the user's file stays untouched."""

    reason: str  # one sentence: what is wrong and, where that helps, what would fix it
    line: int  # 1-based; 0: the whole file
    offset: int  # bytes of the file before it
    text: str  # the first 200 characters
    is_tail: bool = False  # an unfinished last record: a writer may still complete it


class PastVersion(NamedTuple):
    """A version of a release that is not its head."""

    text_hash: bytes  # compare.fingerprint.text_hash
    date: date | None
    category: str | None
    was_current: bool  # False: only a stale view has shown it


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The current, merged text of one release, as the store knows it."""

    number: int  # the release's id, from 1
    version: int  # of the current text, from 1
    last: int  # the highest version there is; a stale view has a number and is never the head
    release: Release
    # As-of of the newest dump that showed the current text; it may be a day late where only the arrival says so.
    confirmed: datetime
    stamped: datetime | None = None  # the latest timestamp in the name of a dump that told of it; None: there was none
    newest: date | None = None  # the newest record date of the dumps that showed the current text; None: unknown
    withdrawn: datetime | None = None  # as-of of the dump that withdrew it; None: it is listed
    others: frozenset[PastVersion] = frozenset()  # its other versions
    readings: tuple[str, ...] = ()  # those that have given the current text, the newest last

    @property
    def past(self) -> frozenset[bytes]:
        """Return the text hashes of its other versions."""
        return frozenset(version.text_hash for version in self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRecord:
    """The release that a record was recognised as when it was last seen."""

    number: int
    version: int  # the head's version then
    is_current: bool = field(default=False, compare=False)  # it still is the head, and is listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A sample of a text that shows whether another text may resemble it (compare.fingerprint.sketch)."""

    title: str  # soft
    length: int  # characters of the soft body
    sample: bytes  # some of the body's three-word sequences, 4 bytes each
    date: date | None

    @property
    def size(self) -> int:
        """Return how many numbers the sample has."""
        return len(self.sample) // 4

    @property
    def marks(self) -> memoryview:
        """Return the sample as numbers."""
        return memoryview(self.sample).cast("I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One span of a word-level comparison of one field."""

    field: str  # title | body | category | date
    op: str  # keep | delete | insert | replace
    old: str  # "" for insert
    new: str  # "" for delete


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The verdict on one record: which release it shows, what became of it, and why."""

    kind: Kind
    number: int  # the release's id; assigned by the store's snapshot before anything is committed
    version: int  # of the text after this change
    base: int  # the head's version this was decided on; 0: new
    after: Release  # the merged view: what the release is known to say now
    before: Release | None  # what it was known to say; None: new
    reason: str  # one sentence: the identity evidence and what differs
    record: Record | None  # what the dump showed; None: withdrawn
    fields: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()  # changed figures, old and new, in order
    reverted: bool = False  # the text equals an earlier version
    may_be_older: bool = False  # the dump may show an earlier view, and nothing proves it
    related: tuple[int, ...] = ()  # look-alikes that are other releases
    keys: tuple[bytes, ...] = ()  # index entries of the text after; where no version is added, of a new id alone
    text_hash: bytes = b""  # of the text after; empty where no version is added
    sketch: Sketch | None = None  # of the text after; None: no version is added


class Hit(NamedTuple):
    """One place where a watchlist's keyword stands in a release."""

    watchlist: str
    field: str  # title | body | category
    start: int  # character offsets into the field's raw text
    end: int
    text: str  # the words as they stand there


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The watchlists that match one change."""

    change: Change
    watchlists: tuple[str, ...]  # those that match the release after the change: of a stale view, those of its head
    notified: tuple[str, ...]  # those that notify their channels of it; empty: recorded only
    hits: tuple[Hit, ...] = ()  # in the text after the change (before it, where only that matched, or it is stale)
    totals: tuple[tuple[str, int], ...] = ()  # watchlist → at how many places it hits, those that `hits` leaves out too


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """The facts about one release in a message: no markup, hostile text not yet escaped."""

    release: int
    version: int
    kind: Kind
    title: str
    date: date | None
    category: str | None
    watchlists: tuple[str, ...]
    words: tuple[str, ...]  # the matched words as they stand in the text, each once
    totals: tuple[tuple[str, int], ...] = ()  # watchlist → places in the text; in messages of older versions none
    snippets: tuple[Snippet, ...] = ()
    edits: tuple[Edit, ...] = ()  # long unchanged spans are shortened to their ends
    numbers: tuple[tuple[str, str], ...] = ()
    related: tuple[int, ...] = ()
    reason: str = ""
    source: str = ""  # the publisher; "" in messages stored by older versions
    url: str | None = None  # as it was scraped; None: none is known
    ref: str | None = None  # the publisher's id; None: none is known
    twins: tuple[RelatedRelease, ...] = ()  # those of `related` whose titles were known
    lead: str = ""  # how the text begins, up to about 200 characters; "" in messages of older versions
    body: str = ""  # the text itself, for a channel that wants it; "" for the others
    dump: str = ""  # the file that the change came from; "" in messages of older versions
    is_reverted: bool = False  # the text equals an earlier version
    may_be_older: bool = False  # the dump may show an earlier view, and nothing proves it


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedRelease:
    """A look-alike as a message names it."""

    number: int  # the release's id
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """The text around a hit, with the hit apart, so that each medium can mark it in its own way."""

    field: str
    before: str
    hit: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """The reason why a message has the items of several dumps, or is the last one for a while."""

    cause: str  # digest | quiet hours | mute: the items waited; flood: it is a summary; limit: the rest waits
    # When the wait ended, or the rest is sent: local time as in `2026-11-23T08:30`; of a flood "".
    at: str = ""
    since: str = ""  # when the first of several windows was, if they come as one message; "": there was one
    is_late: bool = False  # it is sent long after that time
    limit: int = 0  # messages an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one channel, before it is stored."""

    channel: str
    kind: str  # instant | digest | summary | system | test
    source: str  # the publisher it speaks of; "" for system and test messages, and where its items have several
    items: tuple[Item, ...] = ()
    text: str = ""  # what a system or test message says
    max_age: timedelta = timedelta(hours=72)  # from when it is due; an older one is dead
    is_urgent: bool = False  # passes quiet hours
    part: int = 1  # a long message is split between items
    parts: int = 1
    label: str = ""  # what gathered the items, as older versions wrote it; "" in messages of this one
    occasion: Occasion | None = None  # None: one dump gathered the items
    page: str = ""  # where people reach the web page, with a slash at its end; "": releases are named by a command
    language: str = "en"  # of the fixed words: en | ko


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An item for one channel; when it is sent, and in which message, is decided later."""

    channel: str
    item: Item
    is_urgent: bool = False  # one of its watchlists is urgent


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingNotice:
    """A stored notice that is in no message yet."""

    event: int  # with the channel it identifies the notice: an event is announced once per channel
    dump: int
    since: datetime  # when it was ingested
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftMessage:
    """A message with the pending notices that it contains."""

    message: Message
    events: tuple[int, ...]  # never empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message claimed for one attempt to send it."""

    id: int
    number: str = field(compare=False)  # known to the receiver: one for all attempts, never that of another message
    attempt: int  # 1 for the first
    expires: datetime
    message: Message

    @property
    def due(self) -> datetime:
        """When the message became due: later for what was muted, requeued, or waited while the machine was off."""
        return self.expires - self.message.max_age


MESSAGE_STATES = ("pending", "leased", "held", "sent", "dead", "dropped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The rate limit of a channel: a bucket of `burst` tokens that fills steadily; a message takes one."""

    per_second: float
    burst: int = 1


class Outcome(StrEnum):
    """The result of one attempt; each has one consequence."""

    OK = "ok"  # accepted: sent
    TRANSIENT = "transient"  # not accepted, may be later: retry with backoff
    REFUSED = "refused"  # this message will never be accepted: dead
    CHANNEL_REFUSED = "channel_refused"  # the channel accepts nothing (password, address): it rests, messages wait
    UNCERTAIN = "uncertain"  # the request was sent and no answer came: as transient, but marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A channel's answer to one send."""

    outcome: Outcome
    reason: str  # for people; carries no secret
    code: int | None = None  # HTTP or SMTP status; None: there was none
    retry_after: float | None = None  # seconds the service asks to wait
    is_message_fault: bool = False  # the message failed here, before it was sent; its channel is not to blame
