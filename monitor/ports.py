"""Define the ports: what the monitor needs of a store, a channel and a clock.

Adapters are in `monitor.store` and `monitor.notify`, fakes for tests in `monitor.testing`. One contract suite
(`tests/contract/`) holds every adapter to the promises written here. `now` is always an argument of a store method.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Protocol

from monitor.channel_health import ChannelState
from monitor.ingest_values import BaselineCounts, Batch, CutOffBaseline, IngestReport, LedgerEntry
from monitor.ingest_values import Known as Known
from monitor.ingest_values import KnownDumps as KnownDumps
from monitor.model import (
    Delivery,
    DraftMessage,
    Dump,
    FileSignature,
    Message,
    PendingNotice,
    SeenRecord,
    Sketch,
    Verdict,
)
from monitor.node_values import Nodes as Nodes  # a port, beside what it takes and returns
from monitor.search_values import IndexWords
from monitor.server_values import StoreServer as StoreServer
from monitor.state_values import Backlog, IntegrityCheck, Listing, OverdueDumps, Pruned
from monitor.state_values import Fingerprinter as Fingerprinter
from monitor.state_values import Retention as Retention
from monitor.times import ClockReading

_NO_TIME = timedelta(0)


class Store(Protocol):
    """The write side: releases, versions, events, and the notices that they lead to."""

    is_shared: bool  # whether other monitors write to it as well

    def retry_after(self) -> float:
        """Return for how many seconds the store is not worth a call, because it is down; 0.0: it may be asked."""

    def find_dump(self, source: str, sha256: bytes) -> IngestReport | None:
        """Return the newest complete ingest of exactly this content for this source; None: there is none."""

    def known_dumps(self, dump: Dump) -> KnownDumps:
        """Return what was ingested of the content and of the path of a dump."""

    def seen_records(self, source: str, digests: Collection[bytes]) -> Mapping[bytes, SeenRecord]:
        """Return the records among these that a source has shown before, each with its release."""

    def versions(self, numbers: Collection[int]) -> Mapping[int, int]:
        """Return the current version of each of these releases."""

    def snapshot(
        self,
        keys: Collection[bytes],
        numbers: Collection[int] = (),
        *,
        most: int | None = None,
        source: str = "",
        fresh: int = 0,
    ) -> Known:
        """Return the heads of all releases that have one of these identity keys or numbers.

        most: a key of more releases is only named as crowded; None: no key is. A decision begins with a snapshot that
        names its source, whose mark is read before all else, and how many releases it may number: `fresh`.
        """

    def sketches(self, keys: Collection[bytes], *, most: int | None = None) -> Mapping[int, Sketch | None]:
        """Return sketches of the heads of all releases that have one of these identity keys, by number, newest first.

        most: how many releases at most; None: all. The cost does not grow with those that are left out. The sketch is
        None where an older version stored the release.
        """

    def listing(self, source: str, name: str, *, after: date, before: date, but: Container[int] = ()) -> Listing:
        """Return what a declared listing has shown so far, of releases dated strictly between two days.

        but: numbers to leave out.
        """

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        """Store all of a batch in one transaction. On return it is durable; after an error nothing of it is stored.

        The report covers all parts that this ingest has stored so far. Only the last part enters the path into the
        ledger. Raises Stale when a release number of the batch was assigned meanwhile, a head changed, or another
        monitor has ingested the same content.
        """

    def turn(self, source: str) -> AbstractContextManager[bool]:
        """Make a decision and its commit one turn of the source, during which no other monitor writes to it.

        The first decision is made freely, and may be stale; once one was, those of the next minute wait for their turn.
        The block gets whether it has waited: then nobody else writes now."""

    def shared_transaction(self, source: str = "") -> AbstractContextManager[None]:
        """Let the writes of a block share one transaction: each is atomic by itself, all are durable at its end.

        Many small dumps then cost one wait for the disk. Until the end no other process sees any of them. An error
        that leaves the block undoes all of them. Other threads wait for the end, so keep the block short.
        source: the only one that is written to, where the store `is_shared`: the block is its turn.
        """

    def note_duplicate(self, dump: Dump, of: IngestReport, *, parser: int, now: datetime) -> IngestReport:
        """Enter a path whose content is known into the ledger, without an event or a message."""

    def ledger(self, source: str) -> Mapping[bytes, LedgerEntry]:
        """Return every path of this source that was ever ingested, as it was the last time."""

    def ledger_entry(self, source: str, path: bytes) -> LedgerEntry | None:
        """Return the ledger entry of one path; None: it was never ingested."""

    def confirm_file(self, source: str, path: bytes, signature: FileSignature) -> None:
        """Give a ledger entry the signature that its file has now: its content was found as it was ingested."""

    def reject_overdue(
        self, *, held_before: datetime, now: datetime, then: Callable[[OverdueDumps], object] | None = None
    ) -> OverdueDumps:
        """Turn tails held since before that time into rejects and return how many; `then`: within the transaction."""


LEASE = timedelta(minutes=2)  # of a claimed message; the longest send takes half of it


class Outbox(Protocol):
    """Notices that wait for their message, and messages that wait for delivery.

    Each message is claimed, sent with no transaction open, and given its verdict. A verdict that comes after the lease
    has expired still counts, unless the message was claimed again, dropped or buried meanwhile. One that was accepted
    is sent, even where it has expired meanwhile. For any other verdict of a buried boot the call returns False.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Let the writes of a block share one transaction, those of ChannelStates too: all are durable at its end.

        Each call is atomic by itself. An error that leaves the block undoes all of them.
        """

    def enqueue(self, message: Message, *, key: str, now: datetime) -> bool:
        """Queue a message that no dump caused (system, test); return False where its key exists already."""

    def pending_notices(self, channel: str) -> Sequence[PendingNotice]:
        """Return the notices of a channel that are in no message yet, oldest first. Only reads."""

    def pending_since(self, channel: str) -> Sequence[tuple[datetime, bool]]:
        """Return when pending notices came and whether they are urgent, each pair once, oldest first. Cheap."""

    def recent(self, channel: str, *, after: datetime, most: int) -> Sequence[datetime]:
        """Return when the last `most` messages about releases were made after a given time, ascending."""

    def queue_messages(
        self, channel: str, formed: Sequence[DraftMessage], *, flood_until: datetime | None, now: datetime
    ) -> None:
        """Queue messages in place of the notices they contain, all or nothing.

        A message is left out when any of its notices is in another message already.
        """

    def claim(
        self, channel: str, *, now: datetime, is_urgent_only: bool = False, tokens: float | None = None
    ) -> Delivery | None:
        """Lease the oldest message that is due and not expired, for LEASE; its attempt is durable before the send.

        tokens: what is left in the channel's bucket afterwards; None: the channel has no bucket.
        """

    def holds(self, delivery: Delivery) -> bool:
        """Return whether a claimed message may be sent now; asked right before the send.

        False: this process stood still, and another one may have the message. The caller sends nothing and forgets the
        delivery; a later `claim` returns it again where it is still this process's.
        """

    def done(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        """Record that the message was accepted."""

    def retry(self, delivery: Delivery, verdict: Verdict, *, due: datetime, now: datetime) -> bool:
        """Record that the message was not accepted now; it becomes due again."""

    def hold(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        """Record that the message may have arrived; it waits until a person decides."""

    def bury(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        """Record that the message will never be accepted or has expired; it stays visible as dead, with its reason."""

    def next_due(self, channel: str, *, now: datetime, is_urgent_only: bool = False) -> datetime | None:
        """Return when the first message of a channel that has not expired is due; None: none waits. Only reads."""

    def expire(self, *, now: datetime) -> Mapping[str, int]:
        """Bury what has waited longer than its max_age, even without a channel; return how many by channel.

        A leased message waits again once its lease has expired. Messages of the monitor itself are buried without being
        counted.
        """

    def reclaim(
        self, *, holding: Collection[str] = (), claimed_before: datetime | None = None, now: datetime
    ) -> Mapping[str, int]:
        """Mark attempts whose lease has expired as `unknown`: the process that made them is gone.

        Their messages are due again; those of the `holding` channels are held. Return how many are held, by channel.
        Messages of the monitor itself are held without being counted. A lease that ends more than two LEASE from now
        was taken before the clock was set back, and has expired.
        claimed_before: earlier claims are lost, whatever their lease says; None: only leases count.
        """

    def requeue(self, message: int, *, now: datetime) -> str:
        """Make a dead, held or pending message as fresh as a new one and due now; return its channel.

        It has its full max_age, and its next attempt is the first again. Raises NotFound, WrongState.
        """

    def drop(self, message: int, *, now: datetime) -> None:
        """Give up a dead, held or pending message. Raises NotFound, WrongState."""

    def pending_channels(self) -> frozenset[str]:
        """Return every channel that has pending notices, configured or not."""

    def backlog(self) -> Backlog:
        """Return what waits on all channels; sent messages cost nothing. Only reads."""


class ChannelStates(Protocol):
    """The state of each channel, and what is muted: it survives a restart, and a person may change it."""

    def get(self, channel: str) -> ChannelState:
        """Return the state of a channel; an unknown channel is healthy. Only reads."""

    def save(self, channel: str, channel_state: ChannelState) -> None:
        """Store how the last attempts on a channel ended; its bucket, flood and mute stay as they are."""

    def note_fingerprint(self, channel: str, fingerprint: str, *, now: datetime) -> None:
        """Resume a channel whose settings have changed since its fingerprint was noted; called at start."""

    def resume(self, channel: str, *, now: datetime) -> None:
        """Make a channel and all that waits on it due now, whatever happened; `channel_health.after_resume`."""

    def mutes(self, *, now: datetime) -> Mapping[str, datetime]:
        """Return the channels and watchlists that are muted, and until when."""

    def mute(self, name: str, *, until: datetime) -> None:
        """Mute a channel or a watchlist; a time that has passed ends a mute."""


class SourceStates(Protocol):
    """What is known of each source beside its releases: its last dump, its baseline, and whether it is silent."""

    def last_dumps(self) -> Mapping[str, datetime]:
        """Return when the newest file of each source was ingested, duplicates too. Reads the whole ledger."""

    def begin_baseline(self, source: str) -> bool:
        """Return whether a source gets its baseline now: it has no dump yet, or its baseline was interrupted."""

    def baseline(self, source: str) -> BaselineCounts:
        """Count what the baseline of a source has recorded."""

    def end_baseline(self, source: str) -> None:
        """Record that the baseline of a source is complete: from now on the source alerts."""

    def cut_off_baselines(self) -> Sequence[CutOffBaseline]:
        """Return the baselines that nobody goes on with: their monitors share this store and are silent for an hour.

        Without those that were reported, or that another place records as well. Only reads.
        """

    def note_baseline_reported(self, baseline: CutOffBaseline) -> None:
        """Record that the operator knows of a baseline that was cut off; its own monitor may still end it."""

    def expected_since(self, source: str, *, now: datetime) -> datetime:
        """Return when a dump of this source was expected first: `now`, at the first call."""

    def silences(self) -> Mapping[str, datetime]:
        """Return when each silent source fell silent. Only reads."""

    def begin_silence(self, source: str, since: datetime) -> None:
        """Record that a source is silent and that the operator was notified."""

    def renamed(self) -> Mapping[str, str]:
        """Return the present name of each source that was renamed, where other nodes may have the earlier one still."""

    def forget_rename(self, source: str) -> None:
        """Let a source of this name be a new one."""

    def end_silence(self, source: str) -> None:
        """Record that a source is silent no longer and that the operator was notified."""

    def unreported_rejects(self, *, now: datetime) -> Mapping[str, int]:
        """Count the rejects of each source that no alert has counted and that no ingest is about to. Only reads."""

    def take_unreported(self, source: str) -> int:
        """Record that an alert has counted all rejects of a source, and return how many none had counted."""

    def leave_unreported(self, rejects: Sequence[int]) -> None:
        """Record that no alert has counted these rejects yet, by their ids."""


class Maintenance(Protocol):
    """Work on the store as a whole; the caller is the only one that writes, or works in short transactions."""

    def check_writable(self) -> None:
        """Commit a write of a few bytes that changes nothing. Raises StoreError, as on a full disk."""

    def clock(self) -> ClockReading | None:
        """Return what the clock showed last; None: the store is empty. Only reads.

        A store that has no reading yet returns the time of its newest dump, of no known start of the machine.
        """

    def note_clock(self, reading: ClockReading, *, moved: timedelta = _NO_TIME, off: timedelta = _NO_TIME) -> None:
        """Store what the clock shows now, and in the same transaction what follows from it.

        moved: by how much the clock has just been set. All that waits, rests or is expected moves along, so that as
        much time is left as before. What would lie in the future of a clock that was set back is moved back as well.
        off: how long the machine was off; what waits to be sent expires so much later.
        """

    def fill_search_index(self, most: int, index_words: IndexWords) -> int:
        """Index up to `most` versions in one transaction; return how many there were, 0: the index is up to date."""

    def prune(
        self, retention: Retention, *, now: datetime, on_step: Callable[[int], object] = lambda _: None
    ) -> Pruned:
        """Delete what is older than `retention` allows, in short transactions; `on_step` gets the rows of each.

        Never deletes what prevents a second alert, what is pending, leased or held, or the texts that it needs.
        """

    def rename_source(
        self, *, old: str, new: str, fingerprinter: Fingerprinter, between: Callable[[], None] = lambda: None
    ) -> int | None:
        """Move all that is stored of source `old` to `new`, all or nothing; return how many releases, None: no `old`.

        Releases of `new` stay: what both hold is there twice. between: called every few hundred texts.
        """

    def require_renamable(self, *, old: str, new: str) -> None:
        """Raise WrongState where `rename_source` would."""

    def rehash(self, fingerprinter: Fingerprinter) -> int:
        """Bring all hashes to the fingerprinter's version, all or nothing; return of how many versions, 0: of none."""

    def verify(self) -> Iterator[IntegrityCheck]:
        """Check the files of the store and the references between its rows. Only reads."""

    def verify_texts(
        self, fingerprinter: Fingerprinter, *, on_step: Callable[[int], object] = lambda _: None
    ) -> IntegrityCheck:
        """Compare every stored text with its hash; `on_step` gets the texts of each step. Only reads."""

    def count_texts(self) -> int:
        """Count the texts that `verify_texts` compares."""


Row = Mapping[str, object]  # one line of a command's --json output: field names and value formats of product.md


class Channel(Protocol):
    """A way to reach people."""

    name: str

    def send(self, message: Message, *, delivery: str) -> Verdict:
        """Try once, within a bounded time; never raises for anything that the service does.

        delivery: the number of the Delivery.
        """

    def fits(self, message: Message) -> bool:
        """Return whether its readers see all of a message, so that it need not be split further."""


class Clock(Protocol):
    """The time as the process sees it; tests inject one that stands still."""

    def now(self) -> datetime:
        """Return the current time, aware UTC. It runs steadily, whatever happens to the wall clock."""

    def reading(self) -> ClockReading:
        """Return the current time with all that it is told by."""

    def offset(self) -> timedelta:
        """Return by how much the wall clock is ahead of it; zero: they agree."""

    def jump(self) -> timedelta | None:
        """Return by how much to set it; None: it agrees with the wall clock, or that one cannot be believed yet."""

    def follow(self, by: timedelta) -> None:
        """Set it by so much."""

    def moved(self) -> timedelta:
        """Return by how much it has been set since the process began."""
