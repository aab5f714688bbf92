"""Pairings of records and heads → changes: what became of each release, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from monitor.compare.edits import Redline, redline
from monitor.compare.identity import Pairing, assign, form, is_view, keys, text_hash
from monitor.model import Change, Edit, Head, Kind, Record, Release, Sighting
from monitor.ports import Known

NEW_VERSION = frozenset({Kind.NEW, Kind.CHANGED, Kind.COMPLETED, Kind.ENRICHED, Kind.COSMETIC})


def classify(
    records: Sequence[Record], *, source: str, known: Known, sightings: Mapping[bytes, Sighting]
) -> tuple[Change, ...]:
    """Decide on every record of one dump against a snapshot of the store; one change each, in their order.

    A record whose digest was last seen as its release's current text is unchanged without another look.
    """
    seen = {
        digest: sighting.number
        for digest, sighting in sightings.items()
        if known.heads[sighting.number].version == sighting.version
    }
    numbers = count(known.next_number)
    changes = []
    for pairing in assign(records, source=source, known=known, seen=seen):
        if pairing.head is None:
            changes.append(_new(pairing, next(numbers)))
        elif pairing.record.digest in seen:
            changes.append(_unchanged(pairing, pairing.head))
        else:
            changes.append(compare(pairing.record, pairing.head, evidence=pairing.evidence))
    return tuple(_indexed(change, source) if change.kind in NEW_VERSION else change for change in changes)


def compare(record: Record, head: Head, *, evidence: str) -> Change:
    """What a record makes of the release it shows; the first rule that fits decides."""
    views = _merge(head.release, record.release)
    if views.changed:
        kind, fields, what = Kind.CHANGED, views.changed, _differences(views, head.release)
    elif views.is_longer:
        kind, fields, what = Kind.COMPLETED, ("body",), "the text goes on where it was cut"
    elif views.learned:
        kind, fields, what = Kind.ENRICHED, views.learned, f"the {' and the '.join(views.learned)} became known"
    elif views.after != head.release:
        kind, fields, what = Kind.COSMETIC, (), "only quotes, dashes, blanks, letter case or the like differ"
    else:
        kind, fields, what = Kind.UNCHANGED, (), "nothing is new"
    reverted = kind is Kind.CHANGED and text_hash(views.after) in head.past
    return Change(
        kind=kind,
        number=head.number,
        version=head.version + (kind in NEW_VERSION),
        after=views.after,
        before=head.release,
        reason=f"{evidence}; {what}" + ("; this is an earlier text again" if reverted else ""),
        record=record,
        fields=fields,
        edits=views.edits,
        numbers=views.numbers,
        reverted=reverted,
    )


def _indexed(change: Change, source: str) -> Change:
    return replace(change, keys=keys(source, change.after), text_hash=text_hash(change.after))


def _new(pairing: Pairing, number: int) -> Change:
    twins = f" ({len(pairing.related)} other with the same title)" if pairing.related else ""
    return Change(
        kind=Kind.NEW,
        number=number,
        version=1,
        after=pairing.record.release,
        before=None,
        reason=f"no known release has this title and text{twins}",
        record=pairing.record,
        related=pairing.related,
    )


def _unchanged(pairing: Pairing, head: Head) -> Change:
    return Change(
        kind=Kind.UNCHANGED,
        number=head.number,
        version=head.version,
        after=head.release,
        before=head.release,
        reason=pairing.evidence,
        record=pairing.record,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Views:
    """What a head and a record say together: what one view lacks stays from the other."""

    after: Release
    changed: tuple[str, ...]  # fields in which both say something and say it differently
    learned: tuple[str, ...]  # fields the head lacked
    is_longer: bool  # the body goes on where the head's was cut
    lines: tuple[Redline, ...]  # of title and body, where they differ

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(edit for line in self.lines for edit in line.edits)

    @property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        return tuple(pair for line in self.lines for pair in line.numbers)


def _merge(old: Release, new: Release) -> _Views:
    known, shown = form(old), form(new)
    is_shorter = known.body != shown.body and is_view(shown, of=known)
    is_longer = known.body != shown.body and is_view(known, of=shown)
    title_line = redline("title", old.title, new.title) if known.title != shown.title else None
    body_line = None
    if known.body != shown.body and not is_shorter and not is_longer:
        body_line = redline("body", old.body, new.body)
    # Where only the open last word of a cut view differs, the views agree as far as both reach.
    keeps_body = is_shorter or (body_line is not None and not body_line.places)
    after = Release(
        title=new.title,
        body=old.body if keeps_body else body_line.merged if body_line else new.body,
        date=new.date or old.date,
        category=new.category or old.category,
    )
    lines = {"title": title_line, "body": body_line if not keeps_body else None}
    changed = [name for name, line in lines.items() if line]
    changed += [name for name in ("date", "category") if getattr(old, name) not in (None, getattr(after, name))]
    return _Views(
        after=after,
        changed=tuple(changed),
        learned=tuple(name for name in ("date", "category") if not getattr(old, name) and getattr(new, name)),
        is_longer=is_longer,
        lines=tuple(line for line in lines.values() if line),
    )


def _differences(views: _Views, old: Release) -> str:
    """Say in half a sentence what differs, the figures first."""
    told = [_figures(views.numbers)] if views.numbers else []
    places = sum(line.places for line in views.lines)
    if not views.numbers and "body" in views.changed:
        told.append("the text differs in one place" if places == 1 else f"the text differs in {places} places")
    if "title" in views.changed:
        told.append("the title is another")
    told += [
        f"{name} {getattr(old, name)} → {getattr(views.after, name)}"
        for name in ("date", "category")
        if name in views.changed
    ]
    return ", ".join(told)


def _figures(numbers: Sequence[tuple[str, str]]) -> str:
    shown = ", ".join(f"{old} → {new}" for old, new in numbers[:3])
    if len(numbers) == 1:
        return f"one figure differs: {shown}"
    return f"{len(numbers)} figures differ: {shown}{' …' if len(numbers) > 3 else ''}"
