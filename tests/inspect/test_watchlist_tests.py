"""`tests:` beside a watchlist: what holds, what fails, and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.config import load
from monitor.inspect.watchlist_tests import failures
from tests.end_to_end.harness import Project, record

HEAD = """
sources:
  motie: {path: seeds/}
channels:
  hook: {url: "console://"}
watchlists:
"""


def failed(folder: Path, watchlists: str) -> list[tuple[str, str]]:
    path = folder / "config.yaml"
    path.write_text(HEAD + watchlists, "utf-8")
    return list(failures(load(path, environ={})))


@pytest.mark.parametrize(
    ("rule", "test", "holds"),
    [
        ("keywords: [FTA]", "match: FTA talks", True),
        ("keywords: [FTA]", "match: Talks", False),
        ("keywords: [FTA]", "no_match: FTA talks", False),
        ("keywords: [FTA]", "no_match: Talks", True),
        ("keywords: [반도체]", "match: 반도체가 올랐다", True),
        ("keywords: [FTA], sources: [motie]", "match: FTA talks", True),
        ("keywords: [FTA], exclude: [photo]", "no_match: A photo of FTA talks", True),
        ("keywords: [FTA], fields: [title]", "match: FTA talks", True),
        ("keywords: [FTA], fields: [body]", "match: FTA talks", True),
        ("keywords: [FTA], min_hits: 2", "no_match: FTA talks", True),
        ("query: FTA AND Oman", "match: Oman and the FTA", True),
        ("query: FTA NOT Oman", "no_match: Oman and the FTA", True),
    ],
)
def test_a_test_holds_or_fails(tmp_path: Path, rule: str, test: str, holds: bool) -> None:
    found = failed(tmp_path, f"  a: {{{rule}, tests: [{{{test}}}]}}")
    assert [path for path, _ in found] == ([] if holds else ["watchlists.a.tests[0]"])


def test_every_failing_test_is_named(tmp_path: Path) -> None:
    watchlists = (
        "  a: {keywords: [FTA], tests: [{match: Talks}, {match: FTA}, {no_match: FTA}]}\n"
        "  b: {keywords: [FTA]}\n"
        '  c: {keywords: [FTA], tests: [{match: "Talks\\nend"}]}\n'
    )
    assert failed(tmp_path, watchlists) == [
        ("watchlists.a.tests[0]", "this should match and does not: Talks"),
        ("watchlists.a.tests[2]", "this should not match and does: FTA"),
        ("watchlists.c.tests[0]", "this should match and does not: Talks / end"),
    ]


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    [(_, message)] = failed(tmp_path, f"  a: {{keywords: [FTA], tests: [{{match: {'x' * 500}}}]}}")
    assert message.endswith("x…")
    assert len(message) < 150


def test_check_ends_with_1_and_shows_the_line(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=HEAD + "  a:\n    keywords: [FTA]\n    tests:\n      - match: Talks\n")
    done = project.run("check")
    assert done.code == 1
    assert "config.yaml:10:9: error: watchlists.a.tests[0]: this should match and does not: Talks" in done.out
    [row] = project.run("check", "--json").rows()
    assert (row["severity"], row["line"], row["path"]) == ("error", 10, "watchlists.a.tests[0]")


def test_a_fault_wins_over_a_failing_test(tmp_path: Path) -> None:
    watchlists = "  a: {keywords: [FTA], tests: [{match: Talks}]}\n  b: {keywords: [...]}\n"
    assert Project(tmp_path / "p", config=HEAD + watchlists).run("check").code == 78


def test_run_starts_all_the_same_and_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=HEAD + "  a: {keywords: [FTA], tests: [{match: Talks}]}\n")
    project.drop("1.txt", record("FTA talks", "They were held on Monday."))
    done = project.run("run", "--once", "--log-format", "json")
    assert done.code == 0
    assert "FTA talks" in done.out
    [warning] = [line for line in map(json.loads, done.err.splitlines()) if line["event"] == "watchlist_test_failed"]
    assert warning["path"] == "watchlists.a.tests[0]"
    assert warning["level"] == "warning"
