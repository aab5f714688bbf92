"""A daemon reads files of each format as they grow, break off, heal and change: each release is told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.contract.formats import CASES, RELEASES, Case, Written
from tests.end_to_end.harness import IMPATIENT, Project
from tests.servers import HttpServer, http_server

# The first way to write each format; for text there are tests of its own, and `auto` reads by the others.
FIRST = {case.format: case for case in reversed(tuple(CASES.values())) if case.format not in ("text", "auto")}
CONFIG = """
timezone: Asia/Seoul
state: state/
sources:
%s
channels:
  hook: {url: "json://127.0.0.1:%d", rate: 1000/s, max_per_hour: 0}
watchlists:
  every: {query: "Talks OR Visit OR Exports OR 수출 OR word OR Roads"}
watch: {settle: 100ms, rescan: 1s, partial_grace: 1m}
"""
ONE, TWO, THREE, FOUR, FIVE = RELEASES[0], RELEASES[1], RELEASES[2], RELEASES[3], RELEASES[5]
EDITED = Written(ONE.title, ONE.body.replace("commas", "points"), ONE.day)


def keys(case: Case) -> str:
    """Return the keys of a source that has this format."""
    options = {name: ".".join(value) if name == "records" else value for name, value in case.options.items()}
    return ", ".join(f'{name}: "{value}"' for name, value in {"format": case.format, **options}.items())


@contextmanager
def one_source_a_format(folder: Path) -> Iterator[tuple[Project, HttpServer]]:
    """A project with a source for each format, named after it, and what its alerts arrive at."""
    sources = "\n".join(
        f'  {name}: {{path: seeds/{name}/, files: ["news*"], {keys(case)}}}' for name, case in FIRST.items()
    )
    with http_server() as hook:
        project = Project(folder, config=CONFIG % (sources, hook.port))
        for name in FIRST:
            (project.seeds / name).mkdir()
        yield project, hook


def events(project: Project) -> dict[str, Counter[tuple[str, str]]]:
    """Return kinds and titles of all events, by source."""
    rows: Sequence[dict[str, Any]] = project.run("events", "--json").rows()
    found = {row["source"]: Counter[tuple[str, str]]() for row in rows}
    for row in rows:
        found[row["source"]][row["kind"], row["title"]] += 1
    return found


def halves(case: Case, releases: Sequence[Written]) -> list[str]:
    """Return a file that breaks off in the text of its last release, and the whole."""
    whole = case.write(releases)
    return [whole[: whole.index(releases[-1].body[:30]) + 5], whole]


def test_a_file_that_grows_breaks_off_heals_and_changes_tells_each_release_once(tmp_path: Path) -> None:
    grown = ([ONE, TWO], [EDITED, TWO], [EDITED, TWO, THREE])
    contents = {
        name: [*map(case.write, grown), *halves(case, [EDITED, TWO, THREE, FOUR, FIVE])] for name, case in FIRST.items()
    }
    with one_source_a_format(tmp_path / "p") as (project, hook):
        with project.daemon(IMPATIENT) as daemon:
            for step in range(5):
                for name in FIRST:  # in place, as a program does that knows no better
                    (project.seeds / name / "news").write_text(contents[name][step], "utf-8")
                for name in FIRST:
                    daemon.wait_for_event("dump_*", step + 1, source=name)
            # A cut text that is completed is no news.
            hook.wait_for(sum(4 if case.is_open else 5 for case in FIRST.values()))
            assert daemon.stop() == 0
        told = events(project)
        assert project.run("run", "--once").code == 0
        assert events(project) == told
    assert told.keys() == FIRST.keys()
    for name, counts in told.items():
        others = {key: count for key, count in counts.items() if key[0] != "new"}
        assert counts - Counter(others) == Counter({("new", each.title): 1 for each in (ONE, TWO, THREE, FOUR, FIVE)})
        assert others.pop(("changed", ONE.title)) == 1, name
        assert others.keys() <= {("completed", FIVE.title)}, name  # where a format shows a text that was cut


def test_killed_half_way_it_tells_each_release_once(tmp_path: Path) -> None:
    releases = [round_of(number) for number in range(200)]
    with one_source_a_format(tmp_path / "p") as (project, _):
        for name, case in FIRST.items():
            (project.seeds / name / "news").write_text(case.write(releases), "utf-8")
        with project.daemon() as daemon:
            daemon.wait_for_event("dump_*", 2)
            daemon.process.kill()  # the others are still to be read
        assert project.run("run", "--once").code == 0
        told = events(project)
    assert told.keys() == FIRST.keys()
    new = Counter({("new", each.title): 1 for each in releases})
    assert [name for name, counts in told.items() if counts != new] == []


def round_of(number: int) -> Written:
    """A release with a day of its own, which some ways to write it take for the id."""
    day = ONE.day + timedelta(days=number)
    return Written(f"Talks of round {number}", f"Round {number} was about item {number * 7} of the list.", day)


def test_a_maildir_is_a_folder_of_messages_like_any_other(tmp_path: Path) -> None:
    source = '  mails: {path: seeds/new/, files: ["*"], format: eml}'
    project = Project(tmp_path / "p", config=CONFIG.replace("json://127.0.0.1:%d", "console://") % source)
    folder = project.seeds / "new"
    folder.mkdir()
    case = CASES["mail, an mbox of texts"]
    for number, release in enumerate((ONE, TWO)):
        message = case.record(release).partition("\n")[2]
        (folder / f"1719800000.M{number}P7.host:2,S").write_text(message, "utf-8")
    assert project.run("run", "--once").code == 0
    assert events(project) == {"mails": Counter({("new", ONE.title): 1, ("new", TWO.title): 1})}
    [shown] = project.run("match", "Talks", "--file", folder / "1719800000.M0P7.host:2,S", "--json").rows()[:1]
    assert shown["title"] == ONE.title
