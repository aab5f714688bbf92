"""Compare two texts of one field word by word, numbers kept whole.

A character diff would show 5.1 → 5.3 as "1" → "3"; the tokens here are words, figures with their sign and unit
("$5.3", "-1.5 %", "2,782,639", "2024. 7. 1"), and single marks. Each token carries the spaces before it, so the joined
spans of a comparison give both texts back, as far as both views reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz.distance import LCSseq, Postfix, Prefix

from monitor.model import Edit
from monitor.text import CURRENCIES, DATE, close_figures, fold, is_cut

# A dash is a sign where nothing but a space or a bracket is before it: "2020-2024" are two numbers.
_MINUS = r"(?:(?<![^\s(\[{\"'“‘])[-−])?"
_NUMBER = r"\d(?:(?:[\d.,．，]|\s+,(?=\d{3}(?!\d)))*\d)?"
_FIGURE = rf"{DATE}|{_MINUS}(?:[{CURRENCIES}＄￡￥￦]\s*)?{_NUMBER}(?:\s*[%％‰](?:\s*[pPｐＰ](?![A-Za-z]))?)?"
# The dot of Korean lists is a letter to Unicode.
_WORD = re.compile(rf"\s*(?:[^\W\d_ㆍ\u119e]+|{_FIGURE}|\S)")
# Here a token begins, whatever stands before: no figure goes on behind a space and a letter other than the p of "% p".
_WORD_START = re.compile(r"(?<=\S) (?=[^\W\d_pPｐＰ])")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?=\s)")
_FIGURES = re.compile(_FIGURE)
_UNITS = CURRENCIES + "%‰p"
_SPACED_FIGURE = re.compile(rf"(?!.*\d \d)[\d .,'{_UNITS}-]+")  # folded
_MOST_PAIRS = 400_000_000  # pairs of tokens that one comparison may cost: 50 MB and 0.3 s
_MAX_OPEN = 1_000  # characters of the last word or sentence of a cut text that is left out
_SLACK = 60  # tokens by which a cut view may be shifted against the whole text


@dataclass(frozen=True, kw_only=True)  # without slots: cached properties need a dict
class Redline:
    """The edits from one text to another, as far as both views reach."""

    edits: tuple[Edit, ...]  # in order, keep-spans included
    merged: str  # the new text, with the old one's tail where the new view is cut short of it

    @cached_property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        """Changed figures, old and new, in order."""
        return tuple(pair for edit in self.edits if edit.op == "replace" for pair in _figures(edit))

    @property
    def places(self) -> int:
        """The number of places in which the texts differ."""
        return sum(edit.op != "keep" for edit in self.edits)


def redline(field: str, old: str, new: str) -> Redline:
    """Compare word by word; if one view is cut, only over the length that both have.

    Texts of more than about 20,000 words are compared sentence by sentence.
    """
    all_olds, all_news, same = _tokens(old, new)
    if len(all_olds) * len(all_news) > _MOST_PAIRS:
        all_olds, all_news, same = _SENTENCE_END.split(old), _SENTENCE_END.split(new), 0
    olds, news = _closed(old, all_olds), _closed(new, all_news)
    is_whole = _ends_otherwise(all_olds, all_news)
    if is_whole:
        olds, news = all_olds, all_news
    is_new_cut = is_cut(new) and len(news) <= len(olds) and not is_whole
    is_old_cut = is_cut(old) and len(olds) <= len(news) and not is_new_cut and not is_whole
    if is_new_cut:  # a view is searched within a little more than its own length
        olds = olds[: len(news) + _SLACK]
    elif is_old_cut:
        news = news[: len(olds) + _SLACK]
    kept = _kept(olds, news, same=min(same, len(olds), len(news)))
    old_start, new_start, _ = kept[-1]
    if is_new_cut:  # the view does not reach the rest of the whole text after the last kept word
        olds = olds[: old_start + len(news) - new_start]
    elif is_old_cut:
        news = news[: new_start + len(olds) - old_start]
    merged = "".join((*news, *all_olds[len(olds) :])) if is_new_cut else new
    return Redline(edits=tuple(_edits(field, _cleaned(kept, olds, news), olds, news)), merged=merged)


def has_same_words(old: str, new: str) -> bool:
    """Return whether two texts have the same words, figures and marks: then only spaces between these may differ."""
    return list(map(_form, _WORD.findall(old))) == list(map(_form, _WORD.findall(new)))


def _tokens(old: str, new: str) -> tuple[list[str], list[str], int]:
    """Return the tokens of both texts, and with how many equal ones they begin; equal text is read once."""
    start = _last_word_start(old, Prefix.similarity(old, new))
    tail = min(Postfix.similarity(old, new), min(len(old), len(new)) - start)
    found = _WORD_START.search(old, len(old) - tail + 1)
    tail = len(old) - found.start() if found else 0
    same, rest = _WORD.findall(old, 0, start), _WORD.findall(old, len(old) - tail)
    olds, news = (_WORD.findall(text, start, len(text) - tail) for text in (old, new))
    return [*same, *olds, *rest], [*same, *news, *rest], len(same)


def _last_word_start(text: str, end: int) -> int:
    """Return where the last word of a text begins before `end`; 0: nowhere is that sure."""
    at = text.rfind(" ", 0, end)
    while at > 0 and not _WORD_START.match(text, at, end):
        at = text.rfind(" ", 0, at)
    return max(at, 0)


_Kept = tuple[int, int, int]  # a span of both texts: its start in the old tokens, in the new ones, its length


def _closed(text: str, tokens: Sequence[str]) -> Sequence[str]:
    """Leave out the last token of a cut text, which may go on; a figure may go on across its comma, too.

    A very long one stays: what was edited in it would be lost, and a wrong edit costs less than a hidden one.
    """
    if not is_cut(text) or len("".join(tokens[-1:])) > _MAX_OPEN:
        return tokens
    figures = [token[-1].isdecimal() for token in tokens[-3:]]
    if figures[-1:-3:-1] == [False, True] and tokens[-1].strip() in (".", ","):
        return tokens[:-2]
    is_in_date = figures == [True, False, True] and tokens[-2].strip() in (".", ",")
    return tokens[: -3 if is_in_date else -1]


def _ends_otherwise(olds: Sequence[str], news: Sequence[str]) -> bool:
    """Return whether two texts differ in their last word alone, which no cut explains: neither begins the other."""
    if not olds or len(olds) != len(news) or olds[:-1] != news[:-1]:
        return False
    old, new = _form(olds[-1]), _form(news[-1])
    return not (old.startswith(new) or new.startswith(old))


def _kept(olds: Sequence[str], news: Sequence[str], *, same: int) -> list[_Kept]:
    """Return a longest common subsequence as spans in order, after an empty span at both starts.

    Texts with too many pairs of tokens keep nothing. same: with how many equal tokens they begin.
    """
    if len(olds) * len(news) > _MOST_PAIRS:
        return [(0, 0, 0)]
    begin, olds, news = same, olds[same:], news[same:]
    forms = {token: _form(token) for token in {*olds, *news}}  # typography and letter case alone are no edit
    old_keys, new_keys = [forms[token] for token in olds], [forms[token] for token in news]
    # No token has the last key: else equal ends would be paired first, and the end of a cut view is not the text's.
    blocks = LCSseq.opcodes([*old_keys, " "], new_keys).as_matching_blocks()[:-1]
    spans: list[_Kept] = []
    for a, b, size in ((block.a, block.b, block.size) for block in reversed(blocks)):
        words = old_keys[a : a + size]
        old_end, new_end, length = spans[-1] if spans else (0, 0, 0)
        if a + b and words == old_keys[old_end - size : old_end] == new_keys[new_end - size : new_end]:
            # It is repeated right before the next span: "[The … ]the talks" reads better than "the[ … The] talks".
            spans[-1] = (old_end - size, new_end - size, length + size)
        else:
            spans.append((a, b, size))
    if spans and spans[-1][:2] == (0, 0):
        same += spans.pop()[2]
    first = [(0, 0, same)] if same else []
    return [(0, 0, 0), *first, *((a + begin, b + begin, size) for a, b, size in reversed(spans))]


def _cleaned(spans: Sequence[_Kept], olds: Sequence[str], news: Sequence[str]) -> Sequence[_Kept]:
    """Drop spans that match by chance, such as an "of" between replaced passages; add an empty one at both ends."""
    cleaned: list[_Kept] = []
    for span in (*spans, (len(olds), len(news), 0)):
        while len(cleaned) > 1 and _is_by_chance(cleaned[-2], cleaned[-1], span):
            cleaned.pop()
        cleaned.append(span)
    return cleaned


def _is_by_chance(before: _Kept, span: _Kept, after: _Kept) -> bool:
    """Return whether words were replaced and a kept span is less than half as long as the edits on either side."""
    removed = [span[0] - before[0] - before[2], after[0] - span[0] - span[2]]
    added = [span[1] - before[1] - before[2], after[1] - span[1] - span[2]]
    return 2 * span[2] < min(map(max, removed, added)) and any(removed) and any(added)


def _edits(field: str, spans: Iterable[_Kept], olds: Sequence[str], news: Sequence[str]) -> Iterator[Edit]:
    """Yield the text of kept spans and of the gaps between them; empty ones are left out."""
    a = b = 0
    for next_a, next_b, size in spans:
        old, new = "".join(olds[a:next_a]), "".join(news[b:next_b])
        if old or new:
            yield Edit(field=field, op="replace" if old and new else "delete" if old else "insert", old=old, new=new)
        a, b = next_a + size, next_b + size
        if size:
            yield Edit(field=field, op="keep", old="".join(olds[next_a:a]), new="".join(news[next_b:b]))


def _figures(edit: Edit) -> list[tuple[str, str]]:
    """Pair the figures of a replaced span in order; with unequally many, it is unknown which became which."""
    olds, news = (["".join(figure.split()) for figure in _FIGURES.findall(text)] for text in (edit.old, edit.new))
    if len(olds) != len(news):
        return []
    has_words = any(map(str.isalpha, _FIGURES.sub("", edit.old + edit.new)))
    return [pair for pair in zip(olds, news, strict=True) if _is_other_figure(*map(_form, pair), has_words=has_words)]


def _is_other_figure(old: str, new: str, *, has_words: bool) -> bool:
    """Return whether a figure became another; where words changed with it, one of them may have been its unit.

    "5.2 percent" → "5.2%" is another text with the same figure.
    """
    has_lost_unit = old.strip(_UNITS) == new.strip(_UNITS) in (old, new)
    return old != new and not (has_words and has_lost_unit)


def _form(token: str) -> str:
    """Return what a word, a figure or a sentence is compared by."""
    form = fold(token).casefold()
    if " " not in form:
        return form
    return form.replace(" ", "") if _SPACED_FIGURE.fullmatch(form) else close_figures(form)
