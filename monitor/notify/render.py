"""A message → what people read: a subject line and a plain body for chat, console and mail.

Pure. Every scraped word passes `neutralise` here; nothing else may put message text on a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.model import Item, Kind, Message, Snippet
from monitor.notify.redline import DiffLine, Stroke, redline

SECTION = "── "  # what a heading over the items of one source starts with; nothing scraped starts a line
_SUBJECT_LONGEST = 150
_LABEL_LONGEST = 80
_LINE_TITLE_LONGEST = 160
_NAMES_MOST = 4
_LINES_MOST = 24  # redline lines of one item
_PAIRS_MOST = 12
_INDENT = "  "
_BLANK_CATEGORIES = frozenset({"Zs", "Zl", "Zp"})
_CHAT_MARKUP = re.compile(r"<(?=[^\s\u200b])|](?=\()|([`|~*_])(?=\1)")


def subject(message: Message) -> str:
    """One line such as `[fta, semiconductor] 3 new, 1 changed — motie (2/3)`, with a label before the counts.

    What has no items is news of the monitor itself: `[monitor] channel team is failing`.
    """
    if not message.items:
        return clipped(f"[monitor] {_first_line(message) or message.kind}", _SUBJECT_LONGEST)
    part = f" ({message.part}/{message.parts})" if message.parts > 1 else ""
    label = heading(message)
    facts = f"[{named(message.items)}] {label and label + ': '}{counted(message.items)} — {_from(message)}"
    return clipped(facts, _SUBJECT_LONGEST) + part


def plain(message: Message, *, room: int | None = None) -> str:
    """The body, item by item, oldest decision first; with `room`, at most about that many characters.

    Where room runs out, items shrink to headline, title and number, and what still does not fit is counted.
    """
    if not message.items:
        text = "\n".join(further_lines(message)) or _first_line(message) or message.kind
        return text if room is None else clipped(text, room)
    gap = "\n" if message.kind == "summary" else "\n\n"
    blocks = list(_blocks(message))
    body = gap.join(block.full for block in blocks)
    if room is None or len(body) <= room:
        return body
    texts, left = fitted(blocks, room - len(more(len(blocks))) - 2)
    return gap.join([*texts, *([more(left)] if left else [])])


def neutralise(text: str) -> str:
    r"""One harmless line: no control, no invisible and no direction character, no @ that a chat could resolve.

    Blanks and line ends of any kind become one blank; what no encoding can carry becomes U+FFFD. Idempotent.

    >>> neutralise("Talks\r\nBcc: x\u202e @here").encode("ascii", "backslashreplace")
    b'Talks Bcc: x @\\u200bhere'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split()).replace("@", "@\u200b")
    return " ".join("".join(map(_harmless, text)).split()).replace("@", "@\u200b")


def escape_chat_markup(text: str) -> str:
    r"""Rendered text for a chat that reads markup in it: no links, mentions, spoilers or code that are not ours.

    An invisible blank parts what would start them; a reader sees the same words. Idempotent.

    >>> escape_chat_markup("[x](javascript:y) <!channel> ||z||").encode("ascii", "backslashreplace")
    b'[x]\\u200b(javascript:y) <\\u200b!channel> |\\u200b|z|\\u200b|'
    """
    return _CHAT_MARKUP.sub("\\g<0>\u200b", text)


# --- words that every rendering shares ---------------------------------------------------------------------------


def heading(message: Message) -> str:
    """What gathered the items, or `""` for those of one dump."""
    label = message.label or ("" if message.kind == "instant" else message.kind)
    return clipped(neutralise(label), _LABEL_LONGEST)


def named(items: Sequence[Item]) -> str:
    """The watchlists of these items."""
    names = sorted({name for item in items for name in item.watchlists}, key=str.casefold)
    return _few(names)


def counted(items: Sequence[Item]) -> str:
    """How many items there are of each kind."""
    counts = Counter(item.kind for item in items)
    return ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind])


def sections(message: Message) -> list[tuple[str, list[Item]]]:
    """The items by source, in the order in which sources appear; one source makes one section without a name."""
    by_source: dict[str, list[Item]] = {}
    for item in message.items:
        by_source.setdefault(item.source, []).append(item)
    if len(by_source) < 2:
        return [("", list(message.items))]
    return [(neutralise(source), items) for source, items in by_source.items()]


def further_lines(message: Message) -> list[str]:
    """What a message without items says below its subject; it may quote scraped words, so it is neutralised."""
    return [neutralise(line) for line in message.text.strip().split("\n")[1:]]


def figures(item: Item) -> tuple[tuple[str, str], ...]:
    """The changed figures, each pair once."""
    return tuple(dict.fromkeys((neutralise(old) or "none", neutralise(new) or "none") for old, new in item.numbers))


def evidence(item: Item) -> str:
    """Why a known release is taken for the same, and what differs; that a new one is new, its headline says."""
    return "" if item.kind is Kind.NEW else neutralise(item.reason)


def pointer(number: int) -> str:
    """The command that shows a release whole."""
    return f"monitor show {number}"


def more(count: int) -> str:
    """How many items found no room, and where they are."""
    return f"and {count} more: `monitor alerts` lists them"


def spaced(text: str) -> str:
    """Neutralised, but one blank at either edge stays: it parts the text from its neighbours, and Hangul may have none.

    >>> spaced(" rose ")
    ' rose '
    """
    inner = neutralise(text)
    if not inner:
        return " " if text else ""
    return (" " if text[0].isspace() else "") + inner + (" " if text[-1].isspace() else "")


def clipped(text: str, longest: int) -> str:
    """At most that many characters; a mark says that some are missing."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One item in both its forms."""

    full: str
    short: str


