"""A scan that is out of time, and where it goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.config import load
from monitor.inspect.paging import Place
from monitor.inspect.pending import open_read_only
from monitor.web.api_verbs import VERBS, Call
from tests.end_to_end.harness import Project, record


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "p")
    for number in range(5):
        title = "FTA round" if number in (0, 3) else "Other news"
        project.drop("a.txt", record(f"{title} {number}", f"Text of number {number}."))
        project.run("run", "--once")
    return project


@pytest.mark.parametrize(("verb", "values"), [("match", {"query": ["FTA"]}), ("releases", {"watchlist": ["fta"]})])
@pytest.mark.parametrize("direction", ["before", "after"])
def test_a_scan_out_of_time_says_where_it_goes_on_and_no_release_is_read_twice(
    project: Project, verb: str, values: dict[str, list[str]], direction: str
) -> None:
    config = load(project.folder / "config.yaml", environ={})
    read = next(one.read for one in VERBS if one.name == verb)
    found, stops = [], []
    place = Place() if direction == "before" else Place(after=0)
    with open_read_only(config) as stores:
        while True:
            now = datetime.now(UTC)
            call = Call(config=config, stores=stores, now=now, values=values, place=place, until=0.0)
            found += [row["release"] for row in read(call)]
            if not call.stopped_at:
                break
            stops.append(int(call.stopped_at))
            place = Place(**{direction: int(call.stopped_at)})
    newest_first = direction == "before"
    assert stops == ([5, 4, 3, 2, 1] if newest_first else [1, 2, 3, 4, 5])
    assert found == ([4, 1] if newest_first else [1, 4])
