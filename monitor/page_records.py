"""Define what pages and `status` show of a store beside its lists: counts, texts and deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from monitor.dump_age import Evidence
from monitor.frozen import dataclass
from monitor.model import Kind

UNCERTAIN = frozenset({"uncertain", "unknown"})  # outcomes of an attempt that may have arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """How many events there are of each kind, watchlist and source.

    Each count is of the events that pass all of the filter but its own part: the kinds whatever kind is wanted, the
    watchlists whatever watchlist, and so on.
    """

    kinds: Mapping[Kind, int]
    watchlists: Mapping[str, int]
    sources: Mapping[str, int]
    notified: int  # events that somebody was notified of
    total: int  # events that pass the whole filter
    since: datetime | None  # what was counted is from this time on; None: there is no event


class DayCount(NamedTuple):
    """How many events there were in a day, or in another span of time."""

    events: int = 0
    notified: int = 0  # of these, those that somebody was notified of


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionText:
    """The text of one version, with the one that was current before it."""

    title: str
    body: str  # "" where it was pruned
    date: date | None  # None: the dump gave none, as with the next
    category: str | None
    is_pruned: bool
    before: VersionText | None = None  # it has no `before` of its own; None: the version is the first one


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """A message, or a notice that waits for one, that told of an event of a release."""

    message: int | None  # None: a notice that is in no message yet
    channel: str
    state: str  # of the message; pending: the notice waits
    event: int
    version: int | None
    kind: Kind  # of the event
    at: datetime  # of the event
    sent_at: datetime | None  # None: it is not sent
    watchlists: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt to send a message."""

    at: datetime  # when it began
    ended_at: datetime | None  # None: it is under way
    outcome: str | None  # as in Outcome, or `unknown` where its process ended; None: it is under way
    code: int | None  # of the service; None: it gave none
    reason: str | None
    late: str | None = None  # how it ended, as its node said after others had taken it for dead; None: it said nothing

    @property
    def is_uncertain(self) -> bool:
        """Return whether nobody knows if the message arrived."""
        return self.outcome in UNCERTAIN


class DeliveryTimes(NamedTuple):
    """How long the messages about releases that were made in a day took to be sent."""

    sent: int = 0  # messages
    median: timedelta | None = None  # None: none was sent, as with the next
    longest: timedelta | None = None
    waiting: int = 0  # messages that waited at the end of the day, those that were given up later left out


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


class WaitingNotices(NamedTuple):
    """How many notices of a channel came at one time and are in no message yet."""

    since: datetime
    is_urgent: bool
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The counts of a whole store; the defaults are those of an empty one."""

    sources: Mapping[str, SourceTotals] = field(default_factory=dict)
    events: Mapping[Kind, int] = field(default_factory=dict)
    messages: Mapping[tuple[str, str], int] = field(default_factory=dict)  # by channel and state
    waiting: Mapping[str, Sequence[WaitingNotices]] = field(default_factory=dict)  # by channel
    late: Mapping[str, LateDump] = field(default_factory=dict)  # by source: its last one

    @property
    def notices(self) -> Mapping[str, int]:
        """How many notices are in no message yet, by channel."""
        return {channel: sum(each.total for each in waiting) for channel, waiting in self.waiting.items()}
