"""Check that the samples find the near duplicates that comparing every text with every other finds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest

from monitor.compare.candidates import load_candidates, load_similar
from monitor.compare.fingerprint import FULL_SAMPLE, MAX_SAMPLE, NEARBY, NormalForm, normal_form, sample, shingles
from monitor.compare.form_cache import FormCache
from monitor.compare.near_duplicates import (
    MAX_COMPARED,
    MAX_HOLDERS,
    MAX_RELATED,
    MAX_SKETCHES,
    MIN_SHARED,
    SAMPLE_TOLERANCE,
    candidates,
    near_duplicates,
)
from monitor.compare.open_records import OpenRecords
from monitor.dump_age import Age, Evidence
from monitor.model import Kind, Record, Release, Sketch
from monitor.ports import Known
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from tests.compare.scenario import FIRST_ARRIVAL, SOURCE, TALKS, VISIT, Lab, dump, real_dumps

DAY = date(2024, 7, 1)
WORDS = [stem + end for stem in ("port", "chip", "trade", "steel", "visit", "quota") for end in map(str, range(80))]


def plainly(forms: Mapping[int, NormalForm], others: Mapping[int, NormalForm]) -> dict[int, tuple[int, ...]]:
    """Every text with every other, sequence by sequence."""
    everyone = {**others, **forms}
    sequences = {number: shingles(form.words) for number, form in everyone.items()}
    times = Counter(one for own in sequences.values() for one in own)
    found: dict[int, list[tuple[bool, float, int]]] = {number: [] for number in forms}
    for one, other in combinations(sorted(everyone), 2):
        both = [s for s in sequences[one] & sequences[other] if times[s] <= MAX_HOLDERS]
        share = len(both) / max(1, min(len(sequences[one]), len(sequences[other])))
        has_title = everyone[one].title == everyone[other].title
        if has_title or (share > MIN_SHARED and _is_near(everyone[one], everyone[other])):
            for number, twin in ((one, other), (other, one)):
                if number in forms:
                    found[number].append((not has_title, 0.0 if has_title else -share, twin))
    return {number: tuple(twin for *_, twin in sorted(related)[:MAX_RELATED]) for number, related in found.items()}


def found(new: Mapping[int, NormalForm], others: Mapping[int, NormalForm]) -> dict[int, tuple[int, ...]]:
    """By way of the samples, numbers being known."""
    pairs: Any = candidates(sketches(new), sketches(others))
    return near_duplicates(new, others, pairs)


def sketches(forms: Mapping[int, NormalForm]) -> dict[int, Sketch]:
    return {number: form.sketch for number, form in forms.items()}


def _is_near(one: NormalForm | Sketch, other: NormalForm | Sketch) -> bool:
    return one.date is not None and other.date is not None and abs(one.date - other.date) <= NEARBY


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - reproducible, not secret


def text(dice: random.Random, words: int) -> list[str]:
    return dice.choices(WORDS, k=words)


def family(seed: int) -> dict[int, NormalForm]:
    """Releases of which some share stretches of one text: from nearly nothing to nearly all, short and long ones."""
    dice = seeded(seed)
    found: dict[int, NormalForm] = {}
    for number in range(1, 60, 3):
        length = dice.choice([4, 12, 60, 90, 300, 700])
        own, day = text(dice, length), DAY + timedelta(days=dice.randrange(8))
        for twin, share in enumerate((1.0, *dice.sample([0.05, 0.2, 0.3, 0.6, 0.75, 0.95], 2))):
            kept = own[: max(3, int(length * share))]
            more = [length - len(kept), *((30, 400 if length > 12 else 9) if twin else ())]
            words = kept + text(dice, dice.choice(more))
            body, title = " ".join(words), f"title {number + twin if dice.random() < 0.8 else 7}"
            found[number + twin] = NormalForm(
                title=title, body=body, date=day if dice.random() < 0.9 else None, is_cut=dice.random() < 0.2
            )
    return found


@pytest.mark.parametrize("seed", range(40))
def test_samples_find_the_look_alikes_that_comparing_everything_finds(seed: int) -> None:
    forms = family(seed)
    others = {number: form for number, form in forms.items() if number < 30}
    new = {number: form for number, form in forms.items() if number >= 30}
    assert found(new, others) == plainly(new, others)
    assert found(forms, {}) == plainly(forms, {})


@pytest.mark.parametrize("seed", range(40))
def test_every_pair_is_weighed_as_if_pair_by_pair(seed: int) -> None:
    """Most pairs are ruled out by the count of what they share; with a huge text among them by nothing at all."""
    forms = sketches(family(seed))
    if seed % 4 == 0:
        huge = NormalForm(title="huge", body=" ".join(text(seeded(seed), 30_000)), date=DAY, is_cut=False)
        forms[99] = huge.sketch
    near = {number: sketch for number, sketch in forms.items() if number < 30}
    new = {number: sketch for number, sketch in forms.items() if number >= 30}
    assert candidates(new, near) == _pair_by_pair(new, near)
    assert candidates(forms, {}) == _pair_by_pair(forms, {})


def _pair_by_pair(new: Mapping[int, Sketch], near: Mapping[int, Sketch]) -> dict[int, dict[int, float]]:
    everyone = {**near, **new}
    marks = {number: set(sketch.marks) for number, sketch in everyone.items()}
    times = Counter(chain.from_iterable(marks.values()))
    found: dict[int, dict[int, float]] = {}
    for number, other in ((n, o) for n in new for o in everyone if n != o):
        both = marks[number] & marks[other]
        size = _size(everyone[number], everyone[other])
        own = sum(times[mark] <= MAX_HOLDERS for mark in both)
        if own and own / size > MIN_SHARED * SAMPLE_TOLERANCE and _is_near(everyone[number], everyone[other]):
            found.setdefault(number, {})[other] = (len(both) - own) / size
    return found


def _size(one: Sketch, other: Sketch) -> int:
    """The marks that the shorter text could share: those that the other's sample would hold."""
    end = min(sketch.marks[-1] if len(sketch.marks) == MAX_SAMPLE else 1 << 32 for sketch in (one, other))
    is_long = end < 1 << 32 or any(
        len(sketch.marks) > FULL_SAMPLE or all(not mark & 3 for mark in sketch.marks) for sketch in (one, other)
    )
    kept = [[m for m in sketch.marks if m <= end and not (is_long and m & 3)] for sketch in (one, other)]
    return min(map(len, kept))


