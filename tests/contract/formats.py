"""Formats under test: how each writes releases, and how one record of it may be broken. A format is one row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from tests import dumps

TITLES = (
    "Talks held in Seoul", "Visit ends", "Exports rise 5.1%", "수출 동향 발표", 'A "word" of thanks', "Roads & bridges",
    "Budget <draft>", "Forum opens", "Prices fall; costs, too", "Yearly report",
)  # fmt: skip


class Written(NamedTuple):
    """A release as it is written to a file."""

    title: str
    body: str
    day: date


RELEASES = tuple(
    Written(title, f"The first line of {number}, with commas.\nIt says: {title.lower()}.", date(2024, 7, number + 1))
    for number, title in enumerate(TITLES)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to write a file."""

    format: str
    record: Callable[[Written], str]
    join: Callable[[Sequence[str]], str]
    broken: Mapping[str, Callable[[str], str]]  # ways to break one record of ten, which is then one reject
    options: Mapping[str, Any] = field(default_factory=dict)  # of FormatOptions
    long: Callable[[], tuple[str, str]] | None = None  # what stands before and behind the text of one endless record

    def write(self, releases: Sequence[Written] = RELEASES) -> str:
        """Return the text of a file with these releases."""
        return self.join([self.record(release) for release in releases])


def _json_record(release: Written) -> str:
    value = {"id": release.day.day, "title": release.title, "content": release.body, "date": release.day.isoformat()}
    return json.dumps({**value, "tags": ["a", "b"], "meta": {"views": 7}}, ensure_ascii=False)


def _csv_row(release: Written, delimiter: str = ",", day: str = "%Y-%m-%d") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow((release.title, release.day.strftime(day), release.body, "x"))
    return text.getvalue()


_JSON_FAULTS: Mapping[str, Callable[[str], str]] = {
    "no closing quote": lambda text: text.replace('", "content"', ', "content"'),
    "no colon": lambda text: text.replace('"meta":', '"meta"'),
    "no closing brace": lambda text: text[:-1],
    "half of it": lambda text: text[: len(text) // 2],
    "no title and no text": lambda text: '{"number": 7}',
    "a bare word": lambda text: text.replace("[", "[undefined, "),
    "undecodable": lambda text: text.replace("first", "fi\udcff\udcfert"),
    "a control character": lambda text: text.replace("first", "fi\\u0007rst"),
}
_CSV_FAULTS: Mapping[str, Callable[[str], str]] = {
    "a quote that is not closed": lambda text: text[: text.rfind('"')] + ",x\n",
    "a value too many": lambda text: text[:-1] + ",y\n",
    "a value too few": lambda text: text[:-3] + "\n",
    "undecodable": lambda text: text.replace("first", "fi\udcff\udcfert"),
    "a control character": lambda text: text.replace("first", "fi\x07rst"),
}
_TEXT_FAULTS: Mapping[str, Callable[[str], str]] = {
    "one line": lambda text: "Only a title date2024-07-03",
    "undecodable": lambda text: text.replace("first", "fi\udcff\udcfert"),
    "a control character": lambda text: text.replace("first", "fi\x07rst"),
}

CASES: Mapping[str, Case] = {
    "text": Case(
        format="text",
        record=lambda each: dumps.record(each.title, each.body, each.day.isoformat()),
        join=lambda records: dumps.dump(*records),
        broken=_TEXT_FAULTS,
        long=lambda: ("-\nTalks\n", " date2024-07-01\n"),
    ),
    "auto, text": Case(
        format="auto",
        record=lambda each: dumps.record(each.title, each.body, each.day.isoformat()),
        join=lambda records: dumps.dump(*records),
        broken=_TEXT_FAULTS,
    ),
    "json, a record a line": Case(
        format="json",
        record=_json_record,
        join=lambda records: "\n".join(records) + "\n",
        broken=_JSON_FAULTS,
        long=lambda: ('{"title": "Talks", "content": "', '", "date": "2024-07-01"}\n'),
    ),
    "json, a list on one line": Case(
        format="json", record=_json_record, join=lambda records: f"[{', '.join(records)}]", broken=_JSON_FAULTS
    ),
    "json, a list of lines": Case(
        format="json",
        record=_json_record,
        join=lambda records: "[\n" + ",\n".join(records) + "\n]\n",
        broken=_JSON_FAULTS,
        long=lambda: ('[\n{"title": "Talks", "content": "', '", "date": "2024-07-01"}\n]'),
    ),
    "json, an envelope": Case(
        format="json",
        record=_json_record,
        join=lambda records: '{"count": 10, "data": {"items": [' + ",\n".join(records) + ']}, "next": null}',
        broken=_JSON_FAULTS,
        options={"records": ("data", "items")},
        long=lambda: ('{"other": "', '", "data": {"items": []}}'),
    ),
    "csv": Case(
        format="csv",
        record=_csv_row,
        join=lambda records: "title,date,text,other\n" + "".join(records),
        broken=_CSV_FAULTS,
        long=lambda: ("title,date,text\nTalks,2024-07-01,", "\n"),
    ),
    "csv, semicolons": Case(
        format="csv",
        record=lambda each: _csv_row(each, delimiter=";", day="%d.%m.%Y"),
        join=lambda records: "제목;등록일;내용;other\n" + "".join(records),
        broken={},
        long=lambda: ('title;date;text\nTalks;2024-07-01;"', '"\n'),
    ),
}
