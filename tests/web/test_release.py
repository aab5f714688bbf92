"""The page of one release: its versions compared, its dumps and alerts, and how each watchlist reads it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.site import ServedSite, filled, served
from tests.web.test_timeline import with_class, words


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    """A site over what two dumps brought; release 1 has two versions."""
    with served(filled(tmp_path) / "config.yaml") as found:
        yield found


def test_the_newest_text_is_compared_with_the_one_before(site: ServedSite) -> None:
    answer = site.get("/releases/1")
    assert words(with_class(answer, "compare")[0]) == "Version 1 → 2 · 2 places"
    text = with_class(answer, "text")[0]
    assert [words(each) for each in text.iter("del")] == ["5.1", "$13.4"]
    assert [words(each) for each in text.iter("ins")] == ["5.3", "$13.6"]


def test_a_first_version_is_shown_with_its_hits(site: ServedSite) -> None:
    answer = site.get("/releases/1?to=1")
    assert words(with_class(answer, "compare")[0]) == "Version 1"
    assert not list(answer.page.iter("ins"))
    assert [words(each) for each in with_class(answer, "text")[0].iter("mark")] == [
        "Exports",
        "semiconductors",
        "percent",
    ]
    assert [each.attrib["href"] for each in with_class(answer, "strip")[0].iter("a")] == [
        "/releases/1?to=1",
        "/releases/1?to=2",
    ]


def test_any_two_versions_can_be_compared(site: ServedSite) -> None:
    text = with_class(site.get("/releases/1?from=2&to=1"), "text")[0]
    assert [words(each) for each in text.iter("del")] == ["5.3", "$13.6"]
    assert [words(each) for each in text.iter("ins")] == ["5.1", "$13.4"]


def test_both_texts_stand_side_by_side(site: ServedSite) -> None:
    old, new = with_class(with_class(site.get("/releases/1?view=split"), "sides")[0], "text")
    assert [words(each) for each in old.iter("del")] == ["5.1", "$13.4"]
    assert not list(old.iter("ins"))
    assert [words(each) for each in new.iter("ins")] == ["5.3", "$13.6"]
    assert not list(new.iter("del"))


def test_changes_alone_are_shown_as_hunks(site: ServedSite) -> None:
    answer = site.get("/releases/1?view=changes")
    assert len(list(with_class(answer, "redline")[0].iter("del"))) == 2
    current = [words(each) for each in with_class(answer, "segments")[0].iter("a") if "aria-current" in each.attrib]
    assert current == ["Changes only"]


def test_each_watchlist_says_how_it_reads_the_text(site: ServedSite) -> None:
    found = with_class(site.get("/releases/1"), "explained")[0]
    assert [words(each) for each in found.iter("summary")] == [
        "–ftadoes not match",
        "✓semiconductormatches",
        "✓exportsmatches",
    ]
    assert "'fta' does not occur in title" in words(found)


def test_who_was_notified_is_listed_by_version(site: ServedSite) -> None:
    rows = [words(row) for row in with_class(site.get("/releases/1"), "told")[0]]
    assert [row[:22].split("sent")[0] for row in rows] == ["consolev1 new", "consolev2 changed"]
    assert "Nobody." in words(site.get("/releases/4").page)


def test_each_dump_has_its_meaning_and_reason(site: ServedSite) -> None:
    found = [words(each) for each in with_class(site.get("/releases/1"), "dots")[0]]
    assert "press_20240705.txt" in found[0]
    assert "no known release has this title and text" in found[0]
    assert "2 figures differ" in found[1]


def test_a_pruned_text_says_so(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    with sqlite3.connect(folder / "state" / "monitor.db") as database:
        database.execute("UPDATE version SET body = '', pruned = '2026-01-01T00:00:00Z' WHERE release = 1 AND seq = 1")
    database.close()
    with served(folder / "config.yaml") as site:
        for path in ("/releases/1", "/releases/1?to=1", "/releases/1?view=split"):
            answer = site.get(path)
            assert words(with_class(answer, "pruned")[0]).startswith("The text of version 1 was deleted")
        assert "rose 5.3 percent" in words(with_class(site.get("/releases/1"), "text")[0])
        assert with_class(site.get("/releases/1"), "explained")
        deleted = site.get("/releases/1?to=1")
        assert not with_class(deleted, "explained")
        assert "How watchlists match a deleted text is not known any more" in words(deleted.page)


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/releases/99", 404, "release 99"),
        ("/releases/1?to=7", 404, "release 1 has no version 7; its last one is 2"),
        ("/releases/1?from=0", 422, "from=0: give the number of a version"),
        ("/releases/1?view=odd", 422, "view=odd: there is no such view"),
    ],
)
def test_what_is_not_there_is_named(site: ServedSite, path: str, status: int, sentence: str) -> None:
    answer = site.get(path)
    assert answer.status == status
    assert sentence in words(answer.page)


def test_there_is_one_main_heading_and_the_title_is_the_publishers(site: ServedSite) -> None:
    answer = site.get("/releases/3")
    (heading,) = answer.page.iter("h1")
    assert (words(heading), heading.attrib["lang"]) == ("반도체 수출, 8개월 연속 증가", "ko")
