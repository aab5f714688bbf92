"""Rules and texts made to be dear together: the longest query that is allowed, on texts that repeat what it asks for.

Nobody writes these; but a rule comes from a file that many people edit, and a text from a site that anybody may have
broken into, and neither may hold up the releases behind it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from string import ascii_lowercase

from monitor.match.query import LENGTH
from monitor.match.watchlist import Watchlist

SIZE = 10_000  # characters of a text
_LONGEST = 25  # words of a phrase


def texts(seed: int, size: int = SIZE) -> dict[str, str]:
    """Bodies by what is bad about them; the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
    made: dict[str, Callable[[int], str]] = {
        "one word": lambda _: "a ",
        "one word in capitals and not": lambda n: ("us ", "US ", "Us ", "U.S. ")[n % 4],
        "two words in turn": lambda n: "ab "[n % 2] + " ",
        "few words by chance": lambda _: dice.choice("abcdef") + " ",
        "all distinct": lambda n: f"w{n} ",
        "all distinct, with one stem": lambda n: f"abcdefghijklmnop{n}qrstuvwxyz ",
        "one long Hangul word": lambda _: "반도체",
        "Hangul words": lambda _: dice.choice(["반도체 ", "반도체가 ", "수출 ", "반도체수출을 "]),
        "particles behind every other word": lambda _: dice.choice(["a가 ", "a 가 ", "a ", "가 "]),
        "dotted capitals": lambda n: "A." if n % 7 else " ",
        "possessives": lambda n: ("Korea's ", "a's ", "s' ")[n % 3],
        "spellings of one word": lambda _: _spelled(dice) + " ",
    }
    return {name: _filled(piece, size) for name, piece in made.items()}


def watchlists(seed: int, size: int = LENGTH) -> dict[str, Watchlist]:
    """Rules by what is bad about them, each as long as a query may be."""
    dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
    lists = {}
    for name, say in _SAYINGS.items():
        for by in ("AND", "OR"):
            lists[f"{name}, joined by {by}"] = _query(partial(say, dice), by, size)
    for name in ("phrases", "one phrase with other ends", "phrases of particles"):
        keywords = tuple(text.strip('"') for text in _some(partial(_SAYINGS[name], dice), size, 3))
        lists[f"{name}, as keywords"] = Watchlist(name=name, keywords=keywords, min_hits=2)
    return lists | {"brackets in brackets": Watchlist(name="brackets", query=_nested(partial(_word, dice), size))}


def _word(dice: random.Random, _: int) -> str:
    return dice.choice(
        ["a", "b", "us", "US", "=us", "=US", "가", "반도체", "abc*", "*bcd*", "trade", "=tRade", "korea"]
    )


def _spelling(dice: random.Random, _: int) -> str:
    return "=" + _spelled(dice)


def _spelled(dice: random.Random) -> str:
    return "".join(map(dice.choice, ("tT", "rR", "aA", "dD", "eE")))


def _part(dice: random.Random, _: int) -> str:
    start = dice.randint(0, 12)
    return f"*{ascii_lowercase[start : start + dice.randint(3, 13)]}*"


def _phrase(dice: random.Random, number: int) -> str:
    end = dice.choice(["a", "b", "z", f"z{number}"])
    return f'"{" ".join(dice.choice("aaab") for _ in range(_LONGEST - 1))} {end}"'


def _other_end(_: random.Random, number: int) -> str:
    return f'"{"a " * (_LONGEST - 1 - number % 10)}z{number}"'


def _particles(dice: random.Random, _: int) -> str:
    return f'"{" ".join(dice.choice("a가") for _ in range(_LONGEST))}"'


def _chain(dice: random.Random, number: int) -> str:
    links = (f" {dice.choice(['', 'O'])}NEAR/{dice.randint(0, 100)} {_word(dice, number)}" for _ in range(5))
    return f"({_word(dice, number)}{''.join(links)})"


def _chained_phrases(dice: random.Random, number: int) -> str:
    return f"({_phrase(dice, number)} NEAR/{number % 101} {_phrase(dice, number)})"


def _chained_particles(dice: random.Random, number: int) -> str:
    return f'({_particles(dice, number)[:20]}" NEAR/{number % 101} ({_word(dice, number)} OR {_word(dice, number)}))'


def _counted(dice: random.Random, number: int) -> str:
    return f"ATLEAST/{dice.randint(1, 1000)}({_word(dice, number)} OR {_word(dice, number)})"


def _numbered(_: random.Random, number: int) -> str:
    return f"w{number}"


_SAYINGS = {
    "words": _word,
    "spellings": _spelling,
    "parts of words": _part,
    "phrases": _phrase,
    "one phrase with other ends": _other_end,
    "phrases of particles": _particles,
    "chains": _chain,
    "chains of phrases": _chained_phrases,
    "chains of particles": _chained_particles,
    "counts": _counted,
    "numbered words": _numbered,
}


def _filled(piece: Callable[[int], str], size: int) -> str:
    made, length = [], 0
    for number in count():
        made.append(piece(number))
        length += len(made[-1])
        if length >= size:
            return "".join(made)[:size]
    raise AssertionError


def _some(say: Callable[[int], str], size: int, between: int) -> Iterator[str]:
    """So many of them as fit."""
    length = 0
    for number in count():
        text = say(number)
        length += len(text) + between
        if length > size:
            return
        yield text


def _query(say: Callable[[int], str], by: str, size: int) -> Watchlist:
    return Watchlist(name=by, query=f" {by} ".join(_some(say, size, len(by) + 2)))


def _nested(word: Callable[[int], str], size: int) -> str:
    """AND in OR in AND, as deep as brackets may go."""
    deepest = " AND ".join(_some(word, size // 2, 5))
    for depth in range(18):
        by = ("OR", "AND")[depth % 2]
        deepest = f"({deepest}) {by} ({f' {by} '.join(_some(word, size // 50, 5)) or 'a'})"
    return deepest