def test_samples_find_the_look_alikes_of_the_real_dumps(tmp_path: Path) -> None:
    links = 0
    with Lab(tmp_path) as lab:
        for name, content in sorted(real_dumps().items(), reverse=True):
            stored = {number: normal_form(release) for number, release in enumerate(lab.heads(), 1)}
            lab.drop(content, name)
            new = {change.number: change for change in lab.changes if change.kind is Kind.NEW}
            forms = {number: normal_form(change.after) for number, change in new.items()}
            others = {n: one for n, one in stored.items() if any(_is_near(one, other) for other in forms.values())}
            assert {number: change.related for number, change in new.items()} == plainly(forms, others)
            links += sum(len(change.related) for change in new.values())
    assert links > 5


def test_what_many_releases_share_links_none_of_them() -> None:
    dice = seeded(1)
    shared = text(dice, 200)
    forms = {
        number: NormalForm(title=f"title {number}", body=" ".join(shared + text(dice, 100)), date=DAY, is_cut=False)
        for number in range(1, MAX_HOLDERS + 10)
    }
    assert not any(found(forms, {}).values())
    few = {number: forms[number] for number in range(1, MAX_HOLDERS + 1)}
    assert all(len(related) == MAX_RELATED for related in found(few, {}).values())


@pytest.mark.parametrize("length", [30, 60, 100])
def test_a_short_text_is_found_inside_a_long_one(length: int) -> None:
    for seed in range(60):
        dice = seeded(seed)
        long = text(dice, 700)
        start = dice.randrange(700 - length)
        caption = NormalForm(title="in pictures", body=" ".join(long[start : start + length]), date=DAY, is_cut=False)
        assert found({2: caption}, {1: NormalForm(title="in full", body=" ".join(long), date=DAY, is_cut=False)}) == {
            2: (1,)
        }


