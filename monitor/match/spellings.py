"""Spell a keyword in every way in which texts write it: with other spaces in Korean, with a hyphen before a number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, islice, pairwise, product
from typing import NamedTuple

from monitor.match.korean import JOINT, LONE, NOTHING, Endings, endings_behind
from monitor.match.tokens import GLUED, Token, is_hangul, tokens

_MOST = 12  # spellings of a keyword: what a keyword costs grows with them
_MOST_CHANGES = 2  # spaces of a Korean compound that a text puts in or leaves out
_MOST_JOINTS = 2  # of a keyword: 한·중·일
_LONGEST = 20  # syllables of a compound whose spaces are free
_MOST_WORDS = 4  # written words of a compound; more are a sentence
_SHORTEST = 2  # syllables of a part that a space may cut off: 원전 is not found in 5만 원 전액
_LETTERS_AND_NUMBER = re.compile(r"([a-z]+)([0-9][0-9a-z]*)|([0-9]+)([a-z])")


class Piece(NamedTuple):
    """A word of one spelling of a keyword."""

    form: str
    cased: str  # the same with its letter case
    endings: Endings = NOTHING  # what may follow it in Korean
    has_number: bool = False  # it is a name with a number, in which capitals do not matter


def as_written(found: Sequence[Token], *, endings: Endings | None = None) -> tuple[Piece, ...]:
    """Return the words of a keyword as they were written; endings: what may follow all that are Korean."""
    return tuple(Piece(one.form, one.cased, _endings(one.form, endings)) for one in found)


def spellings(found: Sequence[Token], text: str) -> Iterator[tuple[Piece, ...]]:
    """Yield every spelling of a keyword with these words, the one that was written first; at most 12."""
    choices: list[Sequence[tuple[Piece, ...]]] = []
    at = 0
    while at < len(found):
        size = 1
        if is_hangul(found[at].form):
            size = next((n for n, one in enumerate(found[at:]) if not is_hangul(one.form)), len(found) - at)
            choices.append(list(_compounds(found[at : at + size])))
        elif numbered := _numbered_pair(found[at : at + 2], text):
            size = 2
            choices.append(numbered)
        else:
            choices.append([as_written(found[at : at + 1]), *_numbered(found[at])])
        at += size
    return (tuple(piece for part in chosen for piece in part) for chosen in islice(product(*choices), _MOST))


def jointed_spellings(found: Sequence[Token]) -> Iterator[tuple[Piece, ...]]:
    """Yield the spellings with a dot or a hyphen behind lone syllables, as in 한·미 and 한·중·일; at most 12.

    A space may be put in behind the last syllable that is joined (한·미 정상회담), and one behind the word left out.
    """
    return islice(_jointed(found), _MOST)


def _jointed(found: Sequence[Token]) -> Iterator[tuple[Piece, ...]]:
    for at, one in enumerate(found):
        syllables = one.form if is_hangul(one.form) else ""
        before, behind = as_written(found[:at]), found[at + 1 :]
        for number in range(1, min(_MOST_JOINTS + 1, len(syllables))):
            rest = syllables[number:]
            begin = (*before, *(Piece(lone + JOINT + next_, lone) for lone, next_ in pairwise(syllables[: number + 1])))
            yield (*begin, _whole(rest), *as_written(behind))
            if len(rest) > _SHORTEST:
                yield (*begin, Piece(rest[0], rest[0]), _whole(rest[1:]), *as_written(behind))
            if behind and is_hangul(behind[0].form):
                yield (*begin, _whole(rest + behind[0].form), *as_written(behind[1:]))


def _whole(form: str) -> Piece:
    return Piece(form, form, endings_behind(form))


def _compounds(found: Sequence[Token]) -> Iterator[tuple[Piece, ...]]:
    """Yield the compound with the spaces that were written, then with one or two that are put in or left out."""
    yield as_written(found)
    syllables = "".join(one.form for one in found)
    ends = [sum(len(one.form) for one in found[: number + 1]) for number in range(len(found))]
    written = frozenset(ends[:-1])
    is_compound = len(syllables) <= _LONGEST and len(found) <= _MOST_WORDS
    for changes in range(1, _MOST_CHANGES + 1) if is_compound else ():
        for changed in combinations(range(1, len(syllables)), changes):
            bounds = [0, *sorted(written.symmetric_difference(changed)), len(syllables)]
            if all(_is_part(start, end, {0, *ends}) for start, end in pairwise(bounds)):
                yield tuple(_part(syllables, start, end, ends) for start, end in pairwise(bounds))


def _is_part(start: int, end: int, written: set[int]) -> bool:
    return end - start >= _SHORTEST or (start in written and end in written)


def _part(syllables: str, start: int, end: int, ends: Sequence[int]) -> Piece:
    """Return a part of a compound: where a written word ends, it may have the endings of that word."""
    form = syllables[start:end]
    if end not in ends:
        return Piece(form, form)
    word_start = max(other for other in (0, *ends) if other < end)
    return Piece(form, form, endings_behind(syllables[word_start:end]))


def _endings(form: str, endings: Endings | None) -> Endings:
    if not is_hangul(form):
        return NOTHING
    if endings is None:
        return endings_behind(form)
    return endings or (LONE if len(form) == 1 else NOTHING)


def _numbered(one: Token) -> Iterator[tuple[Piece, ...]]:
    """Yield a name and its number (KF21) with a hyphen between."""
    if match := _LETTERS_AND_NUMBER.fullmatch(one.form):
        cut = max(match.end(1), match.end(3))
        parts = tokens(f"{one.cased[:cut]}-{one.cased[cut:]}")
        if parts[-1].form.startswith(GLUED):
            yield tuple(Piece(part.form, part.cased, has_number=True) for part in parts)


def _numbered_pair(found: Sequence[Token], text: str) -> Sequence[tuple[Piece, ...]]:
    """Return the spellings of a name and its number, written with a hyphen or a space between; empty: it is none."""
    if len(found) < 2:
        return []
    name, number = found
    between = text[name.end : number.start]
    bare = number.form.removeprefix(GLUED)
    if (
        len(between) != 1
        or not _LETTERS_AND_NUMBER.fullmatch(name.form + bare)
        or name.form[-1:].isdigit() == bare[:1].isdigit()
    ):
        return []
    cut = tokens(f"{name.form}-{bare}")[-1].form
    first = Piece(name.form, name.cased, has_number=True)
    forms = dict.fromkeys([number.form, cut, bare])
    joined = Piece(name.form + bare, name.cased + number.cased, has_number=True)
    spelled = [(first, Piece(form, number.cased, has_number=True)) for form in forms]
    return spelled if between.isspace() else [*spelled, (joined,)]
