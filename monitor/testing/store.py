"""The Store port in memory."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime

from monitor.errors import Stale
from monitor.model import Batch, Change, Dump, Head, Kind, Mode, Reject, Report, Sighting, Sketch, Waiting
from monitor.ports import Filed, Known, Listing
from monitor.testing.outbox import MemoryOutbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a MemoryStore wrote down of one change or one reject."""

    kind: Kind
    dump: int
    reason: str
    at: datetime
    release: int | None = None  # None: rejected
    version: int | None = None
    watchlists: tuple[str, ...] = ()  # that match
    told: tuple[str, ...] = ()  # of them


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
    texts: dict[int, dict[int, bytes]] = field(default_factory=dict)  # text hashes of each release's versions
    listings: dict[tuple[str, str], datetime] = field(default_factory=dict)  # as-of of the newest dump
    listed: dict[tuple[str, str], frozenset[int]] = field(default_factory=dict)
    index: dict[bytes, tuple[int, ...]] = field(default_factory=dict)
    sketches: dict[int, Sketch] = field(default_factory=dict)
    seen: dict[tuple[str, bytes], Sighting] = field(default_factory=dict)
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
        self._baselines: dict[str, bool] = {}  # whether it is still to be taken

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
        takes = (take for take in reversed(self._books.takes) if (take.source, take.sha256) == (source, sha256))
        return next((take for take in takes if take.status != "superseded"), None)

    def sightings(self, source: str, digests: Collection[bytes]) -> Mapping[bytes, Sighting]:
        """See Store."""
        rows = self._books.seen
        seen = {digest: rows[source, digest] for digest in digests if (source, digest) in rows}
        return {digest: replace(sighting, is_current=self._is_current(sighting)) for digest, sighting in seen.items()}

    def versions(self, numbers: Collection[int]) -> Mapping[int, int]:
        """See Store."""
        return {number: self._books.heads[number].version for number in numbers if number in self._books.heads}

    def snapshot(self, keys: Collection[bytes], numbers: Collection[int] = ()) -> Known:
        """See Store."""
        by_key = {key: self._books.index[key] for key in keys if key in self._books.index}
        wanted = {*numbers, *(number for found in by_key.values() for number in found)}
        heads = {number: self._books.heads[number] for number in wanted if number in self._books.heads}
        return Known(heads=heads, by_key=by_key, next_number=self._next_number())

    def sketches(self, keys: Collection[bytes], *, most: int | None = None) -> Mapping[int, Sketch | None]:
        """See Store."""
        near = {number for key in keys for number in self._books.index.get(key, ())}
        return {number: self._books.sketches.get(number) for number in sorted(near, reverse=True)[:most]}

    def listing(self, source: str, name: str, *, after: date, before: date, but: Container[int] = ()) -> Listing:
        """See Store."""
        books = self._books
        heads = (books.heads[number] for number in sorted(books.listed.get((source, name), ())) if number not in but)
        within = (h for h in heads if h.release.date and after < h.release.date < before and h.withdrawn is None)
        return Listing(as_of=books.listings.get((source, name)), heads=tuple(within))

    def commit(self, batch: Batch, *, now: datetime) -> Report:
        """See Store."""
        self._refuse_stale(batch)
        books = self._books.copy()
        take = _enter(books, batch, now=now)
        for number in batch.as_seen:
            books.heads[number] = _confirmed(books.heads[number], take)
        for change in batch.changes:
            _add_change(books, change, take)
        _add_listing(books, batch)
        books.events += _events(batch, take)
        _add_rejects(books, batch, take)
        if batch.is_last:
            _file(books, batch.dump, status=batch.status, parser=batch.parser)
        _refuse_untold(batch, take)
        self._books = books
        self.outbox.notices += self._waiting(batch, take)
        return take

    @contextmanager
    def together(self) -> Iterator[None]:
        """See Store."""
        books, notices, baselines = self._books.copy(), [*self.outbox.notices], {**self._baselines}
        try:
            yield
        except BaseException:
            self._books, self.outbox.notices, self._baselines = books, notices, baselines
            raise

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

    def begin_baseline(self, source: str) -> bool:
        """See Store."""
        is_new = all(take.source != source for take in self._books.takes)
        return self._baselines.setdefault(source, is_new)

    def end_baseline(self, source: str) -> None:
        """See Store."""
        self._baselines[source] = False

    def baseline(self, source: str) -> tuple[int, int]:
        """See Store."""
        own = {take.dump for take in self._books.takes if take.source == source}
        events = [event for event in self._books.events if event.dump in own and event.release]
        return len({e.release for e in events}), len({e.release for e in events if e.watchlists})

    def _waiting(self, batch: Batch, take: Report) -> Iterator[Waiting]:
        """The event of a notice is the one of this dump that is about its release, numbered from 1."""
        numbers = {event.release: n for n, event in enumerate(self._books.events, 1) if event.dump == take.dump}
        for notice in batch.notices:
            yield Waiting(event=numbers[notice.item.release], dump=take.dump, since=take.at, notice=notice)

    def _is_current(self, sighting: Sighting) -> bool:
        head = self._books.heads[sighting.number]
        return head.version == sighting.version and head.withdrawn is None

    def _next_number(self) -> int:
        return max(self._books.heads, default=0) + 1

    def _refuse_stale(self, batch: Batch) -> None:
        if any(self._books.heads[number].version != version for number, version in batch.as_seen.items()):
            raise Stale("releases changed meanwhile")
        for change in batch.changes:
            head = self._books.heads.get(change.number)
            if change.kind is Kind.NEW and change.number < self._next_number():
                raise Stale("release numbers were given away meanwhile")
            if head and change.kind is not Kind.NEW and head.version != change.base:
                raise Stale("releases changed meanwhile")


