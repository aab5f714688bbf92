"""The search over all releases: all words occur, hits are marked, and facets narrow."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree.ElementTree import Element

import pytest

from tests.dumps import dump, record
from tests.end_to_end.harness import Project
from tests.web.reading import links, of_class, words
from tests.web.site import filled, served


def titles(page: Element) -> list[str]:
    return [words(each) for each in of_class(page, "event-title")]


def hits(page: Element) -> set[str]:
    return {words(each) for each in page.iter("mark")}


def facets(page: Element) -> list[str]:
    [nav] = of_class(page, "facets")
    return [words(each) for each in nav.iter("a")]


def test_without_words_the_newest_releases_come_first(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        page = site.get("/releases").page
    assert titles(page) == [
        "Shipbuilders win orders for gas carriers",
        "A new office opens",
        "반도체 수출, 8개월 연속 증가",
        "Talks on a free trade pact go on",
        "Chip exports reach a record",
    ]
    assert hits(page) == set()
    assert facets(page) == ["motie 5", "Industry 2", "Trade 2", "FTA 1", "2024-07 5"]


@pytest.mark.parametrize(
    ("typed", "found", "marked"),
    [
        ("semiconductors", ["Chip exports reach a record"], {"semiconductors"}),
        ("반도체", ["반도체 수출, 8개월 연속 증가"], {"반도체"}),
        ("seoul talks", ["Talks on a free trade pact go on"], {"Seoul", "talks", "Talks"}),
        ('"free trade"', ["Talks on a free trade pact go on"], {"free trade"}),
        ("exports office", [], set()),
    ],
)
def test_all_words_occur_and_are_marked(tmp_path: Path, typed: str, found: list[str], marked: set[str]) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        page = site.get(f"/releases?q={quote(typed)}").page
    assert titles(page) == found
    assert hits(page) == marked
    [field] = [each for each in page.iter("input") if each.get("id") == "q"]
    assert field.get("value") == typed


def test_facets_narrow_and_lead_back(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        narrowed = site.get("/releases?category=Trade&source=motie&month=2024-07").page
        [nav] = of_class(narrowed, "facets")
        chosen = {words(each): each.get("href", "") for each in nav.iter("a") if each.get("aria-current")}
        back = site.get(chosen["Trade 2"]).page
    assert titles(narrowed) == ["반도체 수출, 8개월 연속 증가", "Chip exports reach a record"]
    assert chosen.keys() == {"motie 2", "Trade 2", "2024-07 2"}
    assert "Industry 2" in facets(narrowed)
    assert len(titles(back)) == 5


def test_releases_without_a_category_can_be_asked_for(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("a.txt", dump(record("Talks held", "Delegations met.", "2024-07-01", "Energy")))
    project.drop("b.txt", dump(record("Visit ends", "The visit ended.", "2024-07-02")))
    project.run_apart("run", "--once")
    with served(project.folder / "config.yaml") as site:
        page = site.get("/releases?uncategorized=yes").page
    assert titles(page) == ["Visit ends"]
    assert "without one 1" in facets(page)


def test_a_search_becomes_a_rule(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        page = site.get("/releases?q=" + quote('"free trade" talks OR')).page
    [rule] = {each for each in links(page) if each.startswith("/rules?")}
    assert parse_qs(urlsplit(rule).query) == {"q": ['"free trade" AND talks AND "OR"']}


def test_pages_meet_each_release_once(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    records = [
        record(f"Notice {number}", f"Text number {number} of the office.", f"2024-07-{number % 28 + 1:02}")
        for number in range(120)
    ]
    project.drop("a.txt", dump(*records))
    project.run_apart("run", "--once")
    seen, path = [], "/releases?q=office"
    with served(project.folder / "config.yaml") as site:
        while path:
            page = site.get(path).page
            seen += titles(page)
            path = next((each.get("href", "") for each in page.iter("a") if each.get("rel") == "next"), "")
    assert (len(seen), len(set(seen))) == (120, 120)


@pytest.mark.parametrize("query", ["q=(", "q=" + "a" * 501, "q=" + "+".join("abcdefghi" * 4), "month=July", "before=x"])
def test_what_cannot_be_searched_for_is_said(tmp_path: Path, query: str) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        answer = site.get(f"/releases?{query}")
    assert answer.status == 422
    assert list(of_class(answer.page, "fault"))
