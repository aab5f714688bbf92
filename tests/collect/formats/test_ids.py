"""Files of formats with ids, all the way: what one release is, and what became of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.harness import Project

CONFIG = """
timezone: Asia/Seoul
sources:
  board: {path: seeds/, format: %s}
channels:
  console: {url: "console://"}
watchlists:
  chips: {keywords: [semiconductor]}
"""
WITH_ID = "json, map: {id: id}"
TEXT = "Exports of semiconductor makers rose {} percent in June, the ministry said on Monday."


def line(number: int | str, figure: str = "5.1", **more: str) -> str:
    """One release as a scraper writes it."""
    known = {"id": str(number), "title": f"Chip exports rise, part {number}", "content": TEXT.format(figure)}
    return json.dumps({**known, "date": "2024-07-01", **more}) + "\n"


def feed(*items: str) -> str:
    return f'<rss version="2.0"><channel><title>Board</title>{"".join(items)}</channel></rss>'


def entry(guid: str, figure: str = "5.1", *, title: str = "Chip exports rise", link: str = "") -> str:
    return (
        f"<item><guid>{guid}</guid><title>{title}</title><link>{link}</link>"
        f"<description>{TEXT.format(figure)}</description><pubDate>Mon, 01 Jul 2024 09:00:00 +0900</pubDate></item>"
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose source reads JSON with ids."""
    return Project(tmp_path / "p", config=CONFIG % WITH_ID)


def ingested(project: Project, name: str, content: str) -> dict[str, int]:
    """What the newest dump came to."""
    project.drop(name, content)
    assert project.run("run", "--once").code == 0
    counts = project.run("dumps", "--json").rows()[-1]["counts"]
    return {kind: count for kind, count in counts.items() if count}


def test_an_appended_file_tells_each_change_of_a_release_once(project: Project) -> None:
    text = line(7) + line(8)
    assert ingested(project, "a.jsonl", text) == {"new": 2}
    text += line(7, "5.3") + line(8)
    assert ingested(project, "a.jsonl", text) == {"changed": 1, "unchanged": 1}
    text += line(9)
    assert ingested(project, "a.jsonl", text) == {"new": 1, "unchanged": 2}
    assert ingested(project, "a.jsonl", text + line(7)) == {"changed": 1, "unchanged": 2}
    [*_, event] = project.run("events", "--json").rows()
    assert (event["release"], event["reverted"], event["numbers"]) == (1, True, [["5.3", "5.1"]])


def test_of_two_entries_with_one_guid_the_first_counts(project: Project) -> None:
    project.write_config(CONFIG % "feed")
    assert ingested(project, "a.rss.xml", feed(entry("urn:7"), entry("urn:8", title="Talks held in Seoul"))) == {
        "new": 2
    }
    newer = feed(entry("urn:7", "5.3"), entry("urn:7"), entry("urn:8", title="Talks held in Seoul"))
    assert ingested(project, "a.rss.xml", newer) == {"changed": 1, "unchanged": 1}
    assert ingested(project, "b.rss.xml", newer.replace("Board", "The board")) == {"unchanged": 2}


def test_links_with_tokens_are_no_news_and_are_told(project: Project) -> None:
    project.write_config(CONFIG % "json, map: {id: url}")
    long = {"content": TEXT.format("5.1") * 3}
    for day, token in enumerate("abc", start=1):
        lines = "".join(line(n, url=f"https://example.org/?n={n}&t={token}", **long) for n in range(1, 5))
        counts = ingested(project, f"{day}.jsonl", lines)
    assert counts == {"unchanged": 4}
    project.drop("4.jsonl", "".join(line(n, url=f"https://example.org/?n={n}&t=d", **long) for n in range(1, 5)))
    [logged] = [
        one for one in map(json.loads, project.run("run", "--once").err.splitlines()) if one["event"] == "ids_changed"
    ]
    assert (logged["level"], logged["source"], logged["name"], logged["share"]) == (
        "warning",
        "board",
        "4.jsonl",
        "4 of 4",
    )
    warnings = [row["message"] for row in project.run("check", "--json").rows() if row["path"] == "sources.board"]
    assert warnings == [
        (
            "4 of 4 ids of board changed while their texts stayed: "
            "write map: {id: none}, or the part that stays (id: link&newsId)"
        )
    ]
    assert [row["url"][-1] for row in project.run("releases", "--json").rows()] == ["d"] * 4


def test_a_changed_mapping_is_read_anew_and_told_where_it_matches_newly(project: Project) -> None:
    more = {"summary": "A short text about ports."}
    assert ingested(project, "a.jsonl", line(7, **more)) == {"new": 1}
    project.write_config(CONFIG % "json, map: {id: id, body: summary}")
    assert ingested(project, "b.jsonl", line(7, **more) + line(8, **more)) == {"new": 1, "reread": 1}
    [event] = project.run("events", "--kind", "reread", "--json").rows()
    assert (event["release"], event["fields"], event["alert"]) == (1, ["body"], [])
    project.write_config(CONFIG % WITH_ID)
    assert ingested(project, "c.jsonl", line(8, **more)) == {"reread": 1}
    assert project.run("events", "--kind", "reread", "--json").rows()[-1]["alert"] == ["chips"]


def test_two_notices_of_one_title_and_day_are_told_apart_by_their_ids(project: Project) -> None:
    same = {"title": "Sunshine Act Meetings", "content": ""}
    assert ingested(project, "a.jsonl", line("2024-101", **same)) == {"new": 1}
    assert ingested(project, "b.jsonl", line("2024-102", **same)) == {"new": 1}
    assert ingested(project, "c.jsonl", line("2024-102", **same) + line("2024-101", **same)) == {"unchanged": 2}
