"""Render the headline of a message, and the words about its items that every medium shows.

Pure. Every scraped word passes `neutralise` here and in `plain_text`; nothing else may put message text on a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from monitor.model import Item, Kind, Message
from monitor.notify.links import safe_link
from monitor.notify.words import ENGLISH, Words, words_of
from monitor.text import neutralise

MAX_SUBJECT = 160
_MAX_FACTS = 150  # of a subject, before the number of its part
_MIN_TITLE = 60  # of a title and its watchlists, before what gathered the items gives way
_MAX_LABEL = 80
_MAX_HEADLINE_NAMES = 2
_MAX_NAMES = 4
_CHAT_MARKUP = re.compile(r"<(?=[^\s\u200b])|](?=\()|([`|~*_])(?=\1)")


class Headline(NamedTuple):
    """The parts of a headline, which are joined as they are."""

    opening: str  # the watchlists of the first item, and what became of the release unless it is new
    title: str
    closing: str  # in brackets, how many more items there are, and what gathered them

    def __str__(self) -> str:
        return "".join(self)


def headline(message: Message) -> str:
    """Return what happened, as in `fta: Korea and Canada discuss closer trade (+1 more)`.

    It names the first release and its watchlists. Of a message without items it is `[monitor]` and its first line.
    """
    return str(headline_parts(message)) if message.items else f"[monitor] {first_line(message)}"


def headline_parts(message: Message) -> Headline:
    """Return the parts of the headline of a message with items."""
    words, first = words_of(message.language), message.items[0]
    names = joined([neutralise(name) for name in first.watchlists], _MAX_HEADLINE_NAMES, "+{}")
    kind = "" if first.kind is Kind.NEW else f"({words.kind(first.kind)})"
    opening = " ".join(filter(None, (names, kind)))
    title = neutralise(first.title) or words.no_title
    return Headline(f"{opening}: " if opening else "", title, _closing(message, heading(message)))


def subject(message: Message, *, most: int = MAX_SUBJECT) -> str:
    """Return the headline and the number of the part in at most that many characters; the title gives way first.

    The number of the part stays, however short the line is to be.
    """
    if not message.items:
        return truncate(headline(message), min(most, _MAX_FACTS))
    part = f" ({message.part}/{message.parts})" if message.parts > 1 else ""
    opening, title, whole = headline_parts(message)
    room, title = min(_MAX_FACTS, most - len(part)), opening + title
    for closing in (whole, _closing(message, "")):
        if room - len(closing) >= min(len(title), _MIN_TITLE):
            return truncate(title, room - len(closing)) + closing + part
    return truncate(title, max(1, room)) + part


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
    if message.occasion:
        return words.occasion(message.occasion)
    unknown = {"instant": "", "digest": words.digest_kind, "summary": words.summary}
    return truncate(neutralise(message.label or unknown.get(message.kind, message.kind)), _MAX_LABEL)


def overview(message: Message) -> str:
    """Return the counts of kinds, the sources, and the dump where there is one: `3 new, 1 changed — motie, 1.txt`."""
    names = [*source_names(message), common_dump(message)]
    return f"{kind_counts(message.items, words_of(message.language))} — {_first_names([*filter(None, names)])}"


def common_dump(message: Message) -> str:
    """Return the file that all items came from; `""`: there are several, or older versions stored the message."""
    first, *others = ((item.source, item.dump) for item in message.items)
    return "" if any(other != first for other in others) else first[1]


def origin(item: Item, message: Message) -> str:
    """Return the source and the dump of an item, as far as neither the overview nor the heading above says them."""
    has_overview, has_headings = len(message.items) > 1, len(sections(message)) > 1
    if has_overview and (common_dump(message) or not item.dump):
        return ""
    source = "" if has_headings else item.source or message.source
    return ", ".join(neutralise(name) for name in (source, item.dump) if name)


def watchlist_names(items: Sequence[Item]) -> str:
    """Return the watchlists of these items, the first few by name."""
    return _first_names(sorted({name for item in items for name in item.watchlists}, key=str.casefold))


def source_names(message: Message) -> list[str]:
    """Return the sources of its items, or the one that the message names."""
    return list(dict.fromkeys(item.source for item in message.items if item.source)) or [message.source]


def kind_counts(items: Sequence[Item], words: Words = ENGLISH) -> str:
    """Return how many items there are of each kind, as in `3 new, 1 changed`."""
    counts = Counter(item.kind for item in items)
    return ", ".join(words.counted.format(counts[kind], words.kind(kind)) for kind in Kind if counts[kind])


def sections(message: Message) -> list[tuple[str, list[Item]]]:
    """Return the items by source, in the order in which sources appear; a single source has no name here."""
    by_source: dict[str, list[Item]] = {}
    for item in message.items:
        by_source.setdefault(item.source, []).append(item)
    return [(neutralise(source) if len(by_source) > 1 else "", items) for source, items in by_source.items()]


def further_lines(message: Message) -> list[str]:
    """Return the lines below the subject of a message without items, neutralised, for they may quote scraped words."""
    return [neutralise(line) for line in message.text.strip().split("\n")[1:]]


def figures(pairs: Iterable[tuple[str, str]], words: Words = ENGLISH) -> tuple[tuple[str, str], ...]:
    """Return changed figures, each pair once, with a word for one that is not there."""
    return tuple(dict.fromkeys((neutralise(old) or words.none, neutralise(new) or words.none) for old, new in pairs))


def notes(item: Item, words: Words = ENGLISH) -> list[str]:
    """Return what is to be known of a change, and neither its kind nor its redline say."""
    by_kind = {
        Kind.COMPLETED: "" if item.edits else words.completed_note,
        Kind.ENRICHED: "" if item.edits else neutralise(item.reason),  # older versions stored no edits of it
        Kind.REREAD: words.reread_note,
        Kind.WITHDRAWN: words.withdrawn_note,
        Kind.REAPPEARED: words.reappeared_note,
    }
    reverted, older = words.reverted if item.is_reverted else "", words.may_be_older if item.may_be_older else ""
    return [note for note in (by_kind.get(item.kind, ""), reverted, older) if note]


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


def omitted_note(count: int, page: str = "", words: Words = ENGLISH) -> str:
    """Return how many items are left out, and what lists them."""
    return words.omitted.format(count, safe_link(f"{page}alerts") if page else words.listed_by)


def match_counts(item: Item) -> Iterator[str]:
    """Yield its watchlists, each with how often it matched where that is more than once."""
    times = dict(item.totals)
    return (f"{name} × {times[name]}" if times.get(name, 1) > 1 else name for name in item.watchlists)


def truncate(text: str, limit: int) -> str:
    """Cut a text down to that many characters; a mark says that some are missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def first_line(message: Message) -> str:
    """Return the first line of a message without items, neutralised; a trial is in the language of the channel."""
    if message.text == ENGLISH.trial.format(message.channel):
        return neutralise(words_of(message.language).trial.format(message.channel))
    return neutralise(message.text.strip().partition("\n")[0]) or message.kind


def _closing(message: Message, label: str) -> str:
    """Return in brackets how many more items there are, and what gathered them; `""` for neither."""
    more = words_of(message.language).more.format(len(message.items) - 1) if len(message.items) > 1 else ""
    facts = "; ".join(filter(None, (more, label)))
    return f" ({facts})" if facts else ""


def _first_names(names: Sequence[str]) -> str:
    return joined([neutralise(name) for name in names], _MAX_NAMES, "+{}")


def joined(words: Sequence[str], limit: int, omitted: str) -> str:
    """Join the first words; `omitted` says how many are left out."""
    surplus = [omitted.format(len(words) - limit)] if len(words) > limit else []
    return ", ".join([*words[:limit], *surplus])
