"""Render a message as a subject line and a plain body, for chat, console and mail.

Pure. Every scraped word passes `neutralise` here; nothing else may put message text on a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from monitor.model import Item, Kind, Message, Snippet
from monitor.notify.redline import DiffLine, redline
from monitor.text import keep_edge_spaces

SECTION = "── "  # the start of a heading over the items of one source; scraped text never starts a line
_MAX_SUBJECT = 150
_MAX_LABEL = 80
_MAX_LINE_TITLE = 160
_MAX_NAMES = 4
_MAX_LINES = 24  # redline lines of one item
_MAX_PAIRS = 12
_INDENT = "  "
_SPACE_CATEGORIES = frozenset({"Zs", "Zl", "Zp"})
_CHAT_MARKUP = re.compile(r"<(?=[^\s\u200b])|](?=\()|([`|~*_])(?=\1)")


def subject(message: Message) -> str:
    """Return one line such as `[fta, semiconductor] 3 new, 1 changed — motie (2/3)`, with a label before the counts.

    A message without items is about the monitor itself: `[monitor] channel team is failing`.
    """
    if not message.items:
        return truncate(f"[monitor] {_first_line(message) or message.kind}", _MAX_SUBJECT)
    part = f" ({message.part}/{message.parts})" if message.parts > 1 else ""
    label = heading(message)
    counts = f"{label and label + ': '}{kind_counts(message.items)}"
    facts = f"[{watchlist_names(message.items)}] {counts} — {_source_names(message)}"
    return truncate(facts, _MAX_SUBJECT) + part


def plain(message: Message, *, room: int | None = None) -> str:
    """Return the body, item by item, oldest decision first; with `room`, at most about that many characters.

    Where room runs out, items shrink to headline, title and number, and those that still do not fit are kind_counts.
    """
    if not message.items:
        text = "\n".join(further_lines(message)) or _first_line(message) or message.kind
        return text if room is None else truncate(text, room)
    gap = "\n" if message.kind == "summary" else "\n\n"
    rendered = list(_rendered(message))
    body = gap.join(one.full for one in rendered)
    if room is None or len(body) <= room:
        return body
    texts, left = fit(rendered, room - len(omitted_note(len(rendered))) - 2)
    return gap.join([*texts, *([omitted_note(left)] if left else [])])


def neutralise(text: str) -> str:
    r"""Return one harmless line: no control, invisible or direction character, no @ that a chat could resolve.

    Spaces and line ends of any kind become one space; lone surrogates become U+FFFD. Idempotent.

    >>> neutralise("Talks\r\nBcc: x\u202e @here").encode("ascii", "backslashreplace")
    b'Talks Bcc: x @\\u200bhere'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split()).replace("@", "@\u200b")
    return " ".join("".join(map(_neutral, text)).split()).replace("@", "@\u200b")


def escape_chat_markup(text: str) -> str:
    r"""Return text that a chat shows as it is: no links, mentions, spoilers or code.

    An invisible space breaks the characters that would start them; a reader sees the same words. Idempotent.

    >>> escape_chat_markup("[x](javascript:y) <!channel> ||z||").encode("ascii", "backslashreplace")
    b'[x]\\u200b(javascript:y) <\\u200b!channel> |\\u200b|z|\\u200b|'
    """
    return _CHAT_MARKUP.sub("\\g<0>\u200b", text)


# --- words that every rendering shares ---------------------------------------------------------------------------


def heading(message: Message) -> str:
    """Return what groups the items, such as a digest's time; `""` for those of one dump."""
    label = message.label or ("" if message.kind == "instant" else message.kind)
    return truncate(neutralise(label), _MAX_LABEL)


def watchlist_names(items: Sequence[Item]) -> str:
    """Return the watchlists of these items, the first few by name."""
    return _first_names(sorted({name for item in items for name in item.watchlists}, key=str.casefold))


def kind_counts(items: Sequence[Item]) -> str:
    """Return how many items there are of each kind, as in `3 new, 1 changed`."""
    counts = Counter(item.kind for item in items)
    return ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind])


def sections(message: Message) -> list[tuple[str, list[Item]]]:
    """Return the items by source, in the order in which sources appear; a single source has no name here."""
    by_source: dict[str, list[Item]] = {}
    for item in message.items:
        by_source.setdefault(item.source, []).append(item)
    return [(neutralise(source) if len(by_source) > 1 else "", items) for source, items in by_source.items()]


def further_lines(message: Message) -> list[str]:
    """Return the lines below the subject of a message without items, neutralised, for they may quote scraped words."""
    return [neutralise(line) for line in message.text.strip().split("\n")[1:]]


def figures(item: Item) -> tuple[tuple[str, str], ...]:
    """Return the changed figures, each pair once."""
    return tuple(dict.fromkeys((neutralise(old) or "none", neutralise(new) or "none") for old, new in item.numbers))


def evidence(item: Item) -> str:
    """Return why a known release is the same one, and what differs; `""` for a new one."""
    return "" if item.kind is Kind.NEW else neutralise(item.reason)


def untitled(item: Item) -> list[int]:
    """Return the related releases that are known by number alone."""
    titled = {one.number for one in item.twins}
    return [number for number in item.related if number not in titled]


def pointer(number: int) -> str:
    """Return the command that shows a whole release."""
    return f"monitor show {number}"


def omitted_note(count: int) -> str:
    """Return how many items are left out, and the command that lists them."""
    return f"and {count} more: `monitor alerts` lists them"


def spaced(text: str) -> str:
    """Neutralise a text that is joined to others: one space at each edge stays.

    >>> spaced(" rose ")
    ' rose '
    """
    return keep_edge_spaces(neutralise(text), text)


