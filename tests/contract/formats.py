"""Formats under test: how each writes releases, and how one record of it may be broken. A format is one row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

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
    is_open: bool = False  # a text ends where the next record begins, so one that was cut is a shorter view of it

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


def _json_feed_item(release: Written) -> str:
    day = f"{release.day}T09:00:00+09:00"
    value = {"id": str(release.day), "title": release.title, "content_text": release.body, "date_published": day}
    return json.dumps(value, ensure_ascii=False)


_JSON_FEED = '{"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": [\n'
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


def _xml_faults(end: str) -> Mapping[str, Callable[[str], str]]:
    """end: the end tag of a record."""
    return {
        "a tag that is not closed": lambda text: text.replace("</title>", ""),
        "no end": lambda text: text.replace(end, ""),
        "half of it": lambda text: text[: len(text) // 2],
        "a tag within another": lambda text: text.replace("<title>", "<title <b>"),
        "an open CDATA section": lambda text: text.replace("<title>", "<title><![CDATA["),
        "an open comment": lambda text: text.replace("<title>", "<title><!-- "),
        "a bare <": lambda text: text.replace("<title>", "<title>1 < 2"),
        "undecodable": lambda text: text.replace("first", "fi\udcff\udcfert"),
        "no title and no text": lambda text: text[: text.index(">") + 1] + end,
        "too deep": lambda text: text.replace("<title>", "<a>" * 80 + "</a>" * 80 + "<title>"),
    }


_RSS = Case(
    format="feed",
    record=lambda each: (
        f"<item><title>{escape(each.title)}</title><guid>{each.day}</guid><pubDate>{each.day:%d %b %Y} 09:00:00 +0900"
        f"</pubDate><description>{escape(each.body)}</description></item>\n"
    ),
    join=lambda records: (
        f'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>News</title>\n{"".join(records)}</channel></rss>\n'
    ),
    broken=_xml_faults("</item>"),
    long=lambda: ("<rss><channel><item><title>Talks</title><description>", "</description></item></channel></rss>"),
)

_BYTES_FAULTS: Mapping[str, Callable[[str], str]] = {
    "undecodable": lambda text: text.replace("first", "fi\udcff\udcfert"),
    "a control character": lambda text: text.replace("first", "fi\x07rst"),
}


def _message(release: Written, content: str, *more: str) -> str:
    date = f"{release.day:%a, %d %b %Y} 09:00:00 +0900"
    header = ("From press@example.org Mon Jul  1 09:00:00 2024", f"Subject: {release.title}", f"Date: {date}", *more)
    return "\n".join((*header, "", content, ""))


def _message_in_parts(release: Written) -> str:
    plain, html = (
        f"--b\nContent-Type: text/{kind}; charset=utf-8\n\n{text}\n"
        for kind, text in (("plain", release.body), ("html", f"<p>Another one: {release.title}</p>"))
    )
    return _message(release, f"{plain}{html}--b--", "Content-Type: multipart/alternative; boundary=b")


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
    "feed, RSS": _RSS,
    "auto, RSS": replace(_RSS, format="auto", long=None),
    "feed, Atom": Case(
        format="feed",
        record=lambda each: (
            f"<entry><id>tag:{each.day}</id><title>{escape(each.title)}</title><published>{each.day}T09:00:00+09:00"
            f'</published><content type="text">{escape(each.body)}</content></entry>\n'
        ),
        join=lambda records: (
            f'<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>\n{"".join(records)}</feed>\n'
        ),
        broken=_xml_faults("</entry>"),
    ),
    "feed, JSON Feed": Case(
        format="feed",
        record=_json_feed_item,
        join=lambda records: _JSON_FEED + ",\n".join(records) + "]}\n",
        broken={"no closing brace": lambda text: text[:-1], "half of it": lambda text: text[: len(text) // 2]},
    ),
    "xml": Case(
        format="xml",
        record=lambda each: (
            f"<release><title>{escape(each.title)}</title><date>{each.day}</date><text>{escape(each.body)}</text></release>\n"
        ),
        join=lambda records: f"<releases>\n{''.join(records)}</releases>\n",
        broken=_xml_faults("</release>"),
        options={"records": ("release",)},
        long=lambda: ("<releases><release><title>Talks</title><text>", "</text></release></releases>"),
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
    "document, front matter": Case(
        format="document",
        record=lambda each: (
            f"---\ntitle: {json.dumps(each.title, ensure_ascii=False)}\ndate: {each.day}\n"
            f"tags: [a, b]\n---\n\n{each.body}\n"
        ),
        join="==\n".join,
        broken={
            **_BYTES_FAULTS,
            "open front matter": lambda text: text.replace("\n---\n", "\n"),
            "no title and no text": lambda text: "---\ndate: 2024-07-01\n---\n",
        },
        options={"between": "=="},
        long=lambda: ("---\ntitle: Talks\n---\n", "\n"),
        is_open=True,
    ),
    "document, labels": Case(
        format="document",
        record=lambda each: f"Title: {each.title}\nDate: {each.day}\nPlace: Seoul\n\n{each.body}\n",
        join="\n==\n\n".join,
        broken=_BYTES_FAULTS,
        options={"between": "=="},
        long=lambda: ("Title: Talks\nDate: 2024-07-01\n\n", ""),
        is_open=True,
    ),
    "mail, an mbox of parts": Case(
        format="mail",
        record=_message_in_parts,
        join="\n".join,
        broken={
            **_BYTES_FAULTS,
            "no header": lambda text: text.partition("\n")[0] + "\nThey met in June.\nThey met again.\n",
            "no end of the header": lambda text: "\n".join(text.split("\n")[:4]) + "\n",
            "no closing boundary": lambda text: text.replace("--b--", ""),
            "no boundary": lambda text: text.replace("boundary=", "bound="),
            "UTF-7": lambda text: text.replace("utf-8", "utf-7"),
        },
        long=lambda: ("Subject: Talks\n\n", ""),
    ),
    "mail, an mbox of texts": Case(
        format="mail",
        record=lambda each: _message(each, each.body),
        join="\n".join,
        broken=_BYTES_FAULTS,
        long=lambda: ("Subject: Talks\nTo: ", "\n\nThey met.\n"),
        is_open=True,
    ),
}
