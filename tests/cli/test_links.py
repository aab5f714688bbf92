"""What commands print of the publisher's links and ids, and of texts that another mapping has read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_output_schemas import CONFIG
from tests.compare.record_lab import OTHER_MAPPING, RecordLab, shown
from tests.compare.scenario import TALKS, VISIT
from tests.end_to_end.harness import Project
from tests.schemas import line_faults

LINK, NEW_LINK = "http://example.org/a b", "https://example.org/talks"


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose store holds releases with ids and links, one of them read by a second mapping."""
    project = Project(tmp_path_factory.mktemp("links") / "p", config=CONFIG % 9)
    assert project.run("run", "--once").code == 0
    with RecordLab(Path(project.folder / "state"), words=["batteries"]) as lab:
        lab.drop(shown("7", url=LINK), shown("8", VISIT), VISIT)
        lab.drop(shown("7", reading=OTHER_MAPPING, body="They met.", url=LINK), shown("8", VISIT))
        lab.drop(shown("7", reading="json:3333", body="They met.", url=NEW_LINK))
    return project


ROWS = [
    ("events --json", [("7", NEW_LINK), ("8", None), ("7", NEW_LINK)]),
    ("releases --json", [("7", NEW_LINK), ("8", None)]),
    ("show 1 --json", [("7", LINK), ("7", NEW_LINK)]),
    ("match --query talks --json", [("7", NEW_LINK)]),
]


@pytest.mark.parametrize(("words", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_json_names_the_link_and_the_id(lived_in: Project, words: str, expected: list[tuple[str, str | None]]) -> None:
    rows = lived_in.run(*words.split()).rows()
    assert [(row["ref"], row["url"]) for row in rows if row["title"] != VISIT.title or row["ref"]] == expected


def test_json_of_alerts_names_them_for_each_item(lived_in: Project) -> None:
    [row] = lived_in.run("alerts", "--json").rows()
    assert [(item["ref"], item["url"]) for item in row["items"]] == [("7", LINK)]


@pytest.mark.parametrize("words", ["events", "releases", "show 1", "match --query talks", "alerts", "dumps"])
def test_each_line_fits_its_schema(lived_in: Project, words: str) -> None:
    printed = lived_in.run(*words.split(), "--json").out.splitlines()
    assert printed
    assert [fault for line in printed for fault in line_faults(words.split()[0], line)] == []


def test_show_prints_the_link_below_the_title(lived_in: Project) -> None:
    lines = lived_in.run("show", "1").out.splitlines()
    titles = [number for number, line in enumerate(lines) if line.startswith(TALKS.title)]
    assert [lines[number + 1] for number in titles] == ["http://example.org/a%20b", NEW_LINK]
    assert "reread" in lines[titles[1] - 1]


def test_texts_read_anew_are_counted_and_listed(lived_in: Project) -> None:
    assert [row["counts"]["reread"] for row in lived_in.run("dumps", "--json").rows()] == [0, 1, 0]
    [event] = lived_in.run("events", "--kind", "reread", "--json").rows()
    assert (event["release"], event["version"], event["fields"]) == (1, 2, ["body"])