def fitted(blocks: Sequence[Block], room: int, *, size: Callable[[str], int] = len) -> tuple[list[str], int]:
    """Full forms while the short ones of all that follow still fit, then short ones; the count of those left out."""
    rest = sum(size(block.short) + 2 for block in blocks)
    texts: list[str] = []
    for block in blocks:
        rest -= size(block.short) + 2
        text = block.full if size(block.full) + rest <= room else block.short
        if size(text) > room:
            break
        texts.append(text)
        room -= size(text) + 2
    return texts, len(blocks) - len(texts)


# --- plain text --------------------------------------------------------------------------------------------------


def _harmless(char: str) -> str:
    category = unicodedata.category(char)
    if category in _BLANK_CATEGORIES or char in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85":
        return " "
    if category in ("Cc", "Cf"):
        return ""
    return "\ufffd" if category == "Cs" else char


def _first_line(message: Message) -> str:
    return neutralise(message.text.strip().partition("\n")[0])


def _from(message: Message) -> str:
    sources = list(dict.fromkeys(item.source for item in message.items if item.source))
    return _few(sources or [message.source])


def _few(names: Sequence[str]) -> str:
    surplus = [f"+{len(names) - _NAMES_MOST}"] if len(names) > _NAMES_MOST else []
    return ", ".join([*map(neutralise, names[:_NAMES_MOST]), *surplus])


def _blocks(message: Message) -> Iterator[Block]:
    """The items in order; a heading belongs to the item below it, so that both are told or neither."""
    form, gap = (_line_form, "\n") if message.kind == "summary" else (_facts_form, "")
    above = ""
    for place, (source, items) in enumerate(sections(message)):
        if source:
            above = f"{gap if place else ''}{SECTION}{source}: {counted(items)}\n\n"
        for block in form(items):
            yield Block(full=above + block.full, short=above + block.short)
            above = ""


def _facts_form(items: Sequence[Item]) -> Iterator[Block]:
    for item in items:
        short = [*_top_lines(item), _INDENT + pointer(item.release)]
        yield Block(full="\n".join(_item_lines(item)), short="\n".join(short))


def _line_form(items: Sequence[Item]) -> Iterator[Block]:
    for item in items:
        yield Block(full=_line(item, _LINE_TITLE_LONGEST), short=_line(item, 40))


def _line(item: Item, longest: int) -> str:
    title = clipped(neutralise(item.title), longest) or "(no title)"
    return f"{_INDENT}{item.kind.value.upper()}  {_day(item)}  {title} — {pointer(item.release)}"


def matching(item: Item) -> Iterator[str]:
    """Its watchlists, each with how often it matched where that is more than once."""
    times = dict(item.totals)
    return (f"{name} × {times[name]}" if times.get(name, 1) > 1 else name for name in item.watchlists)


def _item_lines(item: Item) -> Iterator[str]:
    yield from _top_lines(item)
    if item.words or item.watchlists:
        yield _INDENT + _matched(item)
    yield from (_INDENT + _marked(snippet) for snippet in item.snippets if snippet.field != "title")
    yield from _redlines(item)
    if item.numbers:
        yield f"{_INDENT}figures: {_listed(f'{old} → {new}' for old, new in figures(item))}"
    if evidence(item):
        yield _INDENT + evidence(item)
    yield from (_INDENT + line for line in _resembling(item))
    yield _INDENT + pointer(item.release)


def _top_lines(item: Item) -> Iterator[str]:
    yield "  ".join(word for word in (item.kind.value.upper(), _day(item), neutralise(item.category or "")) if word)
    yield _INDENT + (neutralise(item.title) or "(no title)")


def _day(item: Item) -> str:
    return item.date.isoformat() if item.date else "undated"


def _matched(item: Item) -> str:
    words = ", ".join(map(neutralise, item.words))
    names = ", ".join(map(neutralise, matching(item)))
    return f"matched: {words} [{names}]" if words else f"watchlists: {names}"


def _marked(snippet: Snippet) -> str:
    """The hit in guillemets."""
    label = "" if snippet.field == "body" else f"{neutralise(snippet.field)}: "
    return f"{label}{spaced(snippet.before).lstrip()}»{neutralise(snippet.hit)}«{spaced(snippet.after).rstrip()}"


def _redlines(item: Item) -> Iterator[str]:
    lines = redline(item.edits)
    yield from (f"{_INDENT}  {line.mark} {_painted(line)}" for line in lines[:_LINES_MOST])
    if len(lines) > _LINES_MOST:
        yield f"{_INDENT}    … and {len(lines) - _LINES_MOST} more lines"


def _painted(line: DiffLine) -> str:
    label = "" if line.field == "body" else f"{neutralise(line.field)}: "
    return label + neutralise("".join(map(_stroke, line.strokes)))


def _stroke(stroke: Stroke) -> str:
    inner = stroke.text.strip()
    if not stroke.is_touched or not inner:
        return stroke.text
    start, _, end = stroke.text.partition(inner)
    return f"{start}[{inner}]{end}"


def _listed(words: Iterable[str]) -> str:
    every = list(words)
    surplus = [f"{len(every) - _PAIRS_MOST} more"] if len(every) > _PAIRS_MOST else []
    return ", ".join([*every[:_PAIRS_MOST], *surplus])


def _resembling(item: Item) -> Iterator[str]:
    """Look-alikes by title; those whose titles were not known, by number alone."""
    for twin in item.twins:
        yield f"resembles: {twin.number} “{neutralise(twin.title)}” — {pointer(twin.number)}"
    told = {twin.number for twin in item.twins}
    numbers = [str(number) for number in item.related if number not in told]
    if numbers:
        yield f"resembles: {_listed(numbers)}"
