"""Words find releases whatever the index holds already; nothing a person types is an error of the query language."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from monitor.errors import UsageError
from monitor.match.matcher import Matcher, Watchlist
from monitor.match.search import index_words, search_query
from monitor.match.tokens import tokens
from monitor.readable import readable
from tests.contract.pairs import Pair, SharedPair
from tests.contract.takes import dump, figures, record, take_in
from tests.examples import examples

SAMPLES = dump(
    record("Chip exports soar", "Exports of semiconductors rose 5.1 percent.", category="Industry", day="2024-07-01"),
    record("반도체 수출 호조", "반도체가 수출을 이끌었다. 한-칠레 협정.", category="Trade", day="2024-07-02"),
    record('A "quoted" café', "Talks AND visits OR forums NOT met (again).", category="Industry", day="2024-07-03"),
)


def fill(pair: Pair) -> int:
    """Bring the index up to date, a few versions at a time."""
    total = 0
    while count := pair.maintenance.fill_search_index(2, index_words):
        total += count
    return total


def nothing(_: Pair) -> int:
    return 0


def samples(pair: Pair) -> None:
    take_in(pair.store, SAMPLES)


def indexed_samples(pair: Pair) -> None:
    samples(pair)
    fill(pair)


@pytest.fixture(params=[samples, indexed_samples], ids=["nothing indexed", "all indexed"])
def stored(request: pytest.FixtureRequest, shared_pair: SharedPair) -> Pair:
    """The samples in a store that is only read, before the index is filled and after."""
    return shared_pair(request.param)


def numbers(pair: Pair, *words: str, since: date | None = None) -> list[int]:
    return list(pair.archive.search(search_query(words), since=since))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["exports"], [1]),
        (["EXPORTS", "chip"], [1]),
        (["exports", "forums"], []),
        (["industry"], [1, 3]),  # the category
        (["export"], [1]),  # the plural, as a keyword finds it
        (["semi"], []),  # words, not their beginnings
        (["semi*"], [1]),
        (["한칠레"], [2]),
        (["한-칠레"], [2]),
        (["반도체의"], []),
        (["*도체"], [2]),
        (["5.1"], [1]),
        (["반도체"], [2]),  # stands as 반도체가, too
        (["수출을"], [2]),
        (["칠레"], [2]),
        (["도체"], []),
        (["of semiconductors"], [1]),  # a phrase
        (["semiconductors of"], []),
        (["cafe"], [3]),
        (["café"], [3]),
        (["and"], [3]),
        (["AND", "OR", "NOT"], [3]),
        (['"quoted"'], [3]),
        (["(again)"], [3]),
        (["title:exports"], [1]),
        (["body:industry"], []),
        (["a:exports"], []),
        (["exp*"], [1]),
        (["why?"], []),
        (["-", "exports"], [1]),
    ],
)
def test_words_find_the_releases_that_have_them_all(stored: Pair, words: list[str], found: list[int]) -> None:
    assert numbers(stored, *words) == found


KOREAN = (
    "한·중·일과 5개 품목, 2023.07.01-2024.07.01. 차세대AI반도체와 한미FTA를 논의했다. 자동차ㆍ배터리, "
    "자유 무역 협정문, 시스템반도체의 1,232억 달러."
)
ENGLISH = "The U.S. and EVs: talks led to COVID-19 plans, Straße 5.1 percent, Free-trade agreements. LEDs. Us."
ASKED = [
    *(
        "FTA는",
        "한미FTA",
        "ＦＴＡ",
        "반도체",
        "*반도체",
        "반도체*",
        "자유무역협정",
        "배터리",
        "협정",
        "논의",
        "미",
        "시스템반도체",
        "한중일",
        "한·중·일",
        "=한",
        "5 품목",
        "5개 품목",
    ),
    *("2024", "07", "2023-07-01", "2024.07.01"),
    *("1232", "1,232", "232", "5.1", "5", "US", "U.S.", "us", "EV", "led", "LED", "=LEDs", "=leds", "LED*", "COVID19"),
    *("COVID", "19", "strasse", "=Straße", "agreement", "free-trade-agreement", "plan", "title:FTA", "body:FTA"),
]


@pytest.mark.parametrize("prepare", [nothing, fill])
def test_a_search_finds_what_the_same_words_match(pair: Pair, prepare: Callable[[Pair], int]) -> None:
    texts = [KOREAN, unicodedata.normalize("NFD", KOREAN), ENGLISH, ENGLISH.lower(), ENGLISH.upper()]
    take_in(pair.store, dump(*(record(f"Notice {n}", text) for n, text in enumerate(texts))))
    prepare(pair)
    for word in [*ASKED, unicodedata.normalize("NFD", "반도체"), "free trade agreement", "talks led", "자유 무역"]:
        matcher = Matcher([Watchlist(name="asked", keywords=(word,))])
        heads = pair.archive.heads()
        assert numbers(pair, word) == [one.number for one in heads if matcher.scan(one.release)], word


@pytest.mark.parametrize("prepare", [nothing, fill])
def test_a_phrase_is_found_in_however_many_ways_it_is_written(pair: Pair, prepare: Callable[[Pair], int]) -> None:
    pairs = [f"{n}abc def{n}" for n in range(40)]  # 1,600 ways
    apart = " ".join([*pairs[0].split()[::-1], "0abc", "and", "def0"])
    take_in(pair.store, dump(*(record(f"Notice {n}", one) for n, one in enumerate([*pairs, apart]))))
    prepare(pair)
    assert numbers(pair, "*abc def*") == list(range(1, 41))


def test_a_day_bounds_what_is_found(stored: Pair) -> None:
    assert numbers(stored, "industry", since=date(2024, 7, 2)) == [3]


@pytest.mark.parametrize("words", [[], [""], ['"'], ["--", "()"], ["\0"]])
def test_nothing_to_look_for_is_said(stored: Pair, words: list[str]) -> None:
    with pytest.raises(UsageError, match="no word to search for"):
        numbers(stored, *words)


@pytest.mark.parametrize("prepare", [nothing, fill])
def test_a_changed_text_is_found_and_its_former_one_is_not(pair: Pair, prepare: Callable[[Pair], int]) -> None:
    store = pair.store
    take_in(store, figures("5.1"))
    fill(pair)
    take_in(store, figures("7.7"))
    prepare(pair)
    assert (numbers(pair, "5.1"), numbers(pair, "7.7")) == ([], [1])


def test_a_stale_view_is_never_found(pair: Pair) -> None:
    store = pair.store
    take_in(store, figures("5.1"), name="20240705.txt")
    take_in(store, figures("9.9"), name="20240704.txt")
    assert numbers(pair, "9.9") == []
    fill(pair)
    assert (numbers(pair, "9.9"), numbers(pair, "5.1")) == ([], [1])


def test_a_full_index_has_nothing_left_to_do(pair: Pair) -> None:
    indexed_samples(pair)
    assert pair.maintenance.fill_search_index(100, index_words) == 0
    take_in(pair.store, record("Visit ends", "The minister flew home."), name="b.txt")
    assert pair.maintenance.fill_search_index(100, index_words) == 1


def test_filling_is_a_little_at_a_time(pair: Pair) -> None:
    take_in(pair.store, dump(*(record(f"Notice {n}", f"Text {n}.") for n in range(25))))
    counts = [pair.maintenance.fill_search_index(10, index_words) for _ in range(4)]
    assert counts == [10, 10, 5, 0]
    assert numbers(pair, "notice") == list(range(1, 26))


@settings(max_examples=examples(75), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.text(max_size=12), max_size=4))
@example(["NEAR(a b)"])
@example(["a\ud800"])
@example(["Ë\x92"])  # a mark that was read in a wrong encoding
@example([";Â*"])  # before a space it would be one
@example(["^a", '"b', "a\0b", "\ud800"])
def test_whatever_a_person_types_is_text(pair: Pair, words: list[str]) -> None:
    try:
        numbers(pair, *words)
    except UsageError:
        assert not any(tokens(readable(word)) for word in words)


@pytest.mark.parametrize("prepare", [nothing, fill])
def test_a_phrase_is_found_wherever_it_is_in_a_long_text(pair: Pair, prepare: Callable[[Pair], int]) -> None:
    """An index may count only so many places, and only so many of one word."""
    words = [f"word{pow(3, n, 65_537) % 4_999}" for n in range(40_000)]
    asked = [0, 15_980, 15_992, 16_004, 16_370, 31_890, 39_976]
    often = ["again"] * 1_000
    take_in(pair.store, dump(record("A long text", " ".join(words)), record("A word", f"{' '.join(often)} and again")))
    prepare(pair)
    assert [numbers(pair, " ".join(words[at : at + 24])) for at in asked] == [[1]] * len(asked)
    assert [numbers(pair, " ".join(words[at + 23 : at : -1])) for at in asked] == [[]] * len(asked)
    assert (numbers(pair, "again and again"), numbers(pair, "again again"), numbers(pair, "and word")) == ([2], [2], [])
