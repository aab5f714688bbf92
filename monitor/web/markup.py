"""Turn hostile text into markup: each text is neutralised, then escaped, and only our own elements are put around it.

With `charts` this is the only module that makes `Markup`. A page has no chat that could resolve an `@`, so the space
that `neutralise` puts behind one is left out: an address can be copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import markupsafe
from markupsafe import Markup

from monitor.inspect.redlines import Hunk
from monitor.model import Edit, Snippet
from monitor.text import columns, escape, spaced, spaced_lines

_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_FIGURE = re.compile(r"(\d[\d.,:/]*(?:\d|%)|\d%?)")
_ELEMENTS = {
    "old": Markup("<del>{}</del>"),
    "new": Markup("<ins>{}</ins>"),
    "hit": Markup("<mark>{}</mark>"),
}

Span = tuple[int, int]  # offsets into a text: of the first character, and behind the last one


class _Piece(NamedTuple):
    """A part of a text that is shown one way."""

    text: str
    mark: str = "keep"  # keep | old | new | hit


def is_korean(text: str | None) -> bool:
    """Return whether a text is to be read and broken as Korean."""
    return _HANGUL.search(text or "") is not None


def clean(text: str) -> Markup:
    """Return one harmless line, with a space at each edge where the text has any."""
    return markupsafe.escape(_plain(spaced(text)))


def lines(text: str) -> Markup:
    """Return what a machine reads, such as YAML or a query, with its line ends and indentation; for `<pre>`."""
    return markupsafe.escape("\n".join(map(escape, text.split("\n"))))


def pointed(excerpt: str) -> Markup:
    """Return a line and the caret below one of its characters; for `<pre>`.

    What stands before that character is there once more, unseen: it puts the caret below it in every font, while
    spaces do so only where a Hangul syllable is as wide as two of them.
    """
    line, _, below = excerpt.partition("\n")
    caret = below.lstrip(" ")
    spaces = len(below) - len(caret)
    at = next((at for at in range(len(line)) if columns(line[:at]) >= spaces), len(line))
    return Markup('{}\n<span class="unseen">{}</span>{}').format(lines(line), lines(line[:at]), lines(caret))


def language(text: str | None) -> Markup:
    """Return the attributes of an element of scraped text: its language, where its script shows it; its direction."""
    return Markup(' lang="ko" dir="auto"') if is_korean(text) else Markup(' dir="auto"')


def marked(text: str, spans: Iterable[Span] = ()) -> Markup:
    """Return one line with the hits marked; spans may overlap, and what is outside the text is left out."""
    return _joined(_line(_hits(text, spans)))


def marked_text(text: str, spans: Iterable[Span] = ()) -> Markup:
    """Return a whole text in paragraphs, with the hits marked."""
    return _paragraphs(_hits(text, spans))


def snippet(found: Snippet) -> Markup:
    """Return the text around a hit as a paragraph."""
    whole = found.before + found.hit + found.after
    inner = _joined(_line([_Piece(found.before), _Piece(found.hit, "hit"), _Piece(found.after)]))
    return _paragraph(inner, whole, name="snippet", field=found.field)


def redline(hunks: Sequence[Hunk], most: int | None = None) -> Markup:
    """Return a paragraph for each of the first hunks, and how many more places there are. most None: all of them."""
    shown = hunks[:most]
    found = [
        _paragraph(_joined(_line(_pieces(hunk.edits))), "".join(edit.new for edit in hunk.edits), field=hunk.field)
        for hunk in shown
    ]
    if rest := len(hunks) - len(shown):
        found.append(Markup('<p class="field">… and {} more {}</p>').format(rest, "place" if rest == 1 else "places"))
    return Markup("\n").join(found)


def redlined(edits: Iterable[Edit], *, side: str = "") -> Markup:
    """Return one line, such as a title, with what was removed and added. side: old or new shows that text alone."""
    return _joined(_line(_on_side(edits, side)))


def redlined_text(edits: Iterable[Edit], *, side: str = "") -> Markup:
    """Return a whole text in paragraphs with what was removed and added. side: old or new shows that text alone."""
    return _paragraphs(_on_side(edits, side))


def _plain(text: str) -> str:
    return text.replace("@\u200b", "@")


def _hits(text: str, spans: Iterable[Span]) -> Iterator[_Piece]:
    """Yield the text in pieces; hits that overlap are one."""
    done = 0
    for start, end in _united(spans, len(text)):
        yield _Piece(text[done:start])
        yield _Piece(text[start:end], "hit")
        done = end
    yield _Piece(text[done:])


def _united(spans: Iterable[Span], length: int) -> list[Span]:
    united: list[Span] = []
    for start, end in sorted((max(start, 0), min(end, length)) for start, end in spans):
        if end <= start:
            continue
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _on_side(edits: Iterable[Edit], side: str) -> Iterator[_Piece]:
    return (piece for piece in _pieces(edits) if not side or piece.mark in ("keep", side))


def _pieces(edits: Iterable[Edit]) -> Iterator[_Piece]:
    """Yield the edits as pieces; the spaces and line ends around changed words stay outside of their marks."""
    for edit in edits:
        if edit.op == "keep":
            yield _Piece(edit.new)
            continue
        old, new = edit.old.strip(), edit.new.strip()
        whole = edit.new if new else edit.old
        yield _Piece(whole[: len(whole) - len(whole.lstrip())])
        yield _Piece(old, "old")
        yield _Piece(" " if old and new else "")
        yield _Piece(new, "new")
        yield _Piece(whole[len(whole.rstrip()) :] if old or new else "")


def _line(pieces: Iterable[_Piece]) -> Iterator[Markup]:
    return (_element(piece.mark, spaced(piece.text)) for piece in pieces if piece.text)


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _paragraphs(pieces: Iterable[_Piece]) -> Markup:
    """Return paragraphs, which end at line ends; a mark that goes over one is closed and begun again."""
    return Markup("\n").join(
        Markup("<p{}>{}</p>").format(language(whole), inner) for inner, whole in _split(pieces) if whole.strip()
    )


def _split(pieces: Iterable[_Piece]) -> Iterator[tuple[Markup, str]]:
    """Yield the markup and the text of each line."""
    parts: list[Markup] = []
    texts: list[str] = []
    for piece in pieces:
        for number, text in enumerate(spaced_lines(piece.text).split("\n")):
            if number:
                yield _joined(parts), "".join(texts)
                parts, texts = [], []
            parts.append(_element(piece.mark, text))
            texts.append(text)
    yield _joined(parts), "".join(texts)


def _paragraph(inner: Markup, text: str, *, field: str, name: str = "") -> Markup:
    label = Markup('<span class="field">{}</span> ').format(field) if field != "body" else ""
    of_class = Markup(' class="{}"').format(name) if name else ""
    return Markup("<p{}{}>{}{}</p>").format(of_class, language(text), label, inner)


def _element(mark: str, text: str) -> Markup:
    """Return an element around a neutralised text; figures of edits are bold."""
    if mark == "keep" or not text.strip():
        return markupsafe.escape(_plain(text))
    return _ELEMENTS[mark].format(_plain(text) if mark == "hit" else _bold(text))


def _bold(text: str) -> Markup:
    """Return a text whose figures, every second piece, are bold."""
    pieces = _FIGURE.split(_plain(text))
    return _joined(
        Markup("<b>{}</b>").format(piece) if number % 2 else markupsafe.escape(piece)
        for number, piece in enumerate(pieces)
    )
