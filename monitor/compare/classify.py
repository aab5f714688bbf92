"""Classify what became of each release, with the sentence that says why."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import NamedTuple

from monitor.compare.age import doubt_of, is_older, is_repeated, proof_of
from monitor.compare.candidate_pair import is_day_of_dump
from monitor.compare.diff import Redline, has_same_words, redline
from monitor.compare.fingerprint import (
    NormalForm,
    id_key,
    index_entries,
    is_cut_view,
    normal_form,
    normal_id,
    text_hash,
)
from monitor.compare.form_cache import FormCache
from monitor.compare.identity import Assignment
from monitor.compare.near_duplicates import near_duplicates
from monitor.compare.open_records import OpenRecords
from monitor.compare.publisher_ids import is_reading_new
from monitor.dump_age import Age
from monitor.frozen import dataclass
from monitor.model import Change, Edit, Head, Kind, PastVersion, Record, Release, SeenRecord
from monitor.ports import Known

_AND = ", "  # joins the categories of a release


def classify(pairings: Iterable[Assignment], compared: OpenRecords, known: Known) -> tuple[Change, ...]:
    """Decide on records that were assigned, against a snapshot of the store; return one change each, in their order."""
    age, form_cache, source = compared.age, compared.form_cache, compared.form_cache.source
    numbers = count(known.next_number)
    changes = []
    for pairing in pairings:
        record, seen = pairing.record, compared.seen_records.get(pairing.record.digest)
        if not pairing.number:
            changes.append(_new(record, next(numbers), form_cache))
        else:
            head = known.heads[pairing.number]
            shown = form_cache.of_record(record.digest)
            change = compare(record, head, shown, evidence=pairing.evidence, age=age, seen=seen)
            if change.version > head.last:  # it adds a version
                form = form_cache.of_view(change.after, record)
                keys = tuple(index_entries(source, form).values())
                change = replace(change, keys=keys, text_hash=form.text_hash, sketch=form.sketch)
            elif change.after.ref != head.release.ref:
                change = replace(change, keys=_key_of_id(source, change.after.ref))
            changes.append(change)
    return _with_related(tuple(changes), known, form_cache)


def _key_of_id(source: str, ref: str | None) -> tuple[bytes, ...]:
    """Return the index entry of an id that was learned; the text has its entries already."""
    id_ = normal_id(ref or "")
    return (id_key(source, id_),) if id_ else ()


def compare(
    record: Record, head: Head, form: NormalForm, *, evidence: str, age: Age, seen: SeenRecord | None = None
) -> Change:
    """Return the change that a record makes to the release it shows; the first rule that fits decides.

    form: the record's normal form.
    """
    if seen is not None and seen.version == head.version and head.withdrawn is None:
        return _change(Kind.UNCHANGED, record, head, _Comparison(after=head.release), reason=evidence)
    is_read_anew = is_reading_new(record.release.reading, head.readings)
    if is_read_anew:  # the bytes of a replayed dump are known, and this reading of them is not
        age = replace(age, is_replay=False)
    views = _merge(head.release, record.release, form, is_late=is_older(age, head))
    doubt = _doubt(views, head, age, seen)
    kind, what = _verdict(views, head, age, doubt, is_read_anew=is_read_anew)
    if kind is Kind.REREAD:
        day = views.after.date if record.release.is_day_of_update else record.release.date
        views = replace(views, after=_linked(replace(record.release, date=day), views.after))
    elif kind is Kind.UNCHANGED:
        views = _Comparison(after=_linked(head.release, views.after))
    elif kind in (Kind.CHANGED, Kind.REAPPEARED) and doubt.reason:
        change = _change(kind, record, head, views, reason=f"{evidence}; {what}; {doubt.reason}", seen=seen)
        return replace(change, may_be_older=True)
    return _change(kind, record, head, views, reason=f"{evidence}; {what}", seen=seen)


def _verdict(views: _Comparison, head: Head, age: Age, doubt: _Doubt, *, is_read_anew: bool) -> tuple[Kind, str]:
    """Return what became of a release, and half a sentence that says why."""
    if head.withdrawn is not None and not doubt.is_stale:
        return Kind.REAPPEARED, f"it was withdrawn and is back{views.summary and ', ' + views.summary}"
    if doubt.is_stale and (head.withdrawn is not None or views.changed):
        return Kind.STALE, doubt.reason if head.withdrawn is not None else f"{doubt.reason}: {views.summary}"
    if is_read_anew and (views.changed or views.is_longer):
        return Kind.REREAD, f"another mapping reads it{views.summary and ': ' + views.summary}"
    if views.changed:
        return _kind_of_change(head, views, age)
    return _kind_of_addition(head, views, doubt)


def _kind_of_addition(head: Head, views: _Comparison, doubt: _Doubt) -> tuple[Kind, str]:
    """Return what became of a release about which both views agree as far as they reach."""
    if views.is_longer:
        return Kind.COMPLETED, "the text goes on where it was cut"
    if views.added_fields:
        names = ["further categories" if getattr(head.release, name) else name for name in views.added_fields]
        return Kind.ENRICHED, f"the {' and the '.join(names)} became known"
    if views.after != head.release:
        kind = Kind.STALE if doubt.is_stale else Kind.COSMETIC
        return kind, "only quotes, dashes, spaces, letter case or the like differ"
    return Kind.UNCHANGED, "nothing is new"


def _linked(release: Release, known: Release) -> Release:
    """Return a release with what is known about another one: its link, its id, and how it was read."""
    if (release.url, release.ref, release.reading) == (known.url, known.ref, known.reading):
        return release
    return replace(release, url=known.url, ref=known.ref, reading=known.reading)


class _Doubt(NamedTuple):
    """Whether a differing view is stale, and how that is known."""

    is_stale: bool
    reason: str  # "": nothing says that the dump is older


def _doubt(views: _Comparison, head: Head, age: Age, seen: SeenRecord | None) -> _Doubt:
    """Judge a dump's age: stale is what is proved to be older, and what may be older and was current before."""
    known = replace(head, confirmed=head.withdrawn) if head.withdrawn else head
    if is_older(age, known):
        what = "the withdrawal" if head.withdrawn else "what is known"
        return _Doubt(is_stale=True, reason=f"the dump is older than {what} ({proof_of(age, known)})")
    if seen and not head.withdrawn and is_repeated(age, seen):
        return _Doubt(
            is_stale=True, reason="its path has brought this earlier text before, and another file the newer one"
        )
    doubt = doubt_of(age, known)
    if not doubt:
        return _Doubt(is_stale=False, reason="")
    was_current = not views.changed or _was_shown(views, [one for one in head.others if one.was_current])
    return _Doubt(is_stale=was_current, reason=f"the dump may be older, for {doubt}")