def truncate(text: str, limit: int) -> str:
    """Cut a text down to that many characters; a mark says that some are missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedItem:
    """An item in full, and in its short form."""

    full: str
    short: str


def fit(rendered: Sequence[RenderedItem], room: int, *, size: Callable[[str], int] = len) -> tuple[list[str], int]:
    """Return as many items in full as leave room for the others' short forms, and the count of those left out."""
    rest = sum(size(one.short) + 2 for one in rendered)
    texts: list[str] = []
    for one in rendered:
        rest -= size(one.short) + 2
        text = one.full if size(one.full) + rest <= room else one.short
        if size(text) > room:
            break
        texts.append(text)
        room -= size(text) + 2
    return texts, len(rendered) - len(texts)


# --- plain text --------------------------------------------------------------------------------------------------


def _neutral(char: str) -> str:
    category = unicodedata.category(char)
    if category in _SPACE_CATEGORIES or char in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85":
        return " "
    if category in ("Cc", "Cf"):
        return ""
    return "\ufffd" if category == "Cs" else char


def _first_line(message: Message) -> str:
    return neutralise(message.text.strip().partition("\n")[0])


def _source_names(message: Message) -> str:
    sources = list(dict.fromkeys(item.source for item in message.items if item.source))
    return _first_names(sources or [message.source])


def _first_names(names: Sequence[str]) -> str:
    return _joined([neutralise(name) for name in names], _MAX_NAMES, "+{}")


def _rendered(message: Message) -> Iterator[RenderedItem]:
    """Yield the items in order; a heading belongs to the item below it, so that both are shown or neither."""
    is_summary, gap = message.kind == "summary", ""
    for source, items in sections(message):
        above = f"{gap}{SECTION}{source}: {kind_counts(items)}\n\n" if source else ""
        gap = "\n" if is_summary else ""
        for item in items:
            if is_summary:
                full, short = _summary_line(item, _MAX_LINE_TITLE), _summary_line(item, 40)
            else:
                full = "\n".join(_item_lines(item))
                short = "\n".join([*_top_lines(item), _INDENT + pointer(item.release)])
            yield RenderedItem(full=above + full, short=above + short)
            above = ""


def _summary_line(item: Item, limit: int) -> str:
    title = truncate(neutralise(item.title), limit) or "(no title)"
    return f"{_INDENT}{item.kind.value.upper()}  {_day(item)}  {title} — {pointer(item.release)}"


def match_counts(item: Item) -> Iterator[str]:
    """Yield its watchlists, each with how often it matched where that is more than once."""
    times = dict(item.totals)
    return (f"{name} × {times[name]}" if times.get(name, 1) > 1 else name for name in item.watchlists)


def _item_lines(item: Item) -> Iterator[str]:
    yield from _top_lines(item)
    if item.words or item.watchlists:
        yield _INDENT + _match_line(item)
    yield from (_INDENT + _snippet_line(snippet) for snippet in item.snippets if snippet.field != "title")
    yield from _redlines(item)
    if item.numbers:
        pairs = [f"{old} → {new}" for old, new in figures(item)]
        yield f"{_INDENT}figures: {_joined(pairs, _MAX_PAIRS, '{} more')}"
    if evidence(item):
        yield _INDENT + evidence(item)
    yield from (_INDENT + line for line in _related_lines(item))
    yield _INDENT + pointer(item.release)


def _top_lines(item: Item) -> Iterator[str]:
    yield "  ".join(word for word in (item.kind.value.upper(), _day(item), neutralise(item.category or "")) if word)
    yield _INDENT + (neutralise(item.title) or "(no title)")


def _day(item: Item) -> str:
    return item.date.isoformat() if item.date else "undated"


def _match_line(item: Item) -> str:
    words = ", ".join(map(neutralise, item.words))
    names = ", ".join(map(neutralise, match_counts(item)))
    return f"matched: {words} [{names}]" if words else f"watchlists: {names}"


def _snippet_line(snippet: Snippet) -> str:
    """Return the snippet with the hit in guillemets."""
    label = "" if snippet.field == "body" else f"{neutralise(snippet.field)}: "
    return f"{label}{spaced(snippet.before).lstrip()}»{neutralise(snippet.hit)}«{spaced(snippet.after).rstrip()}"


def _redlines(item: Item) -> Iterator[str]:
    lines = redline(item.edits)
    yield from (f"{_INDENT}  {line.mark} {_diff_text(line)}" for line in lines[:_MAX_LINES])
    if len(lines) > _MAX_LINES:
        yield f"{_INDENT}    … and {len(lines) - _MAX_LINES} more lines"


def _diff_text(line: DiffLine) -> str:
    """Return the line with its changes in brackets."""
    label = "" if line.field == "body" else f"{neutralise(line.field)}: "
    texts = (
        span.text.replace(inner, f"[{inner}]") if span.is_changed and (inner := span.text.strip()) else span.text
        for span in line.spans
    )
    return label + neutralise("".join(texts))


def _joined(words: Sequence[str], limit: int, omitted: str) -> str:
    """Join the first words; `omitted` says how many are left out."""
    surplus = [omitted.format(len(words) - limit)] if len(words) > limit else []
    return ", ".join([*words[:limit], *surplus])


def _related_lines(item: Item) -> Iterator[str]:
    """Yield related releases by title, and those whose titles are not known by number alone."""
    for one in item.twins:
        yield f"resembles: {one.number} “{neutralise(one.title)}” — {pointer(one.number)}"
    if numbers := untitled(item):
        yield f"resembles: {_joined([str(number) for number in numbers], _MAX_PAIRS, '{} more')}"
