"""The five real dumps in every order: what must hold is fixed by the text of the files, whatever comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

from tests.compare.scenario import Lab, real, real_dumps

WATCHLISTS = {"fta": ["FTA"], "semiconductor": ["semiconductor"]}
FTA = ("000#5", "000#9", "003#3", "003#8", "004#1")
SEMICONDUCTOR = (
    *("000#2", "000#3", "000#4", "000#6", "000#7", "000#8", "000#9"),
    *("001#7", "002#1", "002#2", "002#4", "003#4", "003#5", "004#3"),
)
LEARNED = "000#9"  # only its category names FTA, and only 000 prints categories


@dataclass(frozen=True, slots=True)
class Tour:
    """One order in which the dumps came, and what they led to together."""

    order: tuple[str, ...]  # file names
    counts: Counter[str]  # kinds
    told: dict[str, Counter[str]]  # watchlist → titles
    again: list[str]  # what a second run of all files comes to
    notices_again: int

    @property
    def has_categories_first(self) -> bool:
        """Whether 000 came before 001, which shows six of its releases without their categories."""
        return [name[:3] for name in self.order if name[:3] in ("000", "001")] == ["000", "001"]


@pytest.fixture(scope="module")
def tours(tmp_path_factory: pytest.TempPathFactory) -> list[Tour]:
    folder = tmp_path_factory.mktemp("tours")
    return [_tour(folder / str(n), order) for n, order in enumerate(permutations(real_dumps()))]


def _tour(folder: Path, order: tuple[str, ...]) -> Tour:
    counts, told = Counter[str](), {name: Counter[str]() for name in WATCHLISTS}
    with Lab(folder, watchlists=WATCHLISTS) as lab:
        for name in order:
            lab.drop(real_dumps()[name], name)
            counts.update(lab.kinds().split())
            for watchlist, titles in lab.alerted().items():
                told[watchlist].update(titles)
        again, notices = [], 0
        for name in order:
            again.append(lab.drop(real_dumps()[name], name).kinds())
            notices += len(lab.notices)
    return Tour(order, counts, told, again, notices)


def _wrong(tours: list[Tour], expected: dict[str, int]) -> Iterator[tuple[tuple[str, ...], Counter[str]]]:
    return ((tour.order, tour.counts) for tour in tours if tour.counts != expected)


def test_there_are_120_orders(tours: list[Tour]) -> None:
    assert len(tours) == 120


def test_with_categories_first_six_records_are_unchanged(tours: list[Tour]) -> None:
    chosen = [tour for tour in tours if tour.has_categories_first]

    assert len(chosen) == 60
    assert not list(_wrong(chosen, {"new": 38, "unchanged": 6}))


def test_with_categories_later_six_releases_learn_theirs(tours: list[Tour]) -> None:
    chosen = [tour for tour in tours if not tour.has_categories_first]

    assert len(chosen) == 60
    assert not list(_wrong(chosen, {"new": 38, "enriched": 6}))


@pytest.mark.parametrize(("watchlist", "places"), [("fta", FTA), ("semiconductor", SEMICONDUCTOR)])
def test_each_matching_release_is_told_exactly_once(watchlist: str, places: tuple[str, ...], tours: list[Tour]) -> None:
    expected = Counter(real(place).title for place in places)

    assert not [(tour.order, tour.told[watchlist]) for tour in tours if tour.told[watchlist] != expected]


def test_a_release_matched_by_a_category_learned_later_is_told_once_and_late(tmp_path: Path) -> None:
    by_number = {name[:3]: name for name in real_dumps()}
    title = real(LEARNED).title
    with Lab(tmp_path, watchlists=WATCHLISTS) as lab:
        lab.drop(real_dumps()[by_number["001"]], by_number["001"])
        early = lab.alerted()
        lab.drop(real_dumps()[by_number["000"]], by_number["000"])

        assert title not in early.get("fta", [])
        assert lab.alerted()["fta"].count(title) == 1


def test_a_second_run_brings_no_event_and_no_notice(tours: list[Tour]) -> None:
    assert not [(tour.order, tour.again) for tour in tours if set(tour.again) != {"duplicate"} or tour.notices_again]
