"""Choose what an alert quotes of a release: how its text begins, and the hits that stand elsewhere.

Pure. A hit that the beginning or the redline shows is not quoted once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from monitor.model import Item, Snippet
from monitor.notify.redline import Hunk

_NEAR = 20  # characters before a hit by which its place is recognised
_CUT = "… "


class Span(NamedTuple):
    """A part of a text that is one hit, or holds none."""

    text: str
    is_hit: bool


def lead(item: Item, shown: Sequence[Hunk] = ()) -> tuple[Span, ...]:
    """Return how the text begins, with its hits; empty where these hunks show most of it, or the item has none."""
    most = item.lead[: len(item.lead) // 2 + 1]
    is_shown = any(text.startswith(most) for text in _new_texts(shown))
    return () if is_shown else with_hits(item.lead, item.words)


def body(item: Item) -> tuple[tuple[Span, ...], ...]:
    """Return the lines of the whole text, with their hits; empty for a channel that does not want it."""
    return tuple(with_hits(line, item.words) for line in item.body.splitlines() if line.strip())


def further_snippets(item: Item, shown: Sequence[Hunk]) -> tuple[Snippet, ...]:
    """Return the hits of the text that neither its beginning nor these hunks show."""
    if item.body:
        return ()
    known = [item.lead, *_new_texts(shown)]
    return tuple(one for one in item.snippets if one.field == "body" and not any(_is_in(one, text) for text in known))


def spans_of(snippet: Snippet) -> tuple[Span, ...]:
    """Return the parts of a snippet."""
    parts = ((snippet.before, False), (snippet.hit, True), (snippet.after, False))
    return tuple(Span(text, is_hit) for text, is_hit in parts if text)


def with_hits(text: str, words: Sequence[str]) -> tuple[Span, ...]:
    """Return a text in parts, of which those that are matched words as they stand in it are hits."""
    words = tuple(word for word in words if word.strip())
    parts = _pattern(words).split(text) if words else [text]
    return tuple(Span(part, bool(number % 2)) for number, part in enumerate(parts) if part)


def _new_texts(shown: Sequence[Hunk]) -> Iterator[str]:
    """Yield what stands in the text now where these hunks show it."""
    return (" ".join("".join(edit.new for edit in hunk.edits).split()) for hunk in shown if hunk.field == "body")


def _is_in(snippet: Snippet, text: str) -> bool:
    before = snippet.before.removeprefix(_CUT)
    place = f"{before[-_NEAR:]}{snippet.hit}"
    return text.startswith(place) if not before else place in text


@lru_cache(maxsize=100)  # the releases of a dump are found by the same few words
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds each of these words, the longest first, where no letter or digit of its script goes on."""
    return re.compile(f"({'|'.join(_bounded(word) for word in sorted(words, key=len, reverse=True))})", re.IGNORECASE)


def _bounded(word: str) -> str:
    """Return a pattern of a word. Latin letters end at one; Korean ones have endings."""
    spaced = r"\s+".join(map(re.escape, word.split()))
    before = r"(?<![A-Za-z0-9])" if word[:1].isascii() and word[:1].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if word[-1:].isascii() and word[-1:].isalnum() else ""
    return f"{before}{spaced}{after}"
