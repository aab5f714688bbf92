"""Render a message as the HTML page of a mail: one column, inline styles, nothing that is fetched from anywhere.

All markup is in `templates/`. Every printed value is neutralised and then escaped, so a template can print scraped text
as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from monitor.model import Message
from monitor.notify import render
from monitor.notify.message_limit import utf8_bytes
from monitor.notify.redline import hunks
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
    rows, left = _fit(list(_rendered(message)))
    preview = " · ".join(item.title for item in message.items[:3]) or " ".join(render.further_lines(message))
    template = _environment().get_template("mail.html.j2")
    return template.render(
        message=message,
        subject=render.subject(message),
        preview=render.truncate(neutralise(preview), _MAX_PREVIEW),
        label=render.heading(message),
        what=render.kind_counts(message.items) + (" release" if len(message.items) == 1 else ""),
        sources=render.source_names(message),
        watchlists=render.watchlist_names(message.items),
        lines=render.further_lines(message),
        rows=rows,
        left=render.omitted_note(left, message.page) if left else "",
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
    for source, items in render.sections(message):
        above = rows.source(source, render.kind_counts(items)) if source else ""
        for item in items:
            line = rows.line(item, message.page)
            full = line if message.kind == "summary" else rows.whole(item, message.page, level="h3" if source else "h2")
            yield _RenderedItem(full=above + full, short=above + line)
            above = ""


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
        hunks,
        render.evidence,
        render.figures,
        render.link,
        render.match_counts,
        render.release_link,
        neutralise,
        render.untitled,
    )
    made.filters |= {one.__name__: one for one in named}
    made.filters["pieces"] = lambda text: _FIGURE.split(neutralise(text))
    made.tests["korean"] = lambda text: _HANGUL.search(text) is not None
    made.globals["look"] = made.get_template("look.html.j2").module
    return made


def _neutralised(value: object) -> object:
    """Neutralise a printed text; a macro's markup, which is neutralised already, stays."""
    return spaced(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
