"""Sources, the dumps that were read and what could not be."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from tests.dumps import dump, record
from tests.end_to_end.harness import Project
from tests.web.reading import links, of_class, words
from tests.web.site import filled, served


def rows(page: Element) -> list[str]:
    return [words(row) for body in page.iter("tbody") for row in body]


def test_a_dump_shows_what_it_brought(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        page = site.get("/sources").page
    second, first = rows(page)
    assert "press_20240706.txt motie stored 1 1 ·" in second
    assert "press_20240705.txt motie stored 4 · ·" in first
    [card] = of_class(page, "source")
    assert words(card).startswith("motie not watched")
    assert "dumps 2 releases 5" in words(card)
    assert "/?dump=press_20240706.txt" in links(page)


def test_a_source_shows_whether_it_is_watched(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon(), served(project.folder / "config.yaml") as site:
        page = site.get("/sources").page
    [card] = of_class(page, "source")
    assert words(card).startswith("motie watching") or words(card).startswith("motie polling")
    assert "last dump none yet" in words(card)


def test_a_reject_shows_its_line_its_reason_and_its_text(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    good = record("Talks held", "Delegations met in Seoul on Monday.", "2024-07-01", "Trade")
    project.drop("a.txt", dump(good, "-\n반도체 소식\ndate2024-07-02"))
    project.drop("b.txt", b"\x00\x01\x02" * 100)
    project.run_apart("run", "--once")
    expected = project.run("dumps", "--rejects", "--json").rows()
    with served(project.folder / "config.yaml") as site:
        page = site.get("/sources?show=rejects").page
        state = expected[0]["state"]
        narrowed = site.get(f"/sources?show=rejects&state={state}").page
        none = site.get("/sources?show=rejects&state=healed").page
    [found] = of_class(page, "rejects")
    assert len(expected) >= 1
    for row, shown in zip(reversed(expected), found, strict=True):
        place = f"{row['path']}:{row['line']}" if row["line"] else row["path"]
        assert place in words(shown)
        assert row["reason"] in words(shown)
        assert str(row["state"]) in words(shown)
    [found] = of_class(narrowed, "rejects")
    assert len(list(found)) == sum(row["state"] == state for row in expected)
    assert list(of_class(none, "rejects")) == []
    assert words(next(of_class(none, "empty"))) == "No reject is healed."


def test_dumps_come_in_pages_that_meet_each_dump_once(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    for number in range(55):
        project.drop(f"d{number:02}.txt", dump(record(f"Notice {number}", f"Text number {number} ends here.")))
    project.drop("copy.txt", dump(record("Notice 7", "Text number 7 ends here.")))
    project.run_apart("run", "--once")
    names, path, pages = [], "/sources", 0
    with served(project.folder / "config.yaml") as site:
        while path:
            page = site.get(path).page
            names += [words(each) for row in page.iter("tr") for each in row.iter("th") if each.get("scope") == "row"]
            path = next((each.get("href", "") for each in page.iter("a") if each.get("rel") == "next"), "")
            pages += 1
    assert pages == 2
    assert names == [row["path"] for row in reversed(project.run("dumps", "--json").rows())]


@pytest.mark.parametrize(
    "query", ["before=x", "before=2024~1", "before=~~", "show=rejects&state=lost", "show=rejects&before=x"]
)
def test_what_the_address_cannot_mean_is_said(tmp_path: Path, query: str) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        assert site.get(f"/sources?{query}").status == 422
