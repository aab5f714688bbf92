"""`monitor match`: what a rule would have alerted on, in the store or in one dump."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.harness import Project, record

CONFIG = """
timezone: Asia/Seoul
sources:
  motie: {path: seeds/, files: ["*.txt"], categories: [Industry]}
channels:
  hook: {url: "console://"}
watchlists:
  FTA: {keywords: [semiconductor], notify: []}
  edits: {keywords: [FTA], when: [changed]}
  elsewhere: {keywords: [FTA], sources: [motie]}
"""
DUMP = "\n".join(
    [
        record("FTA talks held", "The FTA was discussed on Monday, and the FTAs of others.", "2024-07-01"),
        record("Chips soar", "A semiconductor maker met \u202ethe press.", "2024-07-04", "Industry"),
        record("반도체 수출", "자유무역협정(FTA)이 발효된다.", "2024-07-10"),
        record("Nothing here", "A photo.", "2024-09-28"),
    ]
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("match") / "p", config=CONFIG)
    project.drop("1.txt", DUMP)
    assert project.run("run", "--once").code == 0
    return project


def test_a_line_has_the_fields_of_the_contract(project: Project) -> None:
    rows = project.run("match", "--query", "FTA", "--json").rows()
    assert rows[0] == {
        "schema_version": 1,
        "release": 1,
        "version": 1,
        "title": "FTA talks held",
        "date": "2024-07-01",
        "hits": [
            {"text": "FTA", "field": "title", "start": 0, "end": 3},
            {"text": "FTA", "field": "body", "start": 4, "end": 7},
            {"text": "FTAs", "field": "body", "start": 41, "end": 45},
        ],
        "total": 3,
        "url": None,
        "ref": None,
    }
    assert [row["release"] for row in rows] == [1, 3]


def test_the_closing_line_says_how_often_it_would_have_told(project: Project) -> None:
    out = project.run("match", "--query", "FTA").out
    assert out.splitlines()[-1] == "would have alerted on 2 of 4 releases in 90 days (2024-07-01 to 2024-09-28)"


def test_a_total_counts_what_is_no_longer_listed(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("1.txt", record("Trade", "An FTA here. " * 70))
    [row] = project.run("match", "--query", "FTA", "--json", "--file", project.seeds / "1.txt").rows()
    assert (len(row["hits"]), row["total"]) == (50, 70)
    assert "70 hits: FTA" in project.run("match", "--query", "FTA", "--file", project.seeds / "1.txt").out


def test_a_wrong_query_is_shown_with_a_caret_under_the_spot(project: Project) -> None:
    done = project.run("match", "반도체 AND (FTA OR japan")
    assert done.code == 2
    lines = done.err.splitlines()
    assert lines[0].startswith("monitor: column 9: ")
    assert lines[1:] == ["  반도체 AND (FTA OR japan", "             ^"]  # a Hangul syllable is two columns wide


def test_people_see_the_hit_marked_in_its_sentence(project: Project) -> None:
    out = project.run("match", "--query", "FTA").out
    assert "#1  2024-07-01  FTA talks held" in out
    assert "body: The “FTA” was discussed on Monday" in out
    assert "자유무역협정(“FTA”)이 발효된다." in out
    assert "3 hits: FTA, FTAs" in out


@pytest.mark.parametrize(
    ("words", "releases"),
    [
        (("FTA",), [2]),  # the watchlist of that name, which looks for something else
        (("--query", "FTA"), [1, 3]),
        (("fta",), [1, 3]),  # only the exact name is the watchlist
        (("반도체",), [3]),
        (("nothing-of-this-kind",), []),
        (("--query", "FTA", "--since", "2024-07-02"), [3]),
        (("--query", "FTA", "--since", "2024-07-01"), [1, 3]),
        (("--query", "FTA", "--since", "2024-06-30T23:00:00Z"), [1, 3]),  # 1 July in Seoul
        (("--query", "FTA", "--since", "2024-07-01T23:00:00Z"), [3]),  # 2 July in Seoul
        (("--query", "FTA", "--since", "7d"), []),
        (("elsewhere",), [1, 3]),
    ],
)
def test_what_is_found(project: Project, words: tuple[str, ...], releases: list[int]) -> None:
    done = project.run("match", *words, "--json")
    assert done.code == 0
    assert [row["release"] for row in done.rows()] == releases


def test_a_watchlist_that_is_not_told_of_new_releases_says_so(project: Project) -> None:
    last = project.run("match", "edits").out.splitlines()[-1]
    assert last.startswith("would have alerted on 0 of 4 releases")
    assert last.endswith("; 2 matches without an alert")


def test_terminal_codes_of_a_release_stay_harmless(project: Project) -> None:
    assert "\\u202ethe press" in project.run("match", "semiconductor").out


def test_a_dump_is_tried_and_not_stored(project: Project, tmp_path: Path) -> None:
    dump = tmp_path / "new.txt"
    dump.write_text(record("An FTA", "With Oman.", "2025-01-01") + "\n-\nHalf", "utf-8")
    done = project.run("match", "--query", "FTA", "--file", dump, "--json")
    assert done.code == 0
    assert [(row["release"], row["version"], row["title"]) for row in done.rows()] == [(None, None, "An FTA")]
    assert "1 record cannot be read as a release" in done.err
    out = project.run("match", "--query", "FTA", "--file", dump, "--since", "2025-01-02").out
    assert out == "would have alerted on 0 of 0 releases\n"
    assert len(project.run("dumps", "--json").rows()) == 1


def test_a_dump_needs_no_store(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    path = project.drop("1.txt", DUMP)
    assert project.run("match", "fta").code == 1
    done = project.run("match", "fta", "--file", path)
    assert done.out.splitlines()[-1].startswith("would have alerted on 2 of 4 releases")
    assert not (project.folder / "state").exists()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("match",), 2, "Missing argument"),
        (("match", "..."), 2, "no letter or digit"),
        (("match", "FTA", "--file", "missing.txt"), 1, "missing.txt"),
        (("match", "FTA", "--file", "seeds"), 1, "seeds"),
        (("match", "FTA", "--since", "soon"), 2, "an age"),
    ],
)
def test_what_cannot_be_tried_is_said(project: Project, words: tuple[str, ...], code: int, text: str) -> None:
    done = project.run(*words)
    assert done.code == code, done.err
    assert text in done.out + done.err
