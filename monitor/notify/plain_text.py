"""Render the body of a message as plain text, for chat, console, mail and webhooks, in as much room as there is.

Pure. Marks stand around words that changed and around hits; a medium brings its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from monitor.frozen import dataclass
from monitor.model import Item, Message
from monitor.notify import render
from monitor.notify.excerpts import Span, body, further_snippets, lead, spans_of
from monitor.notify.redline import (
    MAX_HUNKS,
    PLAIN,
    Marks,
    hunks,
    marked,
    unshown_figures,
    without_marks,
)
from monitor.notify.words import Words, words_of
from monitor.text import neutralise, spaced

_MAX_PAIRS = 12
_SECTION = "── "  # the start of a heading over the items of one source
# Shorter forms: how many details each item keeps (None: all), and then how many characters of its title.
_DETAILS = (None, 24, 16, 12, 8, 6, 5, 4, 3, 2, 1, 0)
_TITLES = (160, *range(152, 11, -4))
_INDENT = "  "  # of every line with scraped words below the heading of an item


def plain(message: Message, *, fits: Callable[[str], bool] = lambda _text: True, marks: Marks = PLAIN) -> str:
    """Return the body, item by item, oldest decision first, as fully as it fits.

    Where room runs out, whole texts give way to their beginning, then all items lose details, then all but a line, then
    the ends of their titles: each is named. Only a message that was queued for a larger room may have items that are
    counted instead.
    """
    text = ""
    for text in _forms(message, marks):
        if fits(text):
            break
    return text


def _forms(message: Message, marks: Marks) -> Iterator[str]:
    """Yield the body in full, and then in ever shorter forms."""
    if not message.items:
        text = "\n".join(render.further_lines(message)) or render.first_line(message)
        yield from (render.truncate(text, most) for most in (len(text), *range(len(text) - 1, 0, -50), 10))
        return
    layout = _Layout(message=message, words=words_of(message.language), marks=marks)
    if message.kind != "summary":
        yield layout.listed(layout.whole, gap="\n\n")
        layout = replace(layout, message=replace(message, items=tuple(replace(one, body="") for one in message.items)))
        yield from (layout.listed(partial(layout.whole, most=most), gap="\n\n") for most in _DETAILS)
        yield layout.listed(layout.linked, gap="\n\n")
        yield layout.listed(layout.bare, gap="\n\n")
    yield from (layout.listed(partial(layout.line, most=most), gap="\n") for most in _TITLES)
    yield from layout.names()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The forms of the items of one message, in its language and with the marks of its medium."""

    message: Message
    words: Words
    marks: Marks

    def listed(self, form: Callable[[Item], str], *, gap: str) -> str:
        """Join the items below an overview; a heading stands above those of each source where there are several."""
        parts = [render.overview(self.message)] if len(self.message.items) > 1 else []
        for source, items in render.sections(self.message):
            counts = render.kind_counts(items, self.words)
            above = f"{self.marks.heading(f'{_SECTION}{source}: {counts}')}\n\n" if source else ""
            is_after_line = gap == "\n" and parts and (source or len(parts) == 1)
            parts += [("\n" if is_after_line else "") + above + form(items[0]), *map(form, items[1:])]
        return gap.join(parts)

    def names(self) -> Iterator[str]:
        """Yield the kinds and titles alone, and then fewer of them with the count of the others."""
        names = [f"{self._kind(item)} {self._title(item)}" for item in self.message.items]
        yield from ("\n".join(render.truncate(name, most) for name in names) for most in _TITLES)
        for count in range(len(names) - 1, -1, -1):
            omitted = render.omitted_note(len(names) - count, self.message.page, self.words)
            yield "\n".join([*(render.truncate(name, _TITLES[-1]) for name in names[:count]), omitted])

    def line(self, item: Item, most: int) -> str:
        """Return an item on one line, with that many characters of its title."""
        title = render.truncate(self._title(item), most)
        pointer = render.pointer(item.release, self.message.page)
        return f"{_INDENT}{self._kind(item)}  {self._day(item)}  {title} — {pointer}"

    def whole(self, item: Item, most: int | None = None) -> str:
        """Return an item with its first details, what matched and where it came from; most None: with all details."""
        details = [*self._details(item), *self._related(item)]
        shown = details[:most] + (["…"] if most and len(details) > most else [])
        origin = _labelled(self.words.source, render.origin(item, self.message))
        return self.bare(item, render.link(item), *shown, self._matched(item), origin)

    def linked(self, item: Item) -> str:
        """Return an item with its link and its pointer alone."""
        return self.bare(item, render.link(item))

    def bare(self, item: Item, *lines: str) -> str:
        """Return an item with these lines between its title and its pointer."""
        facts = (self._kind(item), self._day(item), neutralise(item.category or ""))
        below = [self._title(item), *lines, render.pointer(item.release, self.message.page)]
        return "\n".join([self.marks.heading("  ".join(filter(None, facts))), *(_INDENT + one for one in below if one)])

    def _details(self, item: Item) -> Iterator[str]:
        """Yield what changed, how the text goes, and the hits in it."""
        words = self.words
        places = hunks(item.edits)
        shown = places[:MAX_HUNKS]
        for hunk in shown:
            yield _labelled(words.field(hunk.field), marked(words.dated(hunk.edits), self.marks).strip())
        if len(places) > len(shown):
            yield words.more_places.format(len(places) - len(shown))
        if unshown := unshown_figures(item, shown):
            pairs = [f"{old} → {new}" for old, new in render.figures(unshown, words)]
            yield _labelled(words.figures, render.joined(pairs, _MAX_PAIRS, words.more_listed))
        yield from render.notes(item, words)
        yield from filter(None, map(self._quoted, body(item) if item.body else [lead(item, shown)]))
        for one in further_snippets(item, shown):
            yield self._quoted(spans_of(one))

    def _matched(self, item: Item) -> str:
        found, names = (", ".join(map(neutralise, some)) for some in (item.words, render.match_counts(item)))
        return f"{self.words.matched}: {found} [{names}]" if found else _labelled(self.words.watchlists, names)

    def _related(self, item: Item) -> Iterator[str]:
        for twin in item.twins:
            pointer = render.pointer(twin.number, self.message.page)
            yield f"{self.words.resembles}: {twin.number} “{without_marks(neutralise(twin.title))}” — {pointer}"
        if numbers := render.untitled(item):
            listed = render.joined([*map(str, numbers)], _MAX_PAIRS, self.words.more_listed)
            yield f"{self.words.resembles}: {listed}"

    def _quoted(self, spans: Iterable[Span]) -> str:
        """Return scraped text on one line, with its hits marked."""
        clean = ((without_marks(spaced(span.text)), span.is_hit) for span in spans)
        return "".join(self.marks.hit(text.strip()) if is_hit else text for text, is_hit in clean).strip()

    def _title(self, item: Item) -> str:
        return without_marks(neutralise(item.title)) or self.words.no_title

    def _kind(self, item: Item) -> str:
        return self.words.kind(item.kind).upper()

    def _day(self, item: Item) -> str:
        return self.words.day(item.date) if item.date else self.words.undated


def _labelled(label: str, text: str) -> str:
    return f"{neutralise(label)}: {text}" if label and text else text
