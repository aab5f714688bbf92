"""Render a message as a subject line and a plain body, for chat, console and mail.

Pure. Every scraped word passes `neutralise` here; nothing else may put message text on a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from monitor.model import Item, Kind, Message
from monitor.notify.links import safe_link
from monitor.notify.redline import DiffLine, redline
from monitor.notify.words import words_of
from monitor.text import neutralise, spaced

SECTION = "── "  # the start of a heading over the items of one source; scraped text never starts a line
MAX_SUBJECT = 160
_MAX_FACTS = 150  # of a subject, before the number of its part
_MIN_TITLE = 60  # of a title and its watchlists, before what gathered the items gives way
_MAX_LABEL = 80
_MAX_HEADLINE_NAMES = 2
# Shorter forms of a body: how many details each item keeps (None: all), and then how many characters of its title.
_DETAILS = (None, 24, 16, 12, 8, 6, 5, 4, 3, 2, 1, 0)
_TITLES = (160, *range(152, 11, -4))
_MAX_NAMES = 4
_MAX_LINES = 24  # redline lines of one item
_MAX_PAIRS = 12
_INDENT = "  "
_CHAT_MARKUP = re.compile(r"<(?=[^\s\u200b])|](?=\()|([`|~*_])(?=\1)")


def headline(message: Message) -> str:
    """Return what happened, as in `fta: Korea and Canada discuss closer trade (+1 more)`.

    It names the first release and its watchlists. Of a message without items it is `[monitor]` and its first line.
    """
    if not message.items:
        return f"[monitor] {_first_line(message) or message.kind}"
    return _title_line(message) + _closing(message, heading(message))


def subject(message: Message, *, most: int = MAX_SUBJECT) -> str:
    """Return the headline and the number of the part in at most that many characters; the title gives way first.

    The number of the part stays, however short the line is to be.
    """
    if not message.items:
        return truncate(headline(message), min(most, _MAX_FACTS))
    part = f" ({message.part}/{message.parts})" if message.parts > 1 else ""
    room, title = min(_MAX_FACTS, most - len(part)), _title_line(message)
    for closing in (_closing(message, heading(message)), _closing(message, "")):
        if room - len(closing) >= min(len(title), _MIN_TITLE):
            return truncate(title, room - len(closing)) + closing + part
    return truncate(title, max(1, room)) + part


def plain(message: Message, *, fits: Callable[[str], bool] = lambda _text: True) -> str:
    """Return the body, item by item, oldest decision first, as fully as it fits.

    Where room runs out, all items lose details, then all but a line, then the ends of their titles: each is named. Only
    a message that was queued for a larger room may have items that are counted instead.
    """
    text = ""
    for text in _forms(message):
        if fits(text):
            break
    return text


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
    words = words_of(message.language)
    unknown = {"instant": "", "digest": words.digest_kind, "summary": words.summary}
    return truncate(neutralise(message.label or unknown.get(message.kind, message.kind)), _MAX_LABEL)


def watchlist_names(items: Sequence[Item]) -> str:
    """Return the watchlists of these items, the first few by name."""
    return _first_names(sorted({name for item in items for name in item.watchlists}, key=str.casefold))


def source_names(message: Message) -> list[str]:
    """Return the sources of its items, or the one that the message names."""
    return list(dict.fromkeys(item.source for item in message.items if item.source)) or [message.source]


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


def link(item: Item) -> str:
    """Return the link to the release; `""`: there is none that may be shown."""
    return safe_link(item.url)


def pointer(number: int, page: str = "") -> str:
    """Return where a whole release is shown: its address below that of the page, or a command where there is none."""
    return release_link(number, page) or f"monitor show {number}"


def release_link(number: int, page: str) -> str:
    """Return the address of a release; `""`: there is no page."""
    return safe_link(f"{page}releases/{number}") if page else ""


def omitted_note(count: int, page: str = "") -> str:
    """Return how many items are left out, and what lists them."""
    return f"and {count} more: {safe_link(f'{page}alerts') if page else '`monitor alerts` lists them'}"


def truncate(text: str, limit: int) -> str:
    """Cut a text down to that many characters; a mark says that some are missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


# --- plain text --------------------------------------------------------------------------------------------------


def _title_line(message: Message) -> str:
    """Return the first item's watchlists, what became of the release unless it is new, and its title."""
    words, first = words_of(message.language), message.items[0]
    names = _joined([neutralise(name) for name in first.watchlists], _MAX_HEADLINE_NAMES, "+{}")
    kind = "" if first.kind is Kind.NEW else f"({words.kind(first.kind)})"
    before = " ".join(filter(None, (names, kind)))
    return f"{before and before + ': '}{neutralise(first.title) or words.no_title}"


def _closing(message: Message, label: str) -> str:
    """Return in brackets how many more items there are, and what gathered them; `""` for neither."""
    more = words_of(message.language).more.format(len(message.items) - 1) if len(message.items) > 1 else ""
    facts = "; ".join(filter(None, (more, label)))
    return f" ({facts})" if facts else ""


def _first_line(message: Message) -> str:
    return neutralise(message.text.strip().partition("\n")[0])


