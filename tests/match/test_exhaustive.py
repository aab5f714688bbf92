"""The index may only ever save work: over random rules and the real releases it finds what asking every rule finds."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.match.document import FIELDS
from monitor.match.matcher import MAX_HITS, Matcher
from monitor.match.nodes import Node
from monitor.match.regex import Pattern
from monitor.match.watchlist import Watchlist, excluded, rules_of
from monitor.model import Release
from tests.examples import examples
from tests.match.queries import ALIASES, queries
from tests.match.reference_matcher import Text, is_met, runs
from tests.match.samples import WITHOUT_DISK, release
from tests.match.test_real_dumps import records as records

Told = dict[str, list[tuple[str, int, int]]]
LATIN = "FTA US U.S. us it IT trade Trades companies tax new news semiconductors superconductors agreement export"
OTHERS = "Korea's korea chips 반도체가 수출이 자원전쟁 high tech free trade agreement industry minister Free Trade"
TEXT_WORDS = [*LATIN.split(), *OTHERS.split()]
GAPS = st.sampled_from([" ", " ", "-", "\n", "", ". ", "'s ", "를 "])
TEXTS = st.lists(st.tuples(st.sampled_from(TEXT_WORDS), GAPS).map("".join), max_size=20).map("".join)
RELEASES = st.builds(release, TEXTS, TEXTS, st.none() | TEXTS)


@st.composite
def watchlists(draw: st.DrawFn, rules: st.SearchStrategy[str] | None = None) -> Watchlist:
    return Watchlist(
        name=draw(st.uuids()).hex,
        query=draw(queries() if rules is None else rules),
        exclude=tuple(draw(st.lists(st.sampled_from(["news", "title:US", "FTA", "*원전*"]), max_size=1))),
        min_hits=draw(st.sampled_from([1, 1, 2, 4])),
        fields=draw(st.sampled_from([FIELDS, FIELDS, ("title",), ("body", "category")])),
        case=draw(st.sampled_from(["smart", "smart", "ignore", "exact"])),
        inflect=draw(st.booleans()),
    )


@settings(WITHOUT_DISK, max_examples=examples(100))
@given(st.lists(watchlists(), max_size=8), RELEASES)
def test_the_index_equals_asking_every_query(lists: list[Watchlist], text: Release) -> None:
    assert told(Matcher(lists, ALIASES), text) == asked_one_by_one(lists, text)


@settings(WITHOUT_DISK, max_examples=examples(40))
@given(st.lists(watchlists(), max_size=8), RELEASES)
def test_totals_count_all_places_of_those_that_match(lists: list[Watchlist], text: Release) -> None:
    words = Text(text)
    counted = {one.name: len({place[:2] for place in every_place(one, words)}) for one in lists}

    totals = Matcher(lists, ALIASES).match(text).totals

    assert totals == tuple((name, total) for name, total in counted.items() if total)


# Words and particles of one letter, so that phrases and chains meet every way in which the two can follow each other.
SHORT_WORDS = ["a", "b", "A", "가", "나다", "A.B."]
SHORT_TEXTS = st.lists(
    st.tuples(st.sampled_from(SHORT_WORDS), st.sampled_from([" ", "", "·"])).map("".join), max_size=15
)
SHORT_PHRASES = st.lists(st.sampled_from(["a", "b", "가", "나", "가나다"]), min_size=1, max_size=4).map(" ".join)
SHORT_SAYINGS = st.builds('{}"{}"'.format, st.sampled_from(["", "", "="]), SHORT_PHRASES)


@settings(WITHOUT_DISK, max_examples=examples(100))
@given(st.lists(watchlists(queries(SHORT_SAYINGS)), max_size=4), SHORT_TEXTS.map("".join))
def test_the_index_equals_asking_every_query_among_particles(lists: list[Watchlist], text: str) -> None:
    assert told(Matcher(lists, ALIASES), release(body=text)) == asked_one_by_one(lists, release(body=text))


def test_thousands_of_rules_find_the_same_in_the_real_releases(records: list[Release], full: bool) -> None:
    lists = random_lists(records, count=20_000 if full else 3_000, seed=7)
    index = Matcher(lists, ALIASES)

    matched = 0
    for record in records if full else records[::8]:
        found = told(index, record)
        assert found == asked_one_by_one(lists, record)
        matched += len(found)
    assert matched > 1_000  # the rules speak of what these releases speak of


def random_lists(records: Sequence[Release], *, count: int, seed: int) -> list[Watchlist]:
    """Rules of words that stand in the releases, and of the fixed ones; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    words = sorted(
        {word for record in records for word in re.findall(r"[A-Za-z가-힣]{3,}", record.title + record.body)}
    )
    return [
        Watchlist(
            name=f"{number}",
            query=random_query(chance, words, depth=3),
            min_hits=chance.choice([1, 1, 1, 2, 5]),
            exclude=tuple(chance.sample(words, chance.choice([0, 0, 0, 1]))),
            fields=chance.choice([FIELDS, FIELDS, ("title",), ("body", "category")]),
            case=chance.choice(["smart", "smart", "ignore", "exact"]),
            inflect=chance.random() < 0.7,
        )
        for number in range(count)
    ]