def _was_shown(views: _Comparison, versions: Iterable[PastVersion]) -> bool:
    """Return whether one of these versions says the same; a date or category that it lacks is no difference."""
    wanted = {name: getattr(views.after, name) for name in ("date", "category")}
    allowed = {name: {value} if name in views.changed else {value, None} for name, value in wanted.items()}
    alike = {one.text_hash for one in versions if one.date in allowed["date"] and one.category in allowed["category"]}
    return bool(alike) and text_hash(views.after) in alike


def withdrawn(heads: Iterable[Head], *, shown: Container[int], listing: str, age: Age) -> tuple[Change, ...]:
    """Return the releases that a complete dump of a listing should show and does not.

    `heads` are those seen in this listing before whose dates lie strictly within the dump's; `shown` are the numbers
    that the dump does show. A release that another dump has confirmed since is not withdrawn.
    """
    return tuple(
        Change(
            kind=Kind.WITHDRAWN,
            number=head.number,
            version=head.version,
            base=head.version,
            after=head.release,
            before=head.release,
            reason=f"the listing {listing} shows older and newer releases and no longer this one",
            record=None,
        )
        for head in heads
        if head.number not in shown and head.withdrawn is None and not is_older(age, head)
    )


def _kind_of_change(head: Head, views: _Comparison, age: Age) -> tuple[Kind, str]:
    if _is_redated_again(head, views, age):
        return Kind.COSMETIC, f"the same text is dated by the day of each dump: {views.summary}"
    return Kind.CHANGED, views.summary