@pytest.mark.parametrize("seed", range(8))
def test_of_many_look_alikes_the_closest_are_linked_though_few_are_looked_at(seed: int) -> None:
    dice = seeded(seed)
    own = text(dice, 900)
    shares = dict(enumerate(dice.sample(range(46, 100), MAX_COMPARED + 20), 1))  # words of 100 that each has of it
    others = {
        number: NormalForm(title=f"twin {number}", body=_excerpt(own, kept, dice), date=DAY, is_cut=False)
        for number, kept in shares.items()
    }
    shown = NormalForm(title="shown", body=" ".join(own), date=DAY, is_cut=False)
    assert found({99: shown}, others) == {99: tuple(sorted(shares, key=lambda number: -shares[number])[:MAX_RELATED])}


def _excerpt(own: list[str], kept: int, dice: random.Random) -> str:
    """So many words of a text, from anywhere in it, so that no part of it is everybody's; then words of its own."""
    start = dice.randrange(len(own) - kept)
    return " ".join([*own[start : start + kept], *text(dice, 100 - kept)])


def test_a_look_alike_is_linked_unless_a_thousand_newer_releases_stand_around(tmp_path: Path) -> None:
    dice = seeded(5)
    twin, other = (replace(TALKS, title=title, date=DAY) for title in ("Talks in pictures", "Talks once more"))
    for more, links in ((MAX_SKETCHES - 1, (1,)), (MAX_SKETCHES, ())):
        crowd = [Release(title=f"{n}", body=" ".join(text(dice, 9)) + ".", date=DAY) for n in range(more)]
        with Lab(tmp_path / str(more)) as lab:
            lab.drop(dump(twin))
            lab.drop(dump(*crowd))
            assert lab.drop(dump(replace(other, body="Once more. " + other.body))).change.related == links


def test_a_sample_of_a_short_text_holds_all_of_it_and_of_a_long_one_about_a_quarter() -> None:
    dice = seeded(2)
    assert len(set(sample(text(dice, 60)))) == 58
    long = text(dice, 2_000)
    assert 350 < len(sample(long)) < 650
    assert {mark for mark in sample(long[:50]) if not mark & 3} <= set(sample(long))
    assert sample(["one", "two"]) == sample(["one", "two"]) != sample(["two", "one"])
    assert sample([]) == []


def test_a_busy_day_is_not_read_from_the_store(tmp_path: Path) -> None:
    dice = seeded(3)
    bodies = [" ".join(text(dice, 60)).capitalize() + "." for _ in range(200)]
    known = [Release(title=f"Notice of {WORDS[n]}", body=body, date=DAY) for n, body in enumerate(bodies)]
    shown = Release(title="Something else", body=bodies[20][:-1] + " and more.", date=DAY)
    with Lab(tmp_path) as lab, closing(open_for_writing(tmp_path)) as handle:
        lab.drop(dump(*known))
        around = seen_around(shown, SqlStore(handle))
        assert set(around.alike[b"x" * 32]) == {21}
        assert 21 in around.heads
        assert len(around.heads) < 10
        assert lab.drop(dump(shown)).change.related == (21,)


def test_without_sketches_the_texts_are_read(tmp_path: Path) -> None:
    """As a store of an older version has them."""
    twin = replace(TALKS, title="Talks in pictures")
    with Lab(tmp_path) as lab, closing(open_for_writing(tmp_path)) as handle:
        lab.drop(dump(TALKS, VISIT))
        handle._connection.execute("DELETE FROM sketch")
        assert set(seen_around(twin, SqlStore(handle)).heads) == {1, 2}
        lab.drop(dump(replace(twin, body="All of it in pictures. " + twin.body)))
        assert lab.change.related == (1,)


def seen_around(shown: Release, store: SqlStore) -> Known:
    record = Record(digest=b"x" * 32, day=shown.date, line=1, read=lambda: shown)
    age, form_cache = Age(as_of=FIRST_ARRIVAL, evidence=Evidence.ARRIVAL), FormCache([record], source=SOURCE)
    compared = OpenRecords(records=[record], seen_records={}, age=age, form_cache=form_cache)
    return load_similar(compared, store, known=load_candidates(compared, store))
