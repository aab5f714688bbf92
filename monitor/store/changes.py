"""Write the rows of a batch's changes, with one statement for each table, whatever the size of the dump.

Ids are assigned here: nobody else takes any inside the transaction, and the newest rows are never pruned. Rows of
tables that are keyed by a hash are sorted first, so that neighbours in the tree are written together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from monitor.dump_age import Age, Evidence
from monitor.errors import Stale
from monitor.ingest_values import Batch
from monitor.model import Alert, Change, Kind
from monitor.store.handle import Handle, Row
from monitor.store.rows import day_text, sketch_row, to_json
from monitor.times import timestamp

_Row = dict[str, Any]
_SAME_CONFIRMED = frozenset({Kind.NEW, Kind.STALE, Kind.WITHDRAWN})  # what was confirmed stays, or is written already
_MOVES_ON = frozenset({Kind.CHANGED, Kind.REAPPEARED, Kind.REREAD})
_NONE, _DAY = timedelta(0), timedelta(days=1)


class NewIds(NamedTuple):
    """The ids of rows that are added, in the order in which they are to be used."""

    versions: Iterator[int]
    events: Iterator[int]


def next_ids(handle: Handle, batch: Batch | None = None) -> NewIds:
    """Return the ids behind those of the newest rows, where nobody else writes.

    Raise Stale when the batch was decided on an older snapshot.
    """
    last = handle.all("last_ids")[0]
    if batch is not None:
        _refuse_stale(handle, batch, last)
    return NewIds(versions=count(last["version"] + 1), events=count(last["event"] + 1))


def _refuse_stale(handle: Handle, batch: Batch, last: Row) -> None:
    new = [change.number for change in batch.changes if change.kind is Kind.NEW]
    if new and min(new) <= last["release"]:
        raise Stale("release numbers were assigned meanwhile")
    compared = {change.number: change.base for change in batch.changes if change.kind is not Kind.NEW}
    expected = {**batch.as_seen, **compared}
    if expected and handle.all("moved_heads", expected=to_json(expected)):
        raise Stale("releases changed meanwhile")


def add_changes(handle: Handle, batch: Batch, dump: int, *, ids: NewIds, now: datetime) -> Mapping[int, int]:
    """Store the change of every release; return the event of each release, none where it is unchanged."""
    _add_versions(handle, batch, dump, ids=ids.versions, now=now)
    _move(handle, batch)
    _link(handle, batch)
    _remember(handle, batch.dump.source, batch.changes)
    related = [(change.number, other) for change in batch.changes for other in change.related]
    handle.many("add_related", [{"release": one, "other": other, "reason": "look-alike"} for one, other in related])
    return _add_events(handle, batch, dump, ids=ids.events, now=now)


def _add_versions(handle: Handle, batch: Batch, dump: int, *, ids: Iterator[int], now: datetime) -> None:
    """Add texts and their index entries, and let those that are not stale become heads."""
    added = [change for change in batch.changes if change.text_hash]
    common = {"dump": dump, "source": batch.dump.source, "at": timestamp(now), **_age(batch.age)}
    rows = [_version(change) | common | {"id": next(ids)} for change in added]
    # The version refers to its release, so the release is written first.
    handle.many("add_release", [row for row, c in zip(rows, added, strict=True) if c.kind is Kind.NEW])
    handle.many("add_version", rows)
    aliases = {(key, change.number) for change in batch.changes for key in change.keys}
    handle.many("add_alias", [{"key": key, "release": release} for key, release in sorted(aliases)])
    placed = (Kind.NEW, Kind.STALE)
    handle.many("move_head", [row for row, change in zip(rows, added, strict=True) if change.kind not in placed])
    handle.many("set_sketch", [sketch_row(c.number, c.sketch) for c in added if c.sketch and c.kind is not Kind.STALE])


def _version(change: Change) -> _Row:
    release = change.after
    return {
        "release": change.number,
        "seq": change.version,
        "fold_hash": change.text_hash,
        "kind": change.kind.value,
        "title": release.title,
        "body": release.body,
        "category": release.category,
        "date": day_text(release.date),
        "url": release.url,
        "ref": release.ref,
        "reading": release.reading,
    }


def _link(handle: Handle, batch: Batch) -> None:
    """Update what is known about releases whose text stays: the link, the publisher's id, and how it was read."""
    kept = [c for c in batch.changes if c.before is not None and not c.text_hash and c.kind is not Kind.STALE]
    linked = [c for c in kept if c.before and (c.after.url, c.after.ref) != (c.before.url, c.before.ref)]
    handle.many("set_link", [{"release": c.number, "url": c.after.url, "ref": c.after.ref} for c in linked])
    reread = [c for c in kept if c.before and c.after.reading != c.before.reading]
    handle.many("add_reading", [{"release": c.number, "reading": c.after.reading} for c in reread])


