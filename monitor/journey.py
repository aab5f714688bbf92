"""The whole way of one dump, top to bottom: text → releases → changes → alerts → notices → one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Protocol
from zoneinfo import ZoneInfo

from monitor.collect.as_of import Clues, as_of, name_stamp
from monitor.collect.dump import PARSER_VERSION, SHOWN, Parsed, parse
from monitor.collect.read import arrival
from monitor.compare.classify import classify, withdrawn
from monitor.compare.forms import nearby_keys
from monitor.errors import Stale
from monitor.model import Alert, Batch, Change, Dump, Mode, Notice, Reject, Report
from monitor.notify.compose import compose
from monitor.ports import Known, Store

_REPLAYED = timedelta(milliseconds=1)  # bytes seen before carry no news: at equal age they lose
_TRIES = 5  # against a store that another monitor writes to as well


class Watchlists(Protocol):
    """What the journey asks of the watchlists (monitor.match.watchlists.Watchlists)."""

    def alerts(self, changes: Sequence[Change], *, source: str) -> tuple[Alert, ...]:
        """What they say of each change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How one source writes its dumps."""

    timezone: ZoneInfo
    categories: tuple[str, ...] = ()
    as_of: str = "auto"
    max_record: int = 1_000_000
    listings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # board → globs of its dumps' names

    def listing_of(self, name: str) -> str | None:
        """The declared listing whose globs fit a dump's name; None: it is of none."""
        name = name.rpartition("/")[2]
        return next((of for of, globs in self.listings.items() if any(fnmatchcase(name, g) for g in globs)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told what."""

    watchlists: Watchlists
    routes: Mapping[str, Sequence[str]]  # watchlist → channels
    urgent: frozenset[str] = frozenset()  # watchlists that pass digests and quiet hours


def ingest(
    dump: Dump,
    *,
    habits: Habits,
    audience: Audience,
    store: Store,
    now: datetime,
    mode: Mode,
    muted: Collection[str] = frozenset(),
) -> Report:
    """Carry one dump the whole way; on return all of it is stored, or nothing is.

    What a muted watchlist matches is recorded, and nobody is told.

    Content that is known already is noted and leads to nothing, unless the mode is AGAIN or a newer stamp in the file
    name makes it a newer confirmation.
    """
    known = store.find_dump(dump.source, dump.sha256)
    is_replay = known is not None and not _is_newer(dump, known, habits)
    if known and is_replay and mode is not Mode.AGAIN:
        return store.note_duplicate(dump, known, parser=PARSER_VERSION, now=now)
    reading = _read(dump, habits, now=now)
    for _ in range(_TRIES):
        changes, titles = _decide(reading, store, age=reading.as_of - _REPLAYED if is_replay else reading.as_of)
        alerts = _heard(audience.watchlists.alerts(changes, source=dump.source), muted)
        batch = Batch(
            dump=dump,
            as_of=reading.as_of,
            status=_status(reading.parsed, mode),
            changes=changes,
            rejects=reading.parsed.rejects,
            alerts=alerts,
            notices=_notices(alerts, dump.source, audience, titles=titles),
            parser=PARSER_VERSION,
            mode=mode,
            listing=reading.listing,
        )
        try:
            return store.commit(batch, now=now)
        except Stale:
            continue  # decided on a snapshot that has moved: decide again
    raise Stale(f"the store kept changing while {dump.name} was taken in; it will be tried again")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A dump as it was read: what it holds, and what it can prove."""

    source: str
    parsed: Parsed
    as_of: datetime
    listing: str | None

    @property
    def days(self) -> list[date]:
        return [record.release.date for record in self.parsed.records if record.release.date]


def _read(dump: Dump, habits: Habits, *, now: datetime) -> _Reading:
    if dump.fault:
        reject = Reject(reason=dump.fault, line=0, offset=0, text=dump.text[:SHOWN])
        parsed = Parsed(records=(), rejects=(reject,))
    else:
        parsed = parse(dump.text, source=dump.source, categories=habits.categories, max_record=habits.max_record)
    dates = tuple(record.release.date for record in parsed.records if record.release.date)
    clues = Clues(name=dump.name, dates=dates, modified=arrival(dump.signature), arrived=now)
    return _Reading(
        source=dump.source,
        parsed=parsed,
        as_of=as_of(habits.as_of, clues, timezone=habits.timezone),
        listing=habits.listing_of(dump.name),
    )


def _decide(reading: _Reading, store: Store, *, age: datetime) -> tuple[tuple[Change, ...], dict[int, str]]:
    """What this dump makes of every release, on one snapshot of the store, and the titles of those they are linked to.

    Nothing is written.
    """
    records, source = reading.parsed.records, reading.source
    sightings = store.sightings({record.digest for record in records})
    unseen = (record for record in records if record.digest not in sightings)
    near = {key for record in unseen for key in nearby_keys(source, record.release)}
    known = store.snapshot(near, {sighting.number for sighting in sightings.values()})
    changes = classify(records, source=source, known=known, sightings=sightings, as_of=age)
    return changes + _withdrawn(reading, changes, store), _titles(changes, known)


def _titles(changes: Sequence[Change], known: Known) -> dict[int, str]:
    """The titles of the releases that changes are linked to: of this dump, or else as they are known."""
    linked = {number for change in changes for number in change.related}
    shown = {change.number: change.after.title for change in changes if change.number in linked}
    return {number: known.heads[number].release.title for number in linked - shown.keys()} | shown


def _withdrawn(reading: _Reading, changes: Sequence[Change], store: Store) -> tuple[Change, ...]:
    """What a complete dump of a declared listing no longer shows, though it reaches further back and forth."""
    if reading.listing is None or reading.parsed.rejects or not reading.days:
        return ()
    before = store.listing(reading.source, reading.listing, after=min(reading.days), before=max(reading.days))
    if before.as_of is not None and reading.as_of < before.as_of:
        return ()
    shown = {change.number for change in changes}
    return withdrawn(before.heads, shown=shown, listing=reading.listing, as_of=reading.as_of)


def _heard(alerts: Sequence[Alert], muted: Collection[str]) -> tuple[Alert, ...]:
    return tuple(replace(alert, told=tuple(name for name in alert.told if name not in muted)) for alert in alerts)


def _notices(
    alerts: Sequence[Alert], source: str, audience: Audience, *, titles: Mapping[int, str]
) -> tuple[Notice, ...]:
    return compose(alerts, source=source, routes=audience.routes, titles=titles, urgent=audience.urgent)


def _is_newer(dump: Dump, known: Report, habits: Habits) -> bool:
    stamp = name_stamp(dump.name, habits.timezone) if habits.as_of in ("auto", "filename") else None
    return stamp is not None and stamp > known.as_of


def _status(parsed: Parsed, mode: Mode) -> str:
    if mode is Mode.WATCH and any(reject.is_tail for reject in parsed.rejects):
        return "held"
    if parsed.records:
        return "stored"
    return "rejected" if any(reject.text for reject in parsed.rejects) else "empty"
