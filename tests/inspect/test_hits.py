"""The places of a release that a page marks."""

from __future__ import annotations

import pytest

from monitor.config import load
from monitor.inspect.hits import HitFinder
from monitor.match.watchlist import Watchlist
from monitor.model import Release
from tests.end_to_end.harness import Project

CHIPS = Release(
    title="반도체 수출, FTA 상대국에서 늘어",
    body="Exports of <b>semiconductors</b> rose. " + "Nothing else happened that week. " * 20 + "An FTA helped.",
    date=None,
    category="FTA/Economic Cooperation",
)
WATCHLISTS = [
    Watchlist(name="chips", keywords=("semiconductor", "반도체")),
    Watchlist(name="fta", keywords=("FTA",), sources=frozenset({"motie"})),
]


def marked(finder: HitFinder, field: str, release: Release = CHIPS) -> list[str]:
    return [part.text for part in finder.find(release).marked(field) if part.is_hit]


@pytest.mark.parametrize(
    ("field", "hits"), [("title", ["반도체", "FTA"]), ("body", ["semiconductors", "FTA"]), ("category", ["FTA"])]
)
def test_hits_are_marked_where_they_stand(field: str, hits: list[str]) -> None:
    assert marked(HitFinder(WATCHLISTS), field) == hits


@pytest.mark.parametrize("field", ["title", "body", "category"])
def test_the_parts_of_a_field_give_its_text_back_as_it_is(field: str) -> None:
    parts = HitFinder(WATCHLISTS).find(CHIPS).marked(field)
    assert "".join(part.text for part in parts) == getattr(CHIPS, field)
    assert all(part.text for part in parts)


def test_hits_that_overlap_are_one_part() -> None:
    finder = HitFinder([Watchlist(name="a", query='"free trade"'), Watchlist(name="b", query='"trade agreement"')])
    release = Release(title="A free trade agreement", body="", date=None, category=None)
    assert marked(finder, "title", release) == ["free trade agreement"]


def test_snippets_name_the_words_around_a_hit() -> None:
    found = HitFinder(WATCHLISTS).find(CHIPS)
    assert [one.hit for one in found.snippets if one.field == "body"] == ["semiconductors", "FTA"]
    assert all(len(one.before) + len(one.after) < 170 for one in found.snippets)
    assert dict(found.totals) == {"chips": 2, "fta": 3}


def test_a_watchlist_of_another_source_marks_nothing() -> None:
    found = HitFinder(WATCHLISTS).find(CHIPS, source="press")
    assert {hit.watchlist for hit in found.hits} == {"chips"}


def test_where_nothing_matches_the_whole_field_is_one_part() -> None:
    found = HitFinder([]).find(CHIPS)
    assert (found.hits, found.snippets) == ((), ())
    assert [(part.text, part.is_hit) for part in found.marked("title")] == [(CHIPS.title, False)]


def test_the_words_of_a_search_are_marked_and_what_is_no_keyword_is_no_error(project: Project) -> None:
    config = load(project.folder / "config.yaml", environ={})
    assert marked(
        HitFinder.of_words(
            config,
            ["FTA", '"'],
        ),
        "title",
    ) == ["FTA"]
    assert marked(HitFinder.of_words(config, ['"']), "title") == []
    assert marked(HitFinder.of_watchlists(config), "body") == ["semiconductors", "FTA"]


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("hits") / "p")
