"""`monitor watchlists`: the rule as it is written, and what came of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.harness import Project, record

CONFIG = """
sources:
  motie: {path: seeds/}
channels:
  desk: {url: "console://"}
  team: {url: "console://"}
watchlists:
  fta: {keywords: [FTA, 자유무역협정], exclude: [photo news], notify: [team], urgent: true}
  chips: {query: 'semiconductor OR "${WORD}"', sources: [motie]}
  all: {regex: '\\bround\\b', notify: []}
"""
TALKS = record("FTA talks held", "Delegations met for a second round and agreed to meet again.")
VISIT = record("FTA desk opens", "It opened with a speech.")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "p", config=CONFIG)


def rows(project: Project) -> list[dict[str, object]]:
    return project.run("watchlists", "--json", env={"WORD": "hidden"}).rows()


def test_each_is_listed_as_it_is_written_before_there_is_a_store(project: Project) -> None:
    found = rows(project)
    assert [(row["name"], row["form"], row["rule"]) for row in found] == [
        ("fta", "keywords", "FTA, 자유무역협정"),
        ("chips", "query", 'semiconductor OR "${WORD}"'),
        ("all", "regex", r"/\bround\b/"),
    ]
    assert [(row["exclude"], row["sources"], row["notify"], row["urgent"]) for row in found] == [
        (["photo news"], None, ["team"], True),
        ([], ["motie"], ["desk", "team"], False),
        ([], None, [], False),
    ]
    assert {(row["muted_until"], row["last_match"]) for row in found} == {(None, None)}
    assert not (project.folder / "state" / "monitor.db").exists()


def test_the_last_match_is_the_newest_event_and_a_mute_shows(project: Project) -> None:
    for name, text in (("a.txt", TALKS), ("b.txt", VISIT)):
        project.drop(name, text)
        project.run("run", "--once", env={"WORD": "hidden"})
    assert project.run("mute", "all", "8h", env={"WORD": "hidden"}).code == 0
    fta, chips, everything = rows(project)
    assert isinstance(fta["last_match"], dict)
    assert isinstance(everything["last_match"], dict)
    assert (fta["last_match"]["id"], fta["last_match"]["title"]) == (2, "FTA desk opens")
    assert (everything["last_match"]["id"], everything["last_match"]["kind"]) == (1, "new")
    assert chips["last_match"] is None
    assert [(row["matched"], row["notified"]) for row in (fta, chips, everything)] == [(2, 2), (0, 0), (1, 0)]
    assert [row["muted_until"] is not None for row in (fta, chips, everything)] == [False, False, True]


def test_people_get_a_table(project: Project) -> None:
    done = project.run("watchlists", env={"WORD": "hidden"})
    assert done.code == 0
    header, fta, *_ = done.out.splitlines()
    assert header.split() == ["name", "rule", "notifies", "muted", "until", "last", "match"]
    assert fta.split() == ["fta", "FTA,", "자유무역협정", "team", "never"]
