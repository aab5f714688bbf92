"""What rules and texts made to be dear may cost: steps that grow with the rule, however often the text repeats itself.

A step is one question to a page or one operation on a set of places; each is a pass over the text at most. Steps are
counted and not timed, so the test says the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import hostile
from monitor.match.document import FIELDS, Document, TokenizedField
from monitor.match.evaluate import matches, matching_spans
from monitor.match.hits import first_locations
from monitor.match.nodes import Node
from monitor.match.regex import Pattern
from monitor.match.tokens import Word
from monitor.match.watchlist import rules_of
from tests.match.samples import release

STEPS = 60  # for each word of a rule, fields and links included


class Meter:
    """Counts the steps of everything it was given to."""

    def __init__(self) -> None:
        self.steps = 0


class Metered(int):
    """A set of places that counts what is done with it."""

    meter: Meter

    def of(self, meter: Meter) -> Metered:
        self.meter = meter
        return self

    def _made(self, value: int) -> Metered:
        self.meter.steps += 1
        return Metered(value).of(self.meter)

    def __and__(self, other: int) -> Metered:
        return self._made(int(self) & int(other))

    def __or__(self, other: int) -> Metered:
        return self._made(int(self) | int(other))

    def __lshift__(self, other: int) -> Metered:
        return self._made(int(self) << int(other))

    def __rshift__(self, other: int) -> Metered:
        return self._made(int(self) >> int(other))

    def __invert__(self) -> Metered:
        return self._made(~int(self))

    __rand__ = __and__
    __ror__ = __or__


class MeteredPage(TokenizedField):
    """A page that counts what it is asked."""

    def __init__(self, text: str, meter: Meter) -> None:
        super().__init__(text)
        self.meter = meter

    def has(self, word: Word) -> bool:
        self.meter.steps += 1
        return super().has(word)

    def has_pair(self, left: Word, right: Word) -> bool:
        self.meter.steps += 1
        return super().has_pair(left, right)

    def has_phrase(self, words: str) -> bool:
        self.meter.steps += 1
        return super().has_phrase(words)

    def positions_of(self, word: Word) -> int:
        self.meter.steps += 1
        return Metered(super().positions_of(word)).of(self.meter)


class MeteredReading(Document):
    """A release that is read on metered pages."""

    def __init__(self, body: str) -> None:
        super().__init__(release(body=body))
        self.meter = Meter()
        self._fields = {field: MeteredPage(body if field == "body" else "", self.meter) for field in FIELDS}


def hostile_rules(*, seeds: int, size: int) -> Iterator[tuple[str, list[Node]]]:
    for seed in range(seeds):
        for name, watchlist in hostile.watchlists(seed, size).items():
            yield name, [rule for rule in rules_of(watchlist) if not isinstance(rule, Pattern)]


def words_in(rule: Node) -> int:
    """How many words a rule speaks of; a phrase's words count each."""
    parts = getattr(rule, "parts", None) or [part for part in [getattr(rule, "part", None)] if part]
    return sum(map(words_in, parts)) if parts else len(getattr(rule, "words", "x"))


def test_no_pair_of_rule_and_text_takes_more_steps_than_the_rule_has_words(full: bool) -> None:
    length = 10_000 if full else 1_000
    for name, rules in hostile_rules(seeds=3 if full else 1, size=length):
        most = STEPS * sum(map(words_in, rules))
        for kind, body in hostile.texts(0, length).items():
            document = MeteredReading(body)
            met = [rule for rule in rules if matches(rule, document)]
            if met:
                first_locations(met, document, most=50)
            assert document.meter.steps <= most, (name, kind)


@pytest.mark.parametrize("kind", sorted(hostile.texts(0, 1)))
def test_a_text_ten_times_as_long_takes_no_more_steps(kind: str, full: bool) -> None:
    for _, rules in hostile_rules(seeds=1, size=3_000 if full else 500):
        short, long = (MeteredReading(hostile.texts(0, length)[kind]) for length in (1_000, 10_000))
        for rule in rules[:30]:
            matching_spans(rule, short)
            matching_spans(rule, long)
        # A longer text may hold words that the shorter one lacks, and each of them is asked for once.
        assert long.meter.steps <= short.meter.steps + STEPS * sum(map(words_in, rules[:30])) // 2