def _first_names(names: Sequence[str]) -> str:
    return _joined([neutralise(name) for name in names], _MAX_NAMES, "+{}")


def _forms(message: Message) -> Iterator[str]:
    """Yield the body in full, and then in ever shorter forms."""
    if not message.items:
        text = "\n".join(further_lines(message)) or _first_line(message) or message.kind
        yield from (truncate(text, most) for most in (len(text), *range(len(text) - 1, 0, -50), 10))
        return
    if message.kind != "summary":
        whole = partial(_whole, page=message.page)
        yield from (_listed(message, partial(whole, most=most), gap="\n\n") for most in _DETAILS)
        yield _listed(message, partial(_without_link, page=message.page), gap="\n\n")
    line = partial(_summary_line, page=message.page)
    yield from (_listed(message, partial(line, most=most), gap="\n") for most in _TITLES)
    names = [f"{item.kind.value.upper()} {neutralise(item.title) or '(no title)'}" for item in message.items]
    yield from ("\n".join(truncate(name, most) for name in names) for most in _TITLES)
    for count in range(len(names) - 1, -1, -1):
        yield "\n".join(
            [*(truncate(name, _TITLES[-1]) for name in names[:count]), omitted_note(len(names) - count, message.page)]
        )


def _listed(message: Message, form: Callable[[Item], str], *, gap: str) -> str:
    """Join the items; a heading stands above those of each source where there are several."""
    parts: list[str] = []
    for source, items in sections(message):
        above = f"{SECTION}{source}: {kind_counts(items)}\n\n" if source else ""
        if above and parts and gap == "\n":
            above = f"\n{above}"
        parts += [above + form(items[0]), *map(form, items[1:])]
    return gap.join(parts)


def _whole(item: Item, most: int | None, page: str) -> str:
    """Return an item with its first details; None: with all of them."""
    address = link(item)
    lines = [_INDENT + line for line in _detail_lines(item, page)]
    shown = lines[:most] + ([f"{_INDENT}…"] if most and len(lines) > most else [])
    linked = [_INDENT + address] if address else []
    return "\n".join([*_top_lines(item), *linked, *shown, _INDENT + pointer(item.release, page)])


def _without_link(item: Item, page: str) -> str:
    """Return an item with its pointer alone."""
    return _whole(replace(item, url=None), most=0, page=page)


def _summary_line(item: Item, most: int, page: str) -> str:
    title = truncate(neutralise(item.title), most) or "(no title)"
    return f"{_INDENT}{item.kind.value.upper()}  {_day(item)}  {title} — {pointer(item.release, page)}"


def match_counts(item: Item) -> Iterator[str]:
    """Yield its watchlists, each with how often it matched where that is more than once."""
    times = dict(item.totals)
    return (f"{name} × {times[name]}" if times.get(name, 1) > 1 else name for name in item.watchlists)


def _top_lines(item: Item) -> list[str]:
    facts = (item.kind.value.upper(), _day(item), neutralise(item.category or ""))
    return ["  ".join(filter(None, facts)), _INDENT + (neutralise(item.title) or "(no title)")]


def _detail_lines(item: Item, page: str) -> Iterator[str]:
    """Yield what matched, what changed and what is related; a hit stands in guillemets."""
    if item.words or item.watchlists:
        words, names = (", ".join(map(neutralise, some)) for some in (item.words, match_counts(item)))
        yield f"matched: {words} [{names}]" if words else f"watchlists: {names}"
    for one in item.snippets:
        if one.field != "title":
            before, after = spaced(one.before).lstrip(), spaced(one.after).rstrip()
            yield f"{_label(one.field)}{before}»{neutralise(one.hit)}«{after}"
    lines = redline(item.edits)
    yield from (f"  {line.mark} {_diff_text(line)}" for line in lines[:_MAX_LINES])
    if len(lines) > _MAX_LINES:
        yield f"    … and {len(lines) - _MAX_LINES} more lines"
    if item.numbers:
        yield f"figures: {_joined([f'{old} → {new}' for old, new in figures(item)], _MAX_PAIRS, '{} more')}"
    if reason := evidence(item):
        yield reason
    for twin in item.twins:
        yield f"resembles: {twin.number} “{neutralise(twin.title)}” — {pointer(twin.number, page)}"
    if numbers := untitled(item):
        yield f"resembles: {_joined([*map(str, numbers)], _MAX_PAIRS, '{} more')}"


def _day(item: Item) -> str:
    return item.date.isoformat() if item.date else "undated"


def _label(field: str) -> str:
    return "" if field == "body" else f"{neutralise(field)}: "


def _diff_text(line: DiffLine) -> str:
    """Return the line with its changes in brackets."""
    texts = (
        span.text.replace(inner, f"[{inner}]") if span.is_changed and (inner := span.text.strip()) else span.text
        for span in line.spans
    )
    return _label(line.field) + neutralise("".join(texts))


def _joined(words: Sequence[str], limit: int, omitted: str) -> str:
    """Join the first words; `omitted` says how many are left out."""
    surplus = [omitted.format(len(words) - limit)] if len(words) > limit else []
    return ", ".join([*words[:limit], *surplus])