def _is_redated_again(head: Head, views: _Comparison, age: Age) -> bool:
    """Return whether a text that was re-dated before has the day of this dump now, as on a page that dates itself."""
    old, new = head.release.date, views.after.date
    if views.changed != ("date",) or old is None or new is None or not old < new:
        return False
    text = text_hash(head.release)
    return is_day_of_dump(new, age.as_of.date()) and any(
        one.text_hash == text and one.date is not None and one.date < old for one in head.others
    )


def _change(
    kind: Kind, record: Record, head: Head, views: _Comparison, *, reason: str, seen: SeenRecord | None = None
) -> Change:
    version = head.last + 1 if views.after != head.release else head.version
    if kind is Kind.STALE and seen is not None:
        version = seen.version  # this very record is in the history already
    may_revert = bool(views.changed) and kind not in (Kind.STALE, Kind.COSMETIC, Kind.REREAD)
    is_reverted = may_revert and _was_shown(views, head.others)
    is_text = not {"title", "body"}.isdisjoint(views.changed)
    again = f"; this is an earlier {'text' if is_text else ' and '.join(views.changed)} again" if is_reverted else ""
    return Change(
        kind=kind,
        number=head.number,
        version=version,
        base=head.version,
        after=record.release if kind is Kind.STALE else views.after,
        before=head.release,
        reason=reason + again,
        record=record,
        fields=views.fields,
        edits=views.edits,
        numbers=views.numbers,
        reverted=is_reverted,
    )


def _new(record: Record, number: int, form_cache: FormCache) -> Change:
    form, keys = form_cache.of_record(record.digest), form_cache.entries(record.digest)
    if record.release.is_day_of_update:  # the only day that is known of it: under this it is found
        form = normal_form(replace(record.release, is_day_of_update=False))
        keys = index_entries(form_cache.source, form)
    return Change(
        kind=Kind.NEW,
        number=number,
        version=1,
        base=0,
        after=record.release,
        before=None,
        reason="no known release has this title and text",
        record=record,
        keys=tuple(keys.values()),
        text_hash=form.text_hash,
        sketch=form.sketch,
    )


def _with_related(changes: tuple[Change, ...], known: Known, form_cache: FormCache) -> tuple[Change, ...]:
    """Link new releases to their near duplicates, in the store and in the same dump."""
    numbers = {c.record.digest: c.number for c in changes if c.kind is Kind.NEW and c.record}
    if not numbers:
        return changes
    new = {number: form_cache.of_record(digest) for digest, number in numbers.items()}
    others = {number: form_cache.of_head(head) for number, head in known.heads.items()}
    related = near_duplicates(new, others, _by_number(known.alike, numbers))
    linked = list(changes)
    for place, change in enumerate(changes):
        if like := related.get(change.number):
            named = "another release" if len(like) == 1 else f"{len(like)} others"
            linked[place] = replace(change, related=like, reason=f"{change.reason}, though it resembles {named}")
    return tuple(linked)


