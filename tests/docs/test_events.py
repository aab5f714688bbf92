"""Every promise of docs/events.md, run: its tables of dumps, its names and dates, its configurations.

`tests/compare/test_as_written.py` runs its table of figures and what it says of texts that were fetched badly.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from monitor.collect.as_of import name_stamp
from monitor.collect.formats.dash.parser import parse
from monitor.collect.source import SourceOptions
from monitor.config import load
from monitor.config.convert import sources_of
from monitor.model import Kind, Release
from tests.compare.scenario import FIRST_ARRIVAL, OPTIONS, Drop, Lab, written
from tests.dumps import dump, record
from tests.end_to_end.harness import ROOT, Project

PAGE = (ROOT / "docs" / "events.md").read_text("utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^##? ", PAGE, flags=re.MULTILINE)[1:]}
CONFIGS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ROWS = re.findall(r"^\| (`\S+\.txt: .*) \| (.+) \|$", PAGE, re.MULTILINE)
DROP = re.compile(r"`(\S+\.txt): ([^`]+)`")
KIND = re.compile(r"`(\w+)`")
REST = 'channels: {desk: {url: "console://"}}\nwatchlists: {exports: {keywords: [exports], notify: [desk]}}\n'

A = Release(
    title="Exports to Oman rise",
    body="Exports to Oman rose 5.1 percent in June, the ministry said on Friday. “Cars and ships made up most of it,” "
    "said the minister, who met her colleague in Muscat. Both sides want to go on with the talks in autumn, and a "
    "fair in Seoul is to bring 40 firms of both countries together in the second half of the year.",
    date=date(2024, 6, 28),
)
RELEASES = {
    "A": A,
    "A2": replace(A, body=A.body.replace("5.1", "5.3")),
    "A3": replace(A, body=A.body.replace("5.1", "5.4")),
    "N": Release(title="A port opens", body="The port in the south takes its first ships.", date=date(2024, 7, 5)),
    "O": Release(title="A pipeline ends", body="It has reached its last station in the north.", date=date(2024, 6, 1)),
    "S": Release(title="How to reach the desk", body="It answers questions from 9 to 18.", date=None),
    **{
        f"P{n}": Release(title=f"Notice {n}", body=f"Item {n} of {chr(96 + n) * 5}.", date=date(2024, 6, 10 + n))
        for n in range(1, 10)
    },
}
FORMS = {
    "cut": lambda one: replace(one, body=one.body[:150]),
    "quotes": lambda one: replace(one, body=one.body.replace("“", '"').replace("”", '"')),
    "Energy": lambda one: replace(one, category="Energy"),
    "Trade": lambda one: replace(one, category="Trade/Investment"),
    "undated": lambda one: replace(one, date=None),
    "title": lambda one: replace(one, title="Ministry publishes what was sold abroad"),
    "broken": lambda one: replace(one, body=""),
    "word": lambda one: replace(one, body=one.body.replace("colleague", "counterpart")),
}


def shown(symbol: str) -> str:
    """Return the record that a symbol of the page stands for."""
    name, _, day = symbol.partition("@")
    name, _, form = name.partition(":")
    release = RELEASES[name]
    if form == "broken":
        return release.title
    release = FORMS[form](release) if form else release
    return written(replace(release, date=date.fromisoformat(day)) if day else release)


def options(config: str, folder: Path) -> SourceOptions:
    """Return the options of the source that a configuration of the page declares."""
    (folder / "config.yaml").write_text(f"timezone: Asia/Seoul\n{config}{REST}", "utf-8")
    [source] = sources_of(load(folder / "config.yaml", environ={}))
    return replace(source.options, categories=OPTIONS.categories)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    [listings] = (config for config in CONFIGS if "listings:" in config)
    with Lab(tmp_path / "state", options=options(listings, tmp_path)) as made:
        yield made


def test_the_page_shows_every_kind() -> None:
    assert len(ROWS) > 50
    told = {kind for _, kinds in ROWS for kind in KIND.findall(kinds)}
    needs_mapping = {Kind.REREAD}  # no row of dumps: the configuration changes in between
    assert told == {*map(str, {*Kind} - needs_mapping), "duplicate"}
    assert set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)) == {*map(str, Kind)}


@pytest.mark.parametrize(("dumps", "expected"), ROWS, ids=[dumps.replace("`", "") for dumps, _ in ROWS])
def test_a_row_of_dumps_leads_to_what_stands_beside_it(lab: Lab, dumps: str, expected: str) -> None:
    for name, symbols in DROP.findall(dumps):
        lab.drop(Drop(content=dump(*map(shown, symbols.split())), name=name))

    assert sorted(lab.kinds().split()) == sorted(KIND.findall(expected))
    note = re.search(r"\((.+)\)", expected)
    reasons = "; ".join(change.reason for change in lab.changes)
    assert ("may be older" in reasons) == bool(note and note[1] == "may be older") or "stale" in expected
    assert ("again" in reasons, note[1] in reasons if note else True) == ("again" in expected, True)


def test_each_name_of_the_page_is_a_timestamp_or_none() -> None:
    [first] = re.findall(r"^1\. (.*?)(?=^2\. )", SECTIONS["Which dump is newer"], re.MULTILINE | re.DOTALL)
    names = re.findall(r"`([^`]+)`", first)
    zone = OPTIONS.timezone
    stamps = {name: name_stamp(name, zone, arrived=FIRST_ARRIVAL) for name in names}
    days = {name: stamp and stamp.start.astimezone(zone).date() for name, stamp in stamps.items()}
    nones = {"plan_2050-12-31.txt", "201530", "2024-7-6-1"}
    assert len(names) == 13
    assert days == {name: None if name in nones else date(2024, 7, 6) for name in names}
    whole = stamps["2024-07-06"]
    assert whole
    assert timedelta(hours=23) < whole.until - whole.start < timedelta(days=1)


def test_as_of_newest_date_makes_a_dump_of_older_records_stale(tmp_path: Path) -> None:
    with Lab(tmp_path / "state", options=replace(OPTIONS, as_of="newest_date")) as lab:
        for name, symbols in (("a.txt", "A N"), ("b.txt", "A2")):
            lab.drop(Drop(content=dump(*map(shown, symbols.split())), name=name))
        assert lab.kinds() == "stale"


def test_a_file_time_that_copying_has_kept_is_believed_and_what_lost_is_said(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for name, symbol, days in (("a.txt", "A2", 1), ("b.txt", "A", 9)):
        path = project.drop(name, dump(shown(symbol)))
        kept = path.stat().st_mtime - 86_400 * days
        os.utime(path, (kept, kept))
        assert project.run("run", "--once").code == 0
    assert [row["evidence"] for row in project.run("dumps", "--json").rows()] == ["file_time", "file_time"]
    assert [row["kind"] for row in project.run("events", "--json").rows()] == ["new", "stale"]
    [status] = project.run("status", "--json").rows()
    late = status["sources"][0]["late_dump"]
    assert (late["dump"], late["evidence"], late["stale"]) == ("b.txt", "file_time", 1)
    assert "its file is of" in late["reason"]
    assert "late dump b.txt" in project.run("status").out


def test_the_operator_hears_of_a_half_loaded_listing_at_once(tmp_path: Path) -> None:
    [listings] = (config for config in CONFIGS if "listings:" in config)
    project = Project(tmp_path, config=f"timezone: Asia/Seoul\n{listings}{REST}operator: {{notify: [desk]}}\n")
    for name, symbols in (("press_2025-06-01.txt", "P1 P2 P3 P4 P5 P6"), ("press_2025-06-02.txt", "P1 P6")):
        project.drop(name, dump(*map(shown, symbols.split())))
        assert project.run("run", "--once").code == 0
    [told] = (row["text"] for row in project.run("alerts", "--json").rows() if row["kind"] == "system")
    assert told.startswith("a listing of source motie lacks 4 releases\nDump press_2025-06-02.txt still shows fewer")


def test_files_are_read_and_passed_over_as_the_page_says(tmp_path: Path) -> None:
    section = SECTIONS["Which files are read"]
    copies = re.findall(r"`([^`]*a[^`]*\.txt)`", section.partition("Copies")[2])
    assert len(copies) == 5
    project = Project(tmp_path)
    for number, name in enumerate(["PRESS.TXT", *copies]):
        project.drop(name, dump(record(f"Notice {number}", f"Text {number}.")))
    done = project.run("run", "--once")
    assert [row["path"] for row in project.run("dumps", "--json").rows()] == ["PRESS.TXT"]
    [line] = (line for line in done.err.splitlines() if "files_ignored" in line)
    assert [name for name in copies if name not in line] == []


def test_lines_that_the_source_drops_are_no_change(tmp_path: Path) -> None:
    [config] = (config for config in CONFIGS if "drop:" in config)
    with Lab(tmp_path / "state", options=options(config, tmp_path)) as lab:
        for name, line in (("1.txt", "Views 1,204"), ("2.txt", "VIEWS 1,377"), ("3.txt", "조회수 88"), ("4.txt", "")):
            lab.drop(Drop(content=dump(written(replace(A, body=f"{line}\n{A.body}\n{line}".strip()))), name=name))
            assert lab.kinds() == ("new" if name == "1.txt" else "unchanged")


def test_each_date_of_the_page_ends_a_record() -> None:
    section = SECTIONS["What becomes a record, and what a reject"]
    labels = [one if "ate" in one else f"date{one}" for one in re.findall(r"`([^`]*(?:2024|20240701)[^`]*)`", section)]
    assert len(labels) == 7
    for label in labels:
        for between in ("\n-\n", "-\n", "\n – \n"):
            found = parse(f"-\nTalks held\nThey met. {label}{between}{record('Visit ends', day='2024-07-02')}").records
            assert [(one.release.title, one.day) for one in found] == [
                ("Talks held", date(2024, 7, 1)),
                ("Visit ends", date(2024, 7, 2)),
            ]


def test_all_configurations_of_the_page_are_valid(tmp_path: Path) -> None:
    assert [options(config, tmp_path).timezone.key for config in CONFIGS] == ["Asia/Seoul"] * 2