def _move(handle: Handle, batch: Batch) -> None:
    """Update the state of the releases, apart from their text."""
    age = _age(batch.age)
    numbers = {kind: [c.number for c in batch.changes if c.kind is kind] for kind in (Kind.WITHDRAWN, Kind.REAPPEARED)}
    handle.many("withdraw", [{"release": number, **age} for number in numbers[Kind.WITHDRAWN]])
    handle.many("list_again", [{"release": number} for number in numbers[Kind.REAPPEARED]])
    if batch.listing is not None:
        board = {"source": batch.dump.source, "listing": batch.listing}
        changed = [change.number for change in batch.changes if change.kind is not Kind.WITHDRAWN]
        shown = sorted([*batch.as_seen, *changed])
        handle.many("add_listed", [{**board, "release": number} for number in shown])
        handle.many("note_missing", [{**board, "release": number} for number in batch.missing])
    confirmed = [change.number for change in batch.changes if change.kind not in _SAME_CONFIRMED]
    # An arrival is noted once a day: it would write every release with every dump.
    is_exact = batch.age.evidence is not Evidence.ARRIVAL
    for releases, before in (
        (confirmed, batch.age.as_of),
        (batch.as_seen, batch.age.as_of - (_NONE if is_exact else _DAY)),
    ):
        if releases:
            row = {"releases": to_json(sorted(releases)), "before": timestamp(before), **age}
            handle.many("confirm_releases", [row])
    changed = [change.number for change in batch.changes if change.kind in _MOVES_ON]
    if changed:
        handle.many("set_newest", [{"releases": to_json(sorted(changed)), "newest": age["newest"]}])


def _age(age: Age) -> _Row:
    """Return the columns of a release that say how old the newest dump is that showed it."""
    as_of = timestamp(age.as_of)
    is_stamp = age.evidence is Evidence.STAMP
    return {"as_of": as_of, "stamped": as_of if is_stamp else None, "newest": day_text(age.newest)}


def _remember(handle: Handle, source: str, changes: Sequence[Change]) -> None:
    """Remember the release of each record; one that is remembered already is not written again."""
    taken = {(c.record.digest, c.number, c.version) for c in changes if c.record}
    rows = [
        {"source": source, "digest": digest, "release": release, "seq": seq} for digest, release, seq in sorted(taken)
    ]
    handle.many("add_seen", rows)


def _add_events(handle: Handle, batch: Batch, dump: int, *, ids: Iterator[int], now: datetime) -> Mapping[int, int]:
    alerts = {alert.change.number: alert for alert in batch.alerts}
    told = [change for change in batch.changes if change.kind is not Kind.UNCHANGED]
    source, at = batch.dump.source, timestamp(now)
    rows = [
        {**_event(change, alerts.get(change.number)), "id": next(ids), "source": source, "dump": dump, "at": at}
        for change in told
    ]
    handle.many("add_event", rows)
    handle.many("add_matched", [row for event in rows for row in _matched(event["id"], alerts.get(event["release"]))])
    return {row["release"]: row["id"] for row in rows}


def _event(change: Change, alert: Alert | None) -> _Row:
    return {
        "release": change.number,
        "version": change.version,
        "kind": change.kind.value,
        "fields": _listed(change.fields),
        "numbers": _listed(change.numbers),
        "reverted": change.reverted,
        "watchlists": _listed(alert.watchlists if alert else ()),
        "alert": _listed(alert.notified if alert else ()),
        "reason": change.reason,
    }


def _matched(event: int, alert: Alert | None) -> list[_Row]:
    names = dict.fromkeys(alert.watchlists) if alert else ()
    return [{"watchlist": name, "event": event, "notified": alert and name in alert.notified} for name in names]


def _listed(values: Iterable[object]) -> str:
    return to_json(values) if values else "[]"  # most lists are empty
