"""Why a watchlist matches or does not, and the examples that stand beside it."""

from __future__ import annotations

import pytest

from monitor.match.explain import Example, QueryPart, explain, failing_tests
from monitor.match.matcher import Watchlist
from tests.match.queries import ALIASES
from tests.match.samples import release

TEXT = release("Semiconductor exports rise", "It gives us hope. Semiconductors for Japan; chips to Korea.", "Industry")


def part(query: str, **options: object) -> QueryPart:
    (only,) = explain(Watchlist(name="w", query=query, **options), TEXT).parts  # type: ignore[arg-type]  # as written
    return only


@pytest.mark.parametrize(
    ("query", "matched", "why"),
    [
        ("semiconductor", True, 'title "Semiconductor", body "Semiconductors"'),
        ("ATLEAST/2(semi*)", True, 'title "Semiconductor", body "Semiconductors"'),
        ("ATLEAST/3(semi*)", False, "2 different places only"),
        ("ATLEAST/2(cars)", False, "0 different places only"),
        ("cars", False, "'car' does not occur in title or body or category"),
        ("title:Japan", False, "'japan' does not occur in title"),
        ("title:conductor", False, "'conductor' occurs only inside other words in title: 'semiconductor'"),
        ("body:semi", False, "'semi' occurs only inside other words in body: 'semiconductors'"),
        ("US", False, "'us' occurs, but not in the required capital letters"),
        ('"exports Japan"', False, "its words occur, but not side by side in title or body or category"),
        ("Japan NEAR/1 chips", True, 'body "Japan", body "chips"'),
        ("Japan NEAR/1 Korea", False, "all parts occur, but not near enough"),
        ("Japan NEAR/1 cars", False, "'car' does not occur in title or body or category"),
    ],
)
def test_each_part_says_what_it_found_or_what_is_missing(query: str, matched: bool, why: str) -> None:
    assert part(query) == QueryPart(text=query, matched=matched, why=why)


@pytest.mark.parametrize(
    ("keyword", "text", "why"),
    [
        ("반도체", "시스템반도체가", "'반도체' occurs only inside other words in body: '시스템반도체가'"),
        ("이란", "FTA이란 (무엇)", "'이란' occurs only inside other words in body: 'fta이란'"),
        ("232", "(1,232)", "'232' occurs only inside other words in body: '1,232'"),
        ("19", "COVID-19", "'19' occurs only inside other words in body: 'covid-19'"),
        ("cafe", "A caféteria", "'cafe' occurs only inside other words in body: 'caféteria'"),
        ("1232", "11,232 firms", "'1232' occurs only inside other words in body: '11,232'"),
        ("SA", "the U.S.A.", "'sa' occurs only inside other words in body: 'U.S.A.'"),
        ("인도", "한국", "'인도' does not occur in body"),
    ],
)
def test_what_stands_inside_other_words_is_not_said_to_be_absent(keyword: str, text: str, why: str) -> None:
    (only,) = explain(Watchlist(name="w", keywords=(f"body:{keyword}",)), release(body=text)).parts

    assert only == QueryPart(text=f"body:{keyword}", matched=False, why=why)


def test_a_query_is_explained_part_by_part_as_it_was_read() -> None:
    found = explain(Watchlist(name="w", query="semi* AND title:(Japan OR rise) NOT Korea"), TEXT)

    assert (found.matched, found.query) == (False, "semi* AND title:(Japan OR rise) AND NOT Korea")
    assert [(one.text, one.matched, one.why) for one in found.parts] == [
        ("semi*", True, 'title "Semiconductor", body "Semiconductors"'),
        ("title:Japan", False, "'japan' does not occur in title"),
        ("title:rise", True, 'title "rise"'),
        ("NOT Korea", False, 'body "Korea"'),
    ]


def test_keywords_and_what_narrows_them_are_parts_too() -> None:
    found = explain(
        Watchlist(name="w", keywords=("chips", "FTA"), exclude=("news", "Japan"), min_hits=2), TEXT, ALIASES
    )

    assert (found.matched, found.query) == (False, "chips OR FTA")
    assert [(one.text, one.matched) for one in found.parts] == [
        ("chips", True),
        ("FTA", False),
        ("exclude news", True),
        ("exclude Japan", False),
        ("min_hits 2", False),
    ]


@pytest.mark.parametrize(
    ("query", "text", "matched"),
    [
        ("chips AND Japan", "Chips for Japan", True),
        ("chips AND Japan", "Chips\nto Japan", True),
        ("title:chips AND body:Japan", "Chips\nto Japan", True),
        ("title:chips", "Chips", True),
        ("body:chips", "Chips", True),
        ("category:chips", "Chips", True),
        ("ATLEAST/2(chips)", "Chips", False),
        ("FTA", "A free trade agreement", True),
    ],
)
def test_an_example_fails_where_it_comes_out_otherwise(query: str, text: str, matched: bool) -> None:
    examples = (Example(text=text, is_match=True), Example(text=text, is_match=False))

    assert failing_tests(Watchlist(name="w", query=query), examples, ALIASES) == (examples[matched],)


@pytest.mark.parametrize(
    ("query", "text", "matched"),
    [
        ("title:FTA", "body: FTA", False),
        ("title:FTA", "title: FTA", True),
        ("title:FTA", "title: Talks\nbody: FTA\nand more", False),
        ("body:more", "title: Talks\nbody: FTA\nand more", True),
        ("category:FTA", "category:FTA\ntitle:Talks", True),
        ("title:body", "title: Talks\nbody: FTA", False),  # the field's name is no word of the text
        ("body:(FTA AND chips)", "body: FTA\ntitle: Talks\nbody: chips", True),
        ("title:FTA", "FTA\nbody: chips", True),  # begins with no field: a title and its body, as ever
        ("title:title", "Title: chips", True),
    ],
)
def test_an_example_can_say_in_which_field_its_words_stand(query: str, text: str, matched: bool) -> None:
    examples = (Example(text=text, is_match=True), Example(text=text, is_match=False))

    assert failing_tests(Watchlist(name="w", query=query), examples, ALIASES) == (examples[matched],)
