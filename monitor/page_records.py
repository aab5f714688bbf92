"""Define what pages show of a store beside its lists: counts, texts and deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

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