def _by_number(
    alike: Mapping[bytes, Mapping[int | bytes, float]], numbers: Mapping[bytes, int]
) -> dict[int, dict[int, float]]:
    """Return the candidates by release number, without records that turned out to show a known release."""
    return {
        numbers[digest]: {
            number: share
            for other, share in found.items()
            if (number := other if isinstance(other, int) else numbers.get(other, 0))
        }
        for digest, found in alike.items()
        if digest in numbers
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """A head and a record merged: a field that one of them lacks comes from the other."""

    after: Release
    changed: tuple[str, ...] = ()  # fields in which both say something and say it differently
    added_fields: tuple[str, ...] = ()  # fields the head lacked
    is_longer: bool = False  # the body goes on where the head's was cut
    redlines: tuple[Redline, ...] = ()  # of title and body, where they differ
    summary: str = ""  # what is changed, in half a sentence; "": nothing

    @property
    def fields(self) -> tuple[str, ...]:
        """What the event names: the changed fields, else those that were added or completed."""
        return self.changed or (("body",) if self.is_longer else ()) or self.added_fields

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(edit for line in self.redlines for edit in line.edits)

    @property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        return tuple(pair for line in self.redlines for pair in line.numbers)


def _merge(old: Release, new: Release, shown: NormalForm, *, is_late: bool) -> _Comparison:
    """shown: the new one's form; is_late: what is known about the old one is newer than that about the new one."""
    known = normal_form(old)
    is_shorter = known.body != shown.body and is_cut_view(shown, of=known)
    is_longer = known.body != shown.body and is_cut_view(known, of=shown)
    is_retitled = known.title != shown.title and not has_same_words(old.title, new.title)
    title_line = redline("title", old.title, new.title) if is_retitled else None
    body_line = None
    if known.body != shown.body and not is_shorter and not is_longer:
        body_line = redline("body", old.body, new.body)
    # If only the open last word of a cut view differs, the views agree as far as both reach.
    # The same words without their final full stop would make the head look cut.
    lost_its_stop = known.body == shown.body and shown.is_cut and not known.is_cut
    category, has_more_categories = _merged_categories(old, new)
    oldest, newest = (new, old) if is_late else (old, new)
    keeps_body = is_shorter or lost_its_stop or (body_line is not None and not body_line.places)
    after = Release(
        title=new.title,
        body=old.body if keeps_body else body_line.merged if body_line else new.body,
        date=old.date if new.is_day_of_update and old.date else new.date or old.date,
        category=category,
        url=newest.url or oldest.url,
        ref=newest.ref or oldest.ref,
        reading=newest.reading or oldest.reading,
    )
    lines = {"title": title_line, "body": body_line if not keeps_body else None}
    changed = [name for name, line in lines.items() if line]
    changed += [name for name in ("date", "category") if getattr(old, name) not in (None, getattr(after, name))]
    added = [name for name in ("date", "category") if not getattr(old, name) and getattr(new, name)]
    if has_more_categories:
        changed.remove("category")
        added.append("category")
    redlines = tuple(line for line in lines.values() if line)
    return _Comparison(
        after=after,
        changed=tuple(changed),
        added_fields=tuple(added),
        is_longer=is_longer,
        redlines=redlines,
        summary=_summary(changed, redlines, old, after),
    )


def _merged_categories(old: Release, new: Release) -> tuple[str | None, bool]:
    """Return the category of both views, and whether the new one has all of several categories and more.

    A format that gives several joins them; of these, the order says nothing, and a view may lack some of them.
    """
    if new.reading is None or not old.category or not new.category:
        return new.category or old.category, False
    known, shown = set(old.category.split(_AND)), set(new.category.split(_AND))
    return (old.category, False) if shown <= known else (new.category, shown > known)


def _summary(changed: Sequence[str], lines: Sequence[Redline], old: Release, after: Release) -> str:
    """Return half a sentence about what differs, the figures first."""
    numbers = list(dict.fromkeys(pair for line in lines for pair in line.numbers))  # a title repeats some of its body
    shown = ", ".join(f"{old} → {new}" for old, new in numbers[:3])
    many = f"{len(numbers)} figures differ: {shown}{' …' if len(numbers) > 3 else ''}"
    found = [many if len(numbers) > 1 else f"one figure differs: {shown}"] if numbers else []
    if not numbers and "body" in changed:
        places = sum(line.places for line in lines)
        found.append("the text differs in one place" if places == 1 else f"the text differs in {places} places")
    if "title" in changed:
        found.append("the title is another")
    found += [
        f"{name} {getattr(old, name)} → {getattr(after, name)}" for name in ("date", "category") if name in changed
    ]
    return ", ".join(found)
