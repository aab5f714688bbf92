"""Give a webhook the facts of a message as fields, so that a program need not read its text.

Pure. `schemas/webhook.json` describes them; names and forms are those of the lines of `--json` where these have them.
Texts are neutralised as in a message, because programs pass them on to chats and pages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from monitor.model import Item, Message
from monitor.notify.links import safe_link
from monitor.notify.render import figures, heading, link, release_link
from monitor.text import neutralise, spaced, spaced_lines

SCHEMA_VERSION = 1
ROOM = 250_000  # bytes of JSON; 256 kB is the most that some queues and functions take
_PER_CHARACTER, _PER_ENTRY, _PER_MESSAGE = 12, 60, 2_000  # bytes of JSON at most; an emoji is two escapes
_MAX_LIST = 200  # entries
_MAX_TEXT = 1_000  # characters of a text that compose does not bound
_MAX_CUT_BODY = 2_000

Fields = dict[str, Any]


def fields(message: Message, delivery: str) -> Fields:
    """Return the fields of a message; where they exceed ROOM, its releases keep less and say so."""
    made: Fields = {}
    for made in _forms(message, delivery):
        if _size(made) <= ROOM:
            break
    return made


def flat_fields(message: Message, delivery: str) -> dict[str, str]:
    """Return the fields for a service that has no lists: those that are no text as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in fields(message, delivery).items()
        if value is not None
    }


def fits_fields(message: Message) -> bool:
    """Return whether the fields of a message hold all items in full."""
    return size_bound(message) <= ROOM or _size(next(_forms(message, "0" * 40))) <= ROOM


def size_bound(message: Message) -> int:
    """Return a number of bytes of JSON that the fields never exceed; it costs a tenth of making them."""
    entries: list[str | None] = [message.channel, message.label, message.language, message.page]
    for item in message.items:
        facts = (
            item.title, item.category, item.source, item.dump, item.reason, item.lead, item.body, item.url, item.ref,
        )  # fmt: skip
        entries += [*facts, message.page]
        entries += [*item.watchlists, *item.watchlists, *item.words, *(name for name, _ in item.totals)]
        entries += [text for one in item.snippets for text in (one.before, one.hit, one.after)]
        entries += [text for one in item.edits for text in (one.old, one.new)]
        entries += [text for pair in item.numbers for text in pair]
        entries += [one.title for one in item.twins] + [""] * len(item.related)
    return sum(len(text or "") for text in entries) * _PER_CHARACTER + len(entries) * _PER_ENTRY + _PER_MESSAGE


def _forms(message: Message, delivery: str) -> Iterator[Fields]:
    """Yield all fields, and then ever fewer of each release."""
    cuts: tuple[Callable[[Item], Item], ...] = (
        lambda item: replace(item, body=f"{item.body[:_MAX_CUT_BODY]} …" if item.body else ""),
        lambda item: replace(item, body=""),
        lambda item: replace(item, body="", edits=()),
        lambda item: replace(item, body="", edits=(), snippets=(), numbers=(), twins=(), related=()),
        lambda item: replace(
            item,
            body="",
            edits=(),
            snippets=(),
            numbers=(),
            twins=(),
            related=(),
            words=(),
            lead="",
            reason="",
            url=None,
        ),
    )
    yield _fields(message, delivery, [_release(item, message.page) for item in message.items])
    for cut in cuts:
        yield _fields(message, delivery, [_release(cut(item), message.page, is_cut=True) for item in message.items])


def _fields(message: Message, delivery: str, releases: list[Fields]) -> Fields:
    return {
        "schema_version": SCHEMA_VERSION,
        "delivery": delivery,
        "channel": neutralise(message.channel),
        "kind": message.kind,
        "label": heading(message) if message.label or message.occasion else None,
        "part": message.part,
        "parts": message.parts,
        "language": message.language,
        "watchlists": list(dict.fromkeys(neutralise(name) for item in message.items for name in item.watchlists)),
        "page": safe_link(message.page) or None,
        "releases": releases,
    }


def _release(item: Item, page: str, *, is_cut: bool = False) -> Fields:
    return {
        "release": item.release,
        "version": item.version,
        "kind": item.kind.value,
        "title": neutralise(item.title),
        "date": item.date.isoformat() if item.date else None,
        "category": _text(item.category),
        "source": _text(item.source),
        "dump": _text(item.dump),
        "watchlists": list(map(neutralise, item.watchlists)),
        "hits": {neutralise(name): count for name, count in item.totals},
        "words": list(map(neutralise, item.words[:_MAX_LIST])),
        "snippets": [
            {"field": one.field, "before": spaced(one.before), "hit": neutralise(one.hit), "after": spaced(one.after)}
            for one in item.snippets
        ],
        "edits": [
            {"field": one.field, "op": one.op, "old": spaced(one.old), "new": spaced(one.new)} for one in item.edits
        ],
        "figures": [{"old": old, "new": new} for old, new in figures(item.numbers)[:_MAX_LIST]],
        "reason": _text(item.reason) or "",
        "lead": neutralise(item.lead),
        "body": spaced_lines(item.body) or None,
        "url": link(item) or None,
        "ref": _text(item.ref),
        "page": release_link(item.release, page) or None,
        "related": _related(item),
        "cut": is_cut,
    }


def _related(item: Item) -> list[Fields]:
    titles = {one.number: neutralise(one.title) for one in item.twins}
    return [{"release": number, "title": titles.get(number)} for number in item.related[:_MAX_LIST]]


def _text(text: str | None) -> str | None:
    """Return a bounded text; None where there is none."""
    return neutralise(text[:_MAX_TEXT]) or None if text else None


def _size(made: Fields) -> int:
    return len(json.dumps(made))
