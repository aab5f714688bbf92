"""Check what floods of records that resemble each other cost, and that a record is still found among them.

Steps are counted, not timed: rows read from the store, and texts taken out for a comparison.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rapidfuzz import fuzz

from monitor.collect.formats.dash.parser import parse
from monitor.compare.candidates import MAX_CANDIDATES, MAX_NEAREST, Crowd, load_candidates, load_similar
from monitor.compare.classify import classify
from monitor.compare.fingerprint import MAX_SAMPLE, NormalForm, normal_form, sample
from monitor.compare.form_cache import FormCache
from monitor.compare.identity import ALL_AVAILABLE, assign, settle
from monitor.compare.near_duplicates import MAX_HOLDERS, MAX_LENGTH, MIN_COMPARED
from monitor.compare.open_records import OpenRecords
from monitor.compare.similarity import MAX_LETTERS, body_ratio
from monitor.dump_age import Age, Evidence
from monitor.model import Change, Head, Kind, Record, Release, Sketch
from monitor.ports import Known
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from tests.compare.scenario import FIRST_ARRIVAL, SOURCE, TALKS, VISIT, Lab, dump, swapped

DAY = date(2024, 7, 1)
WORDS = [f"{stem}{number}" for stem in ("port", "chip", "trade", "steel", "visit", "quota") for number in range(300)]
OPENING = " ".join(WORDS[:40])


def words(seed: int, count: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=count))  # noqa: S311 - reproducible, not secret


def same_title(n: int) -> Release:
    return Release(title="Photo news", body=f"{words(n, 60)}.", date=DAY)


def same_title_each_day(n: int) -> Release:
    return Release(title="Photo news", body=f"{words(n, 60)}.", date=DAY + timedelta(days=n))


def same_opening(n: int) -> Release:
    return Release(title=words(n, 5), body=f"{OPENING} {words(n, 20)}.", date=DAY)


def same_sample(n: int) -> Release:
    return Release(title="Notice", body=f"{OPENING} of notice {n}.", date=DAY)


def similar_titles(n: int) -> Release:
    return Release(title=f"Notice of the ministry, number {n}", body=f"{words(n, 40)}.", date=DAY)


def tiny(n: int) -> Release:
    return Release(title="n", body=f"b {n}", date=DAY)


FLOODS = (same_title, same_title_each_day, same_opening, same_sample, similar_titles, tiny)


class CountingStore(SqlStore):
    """Counts the releases that it hands out."""

    rows = 0
    sketches_read = 0

    def snapshot(self, keys: Collection[bytes], numbers: Collection[int] = (), **named: Any) -> Known:
        known = super().snapshot(keys, numbers, **named)
        self.rows += len(known.heads)
        return known

    def sketches(self, keys: Collection[bytes], *, most: int | None = None) -> Mapping[int, Sketch | None]:
        found = super().sketches(keys, most=most)
        self.rows += len(found)
        self.sketches_read += len(found)
        return found


class CountingForms(FormCache):
    """Counts how often the text of a known release is taken out, which each comparison does."""

    texts = 0

    def of_head(self, head: Head) -> NormalForm:
        self.texts += 1
        return super().of_head(head)


def steps(folder: Path, made: Callable[[int], Release], count: int) -> int:
    """Return what comparing so many edited records with as many known ones takes."""
    with Lab(folder) as lab, closing(open_for_writing(folder)) as handle:
        lab.drop(dump(*map(made, range(count))))
        records = parse(dump(*(edited(made(n)) for n in range(count)))).records
        store, forms = CountingStore(handle), CountingForms(records, source=SOURCE)
        decide(records, store, forms)
        return store.rows + forms.texts


def decide(records: Sequence[Record], store: SqlStore, forms: FormCache) -> tuple[Change, ...]:
    age = Age(as_of=FIRST_ARRIVAL, evidence=Evidence.ARRIVAL)
    compared = OpenRecords(records=records, seen_records={}, age=age, form_cache=forms)
    known = load_candidates(compared, store)
    settled = settle(compared, known, ALL_AVAILABLE)
    known = load_similar(compared, store, known=known, but=settled)
    return classify(assign(compared, known, settled=settled), compared, known)


@pytest.mark.parametrize(
    ("shown", "is_read"),
    [
        (swapped(TALKS, "5.1", "5.2"), False),
        (replace(TALKS, date=DAY + timedelta(days=30)), False),
        (replace(TALKS, title="Supply chains discussed"), False),
        (replace(swapped(TALKS, "5.1", "5.2"), title="Talks held on the supply chains"), True),
        (replace(TALKS, body=VISIT.body), True),
    ],
    ids=["same title and day", "same title and text", "same day and text", "title and text edited", "another text"],
)
def test_the_days_around_are_read_only_for_what_title_and_text_do_not_settle(
    shown: Release, is_read: bool, tmp_path: Path
) -> None:
    with Lab(tmp_path) as lab, closing(open_for_writing(tmp_path)) as handle:
        lab.drop(dump(TALKS, VISIT))
        records, store = parse(dump(shown)).records, CountingStore(handle)
        decide(records, store, FormCache(records, source=SOURCE))
        assert bool(store.sketches_read) == is_read


def edited(release: Release) -> Release:
    return replace(release, body=f"{release.body[:-1]} added.")


@pytest.mark.parametrize("made", FLOODS)
def test_the_cost_of_many_look_alikes_is_linear(made: Callable[[int], Release], tmp_path: Path) -> None:
    few, many = (steps(tmp_path / str(count), made, count) for count in (60, 180))
    assert many < 4 * few


@pytest.mark.parametrize("made", [same_title, same_title_each_day, same_opening, similar_titles])
def test_every_edited_record_is_found_among_many(made: Callable[[int], Release], tmp_path: Path) -> None:
    count = 3 * MAX_CANDIDATES
    with Lab(tmp_path) as lab:
        lab.drop(dump(*map(made, range(count))))
        lab.drop(dump(*(edited(made(n)) for n in range(count))))
        assert {(change.kind, change.number) for change in lab.changes} == {
            (Kind.CHANGED, number) for number in range(1, count + 1)
        }


@pytest.mark.parametrize("made", [*FLOODS[:-1]])
def test_every_cosmetic_view_is_found_among_many(made: Callable[[int], Release], tmp_path: Path) -> None:
    count = 3 * MAX_CANDIDATES
    with Lab(tmp_path) as lab:
        lab.drop(dump(*map(made, range(count))))
        lab.drop(dump(*(replace(made(n), body=made(n).body.replace(" ", "  ").upper()) for n in range(count))))
        assert {(change.kind, change.number) for change in lab.changes} == {
            (Kind.COSMETIC, number) for number in range(1, count + 1)
        }


def test_every_cut_view_is_found_among_many(tmp_path: Path) -> None:
    count = 3 * MAX_CANDIDATES
    with Lab(tmp_path) as lab:
        lab.drop(dump(*(replace(same_title(n), body=same_title(n).body[:200]) for n in range(count))))
        lab.drop(dump(*map(same_title, range(count))))
        assert {(change.kind, change.number) for change in lab.changes} == {
            (Kind.COMPLETED, number) for number in range(1, count + 1)
        }


def test_of_many_long_texts_few_are_compared() -> None:
    sketches = {n: replace(normal_form(same_title(n)).sketch, length=MAX_LENGTH) for n in range(1, 20)}
    crowd = Crowd(sketches, frozenset(sketches[7].marks))
    assert crowd.nearest(sketches[7])[0] == 7
    assert len(crowd.nearest(sketches[7])) <= MIN_COMPARED


@pytest.mark.parametrize("made", [same_title, same_opening, same_sample])
def test_of_a_large_crowd_no_more_is_gathered_than_a_text_is_searched_by(made: Callable[[int], Release]) -> None:
    """One new release among many of its title: the marks of the others are not gathered."""
    wanted = normal_form(made(9_000)).sketch
    for count in (300, 900):
        crowd = Crowd({n: normal_form(made(n)).sketch for n in range(count)}, frozenset(wanted.marks))
        found = crowd.nearest(wanted)
        assert len(found) <= 2 * MAX_NEAREST
        assert sum(map(len, crowd._holders.values())) <= (MAX_HOLDERS + 1) * len(wanted.marks)


@pytest.mark.parametrize("made", FLOODS)
def test_the_nearest_of_a_text_are_the_same_whatever_else_is_searched_for(made: Callable[[int], Release]) -> None:
    sketches = {n: normal_form(made(n)).sketch for n in range(3 * MAX_CANDIDATES)}
    searched = {n: normal_form(edited(made(n))).sketch for n in range(0, 3 * MAX_CANDIDATES, 7)}
    together = Crowd(sketches, frozenset(mark for sketch in searched.values() for mark in sketch.marks))
    for sketch in searched.values():
        assert Crowd(sketches, frozenset(sketch.marks)).nearest(sketch) == together.nearest(sketch)


def test_the_letters_that_are_compared_are_bounded_and_a_long_text_is_compared_by_words() -> None:
    text = words(1, MAX_LETTERS // 4).split()
    for share in (2, 5, 8):  # of 100 words
        other = [f"x{place}" if place % 100 < share else word for place, word in enumerate(text)]
        one, two = (normal_form(Release(title="", body=" ".join(each), date=None)) for each in (text, other))
        found = body_ratio(one, two, least=1)
        assert found is not None
        assert abs(found - fuzz.ratio(one.body, two.body)) < 4
        assert body_ratio(one, two, least=found + 1) is None


def test_the_sample_of_a_very_long_text_is_bounded_and_two_of_them_share_what_the_texts_share() -> None:
    text = words(1, 60_000).split()
    half = sample([*text[:30_000], *words(2, 30_000).split()])
    assert len(sample(text)) == len(half) == MAX_SAMPLE
    end = min(sample(text)[-1], half[-1])
    mine, theirs = ({mark for mark in marks if mark <= end} for marks in (sample(text), half))
    assert 0.4 < len(mine & theirs) / len(mine) < 0.6
