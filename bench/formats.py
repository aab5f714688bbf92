"""Measure what the records of each format cost up to their digest: the file is read, decoded, cut and hashed."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.report import Figure
from bench.texts import release
from monitor.collect.dump_reader import read_dump
from monitor.collect.file_reader import open_file
from monitor.collect.formats.fields import FormatOptions
from monitor.collect.formats.registry import FORMATS, reader
from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder
from monitor.model import Record

RECORDS = 5_000  # 10 MB
RUNS = 7
_Releases = Sequence[tuple[str, str, str]]  # title, text and day


def formats() -> Sequence[Figure]:
    """The same 5,000 releases in each format, per record; the best of seven, in turns, in processor time."""
    releases = [(title, body, str(day)) for title, body, day in map(release, range(RECORDS))]
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, write in _WRITERS.items():
            (Path(folder) / name).write_text(write(releases), "utf-8")
        for _ in range(RUNS):
            for name in _WRITERS:
                best[name] = min(best.get(name, 1e9), _seconds(Path(folder), name))
    text = best.pop("text")
    return [
        Figure(
            what=f"a record of 2 KB in {name} up to its digest",
            value=seconds / RECORDS * 1e6,
            unit="µs",
            floor="the same in the text layout",
            floor_value=text / RECORDS * 1e6,
        )
        for name, seconds in best.items()
    ]


def _seconds(folder: Path, name: str) -> float:
    """Seconds of the processor from the open file to the last digest."""
    zone = ZoneInfo("Asia/Seoul")
    records = ("item",) if FORMATS[name].needs else ()
    options = SourceOptions(timezone=zone, format=FormatOptions(format=name, records=records, timezone=zone))
    source = Source(folder=Folder(source="bench", path=os.fsencode(folder)), options=options)
    with open_file(os.fsencode(folder / name)) as file:
        start = time.process_time()
        taken = read_dump(file, source, opened_at=time.time_ns())
        found = sum(isinstance(entry, Record) for entry in reader(taken, options).entries())
        seconds = time.process_time() - start
    if found != RECORDS:
        raise AssertionError(f"{name}: {found} records")
    return seconds


def _text(releases: _Releases) -> str:
    return "\n".join(f"-\n{title}\n{body} date{day}" for title, body, day in releases)


def _json_lines(releases: _Releases) -> str:
    return "".join(json.dumps(dict(zip(("title", "content", "date"), each, strict=True))) + "\n" for each in releases)


def _table(releases: _Releases) -> str:
    made = io.StringIO()
    csv.writer(made).writerows([("title", "content", "date"), *releases])
    return made.getvalue()


def _feed(releases: _Releases) -> str:
    items = "".join(
        f"<item><title>{escape(title)}</title><link>https://press.example/{number}</link>"
        f"<guid isPermaLink='false'>{number}</guid><pubDate>{day}</pubDate>"
        f"<description>&lt;p&gt;{escape(body)}&lt;/p&gt;</description></item>\n"
        for number, (title, body, day) in enumerate(releases)
    )
    return f'<rss version="2.0"><channel><link>https://press.example/</link>\n{items}</channel></rss>\n'


_WRITERS: Mapping[str, Callable[[_Releases], str]] = {
    "text": _text,
    "json": _json_lines,
    "csv": _table,
    "feed": _feed,
    "xml": _feed,
}
