"""Expressions of `map:` are parsed, written again and evaluated; a fault has its column."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.collect.formats.fields import (
    Expression,
    ExpressionFault,
    FileName,
    FormatOptions,
    Term,
    UsualNames,
    evaluate,
    parse,
    parse_path,
)
from monitor.collect.formats.json.reader import ObjectNode

FILE = FileName("2024/0315/notes.json")


def only(*path: str, attribute: str = "", parameter: str = "") -> Term:
    return Term(path, attribute, parameter)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("title", Expression((only("title"),))),
        ("title.rendered", Expression((only("title", "rendered"),))),
        ("  name of it . x ", Expression((only("name of it", "x"),))),
        ("abstract | excerpts", Expression((only("abstract"), only("excerpts")))),
        ("type + agencies.name", Expression((only("type"), only("agencies", "name")), takes_all=True)),
        ("link&newsId", Expression((only("link", parameter="newsId"),))),
        ("link@href", Expression((only("link", attribute="href"),))),
        ("link@href&id", Expression((only("link", attribute="href", parameter="id"),))),
        ("news:news.news:title", Expression((only("news:news", "news:title"),))),
        ("dc:creator+category", Expression((only("dc:creator"), only("category")), takes_all=True)),
        ("items.0.name", Expression((only("items", "0", "name"),))),
        ('"a.b".c', Expression((only("a.b", "c"),))),
        ("'a \"b\"'", Expression((only('a "b"'),))),
        ('"none"', Expression((only("none"),))),
        ("none", Expression(())),
        ("$name", Expression((Term((), file_name="$name"),))),
        ("date | $path", Expression((only("date"), Term((), file_name="$path")))),
        ("제목 | (주) 회사?", Expression((only("제목"), only("(주) 회사?")))),
    ],
)
def test_an_expression_is_parsed_and_written_again(text: str, expression: Expression) -> None:
    assert parse(text) == expression
    assert parse(str(expression)) == expression


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "is empty"),
        ("   ", 1, "is empty"),
        ("a | b + c", 7, "has both '|' and '+' in one expression: keep one"),
        ("a |", 4, "lacks a name"),
        ("a..b", 3, "lacks a name"),
        ("@href", 1, "lacks a name"),
        ("a@", 3, "lacks a name"),
        ("a&b.c", 4, "has no sign between two names"),
        ("a@b@c", 4, "has no sign between two names"),
        ('"a" b', 5, "has no sign between two names"),
        ('a | "b', 5, "has a quote that is not closed"),
        ('""', 1, "has an empty name in quotes"),
        ("$day", 1, "has an unknown name after '$'"),
        ("none | a", 6, "has something beside none"),
        ("a | none", 5, "has a word that stands alone"),
        ("a.$name", 3, "has a word that stands alone"),
    ],
)
def test_a_fault_names_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(
        ExpressionFault, match="^" + message.replace("$", r"\$").replace("|", r"\|").replace("+", r"\+")
    ) as caught:
        parse(text)
    assert caught.value.column == column


names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda name: name.strip() and not ('"' in name and "'" in name)
)
terms = st.builds(
    lambda path, attribute, parameter: Term(tuple(path), attribute, parameter),
    st.lists(names, min_size=1, max_size=3),
    st.just("") | names,
    st.just("") | names,
)


@given(st.lists(terms, min_size=1, max_size=4), st.booleans())
def test_what_is_written_is_parsed_to_the_same(made: list[Term], takes_all: bool) -> None:
    expression = Expression(tuple(made), takes_all=takes_all and len(made) > 1)
    assert parse(str(expression)) == expression


@given(st.text())
def test_any_text_is_an_expression_or_has_a_fault_inside_it(text: str) -> None:
    column = 1
    try:
        parse(text)
    except ExpressionFault as fault:
        column = fault.column
    assert 1 <= column <= len(text) + 1


@pytest.mark.parametrize(("text", "path"), [("results", ("results",)), ("data.0.items", ("data", "0", "items"))])
def test_a_place_of_records_is_a_path(text: str, path: tuple[str, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["a | b", "a + b", "a@b", "a&b", "none", "$name"])
def test_a_place_of_records_is_nothing_else(text: str) -> None:
    with pytest.raises(ExpressionFault, match="is not a place of records"):
        parse_path(text)


RECORD = {
    "title": {"rendered": "Talks held"},
    "abstract": " ",
    "excerpts": ["One.", "Two."],
    "type": "Rule",
    "agencies": [{"name": "Trade"}, {"name": "Energy", "parent": 7}, "loose"],
    "link": "https://example.org/view?x=1&newsId=42&y",
    "count": "5",
    "open": True,
    "nothing": None,
    "a.b": "dotted",
    "empty": "N/A",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("title.rendered", [["Talks held"]]),
        ("title", []),
        ("abstract | excerpts", [["One.", "Two."]]),
        ("excerpts.1", [["Two."]]),
        ("excerpts.7", []),
        ("type + agencies.name", [["Rule"], ["Trade", "Energy"]]),
        ("agencies.1.name", [["Energy"]]),
        ("agencies", [["loose"]]),
        ("link&newsId", [["42"]]),
        ("link&other", []),
        ("title.rendered&x", []),
        ("nothing | open | count", [["true"]]),
        ("'a.b'", [["dotted"]]),
        ("a.b", []),
        ("empty | type", [["Rule"]]),
        ("link@href", []),
        ("none", []),
        ("$name + $path", [["notes.json"], ["2024/0315/notes.json"]]),
    ],
)
def test_an_expression_is_evaluated(text: str, found: list[list[str]]) -> None:
    assert evaluate(parse(text), ObjectNode(RECORD), FILE, empty=("N/A",)) == found


def test_usual_names_count_without_case_blanks_and_hyphens_in_their_own_order() -> None:
    usual = UsualNames(("title", "body", "date", "category"))
    names = ("Headline", "ID", "Pub-Date", "Text", "FULL TEXT", "html url", "created_at")
    assert usual.among(names) == (("Headline",), ("Text", "FULL TEXT"), ("Pub-Date",), ())


def test_a_fingerprint_tells_apart_what_may_read_another_text_and_nothing_else() -> None:
    options = FormatOptions(format="json", map={"title": parse("a | b"), "url": parse("c")})
    same = replace(options, map={"url": parse("d"), "title": parse(" a|b")}, base="https://example.org")
    assert same.fingerprint(1) == options.fingerprint(1)
    others = [
        replace(options, map={"title": parse("a")}),
        replace(options, dates="mdy"),
        replace(options, html="no"),
        replace(options, empty=("x",)),
        replace(options, records=("x",)),
    ]
    prints = {each.fingerprint(1) for each in others} | {options.fingerprint(1), options.fingerprint(2)}
    assert len(prints) == len(others) + 2
