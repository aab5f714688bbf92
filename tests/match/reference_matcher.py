"""What the language means, said the simplest way: every rule, word by word, over tokens that know their offsets.

Nothing here is fast and nothing is shared with the engine but the tokens, which tests compare with its own words.
"""

from __future__ import annotations

from itertools import accumulate

from monitor.match.keywords import Keyword
from monitor.match.korean import is_word
from monitor.match.nodes import And, Count, Link, Near, Node, Not, Or
from monitor.match.tokens import Token, Word, is_capitals, is_hangul, tokens
from monitor.model import Release

Run = tuple[str, int, int, str]  # field, first and last token, and the stem of the last; "": all of it


class Text:
    """A release as its tokens, field by field."""

    def __init__(self, release: Release) -> None:
        texts = {"title": release.title, "body": release.body, "category": release.category or ""}
        self.words = {field: tokens(text) for field, text in texts.items()}
        self.ordinals = {field: ordinals(words) for field, words in self.words.items()}
        self.forms = {token.form for words in self.words.values() for token in words}

    def spans(self, runs: set[Run]) -> set[tuple[str, int, int]]:
        return {
            (field, self.words[field][first].start, self.end(field, last, stem)) for field, first, last, stem in runs
        }

    def end(self, field: str, last: int, stem: str) -> int:
        """Where a run ends: behind the stem of its last word, read letter by letter."""
        token = self.words[field][last]
        if not stem:
            return token.end
        letters = token.form[: len(stem) if token.form.startswith(stem) else token.form.rfind(stem) + len(stem)]
        ends = range(1, len(token.raw))
        return next((token.start + n for n in ends if "".join(forms(token.raw[:n])) == letters), token.end)


def ordinals(words: list[Token]) -> list[int]:
    """The number of each word as a person counts: a particle counts with the word it is glued to."""
    return list(accumulate(not is_particle(words, at) for at in range(len(words))))


def is_particle(words: list[Token], at: int) -> bool:
    is_glued = at > 0 and words[at - 1].end == words[at].start
    return is_glued and is_hangul(words[at].form) and not is_hangul(words[at - 1].form)


def runs(rule: Node, text: Text) -> set[Run]:
    """Where a rule that is met stands."""
    match rule:
        case Keyword():
            return {run for field in rule.fields for run in phrases(rule, field, text)}
        case And() | Or():
            return {run for part in rule.parts if is_met(part, text) for run in runs(part, text)}
        case Count():
            return runs(rule.part, text)
        case Near():
            return {run for chain in chains(rule, text) for run in chain}
    return set()


def is_met(rule: Node, text: Text) -> bool:
    match rule:
        case And():
            return all(is_met(part, text) for part in rule.parts)
        case Or():
            return any(is_met(part, text) for part in rule.parts)
        case Not():
            return not is_met(rule.part, text)
        case Count():
            return len({run[:2] for run in runs(rule.part, text)}) >= rule.least
    return bool(runs(rule, text))


def phrases(keyword: Keyword, field: str, text: Text) -> set[Run]:
    """Each word of a spelling follows the one before it."""
    found: set[Run] = set()
    for spelling in keyword.spellings:
        if any(text.forms.isdisjoint(word.forms) for word in spelling if not word.is_open):
            continue  # most are, and the test over thousands of rules would take minutes
        for first in range(len(text.words[field])):
            last = ending(spelling, field, first, text)
            if last is not None:
                found.add((field, first, last, spelling[-1].stem))
    return found


def ending(spelling: tuple[Word, ...], field: str, first: int, text: Text) -> int | None:
    tokens_behind = text.words[field][first : first + len(spelling)]
    is_there = len(tokens_behind) == len(spelling) and all(map(fits, spelling, tokens_behind))
    return first + len(spelling) - 1 if is_there else None


def forms(text: str) -> list[str]:
    return [token.form for token in tokens(text)]


def fits(word: Word, token: Token) -> bool:
    if word.endings:
        return korean_fits(word, token.form)
    if word.needs_capitals and not is_capitals(token.raw):
        return False
    text, wanted = (token.cased, word.cased) if word.cased else (token.form, word.forms)
    if word.is_open_left and word.is_open_right:
        return any(part in text for part in wanted)
    if word.is_open_left:
        return any(text.endswith(part) for part in wanted)
    return any(text.startswith(part) for part in wanted) if word.is_open_right else text in wanted


def korean_fits(word: Word, form: str) -> bool:
    (stem,) = word.forms
    starts = range(len(form)) if word.is_open_left else [0]
    return any(form[at:].startswith(stem) and is_word(form[at:], stem, word.endings) for at in starts)


def chains(near: Near, text: Text) -> list[tuple[Run, ...]]:
    """Every way in which runs of the parts, one each, stand near their neighbours."""
    found: list[tuple[Run, ...]] = [(run,) for run in runs(near.parts[0], text)]
    for link, part in zip(near.links, near.parts[1:], strict=True):
        found = [(*chain, run) for chain in found for run in runs(part, text) if is_near(chain[-1], run, link, text)]
    return found


def is_near(left: Run, right: Run, link: Link, text: Text) -> bool:
    field = left[0]
    if right[0] != field:
        return False
    if left[2] < right[1]:
        return text.ordinals[field][right[1]] - text.ordinals[field][left[2]] <= link.distance + 1
    if link.is_ordered or right[2] >= left[1]:
        return False
    return text.ordinals[field][left[1]] - text.ordinals[field][right[2]] <= link.distance + 1
