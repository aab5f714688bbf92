"""Two texts of one field → the words that differ, numbers kept whole.

A character diff would show 5.1 → 5.3 as "1" → "3"; the tokens here are words, figures with their sign and unit
("$5.3", "-1.5%", "2,782,639") and single marks. Each token carries the blanks before it, so the spans of a comparison
put together give both texts back, as far as both views reach.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from monitor.model import Edit
from monitor.text import fold, is_cut

# A dash is a sign where nothing but a blank or a bracket stands before it: "2020-2024" are two numbers.
_FIGURE = r"(?:(?<![^\s(\[{\"'“‘])[-−])?[$€£¥₩]?\d(?:[\d.,]*\d)?%?"
_TOKEN = re.compile(rf"\s*(?:{_FIGURE}|[^\W\d_]+|\S)")
_FIGURES = re.compile(_FIGURE)
_DEAREST = 200_000  # pairs of equal tokens one comparison may look at: hostile text must not cost minutes
_SLACK = 60  # tokens by which a cut view may be out of step with the whole text
_STOPS = frozenset(".!?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redline:
    """How one text became another, compared as far as both views reach."""

    edits: tuple[Edit, ...]  # in order, keep-spans included
    merged: str  # the new text, with the old one's tail where the new view is cut short of it

    @property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        """Changed figures, old and new, in order."""
        return tuple(pair for edit in self.edits if edit.op == "replace" for pair in _figures(edit))

    @property
    def places(self) -> int:
        """In how many places the texts differ."""
        return sum(edit.op != "keep" for edit in self.edits)


def redline(field: str, old: str, new: str) -> Redline:
    """Compare word by word; where one view is a cut one, only over the length that both have."""
    all_olds, all_news = _TOKEN.findall(old), _TOKEN.findall(new)
    olds, news = _closed(old, all_olds), _closed(new, all_news)
    if is_cut(new) and len(news) <= len(olds):
        codes, reach, _ = _codes_of_view(olds, news)
        merged = "".join((*news, *all_olds[reach:]))
    elif is_cut(old) and len(olds) <= len(news):
        mirrored, _, reach = _codes_of_view(news, olds)
        codes, merged = [_mirrored(code) for code in mirrored], new
    else:
        codes, merged = _codes_of_whole(olds, news), new
    return Redline(edits=tuple(_edits(field, codes, olds, news)), merged=merged)


_Code = tuple[str, int, int, int, int]  # op, old start, old end, new start, new end, as difflib gives them


def _closed(text: str, tokens: Sequence[str]) -> Sequence[str]:
    """A cut text's last token is open: nobody knows how it goes on; a figure is open across its comma, too."""
    if not is_cut(text):
        return tokens
    is_in_figure = len(tokens) > 1 and tokens[-1] in (".", ",") and tokens[-2][-1].isdecimal()
    return tokens[: -2 if is_in_figure else -1]


def _codes_of_whole(olds: Sequence[str], news: Sequence[str]) -> list[_Code]:
    """Equal starts and ends are taken off first, which makes the common case 20 times cheaper."""
    old_keys, new_keys = _keys(olds, news)
    head = _common(old_keys, new_keys)
    tail = _common(old_keys[head:][::-1], new_keys[head:][::-1])
    old_end, new_end = len(olds) - tail, len(news) - tail
    inner = _inner(old_keys[head:old_end], new_keys[head:new_end])
    return [
        ("equal", 0, head, 0, head),
        *(_moved(code, head, head) for code in inner),
        ("equal", old_end, len(olds), new_end, len(news)),
    ]


def _codes_of_view(whole: Sequence[str], view: Sequence[str]) -> tuple[list[_Code], int, int]:
    """Codes over the part of the whole text that the view shows, and where that part ends in both.

    Their ends do not belong together, so no common end is taken off; the view is looked for within a little more than
    its own length.
    """
    whole_keys, view_keys = _keys(whole[: len(view) + _SLACK], view)
    head = _common(whole_keys, view_keys)
    inner = [_moved(code, head, head) for code in _inner(whole_keys[head:], view_keys[head:])]
    codes: list[_Code] = [("equal", 0, head, 0, head), *inner]
    op, a, b, c, d = codes[-1]
    if op in ("delete", "replace"):  # what is longer in the whole text there is what the view does not reach
        b = min(b, a + d - c)
        codes[-1] = (op, a, b, c, d)
    return codes, b, d


