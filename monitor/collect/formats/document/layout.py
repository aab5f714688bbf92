"""Find the fields of a document: in its front matter, in lines with labels, or its heading.

    document     = ( front matter | labels | ) , [ heading ] , text ;
    front matter = "---" , line end , YAML , "---" , line end ;
    labels       = label line , label line , { label line } , ( blank line | label without a value | ) ;
    label line   = name , ":" , [ value ] , line end ;

Of the label lines one is a title. A title that the file may have been cut in is none: a text that was cut is a shorter
view of it, while a shorter title is a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from monitor.collect.formats.document.front_matter import MAX_LENGTH, begins_field, fields_in
from monitor.collect.formats.fields import USUAL_NAMES, plain_name

MAX_HEADING = 300  # characters; a longer first line is the beginning of a text
_OPEN = re.compile(r"---[ \t]*\n\s*")
_CLOSE = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_LABEL = re.compile(r"([^\W\d][\w ()-]{0,40}?)[ \t]*[:：](?!//)[ \t]*(.*)\Z")
_PART = re.compile(r"[^\W\d][\w ()-]{0,41}\Z")  # of a label
_HEADING = re.compile(r"#{1,6}[ \t]+(?=\S)")
_UNDERLINE = re.compile(r"[ \t]*(?:=+|-+)[ \t]*(?:\n|\Z)")
_KNOWN = {plain_name(name): field for field, names in USUAL_NAMES.items() for name in names}

Fields = dict[str, object]
CUT_OFF = "it is half written or was cut off"


class Broken(Exception):
    """A document cannot be read; the message says why."""


class Unfinished(Broken):
    """The file ends before it is known what a document says."""


class Layout(NamedTuple):
    """The fields of a document, and the text behind them."""

    fields: Fields
    text: str


def layout_of(text: str, *, is_last: bool, is_title: Callable[[str], bool], has_fences: bool = True) -> Layout:
    """Return the parts of a document but its heading. Raise Broken.

    is_last: the file ends behind it. is_title: returns whether a label is that of a title. has_fences: a line `---` is
    one of front matter.
    """
    fence = _OPEN.match(text) if has_fences else None
    if fence is None:
        return _labels(text, is_last=is_last, is_title=is_title)
    if empty := _CLOSE.match(text, fence.end()):
        return Layout({}, text[empty.end() :])
    first, line_end, _ = text[fence.end() : fence.end() + MAX_LENGTH].partition("\n")
    if line_end and not begins_field(first):  # a rule above a text
        return _labels(text[fence.end() :], is_last=is_last, is_title=is_title)
    end = _CLOSE.search(text, fence.end(), fence.end() + MAX_LENGTH)
    if end is None:
        is_long = len(text) > fence.end() + MAX_LENGTH
        if is_last and not is_long:
            raise Unfinished(f"the file ends before the front matter does: {CUT_OFF}")
        raise Broken(f"its front matter has no end: a line --- is missing within {MAX_LENGTH:,} characters")
    found = fields_in(text[fence.end() : end.start()])
    return Layout(found, text[end.end() :]) if found else Layout({}, text[fence.end() :])


def heading_of(text: str, *, is_last: bool) -> tuple[str, str]:
    """Return the heading of a text, "" where its first line is too long for one, and what follows. Raise Unfinished."""
    text = text.lstrip()
    first, line_end, others = text.partition("\n")
    if is_last and not line_end:
        raise Unfinished(f"the file ends before the line end of the title: {CUT_OFF}")
    if marks := _HEADING.match(first):
        return first[marks.end() :].rstrip().rstrip("#").rstrip(), others
    if len(first) > MAX_HEADING:
        return "", text
    underline = _UNDERLINE.match(others)
    return first.strip(), others[underline.end() :] if underline else others


def _labels(text: str, *, is_last: bool, is_title: Callable[[str], bool]) -> Layout:
    labels, at = list[tuple[str, list[str]]](), 0
    while True:
        end = text.find("\n", at)
        if end < 0 and is_last and labels and _may_go_on(text[at:]):
            raise Unfinished(f"the file ends before the text begins: {CUT_OFF}, or lacks an empty line before it")
        line, behind = text[at : end if end >= 0 else len(text)], end + 1 if end >= 0 else len(text)
        match = _LABEL.match(line)
        if match:
            name, value = match[1].strip(), match[2].strip()
            labels.append((name, [value]))
            if not value and _KNOWN.get(plain_name(name), "body") == "body":
                at = behind  # a label without a value opens the text
                break
        elif labels and line[:1] in (" ", "\t") and line.strip():
            labels[-1][1].append(line.strip())  # it goes on with the value above
        else:
            break
        at = behind
    fields = Fields()
    for name, parts in labels:
        values = fields.setdefault(name, [])
        if isinstance(values, list):
            values.append(" ".join(parts).strip())
    is_titled = any(is_title(name) and any(parts) for name, parts in labels)
    return Layout(fields, text[at:]) if len(labels) > 1 and is_titled else Layout({}, text)


def _may_go_on(line: str) -> bool:
    """Return whether a line that the file ends in may be a label, or the rest of the value of the one above."""
    return not line or line[0] in " \t" or bool(_PART.match(line) or _LABEL.match(line))
