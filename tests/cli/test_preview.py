"""`monitor preview`: how a file would be read, and the configuration that reads it so.

    MONITOR_GOLDEN=write python -m pytest tests/cli/test_preview.py

writes the golden files anew; look at the difference before you commit it.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from monitor.config import load
from monitor.config.convert import sources_of
from monitor.inspect.survey import Survey, read_file
from monitor.model import Record, Release
from tests.end_to_end.harness import Project
from tests.end_to_end.in_process import Done

GOLDEN = Path(__file__).parent / "golden"
IS_WRITING = os.environ.get("MONITOR_GOLDEN") == "write"
HOSTILE = "\u202e lamp"
RECORDS: list[dict[str, object]] = [
    {
        "number": "H-1",
        "headline": "Ferry to run hourly",
        "text": "<p>The <b>harbour board</b> adds two crossings.</p>",
        "posted_at": "07/01/2024",
        "link": "/news?id=1&s=a7",
        "agencies": [{"name": "Harbour board", "id": 4}, {"name": "Ports", "id": 5}],
        "views": 12,
    },
    {
        "number": "H-2",
        "headline": "Pier 4 closed",
        "text": "Works begin on Monday.",
        "posted_at": "07/02/2024",
        "link": "/news?id=2&s=b3",
        "agencies": [{"name": "Port police", "id": 9}],
    },
    {"number": "H-3", "headline": f"Red{HOSTILE}", "text": "A lamp.", "posted_at": "soon", "color": "\x1b[31mred"},
    {"number": "H-4", "views": 1},
    {"number": "H-5", "headline": "Red \x1b[31mlamp"},
]
LINES = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS)
FEED = """<?xml version="1.0" encoding="euc-kr"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><link>https://harbour.example/</link>
<item><title>부두 4 폐쇄</title><link>/n/1</link><guid isPermaLink="false">n1</guid>
<description>&lt;p&gt;공사가 &lt;b&gt;월요일&lt;/b&gt; 시작된다.&lt;/p&gt;</description>
<pubDate>Mon, 01 Jul 2024 23:30:00 +0900</pubDate><dc:creator>항만청</dc:creator></item>
<item><title>Ferry</title><link>/n/2</link><guid isPermaLink="false">n2</guid><pubDate>1 July</pubDate></item>
</channel></rss>
"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://harbour.example/">
<entry><id>urn:h:1</id><title>Ferry</title><updated>2024-07-01T00:30:00+09:00</updated><link href="/n/1"/>
<summary>Hourly.</summary><author><name>Ann</name></author></entry></feed>
"""
JSON_FEED = """{"version": "https://jsonfeed.org/version/1.1", "title": "Harbour", "items": [
{"id": "1", "title": "Ferry", "content_html": "<p>Hourly.</p>", "authors": [{"name": "Ann"}]}]}
"""
TABLE = "sep=;\nSubject;Text;Date;Page\nFerry;Hourly; or so;2024-07-01;1\nPier 4;Closed;2024-07-02;2\n"
PAGE = "<!DOCTYPE html>\n<html><head><title>503 Busy</title></head><body>Later.</body></html>\n"
ENVELOPE = '{"status": "ok", "data": {"items": [{"title": "Ferry", "body": "Hourly.", "date": "2024-07-01"}]}}\n'
NOTE = "---\ntitle: Ferry to run hourly\ndate: 2024-07-01\nauthor: Ann\n---\n\nTwo crossings more.\n"
MAIL = """From: Harbour board <press@harbour.example>
Date: Tue, 2 Jul 2024 00:30:00 +0900
Message-ID: <17@harbour.example>
Subject: =?utf-8?q?Pier_4?= closed

Works begin on Monday.
"""
DASH = "-\nPorts\nFerry to run hourly\nTwo crossings more. date2024-07-01\n-\nPier 4\n"
FILES = {
    "lines.jsonl": LINES.encode(),
    "feed.xml": FEED.encode("cp949"),
    "feed.atom": ATOM.encode(),
    "feed.json": JSON_FEED.encode("utf-16"),
    "table.csv": TABLE.encode("utf-8-sig"),
    "page.xml": PAGE.encode(),
    "envelope.json": ENVELOPE.encode(),
    "dump.txt": DASH.encode(),
    "note.md": NOTE.encode(),
    "1719.M1P7.host": MAIL.encode(),
    "packed.jsonl.gz": gzip.compress(LINES.splitlines(keepends=True)[0].encode(), mtime=0),
    "empty.json": b"",
}
CONFIG = """
timezone: Asia/Seoul
sources:
  harbour:
    path: drops/
    format: json
    map: {id: number, title: headline, category: agencies.name}
    dates: mdy
    empty: [N/A, "a: b #c", "no", "], $${x}", '"', "조회", "-", "$$$$"]
    base: https://harbour.example/
channels: {console: {url: "console://"}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("preview") / "p", config=CONFIG)
    drops = project.folder / "drops"
    drops.mkdir()
    for name, content in FILES.items():
        (drops / name).write_bytes(content)
    return project


def printed(project: Project, done: Done) -> str:
    return f"exit {done.code}\n" + (done.out + done.err).replace(str(project.folder), "/home/ann")


