"""Decide what the ids that a publisher gives its releases say within one dump.

An id that several records of a dump have means one of two things. With like titles they are captures of one release,
as in a file that a scraper appends to. With unlike titles the id is no id at all, such as the address of the board.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from monitor.compare.fingerprint import normal_id
from monitor.compare.similarity import are_titles_similar
from monitor.ingest_values import IdCounts
from monitor.model import Change, Kind, Record, Release
from monitor.text import soft

_NEWEST_FIRST = "feed"  # the format whose files begin with what is newest


def settle_ids(records: Sequence[Record]) -> Sequence[Record]:
    """Return the records that count, in their order; where an id tells nothing, they are without it.

    Of several captures of one release the last counts, in a feed the first. Exact repeats of a record count once.
    """
    by_id: dict[str, list[Record]] = {}
    for record in records:
        if record.ref is not None and (id_ := normal_id(record.ref)):
            by_id.setdefault(id_, []).append(record)
    repeated = [found for found in by_id.values() if len(found) > 1]
    if not repeated:
        return records
    settled = {id(record): one for found in repeated for record, one in zip(found, _settled(found), strict=True)}
    kept = (settled.get(id(record), record) for record in records)
    return tuple(record for record in kept if record)


def _settled(found: Sequence[Record]) -> list[Record | None]:
    """Return what becomes of records with one id; None: it is passed over."""
    if len({record.digest for record in found}) > 1 and not _are_captures(found):
        firsts = {record.digest: record for record in reversed(found)}
        return [_without_id(record) if firsts[record.digest] is record else None for record in found]
    is_newest_first = _format(found[0].release) == _NEWEST_FIRST
    counting = found[0] if is_newest_first else found[-1]
    return [record if record is counting else None for record in found]


def _are_captures(found: Sequence[Record]) -> bool:
    heads = dict.fromkeys((soft(record.release.title), record.day) for record in found)
    return all(may_be_captures(one, other) for one, other in pairwise(heads))


def may_be_captures(one: tuple[str, date | None], other: tuple[str, date | None]) -> bool:
    """Return whether records of one id with these titles and days may show one release by and by.

    With another day, a title that is merely like says nothing.
    """
    is_same_day = one[1] == other[1] or None in (one[1], other[1])
    return one[0] == other[0] or (is_same_day and are_titles_similar(one[0], other[0]))


def _without_id(record: Record) -> Record:
    release = replace(record.release, ref=None)
    return replace(record, ref=None, read=lambda: release)


def count_ids(changes: Iterable[Change], seen: Collection[object]) -> IdCounts:
    """Count whose ids changed while their texts stayed, among the known releases of a dump.

    seen: the dump's records that are as they were; they count where some record had to be compared.
    """
    compared = [one for one in map(_has_new_id, changes) if one is not None]
    return IdCounts(changed=sum(compared), of=len(compared) + len(seen)) if compared else IdCounts()


def _has_new_id(change: Change) -> bool | None:
    """Return whether a release has another id than before; None: its ids cannot be compared."""
    if change.record is None or change.before is None or change.kind is Kind.STALE:
        return None
    new, old = change.record.release, change.before
    if new.ref is None or old.ref is None or new.reading != old.reading:
        return None
    return normal_id(new.ref) != normal_id(old.ref) and "body" not in change.fields


def is_reading_new(reading: str | None, readings: Collection[str]) -> bool:
    """Return whether a record is read by another mapping of the same format than the text it is compared with.

    readings: those that have given this text.
    """
    if reading is None or reading in readings:
        return False
    return any(one.partition(":")[0] == reading.partition(":")[0] for one in readings)


def _format(release: Release) -> str:
    return (release.reading or "").partition(":")[0]
