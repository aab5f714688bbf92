"""`monitor check` looks into the newest files of each source."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from monitor.config import load
from monitor.inspect.lint_files import FILES, MAX_SIZE, check_files
from tests.end_to_end.harness import Project, record

CONFIG = 'sources:\n  harbour: {path: seeds/, %s}\nchannels: {desk: {url: "console://"}}\n'
GOLDEN = Path(__file__).parent / "golden" / "check files.txt"


def lines(*records: Mapping[str, object]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records)


def items(count: int, **more: str) -> str:
    """Records whose fields may hold `{}` for their number."""
    fields = {"title": "Ferry {}", "content": "Hourly.", **more}
    return lines(*({name: text.format(n) for name, text in fields.items()} for n in range(1, count + 1)))


FEED = """<rss version="2.0"><channel><title>Harbour</title>
<item><title>Ferry</title><description>Hourly.</description><link>/n/1</link><guid>1</guid></item>
</channel></rss>
"""
ENVELOPE = '{"status": "ok", "data": {"items": [{"title": "Ferry", "body": "Hourly."}]}}'
PAGE = "<!DOCTYPE html><html><head><title>503 Busy</title></head><body>Later.</body></html>"


def warnings_of(project: Project, settings: str) -> list[tuple[str, str]]:
    project.write_config(CONFIG % settings)
    config = load(project.folder / "config.yaml", environ={}, checks=(check_files,))
    return [(one.path.removeprefix("sources.harbour").lstrip("."), one.message) for one in config.warnings]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "p")


@pytest.mark.parametrize(
    ("settings", "name", "content", "expected"),
    [
        (
            "format: json, map: {title: headline}",
            "a.jsonl",
            items(2, url="https://harbour.example/{}"),
            ("map.title", "no record of a.jsonl has 'headline'; they have title, content, url"),
        ),
        (
            "format: json, map: {category: kind + office.name}",
            "a.jsonl",
            lines({"title": "Ferry", "kind": "Notice", "offices": [{"name": "Port"}]}),
            ("map.category", "no record of a.jsonl has 'office.name'; they have title, kind, offices"),
        ),
        (
            "format: json, map: {category: office.nmae}",
            "a.jsonl",
            lines({"title": "Ferry", "office": {"name": "Port"}}),
            ("map.category", "no record of a.jsonl has 'office.nmae'; they have title, office"),
        ),
        (
            "format: csv, map: {body: text.html}",
            "a.csv",
            "title,text\nFerry,Hourly\n",
            ("map.body", "no record of a.csv has 'text.html'; they have title, text"),
        ),
        (
            "format: json",
            "a.jsonl",
            items(20, date="07/{0}/2024").replace("07/7/", "07/07/"),
            ("dates", "11 of 20 dates could be two days ('07/1/2024'): write dates: mdy or dmy"),
        ),
        (
            "format: json",
            "a.jsonl",
            items(2, date="soon"),
            ("dates", "2 of 2 dates cannot be read ('soon'): write dates: as a strptime format"),
        ),
        ("format: json", "a.jsonl", items(3, url="/n/{}"), ("base", "links are relative ('/n/1'): write base:")),
        ("format: feed", "a.xml", FEED, ("base", "links are relative ('/n/1'): write base:")),
        (
            "format: json, map: {id: page}",
            "a.jsonl",
            items(20, page="1"),
            ("map.id", "1 id for 20 records of a.jsonl: read what only one release has, or none"),
        ),
        ("format: feed", "a.xml", PAGE, ("", "a.xml is an HTML page (503 Busy): no release is read from it")),
        ("format: text", "a.txt", PAGE, ("", "a.txt is an HTML page (503 Busy): no release is read from it")),
        (
            "format: json",
            "a.json",
            ENVELOPE,
            ("records", "the records of a.json are inside something: write records: data.items"),
        ),
        (
            "format: feed, files: ['*']",
            "a.jsonl",
            items(1),
            ("format", "a.jsonl looks like JSON lines with title, content: write format: json"),
        ),
        (
            "format: text",
            "a.txt",
            items(1),
            ("format", "a.txt looks like JSON lines with title, content: write format: json"),
        ),
        (
            "format: json, map: {title: headline}",
            "a.jsonl.gz",
            items(2),
            ("map.title", "no record of a.jsonl.gz has 'headline'; they have title, content"),
        ),
    ],
)
def test_what_a_file_is_and_its_source_does_not_say(
    project: Project, settings: str, name: str, content: str, expected: tuple[str, str]
) -> None:
    project.drop(name, gzip.compress(content.encode()) if name.endswith(".gz") else content)
    assert warnings_of(project, settings) == [expected]


@pytest.mark.parametrize(
    ("settings", "name", "content"),
    [
        ("format: json, map: {title: headline | title, id: guid}", "a.jsonl", items(9, guid="n{}")),
        ("format: json, map: {category: none, body: content + $name}", "2024-07-01.jsonl", items(9)),
        ("format: json", "a.jsonl", items(9, date="2024-07-0{}", url="https://harbour.example/n/{}")),
        ("format: json, map: {id: guid}", "a.json", items(9, guid="n{}") * 3),  # a program that appends
        ("format: json, base: 'https://harbour.example/'", "a.jsonl", items(9, url="/n/{}")),
        ("format: json", "a.json", '{"title": "Half wri'),
        ("format: feed", "a.xml", '<rss version="2.0"><channel><title>None yet</title></channel></rss>'),
        ("format: feed", "a.xml", FEED.replace("/n/1", "https://harbour.example/n/1")),
        ("format: text", "a.txt", record("<b> is a tag", "Talks were held.")),
        ("format: text", "a.txt", ""),
        ("format: auto", "a.txt", record("Ferry", "Hourly.")),
    ],
)
def test_nothing_is_said_of_what_fits(project: Project, settings: str, name: str, content: str) -> None:
    project.drop(name, content)
    assert warnings_of(project, settings) == []


def test_only_the_newest_files_are_read_and_no_large_ones(project: Project) -> None:
    wrong, right = items(2, url="/n/{}"), items(2)
    for number in range(FILES + 1):
        path = project.drop(f"{number}.jsonl", right if number else wrong)
        os.utime(path, (number, number))
    project.drop("large.jsonl", wrong + " " * MAX_SIZE)
    project.drop("bomb.jsonl.gz", gzip.compress(wrong.encode() + b" " * MAX_SIZE))
    os.utime(project.seeds / "bomb.jsonl.gz", (0, 0))
    assert warnings_of(project, "format: json") == []
    (project.seeds / "3.jsonl").unlink()
    (project.seeds / "bomb.jsonl.gz").unlink()
    assert warnings_of(project, "format: json") == [("base", "links are relative ('/n/1'): write base:")]


def test_a_warning_is_given_once_for_all_files(project: Project) -> None:
    for number in range(FILES):
        project.drop(f"{number}.jsonl", items(2, url="/n/{}"))
    assert warnings_of(project, "format: json") == [("base", "links are relative ('/n/1'): write base:")]


def test_a_folder_that_is_missing_stops_nothing(project: Project) -> None:
    project.seeds.rmdir()
    assert warnings_of(project, "format: json") == []


def test_the_command_shows_them_at_their_lines_and_no_control_characters(project: Project) -> None:
    project.write_config(
        "sources:\n  harbour:\n    path: seeds/\n    format: json\n    map:\n      title: headline\n"
        'channels: {desk: {url: "console://"}}\nwatchlists: {fta: {keywords: [FTA]}}\n'
    )
    project.drop("a.jsonl", items(2, **{"title\x1b[31m\u202e": "x", "url": "/n/\u202e{}"}, date="\u202esoon"))
    done = project.run("check")
    assert done.code == 0
    if os.environ.get("MONITOR_GOLDEN") == "write":
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(done.out, "utf-8")
    assert done.out == GOLDEN.read_text("utf-8")
