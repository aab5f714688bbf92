"""A message → the HTML page of a mail: one column, inline styles, nothing that is fetched from anywhere.

Markup stands in `templates/`, and nowhere else. Every printed value is neutralised by `_printed` and then escaped, so a
template can print scraped text as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from monitor.model import Item, Message
from monitor.notify.redline import hunks
from monitor.notify.render import (
    Block,
    clipped,
    counted,
    evidence,
    figures,
    fitted,
    further_lines,
    heading,
    matching,
    more,
    named,
    neutralise,
    sections,
    spaced,
    subject,
)

if TYPE_CHECKING:
    from jinja2 import Environment

ROOM = 90_000  # bytes of UTF-8; widespread mail programs hide what comes after 102 kB
_PREVIEW_LONGEST = 140
_FIGURE = re.compile(r"(\d[\d.,:/]*(?:\d|%)|\d%?)")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


def page(message: Message) -> str:
    """Return a whole document: where ROOM runs out, items shrink to headlines, and those left out are counted.

    No scraped word can add or end an element or an attribute.
    """
    rows, left = fitted(list(_blocks(message)), ROOM, size=lambda text: len(text.encode()))
    preview = " · ".join(item.title for item in message.items[:3]) or " ".join(further_lines(message))
    return (
        _environment()
        .get_template("mail.html.j2")
        .render(
            message=message,
            subject=subject(message),
            preview=clipped(neutralise(preview), _PREVIEW_LONGEST),
            label=heading(message),
            what=counted(message.items) + (" release" if len(message.items) == 1 else ""),
            sources=list(dict.fromkeys(item.source for item in message.items if item.source)) or [message.source],
            watchlists=named(message.items),
            lines=further_lines(message),
            rows=rows,
            left=more(left) if left else "",
        )
    )


def _blocks(message: Message) -> Iterator[Block]:
    """Yield the items in order; the heading of a source belongs to the first item below it."""
    rows: Any = _environment().get_template("mail_rows.html.j2").module  # its macros are its attributes
    for source, items in sections(message):
        above = rows.source(source, counted(items)) if source else ""
        for item in items:
            line = rows.line(item)
            full = line if message.kind == "summary" else rows.whole(item, level="h3" if source else "h2")
            yield Block(full=above + full, short=above + line)
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
        finalize=_printed,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "evidence": evidence,
        "figures": figures,
        "hunks": hunks,
        "matching": matching,
        "neutralise": neutralise,
        "pieces": lambda text: _FIGURE.split(neutralise(text)),
        "untitled": _untitled,
    }
    made.tests["korean"] = lambda text: _HANGUL.search(text) is not None
    made.globals["look"] = made.get_template("look.html.j2").module
    return made


def _printed(value: object) -> object:
    """Neutralise a printed text; markup of a macro, which is neutralised already, stays."""
    return spaced(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _untitled(item: Item) -> list[int]:
    """Return the look-alikes that are known by number alone."""
    titled = {twin.number for twin in item.twins}
    return [number for number in item.related if number not in titled]
