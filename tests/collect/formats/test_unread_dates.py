"""A date that cannot be read costs no release; one line of the log counts them and shows the first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.harness import Project

CONFIG = """
state: state/
sources:
  motie: {path: seeds/, files: ["news*"], %s}
channels: {console: {url: "console://"}}
watchlists: {talks: {keywords: [Talks]}}
"""
DATES = ("2024-07-01", "", "07/01/2024", "soon\u202e", None)


@pytest.mark.parametrize(("dates", "count", "example"), [("auto", 2, "07/01/2024"), ("mdy", 1, r"soon\u202e")])
def test_dates_that_give_no_day_are_counted_in_one_line(dates: str, count: int, example: str, tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG % f"format: csv, dates: {dates}, delimiter: ','")
    lines = [f'Talks {number},"{date or ""}",x' for number, date in enumerate(DATES)]
    project.drop("news.csv", "\n".join(["title,date,other", *lines, ""]))
    told = [json.loads(line) for line in project.run("run", "--once").err.splitlines()]
    found = [(one["name"], one["count"], one["example"]) for one in told if one["event"] == "dates_unread"]
    assert found == [("news.csv", count, example)]
    assert len(project.run("releases", "--json").rows()) == len(DATES)
