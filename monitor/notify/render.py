"""A message → what people read: a subject line and a plain body for chat, console and mail.

Pure. Every scraped word passes `neutralise` here; nothing else may put message text on a line.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from monitor.model import Item, Kind, Message, Snippet
from monitor.notify.redline import Line, Stroke, redline

_SUBJECT_LONGEST = 150
_NAMES_MOST = 4
_LINES_MOST = 24  # redline lines of one item
_PAIRS_MOST = 12
_INDENT = "  "
_BLANK_CATEGORIES = frozenset({"Zs", "Zl", "Zp"})


def subject(message: Message) -> str:
    """One line such as `[fta, semiconductor] 3 new, 1 changed — motie (2/3)`; other kinds give their first line."""
    if not message.items:
        return _clipped(neutralise(message.text.strip().partition("\n")[0]), _SUBJECT_LONGEST) or message.kind
    part = f" ({message.part}/{message.parts})" if message.parts > 1 else ""
    facts = f"[{_names(message.items)}] {_counts(message.items)} — {neutralise(message.source)}"
    return _clipped(facts, _SUBJECT_LONGEST) + part


def plain(message: Message, *, room: int | None = None) -> str:
    """The body, item by item, oldest decision first; with `room`, at most about that many characters.

    Where room runs out, items shrink to headline, title and number, and what still does not fit is counted.
    """
    blocks = [block for block in ("\n".join(_text_lines(message.text)),) if block]
    blocks += ["\n".join(_item_lines(item)) for item in message.items]
    body = "\n\n".join(blocks)
    return body if room is None or len(body) <= room else _fitted(message, room)


def neutralise(text: str) -> str:
    r"""One harmless line: no control, no invisible and no direction character, no @ that a chat could resolve.

    Blanks and line ends of any kind become one blank; what no encoding can carry becomes U+FFFD. Idempotent.

    >>> neutralise("Talks\r\nBcc: x\u202e @here").encode("ascii", "backslashreplace")
    b'Talks Bcc: x @\\u200bhere'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split()).replace("@", "@\u200b")
    return " ".join("".join(map(_harmless, text)).split()).replace("@", "@\u200b")


def _harmless(char: str) -> str:
    category = unicodedata.category(char)
    if category in _BLANK_CATEGORIES or char in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85":
        return " "
    if category in ("Cc", "Cf"):
        return ""
    return "\ufffd" if category == "Cs" else char


def _names(items: Sequence[Item]) -> str:
    names = sorted({name for item in items for name in item.watchlists}, key=str.casefold)
    more = [f"+{len(names) - _NAMES_MOST}"] if len(names) > _NAMES_MOST else []
    return ", ".join([*map(neutralise, names[:_NAMES_MOST]), *more])


def _counts(items: Sequence[Item]) -> str:
    counts = Counter(item.kind for item in items)
    return ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind])


def _text_lines(text: str) -> Iterator[str]:
    """Our own text keeps its lines; it may quote scraped words, so it is neutralised all the same."""
    return (neutralise(line) for line in text.strip().split("\n"))


def _item_lines(item: Item) -> Iterator[str]:
    yield from _top_lines(item)
    if item.words or item.watchlists:
        yield _INDENT + _matched(item)
    yield from (_INDENT + _marked(snippet) for snippet in item.snippets if snippet.field != "title")
    yield from _redlines(item)
    if item.numbers:
        yield f"{_INDENT}figures: {_listed(f'{_figure(a)} → {_figure(b)}' for a, b in item.numbers)}"
    if item.reason and (item.kind is not Kind.NEW or item.related):  # that a new release is new, its headline says
        yield _INDENT + neutralise(item.reason)
    if item.related:
        yield f"{_INDENT}resembles: {_listed(map(str, item.related))}"
    yield _INDENT + _pointer(item)


def _top_lines(item: Item) -> Iterator[str]:
    day = item.date.isoformat() if item.date else "undated"
    yield "  ".join(word for word in (item.kind.value.upper(), day, neutralise(item.category or "")) if word)
    yield _INDENT + (neutralise(item.title) or "(no title)")


def _matched(item: Item) -> str:
    words = ", ".join(map(neutralise, item.words))
    names = ", ".join(map(neutralise, item.watchlists))
    return f"matched: {words} [{names}]" if words else f"watchlists: {names}"


def _marked(snippet: Snippet) -> str:
    """The hit in guillemets; the blanks that part it from its neighbours are kept, for Hangul may have none."""
    label = "" if snippet.field == "body" else f"{neutralise(snippet.field)}: "
    before, after = neutralise(snippet.before), neutralise(snippet.after)
    before += " " if before and snippet.before[-1].isspace() else ""
    after = (" " if after and snippet.after[0].isspace() else "") + after
    return f"{label}{before}»{neutralise(snippet.hit)}«{after}"


def _redlines(item: Item) -> Iterator[str]:
    lines = redline(item.edits)
    yield from (f"{_INDENT}  {line.mark} {_painted(line)}" for line in lines[:_LINES_MOST])
    if len(lines) > _LINES_MOST:
        yield f"{_INDENT}    … and {len(lines) - _LINES_MOST} more lines"


def _painted(line: Line) -> str:
    label = "" if line.field == "body" else f"{neutralise(line.field)}: "
    return label + neutralise("".join(map(_stroke, line.strokes)))


def _stroke(stroke: Stroke) -> str:
    inner = stroke.text.strip()
    if not stroke.is_touched or not inner:
        return stroke.text
    start, _, end = stroke.text.partition(inner)
    return f"{start}[{inner}]{end}"


def _figure(figure: str) -> str:
    return neutralise(figure) or "none"


def _listed(words: Iterable[str]) -> str:
    every = list(words)
    more = [f"{len(every) - _PAIRS_MOST} more"] if len(every) > _PAIRS_MOST else []
    return ", ".join([*every[:_PAIRS_MOST], *more])


def _pointer(item: Item) -> str:
    return f"monitor show {item.release}"


def _fitted(message: Message, room: int) -> str:
    """Full items while the short form of all that follow still fits, then short ones, then a count."""
    if not message.items:
        return _clipped("\n".join(_text_lines(message.text)), room)
    shorts = ["\n".join([*_top_lines(item), _INDENT + _pointer(item)]) for item in message.items]
    room -= len(_more(len(shorts))) + 2
    rest = sum(len(short) + 2 for short in shorts)
    blocks: list[str] = []
    for item, short in zip(message.items, shorts, strict=True):
        rest -= len(short) + 2
        full = "\n".join(_item_lines(item))
        block = full if len(full) + rest <= room else short
        if len(block) > room:
            break
        blocks.append(block)
        room -= len(block) + 2
    left = len(shorts) - len(blocks)
    return "\n\n".join([*blocks, *([_more(left)] if left else [])])


def _more(count: int) -> str:
    return f"and {count} more: `monitor alerts` lists them"


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