@pytest.mark.parametrize("words", [*FILES, "lines.jsonl --source harbour", "dump.txt --format json"])
def test_a_preview_reads_as_its_golden_file_says(project: Project, words: str) -> None:
    name, *options = words.split()
    found = printed(project, project.run("preview", f"drops/{name}", *options))
    path = GOLDEN / f"preview {words}.txt"
    if IS_WRITING:
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


def test_no_golden_file_is_left_over() -> None:
    words = {"lines.jsonl --source harbour", "dump.txt --format json", *FILES}
    assert {path.name for path in GOLDEN.glob("preview *")} == {f"preview {each}.txt" for each in words}


def releases(file: Path, config: Path, name: str) -> list[tuple[Release, str | None, str | None]]:
    [source] = [one for one in sources_of(load(config)) if one.name == name]
    assert source.folder.holds(os.fsencode(file))
    found = read_file(file, source, Survey(options=source.options.format))
    made = [entry.release for entry in found if isinstance(entry, Record)]
    return [(release, release.url, release.ref) for release in made]


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("empty.json", "page.xml")])
def test_the_configuration_it_prints_reads_the_same_releases(project: Project, tmp_path: Path, name: str) -> None:
    rows = project.run("preview", f"drops/{name}", "--json").rows()
    (tmp_path / "config.yaml").write_text(rows[-1]["configuration"] + "channels: {c: {url: 'console://'}}\n", "utf-8")
    found = releases(project.folder / "drops" / name, tmp_path / "config.yaml", "drops")
    told = [row for row in rows if row["kind"] == "record"]
    assert [(r.title, r.body, str(r.date or "") or None, r.category, url, ref) for r, url, ref in found] == [
        tuple(row[field] for field in ("title", "body", "date", "category", "url", "ref")) for row in told
    ]
    assert found


def test_the_configuration_of_a_source_reads_what_the_source_reads(project: Project, tmp_path: Path) -> None:
    file = project.folder / "drops" / "lines.jsonl"
    text = project.run("preview", file, "--source", "harbour", "--json").rows()[-1]["configuration"]
    (tmp_path / "config.yaml").write_text(text + "channels: {c: {url: 'console://'}}\n", "utf-8")
    ours = releases(file, project.folder / "config.yaml", "harbour")
    assert releases(file, tmp_path / "config.yaml", "harbour") == ours
    assert [ref for _, _, ref in ours] == ["H-1", "H-2", "H-3"]


def test_json_has_a_line_for_each_record_and_one_for_all(project: Project) -> None:
    rows = project.run("preview", "drops/lines.jsonl", "--json").rows()
    assert [row["kind"] for row in rows] == ["record", "record", "record", "reject", "reject", "summary"]
    assert rows[0]["body"] == "The harbour board adds two crossings."
    assert rows[-1]["fields"][1] == {
        "field": "title",
        "from": "headline",
        "filled": 4,
        "examples": ["Ferry to run hourly", "Pier 4 closed", f"Red{HOSTILE}"],
    }
    assert [row["kind"] for row in project.run("preview", "drops/lines.jsonl", "--json", "-n", "1").rows()] == [
        "record",
        "summary",
    ]


def test_where_nothing_can_be_read_there_is_no_configuration(project: Project) -> None:
    assert project.run("preview", "drops/page.xml", "--json").rows()[-1]["configuration"] is None


def test_nothing_of_a_file_reaches_a_terminal_unescaped(project: Project) -> None:
    for options in ((), ("--json",)):
        out = project.run("preview", "drops/lines.jsonl", "-n", "9", *options).out
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_it_needs_no_configuration_but_for_a_source(project: Project, tmp_path: Path) -> None:
    bare = Project(tmp_path / "bare", config="sources: [")
    file = project.folder / "drops" / "feed.xml"
    assert bare.run("preview", file).code == 0
    assert bare.run("preview", file, "--json").rows()[-1]["timezone"] == "UTC"
    assert bare.run("preview", file, "-c", "config.yaml").code == 78
    assert bare.run("preview", file, "--source", "harbour").code == 78


def test_what_does_not_exist_is_an_error(project: Project) -> None:
    assert project.run("preview", "drops/none.json").code == 1
    assert project.run("preview", "drops").code == 1
    done = project.run("preview", "drops/feed.xml", "--source", "harbor")
    assert (done.code, "the configuration has harbour" in done.err) == (1, True)
    assert project.run("preview", "drops/feed.xml", "--format", "parquet").code == 2


def test_mail_and_documents_are_known_and_no_id_of_a_message_is_proposed(project: Project) -> None:
    mail = "Message-ID: <1@x>\nList-Id: <press>\nSubject: Ferry\nDate: Mon, 1 Jul 2024 09:00:00 +0900\n\nHourly.\n"
    for name, text in (("m", mail), ("20240701", "---\ntitle: Ferry\nlang: en\n---\nHourly.\n")):
        (project.folder / name).write_text(text, "utf-8")
        done = project.run("preview", name)
        assert f"format: {'mail' if name == 'm' else 'document'}\n" in done.out
        assert "2024-07-01  Ferry\n  Hourly.\n" in done.out
        assert "map:" not in done.out