def random_query(chance: random.Random, words: Sequence[str], *, depth: int) -> str:
    if depth == 0 or chance.random() < 0.3:
        return random_term(chance, words)
    left = random_query(chance, words, depth=depth - 1)
    right = random_query(chance, words, depth=depth - 1)
    form = chance.choice(["({}) AND ({})", "({}) OR ({})", "({}) OR ({})", "({}) NOT ({})"])
    return form.format(left, right)


def random_term(chance: random.Random, words: Sequence[str]) -> str:
    one, two, three = (lexeme(chance.choice(words)) for _ in range(3))
    return chance.choice(
        [
            one,
            one,
            f"={one}",
            f"{one[:4]}*" if len(one) > 4 and one[0] != '"' else one,
            f"*{one[-4:]}" if len(one) > 4 and one[0] != '"' else one,
            f"title:{one}",
            f"body:({one} OR {two})",
            f"ATLEAST/{chance.randint(1, 3)}({one} OR {two})",
            f"{one} NEAR/{chance.choice([0, 5, 50])} {two}",
            f"({one} ONEAR/30 ({two} OR {three}))",
            f'"{one} {two}"'.replace('""', "").replace('" ', " ") if '"' not in one + two else one,
        ]
    )


def lexeme(word: str) -> str:
    return f'"{word}"' if word in ("AND", "OR", "NOT", "and", "not") else word


def told(index: Matcher, text: Release) -> Told:
    found: Told = {}
    for hit in index.scan(text):
        found.setdefault(hit.watchlist, []).append((hit.field, hit.start, hit.end))
    return found


def asked_one_by_one(lists: Sequence[Watchlist], text: Release) -> Told:
    """The naive way: each rule for itself, word by word, all places and no index."""
    words = Text(text)
    found = {watchlist.name: every_place(watchlist, words) for watchlist in lists}
    return {name: places[:MAX_HITS] for name, places in found.items() if places}


def every_place(watchlist: Watchlist, text: Text) -> list[tuple[str, int, int]]:
    met = [rule for rule in plain_rules(watchlist) if is_met(rule, text)]
    if not met or any(is_met(rule, text) for rule in excluded(watchlist, ALIASES)):
        return []
    places = text.spans({run for rule in met for run in runs(rule, text)})
    if len({place[:2] for place in places}) < watchlist.min_hits:
        return []
    return sorted(places, key=lambda place: (FIELDS.index(place[0]), place[1], place[2]))


@lru_cache(maxsize=50_000)  # the test over the real releases asks for each of its rules once per release
def plain_rules(watchlist: Watchlist) -> list[Node]:
    return [rule for rule in rules_of(watchlist, ALIASES) if not isinstance(rule, Pattern)]


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_rules(seed: int) -> None:
    text = [release("Korea exports semiconductors")]

    assert random_lists(text, count=20, seed=seed) == random_lists(text, count=20, seed=seed)
