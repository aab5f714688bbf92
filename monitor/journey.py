"""The whole way of one dump, top to bottom: text → releases → changes → alerts → messages → one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from monitor.collect.as_of import Clues, as_of, name_stamp
from monitor.collect.dump import PARSER_VERSION, SHOWN, Parsed, parse
from monitor.collect.read import arrival
from monitor.compare.classify import classify
from monitor.compare.identity import keys
from monitor.errors import Stale
from monitor.model import Alert, Batch, Change, Dump, Message, Mode, Reject, Report
from monitor.notify.compose import Bound, compose
from monitor.ports import Store

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told what."""

    watchlists: Watchlists
    routes: Mapping[str, Sequence[str]]  # watchlist → channels
    max_age: Mapping[str, timedelta] = field(default_factory=dict)  # channel → how long a message is worth sending
    bounds: Mapping[str, Bound] = field(default_factory=dict)  # channel → how much one message may hold


def ingest(dump: Dump, *, habits: Habits, audience: Audience, store: Store, now: datetime, mode: Mode) -> Report:
    """Carry one dump the whole way; on return all of it is stored, or nothing is.

    Content that is known already is noted and leads to nothing, unless the mode is AGAIN or a newer stamp in the file
    name makes it a newer confirmation.
    """
    known = store.find_dump(dump.source, dump.sha256)
    if known and mode is not Mode.AGAIN and not _is_newer(dump, known, habits):
        return store.note_duplicate(dump, known, parser=PARSER_VERSION, now=now)
    parsed = _parse(dump, habits)
    for _ in range(_TRIES):
        changes = _classify(dump, parsed, store)
        alerts = audience.watchlists.alerts(changes, source=dump.source)
        batch = Batch(
            dump=dump,
            as_of=_as_of(dump, parsed, habits, now),
            status=_status(parsed, mode),
            changes=changes,
            rejects=parsed.rejects,
            alerts=alerts,
            messages=_messages(alerts, dump.source, audience),
            parser=PARSER_VERSION,
            mode=mode,
        )
        try:
            return store.commit(batch, now=now)
        except Stale:
            continue  # decided on a snapshot that has moved: decide again
    raise Stale(f"the store kept changing while {dump.name} was taken in; it will be tried again")


def _parse(dump: Dump, habits: Habits) -> Parsed:
    if dump.fault:
        return Parsed(records=(), rejects=(Reject(reason=dump.fault, line=0, offset=0, text=dump.text[:SHOWN]),))
    return parse(dump.text, source=dump.source, categories=habits.categories, max_record=habits.max_record)


def _classify(dump: Dump, parsed: Parsed, store: Store) -> tuple[Change, ...]:
    """Decide on every record against one snapshot of the store; nothing is written."""
    sightings = store.sightings({record.digest for record in parsed.records})
    index = {key for record in parsed.records for key in keys(dump.source, record.release)}
    known = store.snapshot(index, {sighting.number for sighting in sightings.values()})
    return classify(parsed.records, source=dump.source, known=known, sightings=sightings)


def _messages(alerts: Sequence[Alert], source: str, audience: Audience) -> tuple[Message, ...]:
    messages = compose(alerts, source=source, routes=audience.routes, bounds=audience.bounds)
    return tuple(replace(m, max_age=audience.max_age.get(m.channel, m.max_age)) for m in messages)


def _as_of(dump: Dump, parsed: Parsed, habits: Habits, now: datetime) -> datetime:
    clues = Clues(
        name=dump.name,
        dates=tuple(record.release.date for record in parsed.records if record.release.date),
        modified=arrival(dump.signature),
        arrived=now,
    )
    return as_of(habits.as_of, clues, timezone=habits.timezone)


def _is_newer(dump: Dump, known: Report, habits: Habits) -> bool:
    stamp = name_stamp(dump.name, habits.timezone) if habits.as_of in ("auto", "filename") else None
    return stamp is not None and stamp > known.as_of


def _status(parsed: Parsed, mode: Mode) -> str:
    if mode is Mode.WATCH and any(reject.is_tail for reject in parsed.rejects):
        return "held"
    if parsed.records:
        return "stored"
    return "rejected" if any(reject.text for reject in parsed.rejects) else "empty"
