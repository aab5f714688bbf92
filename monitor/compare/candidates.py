"""Load the stored releases that the records of a dump may show or resemble.

The texts of all releases under one title, or of the surrounding days, would do, but cost more with every such release.
Sketches are read instead, and only the texts that can matter: of many releases the few that share most with a record.
Most records need none of that: a release of their title, opening or id is found at once, and it is the one they show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import chain

from rapidfuzz import fuzz, process

from monitor.compare.fingerprint import MAX_TITLE, NormalForm, nearby_days, normal_form
from monitor.compare.form_cache import FormCache
from monitor.compare.identity import MIN_BODY, MIN_BODY_RATIO, is_doubtful
from monitor.compare.near_duplicates import (
    MAX_HOLDERS,
    MAX_LENGTH,
    MAX_RELATED,
    MAX_SKETCHES,
    affordable,
    candidates,
)
from monitor.compare.open_records import OpenRecords
from monitor.compare.similarity import MIN_TITLE_RATIO
from monitor.model import Sketch
from monitor.ports import Known, Store

MAX_SHARING = 2_000  # releases of one title, opening or day among which a record is searched: the newest
MAX_CANDIDATES = 32  # of them are compared with a record as they are; of more only the nearest
MAX_NEAREST = 16
MAX_BOILERPLATE_SOURCES = 48  # releases among which boilerplate is searched: the newest
MIN_BOILERPLATE_HOLDERS = 3  # of them have a sequence that is boilerplate


def load_candidates(compared: OpenRecords, store: Store) -> Known:
    """Return a snapshot of the releases that share title, opening or id with records that are not unchanged."""
    form_cache, new = compared.form_cache, compared.never_seen
    shown = {seen.number for one in compared.records if (seen := compared.seen_records.get(one.digest))}
    known = store.snapshot(
        form_cache.text_keys(new), shown, most=MAX_CANDIDATES, source=form_cache.source, fresh=len(compared.records)
    )
    if not new:
        return known
    ids = form_cache.id_keys(new)  # an id of many releases tells none of them apart: it is left out
    known = _without_long(known, but=ids)
    return replace(known, crowded=known.crowded - ids, doubtful=_doubtful(compared.not_current, known, form_cache))


def load_similar(compared: OpenRecords, store: Store, *, known: Known, but: Collection[bytes] = ()) -> Known:
    """Return the snapshot with the releases of the days around that records may show or resemble.

    known: what `load_candidates` returned. but: the records that are assigned to a release already.
    """
    form_cache, new = compared.form_cache, compared.never_seen
    left = [digest for digest in compared.not_current if digest not in but]
    if not new or not left:
        return known
    around = nearby_days(form_cache.source, (day for day in map(form_cache.day, new) if day))
    reader = _SketchReader(store, form_cache, known)
    near = reader.read(around, most=MAX_SKETCHES)
    on_day = dict(near)
    if len(near) == MAX_SKETCHES:  # of its own day a record is compared with more
        for key in around & {form_cache.entries(digest).get("day") for digest in left}:
            on_day |= reader.read({key}, most=MAX_SHARING)
    marks = frozenset(chain.from_iterable(form_cache.of_record(digest).sketch.marks for digest in left))
    days = {day: Crowd(sketches, marks) for day, sketches in _by_day(on_day).items()}
    crowds = {key: Crowd(reader.read({key}, most=MAX_SHARING), marks) for key in known.crowded}
    nearest = {digest: _nearest(digest, form_cache, days, crowds) for digest in left}
    sketches = {digest: form_cache.of_record(digest).sketch for digest in new}
    alike = candidates(sketches, near, of=sketches.keys() - but)
    wanted = {number for by_entry in nearest.values() for numbers in by_entry.values() for number in numbers}
    wanted.update(n for found in alike.values() for n in found if isinstance(n, int))
    wanted.update(number for crowd in crowds.values() for number in crowd.first)
    found = replace(_with_heads(reader.known, store, wanted), nearest=nearest, alike=alike)
    if crowds:
        found = replace(found, doubtful=_doubtful(left, found, form_cache))
    return replace(found, boilerplate=_boilerplate(left, found, form_cache, store, near=near))


def _doubtful(digests: Sequence[bytes], known: Known, form_cache: FormCache) -> dict[bytes, tuple[int, ...]]:
    """Return the releases with which a record may share only boilerplate."""
    found = dict[bytes, tuple[int, ...]]()
    for digest in digests:
        key = form_cache.entries(digest)["title"]
        form, numbers = (
            form_cache.of_record(digest),
            known.nearest.get(digest, {}).get("title") or known.by_key.get(key),
        )
        if some := tuple(n for n in numbers or () if is_doubtful(form, form_cache.of_head(known.heads[n]))):
            found[digest] = some
    return found


def _boilerplate(
    digests: Sequence[bytes], known: Known, form_cache: FormCache, store: Store, *, near: Collection[int]
) -> frozenset[int]:
    """Return the three-word sequences that several releases of these days have, where a record may share only them."""
    doubtful = known.doubtful
    if not doubtful:
        return frozenset()
    compared = {number for numbers in doubtful.values() for number in numbers}
    others = [number for number in sorted(near, reverse=True) if number not in compared][:MAX_BOILERPLATE_SOURCES]
    heads = store.snapshot((), others).heads
    texts = [normal_form(head.release).shingles for head in heads.values()]
    texts += [form_cache.of_record(one).shingles for one in digests[:MAX_BOILERPLATE_SOURCES] if one not in doubtful]
    counts = Counter(chain.from_iterable(texts))
    return frozenset(sequence for sequence, times in counts.items() if times >= MIN_BOILERPLATE_HOLDERS)


class Crowd:
    """Stored releases that share a title, an opening or a day, and which of them are the nearest to a text."""

    def __init__(self, sketches: Mapping[int, Sketch], marks: frozenset[int]) -> None:
        """marks: those of all texts that are searched for; nobody asks which releases have others."""
        self._sketches = sketches
        self._marks = marks
        self.first = sorted(sketches)[: MAX_RELATED + 1]  # those that a release of this title is linked to

    def similar_titles(self, form: NormalForm) -> list[int]:
        """Return the releases of which a text may be an edited form, by title and length."""
        length = len(form.body)
        if length < MIN_BODY:
            return []
        similar = process.extract(
            form.title[:MAX_TITLE], self._titles, scorer=fuzz.ratio, score_cutoff=MIN_TITLE_RATIO, limit=None
        )
        lengths = ((number, self._sketches[number].length) for _, _, number in similar)
        # MIN_BODY_RATIO is within reach: at best the longer text holds all of the shorter.
        return [n for n, other in lengths if 200 * min(length, other) >= MIN_BODY_RATIO * (length + other)]

    def nearest(self, sketch: Sketch, among: Collection[int] | None = None) -> list[int]:
        """Return the releases to compare with a text: all if they are few, else those that share most of its sample.

        Equal samples come first. The cost grows with the sample, but not with the number of releases.
        """
        few = self._sketches.keys() if among is None else set(among)
        if len(few) <= MAX_CANDIDATES and sum(self._sketches[number].length for number in few) <= MAX_LENGTH:
            return sorted(few)
        holders = [self._holders[mark] for mark in set(sketch.marks) if mark in self._holders]
        rare = Counter(chain.from_iterable(numbers for numbers in holders if len(numbers) <= MAX_HOLDERS))
        boilerplate = Counter(chain.from_iterable(numbers for numbers in holders if len(numbers) > MAX_HOLDERS))
        equal = self._by_sample.get((sketch.length, sketch.sample), {})
        own_day = self._by_day.get(sketch.date, [])
        ranked = dict.fromkeys(
            [
                *equal.get(sketch.date, ()),
                *chain.from_iterable(equal.values()),
                *_ranked(rare),
                *_ranked(boilerplate),
                *(own_day if len(own_day) <= MAX_NEAREST else ()),
            ]
        )
        allowed = [number for number in ranked if number in few]
        same_day = [number for number in allowed if self._sketches[number].date == sketch.date]
        others = [number for number in allowed if self._sketches[number].date != sketch.date]
        return [n for found in (same_day, others) for n in affordable(found[:MAX_NEAREST], self._sketches)]

    @cached_property
    def _titles(self) -> dict[int, str]:
        return {n: sketch.title[:MAX_TITLE] for n, sketch in self._sketches.items() if sketch.length >= MIN_BODY}

    @cached_property
    def _holders(self) -> dict[int, list[int]]:
        """The releases that have a searched mark; of a mark that more than MAX_HOLDERS have, the newest."""
        found: dict[int, list[int]] = {}
        for number, sketch in sorted(self._sketches.items(), reverse=True):
            for mark in self._marks.intersection(sketch.marks):
                numbers = found.setdefault(mark, [])
                if len(numbers) <= MAX_HOLDERS:
                    numbers.append(number)
        return found

    @cached_property
    def _by_sample(self) -> dict[tuple[int, bytes], dict[date | None, list[int]]]:
        """The first releases with an equal length and sample, by day."""
        found: dict[tuple[int, bytes], dict[date | None, list[int]]] = {}
        for number, sketch in sorted(self._sketches.items()):
            days = found.setdefault((sketch.length, sketch.sample), {})
            if len(days) < MAX_NEAREST or sketch.date in days:
                numbers = days.setdefault(sketch.date, [])
                if len(numbers) < MAX_NEAREST:
                    numbers.append(number)
        return found

    @cached_property
    def _by_day(self) -> dict[date | None, list[int]]:
        found: dict[date | None, list[int]] = {}
        for number, sketch in self._sketches.items():
            found.setdefault(sketch.date, []).append(number)
        return found


class _SketchReader:
    """Reads sketches; where an older version stored none, the head is read, and `known` has it then."""

    def __init__(self, store: Store, form_cache: FormCache, known: Known) -> None:
        self._store = store
        self._form_cache = form_cache
        self.known = known

    def read(self, keys: Collection[bytes], *, most: int) -> dict[int, Sketch]:
        sketches = self._store.sketches(keys, most=most)
        self.known = _with_heads(self.known, self._store, {n for n, sketch in sketches.items() if sketch is None})
        return {n: one or self._form_cache.of_head(self.known.heads[n]).sketch for n, one in sketches.items()}


def _nearest(
    digest: bytes, form_cache: FormCache, days: Mapping[date, Crowd], crowds: Mapping[bytes, Crowd]
) -> dict[str, tuple[int, ...]]:
    """Return the releases that a record may show, by the index entry that they share, where the key does not say it."""
    form, found = form_cache.of_record(digest), dict[str, tuple[int, ...]]()
    if form.date is not None and (day := days.get(form.date)):
        found["day"] = tuple(day.nearest(form.sketch, day.similar_titles(form)))
    for by, key in form_cache.entries(digest).items():
        if key in crowds:  # a crowd is bounded, and so is a day: one may have what the other lacks
            found[by] = tuple(dict.fromkeys([*crowds[key].nearest(form.sketch), *found.get("day", ())]))
    return found


def _without_long(known: Known, *, but: Collection[bytes]) -> Known:
    """Return the same, with the keys as crowded whose texts are too long to compare all of them with one text."""
    found = {key: numbers for key, numbers in known.by_key.items() if key not in but}
    lengths = {key: sum(len(known.heads[n].release.body) for n in numbers) for key, numbers in found.items()}
    long = {key for key, length in lengths.items() if length > MAX_LENGTH}
    if not long:
        return known
    kept = {key: numbers for key, numbers in known.by_key.items() if key not in long}
    dropped = {number for key in long for number in known.by_key[key]}.difference(*kept.values())
    heads = {number: head for number, head in known.heads.items() if number not in dropped}
    return replace(known, heads=heads, by_key=kept, crowded=known.crowded | long)


def _ranked(counts: Counter[int]) -> list[int]:
    return sorted(counts, key=lambda number: (-counts[number], number))


def _by_day(sketches: Mapping[int, Sketch]) -> dict[date, dict[int, Sketch]]:
    found: dict[date, dict[int, Sketch]] = {}
    for number, sketch in sketches.items():
        if sketch.date is not None:
            found.setdefault(sketch.date, {})[number] = sketch
    return found


def _with_heads(known: Known, store: Store, numbers: Collection[int]) -> Known:
    missing = set(numbers) - known.heads.keys()
    if not missing:
        return known
    # The next number stays the one that was read first: a release added since makes the batch stale.
    return replace(known, heads={**known.heads, **store.snapshot((), missing).heads})