def _mirrored(code: _Code) -> _Code:
    op, a, b, c, d = code
    return {"delete": "insert", "insert": "delete"}.get(op, op), c, d, a, b


def _inner(olds: Sequence[str], news: Sequence[str]) -> Sequence[_Code]:
    """Long texts are compared sentence by sentence first."""
    if not olds or not news:
        op = "delete" if olds else "insert" if news else "equal"
        return [(op, 0, len(olds), 0, len(news))]
    return _compared(olds, news) or list(_by_sentence(olds, news))


def _compared(olds: Sequence[Hashable], news: Sequence[Hashable]) -> Sequence[_Code]:
    """difflib's opcodes; none where they would cost too much."""
    counts, others = Counter(olds), Counter(news)
    if sum(times * others[token] for token, times in counts.items()) > _DEAREST:
        return []
    return SequenceMatcher(None, olds, news, autojunk=False).get_opcodes()


def _by_sentence(olds: Sequence[str], news: Sequence[str]) -> Iterator[_Code]:
    """Sentences that stand in both are anchors; only between them words are compared, where that is affordable."""
    old_starts, new_starts = _sentence_starts(olds), _sentence_starts(news)
    sentences = _compared(_sentences(olds, old_starts), _sentences(news, new_starts))
    whole: _Code = ("replace", 0, len(old_starts) - 1, 0, len(new_starts) - 1)
    for op, a, b, c, d in sentences or [whole]:
        span: _Code = (op, old_starts[a], old_starts[b], new_starts[c], new_starts[d])
        yield from _by_word(span, olds, news) if op == "replace" and sentences else [span]


def _by_word(span: _Code, olds: Sequence[str], news: Sequence[str]) -> Iterator[_Code]:
    _, a, b, c, d = span
    words = _compared(olds[a:b], news[c:d])
    yield from (_moved(code, a, c) for code in words) if words else [span]


def _sentence_starts(tokens: Sequence[str]) -> list[int]:
    """Where sentences begin, and the end of all."""
    ends = [place for place, token in enumerate(tokens[:-1], 1) if token in _STOPS]
    return [0, *ends, len(tokens)]


def _sentences(tokens: Sequence[str], starts: Sequence[int]) -> list[tuple[str, ...]]:
    return [tuple(tokens[start:end]) for start, end in pairwise(starts)]


def _moved(code: _Code, old_shift: int, new_shift: int) -> _Code:
    op, a, b, c, d = code
    return op, a + old_shift, b + old_shift, c + new_shift, d + new_shift


def _common(olds: Sequence[str], news: Sequence[str]) -> int:
    """How many tokens both begin with."""
    shorter = min(len(olds), len(news))
    return next((place for place in range(shorter) if olds[place] != news[place]), shorter)


def _edits(field: str, codes: Sequence[_Code], olds: Sequence[str], news: Sequence[str]) -> Iterator[Edit]:
    """Spans of text for spans of tokens; neighbouring keeps become one, empty ones none."""
    kept_old, kept_new = "", ""
    for op, a, b, c, d in [*codes, ("end", 0, 0, 0, 0)]:
        old, new = "".join(olds[a:b]), "".join(news[c:d])
        if op == "equal":
            kept_old, kept_new = kept_old + old, kept_new + new
        elif old or new or op == "end":
            if kept_old or kept_new:
                yield Edit(field=field, op="keep", old=kept_old, new=kept_new)
            kept_old, kept_new = "", ""
            if op != "end":
                yield Edit(field=field, op=op, old=old, new=new)


def _keys(olds: Sequence[str], news: Sequence[str]) -> tuple[list[str], list[str]]:
    """What tokens are compared by: typography and letter case alone are no edit. Most stand in both texts."""
    forms: dict[str, str] = {token: fold(token).casefold() for token in {*olds, *news}}
    return [forms[token] for token in olds], [forms[token] for token in news]


def _figures(edit: Edit) -> list[tuple[str, str]]:
    pairs = zip(_FIGURES.findall(edit.old), _FIGURES.findall(edit.new), strict=False)
    return [pair for pair in pairs if pair[0] != pair[1]]
