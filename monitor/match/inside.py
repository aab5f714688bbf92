"""Count the Korean words that a keyword is inside of and does not find, so that its author hears of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from monitor.match.document import Document
from monitor.match.evaluate import Rule
from monitor.match.keywords import Keyword
from monitor.match.korean import endings_behind, is_word, without_particle
from monitor.match.nodes import And, Count, Near, Or
from monitor.match.query import NO_ALIASES, Aliases
from monitor.match.tokens import Word
from monitor.match.watchlist import Watchlist, rules_of
from monitor.model import Release
from monitor.text import plural

_SHORTEST = 2  # syllables that `*` needs
_MAX_SHOWN = 3  # words in one sentence


class InsideWords:
    """The words of some releases that the Korean keywords of watchlists are inside of."""

    def __init__(self, watchlists: Sequence[Watchlist], aliases: Aliases = NO_ALIASES) -> None:
        self._words = [(one.name, word) for one in watchlists for word in _korean_words(one, aliases)]
        self._found: dict[tuple[str, str], Counter[str]] = {(name, word.stem): Counter() for name, word in self._words}

    def add(self, release: Release) -> None:
        """Count the words of one more release, each once."""
        document = Document(release)
        if not self._words or all(map(str.isascii, document.texts.values())):
            return
        forms = document.forms()
        text = "\n".join(forms)
        for name, word in self._words:
            if word.stem in text:
                self._found[name, word.stem].update(_around(word, forms))

    def hints(self) -> Iterator[tuple[str, str]]:
        """Yield the name of a watchlist, and how to find the words that one of its keywords is inside of."""
        for (name, stem), found in self._found.items():
            if found:
                words = [f"{word} ({plural(count, 'release')})" for word, count in _commonest(found)]
                more = f" and {plural(len(found) - _MAX_SHOWN, 'other word')}" if len(found) > _MAX_SHOWN else ""
                wildcards = _wildcards(stem, list(found))
                yield name, f"'{stem}' also stands inside {', '.join(words)}{more}; write {wildcards} to find them"


def _commonest(found: Counter[str]) -> Sequence[tuple[str, int]]:
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))[:_MAX_SHOWN]


def _korean_words(watchlist: Watchlist, aliases: Aliases) -> Iterator[Word]:
    words = {word for rule in rules_of(watchlist, aliases) for word in _single_words(rule)}
    return (word for word in words if len(word.stem) >= _SHORTEST and not word.is_open_left)


def _single_words(rule: Rule) -> Iterator[Word]:
    match rule:
        case Keyword():
            yield from rule.words if len(rule.words) == 1 else ()
        case And() | Or() | Near():
            for part in rule.parts:
                yield from _single_words(part)
        case Count():
            yield from _single_words(rule.part)


def _around(word: Word, forms: Iterable[str]) -> set[str]:
    return {without_particle(form, word.stem) for form in forms if word.stem in form and not word.fits(form)}


def _wildcards(stem: str, words: Sequence[str]) -> str:
    """Return the wildcards that find these words, for each the one that finds the least."""
    wanted: dict[str, None] = {}
    for word in words:
        is_end = is_word(word, stem, endings_behind(stem), is_open_left=True)
        wanted[f"{stem}*" if word.startswith(stem) else f"*{stem}" if is_end else f"*{stem}*"] = None
    return " or ".join(wanted)
