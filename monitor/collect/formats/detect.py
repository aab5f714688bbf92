"""Say what a file looks like, and which lines of a configuration would read it. No file is read by a guess alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from monitor.collect.formats.base import told_names
from monitor.collect.formats.csv.delimiter import DELIMITERS, clean_header, known_names
from monitor.collect.formats.csv.lines import lines
from monitor.collect.formats.csv.rows import parsed_rows
from monitor.collect.formats.dash.end_label import DASHES, INVISIBLE
from monitor.collect.formats.json.values import Value, values
from monitor.text import escape

HEAD = 65_536  # characters that show what a file is
_MAX_PLACES = 20  # in an envelope that are tried
_DASH_LINE = re.compile(rf"[\s{INVISIBLE}]*[{DASHES}][{INVISIBLE}{DASHES} \t]*(?:\r?\n|\Z)")
_PAGE = re.compile(r"\s*(?:<\?[^<>]{0,200}>\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_FEEDS = ("rss", "feed", "RDF")  # root elements, with any prefix
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_ELEMENT = re.compile(r"<([A-Za-z_][\w:.-]{0,60})[\s/>]")
_LIST = re.compile(r'"([^"\\]{1,60})"\s*:\s*\[\s*\{')
_OBJECT = re.compile(r'"([^"\\]{1,60})"\s*:\s*\{')
_HEADER = re.compile(r"(?:From |(?:Return-Path|Received|From|Message-ID|Subject|MIME-Version):)", re.IGNORECASE)
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n[\w -]{1,60}:")
_FRONT = re.compile(r"---[ \t]*\r?\n|#{1,6} \S|(?:title|제목)[ \t]*:[ \t]*\S", re.IGNORECASE)


class Look(NamedTuple):
    """What a file looks like."""

    format: str  # that would read it; "": none
    what: str
    records: str = ""  # the place of its records, where they lie inside something
    is_cut: bool = False  # it ends before it shows what it is

    @property
    def is_page(self) -> bool:
        """Return whether it looks like an HTML page."""
        return self.what.startswith("an HTML page")

    @property
    def lines(self) -> str:
        """Return what to write into the source."""
        return f"format: {self.format}" + (f" and records: {self.records}" if self.records else "")


def look_of(head: str) -> Look:
    """Return what a file with this beginning looks like."""
    text = head.lstrip("\ufeff")
    if _DASH_LINE.match(text) and not _FRONT_MATTER.match(text):
        return Look("text", "a dump of records behind lone '-' lines")
    start = text.lstrip()
    looks = (
        _markup(start) if start.startswith("<") else None,
        _json(head) if start.startswith(("{", "[")) else None,
        _table(text),
        Look("mail", "mail") if _HEADER.match(start) else None,
        Look("document", "a document") if _FRONT.match(start) else None,
    )
    return next(filter(None, looks), Look("", "none of these"))


def _markup(text: str) -> Look:
    if _PAGE.match(text):
        title = _TITLE.search(text)
        return Look("", f"an HTML page ({escape(' '.join(title[1].split()))})" if title else "an HTML page")
    root, *names = [match[1] for match in _ELEMENT.finditer(text)] or [""]
    if root.rpartition(":")[2] in _FEEDS:
        return Look("feed", "a feed")
    if not root:
        return Look("", "the beginning of a tag", is_cut=True)
    repeated = next((name for name in names if names.count(name) > 1), "")
    return Look("xml", f"XML with {told_names(list(dict.fromkeys(names)))}", repeated or "the element of a record")


def _json(head: str) -> Look:
    if '"https://jsonfeed.org/version/' in head[:4_096]:
        return Look("feed", "a feed")
    kind = "a list in JSON" if head.lstrip("\ufeff \t\r\n").startswith("[") else "JSON lines"
    names = _names_at(head)
    if known_names(names) or kind != "JSON lines":
        return Look("json", f"{kind} with {told_names(names)}")
    for path in _places(head):
        names = _names_at(head, *path)
        if known_names(names):
            return Look("json", f"JSON with {told_names(names)} in {'.'.join(path)}", ".".join(path))
    return Look("json", "JSON")


def _names_at(head: str, *path: str) -> tuple[str, ...]:
    found = next(values((head,), path=path), None)
    return tuple(found.value) if isinstance(found, Value) else ()


def _places(head: str) -> Iterator[tuple[str, ...]]:
    """Yield the places in an envelope at which a list of objects may stand, inside one object at most."""
    lists = list(dict.fromkeys(match[1] for match in _LIST.finditer(head)))[:_MAX_PLACES]
    objects = list(dict.fromkeys(match[1] for match in _OBJECT.finditer(head)))[:_MAX_PLACES]
    yield from ((name,) for name in lists)
    yield from ((outer, name) for name in lists for outer in objects)


def _table(text: str) -> Look | None:
    first = next((line for line in lines((text,)) if line.text.strip()), None)
    if first is None:
        return None
    headers = [clean_header((parsed_rows([first], one) or [[]])[0]) for one in DELIMITERS]
    known, header = max(((len(known_names(header)), header) for header in headers), key=lambda one: one[0])
    return Look("csv", f"CSV with {told_names(header)}") if known > 1 else None