def _enter(books: _Books, batch: Batch, *, now: datetime) -> Report:
    """The take-in of a batch, made by its first part and brought up to date by the others."""
    take = _take(batch, number=batch.row or len(books.takes) + 1, now=now)
    if batch.row is None:
        books.takes.append(take)
    else:
        before = books.takes[batch.row - 1]
        take = replace(take, counts={kind: n + before.counts[kind] for kind, n in take.counts.items()})
        books.takes[batch.row - 1] = take
    return take


def _take(batch: Batch, *, number: int, now: datetime) -> Report:
    kinds = [*(change.kind for change in batch.changes), *(Kind.UNCHANGED for _ in batch.as_seen)]
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
    if change.text_hash:
        books.texts[number] = {**books.texts.get(number, {}), change.version: change.text_hash}
    head = _moved(old, change, take) if old else _first(change, take)
    past = frozenset(text for version, text in books.texts[number].items() if version != head.version)
    books.heads[number] = replace(head, last=max(books.texts[number]), past=past)
    for key in change.keys:
        books.index[key] = tuple(sorted({*books.index.get(key, ()), number}))
    if change.sketch and change.kind is not Kind.STALE:
        books.sketches[number] = change.sketch
    if change.record:
        books.seen[take.source, change.record.digest] = Sighting(number=number, version=change.version)


def _first(change: Change, take: Report) -> Head:
    return Head(number=change.number, version=1, last=1, release=change.after, confirmed=take.as_of)


def _moved(head: Head, change: Change, take: Report) -> Head:
    if change.kind is Kind.WITHDRAWN:
        return replace(head, withdrawn=take.as_of)
    if change.kind is Kind.STALE:
        return head
    head = _confirmed(head, take)
    if change.kind is Kind.REAPPEARED:
        head = replace(head, withdrawn=None)
    return replace(head, version=change.version, release=change.after) if change.text_hash else head


def _confirmed(head: Head, take: Report) -> Head:
    return replace(head, confirmed=max(head.confirmed, take.as_of))


def _add_listing(books: _Books, batch: Batch) -> None:
    if batch.listing is None:
        return
    board = (batch.dump.source, batch.listing)
    books.listings[board] = max(batch.as_of, books.listings.get(board, batch.as_of))
    changed = (change.number for change in batch.changes if change.kind is not Kind.WITHDRAWN)
    books.listed[board] = books.listed.get(board, frozenset()) | {*batch.as_seen, *changed}


def _events(batch: Batch, take: Report) -> Iterator[Event]:
    alerts = {alert.change.number: alert for alert in batch.alerts}
    for change in batch.changes:
        if change.kind is Kind.UNCHANGED:
            continue
        alert = alerts.get(change.number)
        yield Event(
            kind=change.kind,
            dump=take.dump,
            reason=change.reason,
            at=take.at,
            release=change.number,
            version=change.version,
            watchlists=alert.watchlists if alert else (),
            told=alert.told if alert else (),
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
    for place in standing.values() if batch.is_last else ():
        if batch.row is None or books.rejects[place].sha256 != take.sha256:
            books.rejects[place] = replace(books.rejects[place], state="healed", at=take.at)


def _is_held(reject: Reject, batch: Batch) -> bool:
    return reject.is_tail and batch.mode is Mode.WATCH


def _file(books: _Books, dump: Dump, *, status: str, parser: int) -> None:
    filed = Filed(signature=dump.signature, sha256=dump.sha256, status=status, parser=parser)
    books.files[dump.source, dump.path] = filed


def _refuse_untold(batch: Batch, take: Report) -> None:
    """An item speaks of something that happened in its own dump."""
    happened = {event.release for event in _events(batch, take)}
    told = {notice.item.release for notice in batch.notices}
    if not told <= happened:
        raise KeyError(*sorted(told - happened))
