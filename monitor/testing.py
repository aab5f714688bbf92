"""Fakes of the ports, for tests of whatever uses them: a store, an outbox, a channel and a clock in memory.

They keep the promises of `monitor.ports`: `tests/contract/` runs one suite over them and over the real adapters.

    >>> clock, store, team = FrozenClock(), MemoryStore(), RecordingChannel("team")
    >>> store.outbox.enqueue(note("up again", channel="team"), key="up", now=clock.now())
    >>> delivery = store.outbox.claim("team", now=clock.now())
    >>> verdict = team.send(delivery.message, delivery=delivery.id)
    >>> store.outbox.done(delivery, verdict, now=clock.now())
    >>> [message.text for message in team.messages], [row.state for row in store.outbox.rows]
    (['up again'], ['sent'])
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from monitor.errors import Stale
from monitor.model import (
    Batch,
    Change,
    Delivery,
    Dump,
    Head,
    Kind,
    Message,
    Mode,
    Outcome,
    Reject,
    Report,
    Sighting,
    Signature,
    Verdict,
)
from monitor.ports import Filed, Known

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class FrozenClock:
    """Implements `monitor.ports.Clock`; stands still until it is advanced."""

    def __init__(self, at: datetime = NOON) -> None:
        self._now = at

    def now(self) -> datetime:
        """The moment it was set to."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self._now += by


class RecordingChannel:
    """Implements `monitor.ports.Channel`; gives the n-th send the n-th verdict of its script, later ones OK."""

    def __init__(self, name: str, *script: Verdict) -> None:
        self.name = name
        self.messages: list[Message] = []  # one for each attempt
        self._script = iter(script)

    def send(self, message: Message, *, delivery: int) -> Verdict:
        """Keep the message and answer as scripted."""
        self.messages.append(message)
        return next(self._script, Verdict(outcome=Outcome.OK, reason="recorded"))


def dump_of(text: str, *, source: str = "motie", name: str = "dump.txt") -> Dump:
    """A dump as if a file of this text had been read from the folder `/seeds`."""
    content = text.encode("utf-8", "surrogatepass")
    digest = sha256(content).digest()
    return Dump(
        source=source,
        name=name,
        path=b"/seeds/" + name.encode(),
        signature=Signature(device=1, inode=int.from_bytes(digest[:4]), size=len(content), mtime_ns=0, ctime_ns=0),
        sha256=digest,
        text=text,
        encoding="utf-8",
    )


def note(text: str, *, channel: str) -> Message:
    """A message of the monitor itself, such as no dump causes."""
    return Message(channel=channel, kind="system", source="", text=text)


@dataclass(slots=True, kw_only=True)
class Queued:
    """One message of a MemoryOutbox and how it fared."""

    id: int
    key: str
    message: Message
    due: datetime
    expires: datetime
    state: str = "pending"  # pending | leased | sent | dead
    attempts: int = 0
    outcomes: list[str] = field(default_factory=list)  # of the attempts that have ended; `unknown`: reclaimed
    reason: str | None = None  # of the last one; None: none has ended
    boot: object = None  # the outbox that claimed it last


