"""`monitor explain`: how a watchlist reads one release."""

from __future__ import annotations

import pytest

from tests.end_to_end.harness import Project, record

CONFIG = """
sources:
  motie: {path: seeds/}
  customs: {path: other/}
channels:
  hook: {url: "console://"}
aliases:
  FTA: [free trade agreement]
watchlists:
  trade: {keywords: [tariff, FTA]}
  chips: {query: 'semiconductor* AND (U.S. OR Japan) NOT "photo news"'}
  elsewhere: {keywords: [Oman], sources: [customs]}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("explain") / "p", config=CONFIG)
    body = "The free trade agreement with Oman covers semiconductors, Minister \u202eAhn said on Monday."
    project.drop("1.txt", record("Talks end", body))
    project.run("run", "--once")
    return project


def test_a_line_has_the_fields_of_the_contract(project: Project) -> None:
    rows = project.run("explain", "1", "--json").rows()
    assert [set(row) for row in rows] == [{"schema_version", "release", "watchlist", "matched", "query", "parts"}] * 3
    assert {frozenset(part) for row in rows for part in row["parts"]} == {frozenset({"text", "matched", "why"})}
    assert [(row["release"], row["watchlist"], row["matched"]) for row in rows] == [
        (1, "trade", True),
        (1, "chips", False),
        (1, "elsewhere", False),
    ]


def test_one_watchlist_can_be_named(project: Project) -> None:
    [row] = project.run("explain", "1", "chips", "--json").rows()
    assert row["watchlist"] == "chips"
    assert "semiconductor*" in row["query"]
    assert [part["matched"] for part in row["parts"]].count(False) >= 1


def test_a_release_of_a_source_that_is_left_out_does_not_match(project: Project) -> None:
    [row] = project.run("explain", "1", "elsewhere", "--json").rows()
    assert row["parts"][-1] == {"text": "sources: customs", "matched": False, "why": "the release is of motie"}


def test_people_see_what_matched_and_what_failed(project: Project) -> None:
    out = project.run("explain", "1").out
    assert "release 1: Talks end" in out
    assert "trade: matches" in out
    assert "chips: does not match" in out
    assert "✓" in out
    assert "✗" in out
    assert "\u202e" not in out


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("99",), 1, "there is no release 99"),
        (("1", "nobody"), 1, "there is no watchlist 'nobody'; the configuration has trade, chips, elsewhere"),
        (("0",), 2, "not in the range"),
        (("one",), 2, "not a valid integer"),
        ((), 2, "Missing argument"),
    ],
)
def test_what_cannot_be_explained_is_said(project: Project, words: tuple[str, ...], code: int, text: str) -> None:
    done = project.run("explain", *words)
    assert done.code == code
    assert text in done.out + done.err
