"""The index may only ever save work: with it and without it, the same keywords match at the same places."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.match import hits
from monitor.match.document import FIELDS, Document
from monitor.match.evaluate import Location
from monitor.match.index import Index
from monitor.match.keywords import keyword_fault, read_keyword
from monitor.match.matcher import MAX_HITS, Matcher, Watchlist
from monitor.model import Release
from tests.examples import examples
from tests.match.samples import release

# Few words, chosen to collide: plurals, names that are words, parts of each other, other scripts, other spellings.
ASCII_STEMS = "FTA US U.S. us IT trade Trade trades company companies tax new news semi semiconductor superconductors"
OTHER_STEMS = "café 반도체 반도체가 차반도체 원전 자원전쟁"
STEMS = [*ASCII_STEMS.split(), *OTHER_STEMS.split()]
GAPS = st.sampled_from([" ", "-", " ", "\n", "/", "\u00a0", "", ". ", "'s ", "를 ", ", "])
SPELLINGS = st.sampled_from([*STEMS, *unicodedata.normalize("NFD", OTHER_STEMS).split()])
TEXTS = st.lists(st.tuples(SPELLINGS, GAPS).map("".join), max_size=12).map("".join)
RELEASES = st.builds(release, TEXTS, TEXTS, st.none() | TEXTS)


@st.composite
def keywords(draw: st.DrawFn) -> str:
    core = " ".join(draw(st.lists(st.sampled_from(STEMS), min_size=1, max_size=3)))
    field = draw(st.sampled_from(["", "", "", "title:", "body:", "category:"]))
    text = field + draw(st.sampled_from(["", "", "="])) + draw(st.sampled_from(["", "", "*"])) + core
    return text + draw(st.sampled_from(["", "", "*"]))


@st.composite
def watchlists(draw: st.DrawFn) -> Watchlist:
    return Watchlist(
        name=draw(st.uuids()).hex,
        keywords=tuple(draw(st.lists(keywords().filter(lambda text: not keyword_fault(text)), max_size=5))),
        fields=draw(st.sampled_from([FIELDS, ("title",), ("body", "category")])),
        case=draw(st.sampled_from(["smart", "ignore", "exact"])),
        inflect=draw(st.booleans()),
    )


WITHOUT_DISK = settings(database=None, max_examples=examples(500))


@WITHOUT_DISK
@given(st.lists(watchlists(), max_size=6), RELEASES)
@example(
    [Watchlist(name="one", keywords=("반도체", "=반도체", "*반도체*"), inflect=False)], release("자원전쟁 ", "반도체 ")
)
@example([Watchlist(name="one", keywords=("반도체", "=반도체가"))], release(body="반도체가 " * MAX_HITS))
def test_the_index_equals_asking_every_keyword(lists: list[Watchlist], text: Release) -> None:
    hits = Matcher(lists).scan(text)

    for watchlist in lists:
        told = [(hit.field, hit.start, hit.end) for hit in hits if hit.watchlist == watchlist.name]
        assert told == every_place(watchlist, text)[:MAX_HITS]


@WITHOUT_DISK
@given(
    st.sampled_from(["trade", "new", "tax exports", "semi"]),
    st.lists(st.sampled_from(["trade", "trades", "new", "news", "tax", "exports", "semi", "Trade", "x"]), max_size=12),
)
def test_plain_words_are_found_where_a_regular_expression_finds_them(keyword: str, words: list[str]) -> None:
    text = " ".join(words)
    wanted = re.compile(rf"\b(?={keyword}\b)", re.IGNORECASE)

    hits = Matcher([Watchlist(name="plain", keywords=(keyword,), inflect=False)]).scan(release(body=text))

    assert [hit.start for hit in hits] == [match.start() for match in wanted.finditer(text)]


@WITHOUT_DISK
@given(st.lists(st.sampled_from(["FTA", "trade", "semi*", "*원전*", "*conductor", "반도체"]), max_size=4), RELEASES)
def test_candidates_are_ascending_and_named_once(texts: list[str], text: Release) -> None:
    found = Index([read_keyword(keyword) for keyword in texts]).candidates(Document(text).forms())

    assert found == sorted(set(found))


@WITHOUT_DISK
@given(st.lists(st.sampled_from([*STEMS, "semi*", "*원전*", "*conductor"]), max_size=6), RELEASES)
def test_few_rules_have_the_same_candidates_without_splitting_the_words(texts: list[str], text: Release) -> None:
    index, document = Index([read_keyword(keyword) for keyword in texts]), Document(text)

    assert index.quick_candidates(document.folded) in (None, index.candidates(document.forms()))


def test_only_few_rules_are_searched_for_one_by_one() -> None:
    few, many = (Index([read_keyword(f"word{number}") for number in range(count)]) for count in (3, 60))

    assert few.quick_candidates(lambda: " the word1 was word12 ") == [1]
    assert many.quick_candidates(lambda: " the word1 was word12 ") is None


@WITHOUT_DISK
@given(st.lists(st.sampled_from([*STEMS, "semi*", "*원전*", "*conductor"]), max_size=4), RELEASES)
def test_what_cannot_meet_a_rule_has_no_candidates(texts: list[str], text: Release) -> None:
    index, document = Index([read_keyword(keyword) for keyword in texts]), Document(text)

    assert index.may_match(document.texts.values()) or not index.candidates(document.forms())


def test_a_release_is_passed_over_without_reading_its_words_where_rules_are_few() -> None:
    index = Index([read_keyword("FTA"), read_keyword("u.s. trade*")])

    assert index.may_match(["Talks", "The F.T.A’s terms"])
    assert not index.may_match(["Talks", "The U.K. and “others”", ""])
    assert index.may_match(["Talks", "자유무역"])  # another script: its words have to be read
    assert Index([read_keyword(f"word{number}") for number in range(60)]).may_match([""])


def test_keywords_without_a_word_in_the_release_are_not_even_candidates() -> None:
    texts = ["FTA", "free trade agreement", "semiconductor*", "*원전*", "반도체", "*conductors"]
    index = Index([read_keyword(text) for text in texts])

    assert index.candidates({"free", "trade", "conduct", "원", "자반도체"}) == []
    assert index.candidates({"agreement", "semiconductors", "자원전쟁", "반도체를"}) == [1, 2, 3, 4, 5]


@WITHOUT_DISK
@given(st.dictionaries(st.sampled_from(["free", "trade", "agreement"]), st.integers(0, 9)))
def test_frequencies_choose_the_word_and_lose_no_rule(frequencies: dict[str, int]) -> None:
    index = Index([read_keyword("free trade agreement")], frequencies)
    rarest = min(["agreement", "trade", "free"], key=lambda word: (frequencies.get(word, 0), -len(word)))

    assert index.candidates({"free", "trade", "agreement"}) == [0]
    assert [word for word in ("free", "trade", "agreement") if index.candidates({word})] == [rarest]


def places_of(keyword: str, watchlist: Watchlist, document: Document) -> Iterator[Location]:
    read = read_keyword(keyword, fields=watchlist.fields, case=watchlist.case, inflect=watchlist.inflect)
    return hits.all_locations([read], document)


def every_place(watchlist: Watchlist, text: Release) -> list[tuple[str, int, int]]:
    """The naive way: each keyword for itself, over the whole release."""
    document = Document(text)
    found = {place for keyword in watchlist.keywords for place in places_of(keyword, watchlist, document)}
    return sorted(found, key=lambda place: (FIELDS.index(place[0]), place[1], place[2]))
