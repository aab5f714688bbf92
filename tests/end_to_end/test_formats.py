"""A daemon reads files of each format as they grow, break off, heal and change: each release is told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.contract.formats import CASES, RELEASES, Case, Written
from tests.end_to_end.harness import IMPATIENT, Daemon, Project
from tests.servers import http_server

# The first way to write each format; for text there are tests of its own, and `auto` reads by the others.
FIRST = {case.format: case for case in reversed(tuple(CASES.values())) if case.format not in ("text", "auto")}
CONFIG = """
timezone: Asia/Seoul
state: state/
sources:
  motie: {path: seeds/, files: ["news*"], %s}
channels:
  hook: {url: "json://127.0.0.1:%d", rate: 1000/s, max_per_hour: 0}
watchlists:
  every: {query: "Talks OR Visit OR Exports OR 수출 OR word OR Roads"}
watch: {settle: 100ms, rescan: 1s, partial_grace: 1m}
"""
ONE, TWO, THREE, FOUR, FIVE = RELEASES[0], RELEASES[1], RELEASES[2], RELEASES[3], RELEASES[5]


def keys(case: Case) -> str:
    """Return the keys of a source that has this format."""
    options = {name: ".".join(value) if name == "records" else value for name, value in case.options.items()}
    return ", ".join(f'{name}: "{value}"' for name, value in {"format": case.format, **options}.items())


def events(project: Project) -> Counter[tuple[str, str]]:
    rows: Sequence[dict[str, Any]] = project.run("events", "--json").rows()
    return Counter((row["kind"], row["title"]) for row in rows)


def write(project: Project, daemon: Daemon, content: str, count: int) -> None:
    """Write a file in place, as a program does that knows no better, and wait until it was read."""
    (project.seeds / "news").write_text(content, "utf-8")
    daemon.wait_for_event("dump_*", count)


@pytest.mark.parametrize("case", FIRST.values(), ids=FIRST)
def test_a_file_that_grows_breaks_off_heals_and_changes_tells_each_release_once(case: Case, tmp_path: Path) -> None:
    edited = Written(ONE.title, ONE.body.replace("commas", "points"), ONE.day)
    with http_server() as hook:
        project = Project(tmp_path / "p", config=CONFIG % (keys(case), hook.port))
        with project.daemon(IMPATIENT) as daemon:
            project.drop("news", case.write([ONE, TWO]))
            daemon.wait_for_event("dump_*", 1)
            write(project, daemon, case.write([edited, TWO]), 2)  # rewritten in place
            write(project, daemon, case.write([edited, TWO, THREE]), 3)  # appended
            whole = case.write([edited, TWO, THREE, FOUR, FIVE])
            half = whole[: whole.index(FIVE.body[:30]) + 5]
            write(project, daemon, half, 4)  # cut
            write(project, daemon, whole, 5)  # healed
            hook.wait_for(4 if case.is_open else 5)  # a cut text that is completed is no news
            assert daemon.stop() == 0
        told = events(project)
        again = project.run("run", "--once")
    new = {("new", each.title): 1 for each in (ONE, TWO, THREE, FOUR, FIVE)}
    changed = {key: count for key, count in told.items() if key[0] != "new"}
    assert {key: count for key, count in told.items() if key[0] == "new"} == new
    assert changed.pop(("changed", ONE.title)) == 1
    assert changed.keys() <= {("completed", FIVE.title)}  # where a format shows a text that was cut
    assert again.code == 0
    assert events(project) == told


@pytest.mark.parametrize("case", FIRST.values(), ids=FIRST)
def test_killed_half_way_it_tells_each_release_once(case: Case, tmp_path: Path) -> None:
    releases = [round_of(number) for number in range(400)]
    with http_server() as hook:
        project = Project(tmp_path / "p", config=CONFIG % (keys(case), hook.port))
        project.drop("news", case.write(releases))
        with project.daemon() as daemon:
            daemon.process.kill()  # it has just begun
        with project.daemon() as daemon:
            daemon.wait_for_event("message_sent")
            assert daemon.stop() == 0
        assert events(project) == Counter({("new", each.title): 1 for each in releases})


def round_of(number: int) -> Written:
    return Written(f"Talks of round {number}", f"Round {number} was about item {number * 7} of the list.", ONE.day)


def test_a_maildir_is_a_folder_of_messages_like_any_other(tmp_path: Path) -> None:
    config = CONFIG.replace('path: seeds/, files: ["news*"]', 'path: seeds/new/, files: ["*"]')
    project = Project(tmp_path / "p", config=config.replace("json://127.0.0.1:%d", "console://") % "format: eml")
    folder = project.seeds / "new"
    folder.mkdir()
    case = CASES["mail, an mbox of texts"]
    for number, release in enumerate((ONE, TWO)):
        message = case.record(release).partition("\n")[2]
        (folder / f"1719800000.M{number}P7.host:2,S").write_text(message, "utf-8")
    assert project.run("run", "--once").code == 0
    assert events(project) == Counter({("new", ONE.title): 1, ("new", TWO.title): 1})
    [shown] = project.run("match", "Talks", "--file", folder / "1719800000.M0P7.host:2,S", "--json").rows()[:1]
    assert shown["title"] == ONE.title
