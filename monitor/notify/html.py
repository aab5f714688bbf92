"""Render a message as the HTML page of a mail: one column, inline styles, nothing that is fetched from anywhere.

All markup is in `templates/`. Every printed value is neutralised and then escaped, so a template can print scraped text
as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from monitor.model import Message
from monitor.notify import render
from monitor.notify.excerpts import body, further_snippets, lead, spans_of
from monitor.notify.message_limit import utf8_bytes
from monitor.notify.redline import MAX_HUNKS, hunks, unshown_figures
from monitor.notify.words import words_of
from monitor.text import neutralise, spaced

if TYPE_CHECKING:
    from jinja2 import Environment

ROOM = 90_000  # bytes of UTF-8; widespread mail programs hide what comes after 102 kB
_MAX_PREVIEW = 140
_FIGURE = re.compile(r"(\d[\d.,:/]*(?:\d|%)|\d%?)")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


def page(message: Message) -> str:
    """Return a whole document; beyond ROOM, items shrink to headlines, and those left out are counted.

    No scraped word can add or end an element or an attribute.
    """
    words = words_of(message.language)
    rows, left = _fit(list(_rendered(message)))
    template = _environment().get_template("mail.html.j2")
    return template.render(
        message=message,
        words=words,
        subject=render.subject(message),
        headline=render.headline(message),
        parts=render.headline_parts(message) if len(message.items) == 1 else None,
        preview=render.truncate(neutralise(_preview(message)), _MAX_PREVIEW),
        facts=_facts(message),
        lines=render.further_lines(message),
        rows=rows,
        left=render.omitted_note(left, message.page, words) if left else "",
    )


def fits_page(message: Message) -> bool:
    """Return whether a page shows all items in full."""
    return sum(utf8_bytes(one.full) + 2 for one in _rendered(message)) <= ROOM


class _RenderedItem(NamedTuple):
    """An item in full, and in its short form."""

    full: str
    short: str


def _fit(rendered: Sequence[_RenderedItem]) -> tuple[list[str], int]:
    """Return as many items in full as leave ROOM for the others' short forms, and the count of those left out."""
    room, rest = ROOM, sum(utf8_bytes(one.short) + 2 for one in rendered)
    texts: list[str] = []
    for one in rendered:
        rest -= utf8_bytes(one.short) + 2
        text = one.full if utf8_bytes(one.full) + rest <= room else one.short
        if utf8_bytes(text) > room:
            break
        texts.append(text)
        room -= utf8_bytes(text) + 2
    return texts, len(rendered) - len(texts)


def _rendered(message: Message) -> Iterator[_RenderedItem]:
    """Yield the items in order; the heading of a source belongs to the first item below it."""
    rows: Any = _environment().get_template("mail_rows.html.j2").module  # its macros are its attributes
    words, page_address = words_of(message.language), message.page
    for source, items in render.sections(message):
        above = rows.source(source, render.kind_counts(items, words)) if source else ""
        level = "" if len(message.items) == 1 else "h3" if source else "h2"  # the headline has the title of one item
        for item in items:
            line = rows.line(item, page_address, words)
            origin = render.origin(item, message) if level else ""  # of one item it stands below the headline
            full = line if message.kind == "summary" else rows.whole(item, page_address, words, level, origin)
            if item.body and utf8_bytes(full) > ROOM:
                full = rows.whole(replace(item, body=""), page_address, words, level, origin)
            yield _RenderedItem(full=above + full, short=above + line)
            above = ""


def _facts(message: Message) -> str:
    """Return the line below the heading: what there is, where it came from, and which part of how many it is."""
    if not message.items:
        return ""
    words = words_of(message.language)
    facts = render.overview(message) if len(message.items) > 1 else render.origin(message.items[0], message)
    part = words.part.format(message.part, message.parts) if message.parts > 1 else ""
    return " · ".join(filter(None, (facts, part)))


def _preview(message: Message) -> str:
    """Return what an inbox shows behind the subject: how one release begins, or what the others are called."""
    if len(message.items) == 1:
        return message.items[0].lead
    return " · ".join(item.title for item in message.items[1:4]) or " ".join(render.further_lines(message))


@cache
def _environment() -> Environment:
    """Return the templates, each compiled once; most commands send no mail and never load Jinja2."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("monitor.notify"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        finalize=_neutralised,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named = (
        further_snippets,
        hunks,
        lead,
        neutralise,
        render.figures,
        render.link,
        render.match_counts,
        render.notes,
        render.release_link,
        render.untitled,
        spans_of,
        unshown_figures,
    )
    made.filters |= {one.__name__: one for one in named}
    made.filters["paragraphs"] = body
    made.filters["pieces"] = lambda text: _FIGURE.split(neutralise(text))
    made.tests["korean"] = lambda text: _HANGUL.search(text) is not None
    made.globals["max_hunks"] = MAX_HUNKS
    made.globals["look"] = made.get_template("look.html.j2").module
    return made


def _neutralised(value: object) -> object:
    """Neutralise a printed text; a macro's markup, which is neutralised already, stays."""
    return spaced(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