class MemoryOutbox:
    """Implements `monitor.ports.Outbox`; a second one over the same `rows` is the next process on the same state."""

    def __init__(self, rows: list[Queued] | None = None) -> None:
        self.rows = [] if rows is None else rows

    def enqueue(self, message: Message, *, key: str, now: datetime) -> None:
        """See Outbox."""
        if all(row.key != key for row in self.rows):
            row = Queued(id=len(self.rows) + 1, key=key, message=message, due=now, expires=now + message.max_age)
            self.rows.append(row)

    def claim(self, channel: str, *, now: datetime) -> Delivery | None:
        """See Outbox."""
        row = next((row for row in self._waiting(channel) if row.due <= now), None)
        if row is None:
            return None
        row.state, row.attempts, row.boot = "leased", row.attempts + 1, self
        return Delivery(id=row.id, attempt=row.attempts, expires=row.expires, message=row.message)

    def done(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> None:
        """See Outbox."""
        self._settle(delivery, verdict, state="sent")

    def retry(self, delivery: Delivery, verdict: Verdict, *, due: datetime, now: datetime) -> None:
        """See Outbox."""
        self._settle(delivery, verdict, state="pending").due = due

    def bury(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> None:
        """See Outbox."""
        self._settle(delivery, verdict, state="dead")

    def next_due(self, channel: str) -> datetime | None:
        """See Outbox."""
        return min((row.due for row in self._waiting(channel)), default=None)

    def reclaim(self, *, now: datetime) -> int:
        """See Outbox."""
        orphans = [row for row in self.rows if row.state == "leased" and row.boot is not self]
        for row in orphans:
            row.state, row.due, row.reason = "pending", now, "the process ended during the send"
            row.outcomes.append("unknown")
        return len(orphans)

    def _waiting(self, channel: str) -> Iterator[Queued]:
        return (row for row in self.rows if row.message.channel == channel and row.state == "pending")

    def _settle(self, delivery: Delivery, verdict: Verdict, *, state: str) -> Queued:
        row = self.rows[delivery.id - 1]
        row.state, row.reason = state, verdict.reason
        row.outcomes.append(verdict.outcome)
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a MemoryStore wrote down of one change or one reject."""

    kind: Kind
    dump: int
    reason: str
    at: datetime
    release: int | None = None  # None: rejected
    version: int | None = None
    told: tuple[str, ...] = ()  # watchlists


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A reject in a MemoryStore."""

    reject: Reject
    source: str
    path: bytes
    dump: int  # where it was first seen
    sha256: bytes  # of the path's content in which it was last seen
    state: str  # held | rejected | healed
    at: datetime  # of the state

    @property
    def told(self) -> tuple[int, str, str]:
        """What makes it the same reject in a later content of its path."""
        return self.reject.line, self.reject.reason, self.reject.text


@dataclass(slots=True)
class _Books:
    """All that a MemoryStore has written down; a commit fills a copy, so one that fails leaves nothing."""

    takes: list[Report] = field(default_factory=list)
    heads: dict[int, Head] = field(default_factory=dict)
    texts: dict[int, bytes] = field(default_factory=dict)  # hash of each head's text
    index: dict[bytes, tuple[int, ...]] = field(default_factory=dict)
    seen: dict[bytes, Sighting] = field(default_factory=dict)
    files: dict[tuple[str, bytes], Filed] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    rejects: list[Quarantined] = field(default_factory=list)

    def copy(self) -> _Books:
        return _Books(*(copy(getattr(self, book.name)) for book in fields(self)))

    def standing(self, dump: Dump) -> dict[tuple[int, str, str], int]:
        """What is not healed of a dump's path: places in `rejects`."""
        return {
            row.told: place
            for place, row in enumerate(self.rejects)
            if (row.source, row.path) == (dump.source, dump.path) and row.state != "healed"
        }


class MemoryStore:
    """Implements `monitor.ports.Store`; what it queues goes to `outbox`. Not for several threads."""

    def __init__(self, outbox: MemoryOutbox | None = None) -> None:
        self.outbox = outbox or MemoryOutbox()
        self._books = _Books()

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, oldest first."""
        return tuple(self._books.events)

    @property
    def rejects(self) -> tuple[Quarantined, ...]:
        """Every reject, healed ones too, oldest first."""
        return tuple(self._books.rejects)

    def find_dump(self, source: str, sha256: bytes) -> Report | None:
        """See Store."""
        takes = (take for take in self._books.takes if (take.source, take.sha256) == (source, sha256))
        return max(takes, key=lambda take: take.dump, default=None)

    def sightings(self, digests: Collection[bytes]) -> Mapping[bytes, Sighting]:
        """See Store."""
        return {digest: self._books.seen[digest] for digest in digests if digest in self._books.seen}

    def snapshot(self, keys: Collection[bytes], numbers: Collection[int] = ()) -> Known:
        """See Store."""
        by_key = {key: self._books.index[key] for key in keys if key in self._books.index}
        wanted = {*numbers, *(number for found in by_key.values() for number in found)}
        heads = {number: self._books.heads[number] for number in wanted if number in self._books.heads}
        return Known(heads=heads, by_key=by_key, next_number=self._next_number())

    def commit(self, batch: Batch, *, now: datetime) -> Report:
        """See Store."""
        self._refuse_stale(batch.changes)
        books = self._books.copy()
        take = _take(batch, number=len(books.takes) + 1, now=now)
        books.takes.append(take)
        for change in batch.changes:
            _add_change(books, change, take)
        books.events += _events(batch, take)
        _add_rejects(books, batch, take)
        _file(books, batch.dump, status=batch.status, parser=batch.parser)
        _refuse_untold(batch, take)
        self._books = books
        for message in batch.messages:
            self.outbox.enqueue(message, key=f"i:{message.channel}:{take.dump}:0:{message.part}", now=now)
        return take

    def note_duplicate(self, dump: Dump, of: Report, *, parser: int, now: datetime) -> Report:
        """See Store."""
        for place in self._books.standing(dump).values():
            row = self._books.rejects[place]
            if row.sha256 != dump.sha256:
                self._books.rejects[place] = replace(row, state="healed", at=now)
        _file(self._books, dump, status="duplicate", parser=parser)
        return replace(of, name=dump.name, status="duplicate", size=dump.signature.size, at=now, counts={})

    def ledger(self, source: str) -> Mapping[bytes, Filed]:
        """See Store."""
        return {path: filed for (of, path), filed in self._books.files.items() if of == source}

    def filed(self, source: str, path: bytes) -> Filed | None:
        """See Store."""
        return self._books.files.get((source, path))

    def reject_overdue(self, *, held_before: datetime, now: datetime) -> int:
        """See Store."""
        books = self._books
        overdue = [place for place, row in enumerate(books.rejects) if row.state == "held" and row.at <= held_before]
        for place in overdue:
            row = books.rejects[place] = replace(books.rejects[place], state="rejected", at=now)
            books.events.append(Event(kind=Kind.REJECTED, dump=row.dump, reason=row.reject.reason, at=now))
            take = books.takes[row.dump - 1]
            status = "stored" if sum(take.counts.values()) > take.rejected else "rejected"
            counts = {**take.counts, Kind.REJECTED: take.rejected + 1}
            books.takes[row.dump - 1] = replace(take, status=status, counts=counts)
        return len(overdue)

    def _next_number(self) -> int:
        return max(self._books.heads, default=0) + 1

    def _refuse_stale(self, changes: Collection[Change]) -> None:
        for change in changes:
            head = self._books.heads.get(change.number)
            if change.kind is Kind.NEW and change.number < self._next_number():
                raise Stale("release numbers were given away meanwhile")
            if head and change.kind is not Kind.NEW and head.version != change.version - bool(change.text_hash):
                raise Stale("releases changed meanwhile")


def _take(batch: Batch, *, number: int, now: datetime) -> Report:
    kinds = [change.kind for change in batch.changes]
    rejected = sum(not _is_held(reject, batch) for reject in batch.rejects)
    return Report(
        dump=number,
        source=batch.dump.source,
        name=batch.dump.name,
        sha256=batch.dump.sha256,
        status=batch.status,
        size=batch.dump.signature.size,
        encoding=batch.dump.encoding,
        as_of=batch.as_of,
        at=now,
        counts={**{kind: kinds.count(kind) for kind in Kind}, Kind.REJECTED: rejected},
    )


def _add_change(books: _Books, change: Change, take: Report) -> None:
    number, old = change.number, books.heads.get(change.number)
    confirmed = max(old.confirmed, take.as_of) if old else take.as_of
    if change.text_hash:
        past = old.past | {books.texts[number]} if old else frozenset()
        head = Head(number=number, version=change.version, release=change.after, confirmed=confirmed, past=past)
        books.heads[number] = head
        books.texts[number] = change.text_hash
    elif old:
        books.heads[number] = replace(old, confirmed=confirmed)
    for key in change.keys:
        books.index[key] = tuple(sorted({*books.index.get(key, ()), number}))
    if change.record:
        books.seen[change.record.digest] = Sighting(number=number, version=change.version)


def _events(batch: Batch, take: Report) -> Iterator[Event]:
    told = {alert.change.number: alert.told for alert in batch.alerts}
    for change in batch.changes:
        if change.kind is Kind.UNCHANGED:
            continue
        yield Event(
            kind=change.kind,
            dump=take.dump,
            reason=change.reason,
            at=take.at,
            release=change.number,
            version=change.version,
            told=told.get(change.number, ()),
        )


def _add_rejects(books: _Books, batch: Batch, take: Report) -> None:
    """Enter new rejects with their events, keep those that still stand, heal those that are gone."""
    standing = books.standing(batch.dump)
    for reject in sorted(batch.rejects, key=lambda reject: _is_held(reject, batch)):
        row = Quarantined(
            reject=reject,
            source=take.source,
            path=batch.dump.path,
            dump=take.dump,
            sha256=take.sha256,
            state="held" if _is_held(reject, batch) else "rejected",
            at=take.at,
        )
        place = standing.pop(row.told, None)
        if place is None:
            books.rejects.append(row)
        elif (books.rejects[place].state, row.state) == ("held", "rejected"):
            books.rejects[place] = replace(row, dump=books.rejects[place].dump)
        else:  # it stands and has been told
            books.rejects[place] = replace(books.rejects[place], sha256=take.sha256)
            continue
        if row.state == "rejected":
            books.events.append(Event(kind=Kind.REJECTED, dump=take.dump, reason=reject.reason, at=take.at))
    for place in standing.values():
        books.rejects[place] = replace(books.rejects[place], state="healed", at=take.at)


def _is_held(reject: Reject, batch: Batch) -> bool:
    return reject.is_tail and batch.mode is Mode.WATCH


def _file(books: _Books, dump: Dump, *, status: str, parser: int) -> None:
    filed = Filed(signature=dump.signature, sha256=dump.sha256, status=status, parser=parser)
    books.files[dump.source, dump.path] = filed


def _refuse_untold(batch: Batch, take: Report) -> None:
    """An item speaks of something that happened in its own dump."""
    happened = {event.release for event in _events(batch, take)}
    told = {item.release for message in batch.messages for item in message.items}
    if not told <= happened:
        raise KeyError(*sorted(told - happened))
