"""A rule that is tried, taken apart into the conditions that each release is held against."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import UsageError
from monitor.inspect.tested_rule import MAX_PARTS, TestedRule, Verdict, read_rule
from monitor.match.matcher import Matcher
from monitor.match.query import QueryFault
from monitor.match.watchlist import Watchlist
from monitor.model import Release
from tests.examples import examples
from tests.match.queries import ALIASES, queries

TEXTS = (
    "FTA talks with Japan went on",
    "Exports of semiconductors and chips rose 5 percent",
    "반도체 수출이 역대 최대를 기록했다",
    "The minister opened a new IT company; trade news from the US industry",
    "Korea's exports of high-tech chips, free trade agreement and tax trades",
    "No word of any of this",
    "자유무역협정 협상 원전 수출",
)


def release(title: str, body: str = "", category: str | None = None) -> Release:
    return Release(title=title, body=body, date=date(2024, 7, 1), category=category)


RELEASES = [release(title, body) for title in TEXTS for body in TEXTS[:4]]


def judged(rule: TestedRule, one: Release, source: str = "press") -> Verdict:
    return rule.judge(rule.matcher().matching(one, source=source), source)


def near(rule: TestedRule, *texts: str) -> list[str]:
    """The texts that exactly one part excludes."""
    return [text for text in texts if judged(rule, release(text)).is_near]


@settings(database=None, max_examples=examples(60), deadline=None)
@given(query=queries(), fields=st.sampled_from([("title",), ("title", "body", "category")]))
def test_the_parts_together_say_what_the_whole_rule_says(query: str, fields: tuple[str, ...]) -> None:
    rule = read_rule(query, settings=Watchlist(name="one", fields=fields), aliases=ALIASES)
    whole = Matcher([Watchlist(name="one", query=query, fields=fields)], ALIASES)
    if rule.part_count > MAX_PARTS:
        return
    for one in RELEASES:
        verdict = judged(rule, one)
        assert verdict.matches == bool(whole.matching(one))
        assert verdict.matches == (not rule.excluding_parts(verdict.parts))


def test_each_part_is_found_for_itself() -> None:
    rule = read_rule('exports NEAR/5 percent AND (chips OR title:FTA) NOT "photo news"')
    assert [part.text for part in rule.parts] == ["exports NEAR/5 percent", "chips", "title:FTA", 'NOT "photo news"']
    assert [part.is_excluding for part in rule.parts] == [False, False, False, True]
    assert rule.query == '(exports NEAR/5 percent) AND (chips OR title:FTA) AND NOT "photo news"'


@pytest.mark.parametrize(
    ("query", "texts", "expected"),
    [
        ("exports AND chips", ("exports", "chips", "exports of chips", "talks"), ["exports", "chips"]),
        ("exports AND chips AND talks", ("exports", "exports of chips"), ["exports of chips"]),
        ("exports NOT photo", ("exports", "exports photo", "photo", "talks"), ["exports photo"]),
        ("exports AND (chips OR ships)", ("exports", "chips", "talks"), ["exports", "chips"]),
        ("exports", ("chips", "talks"), []),
        ("exports OR chips", ("talks", "ships"), []),
        ("title:(exports AND chips)", ("exports", "talks"), ["exports"]),
        ("exports AND NOT (NOT chips)", ("exports", "chips", "exports chips"), ["exports", "chips"]),
    ],
)
def test_a_near_release_fails_one_part_alone(query: str, texts: Sequence[str], expected: list[str]) -> None:
    assert near(read_rule(query), *texts) == expected


def test_what_the_settings_exclude_is_a_part_too() -> None:
    settings = Watchlist(name="one", exclude=("photo",), min_hits=2, sources=frozenset({"press"}))
    rule = read_rule("exports", settings=settings)
    assert near(rule, "exports", "exports exports", "exports photo exports", "exports photo") == [
        "exports",
        "exports photo exports",
    ]
    assert judged(rule, release("exports exports"), source="other").is_near
    assert judged(rule, release("exports exports")).matches


def test_only_the_first_parts_are_counted() -> None:
    rule = read_rule(" AND ".join(f"word{number}" for number in range(MAX_PARTS + 8)))
    assert (len(rule.parts), rule.part_count) == (MAX_PARTS, MAX_PARTS + 8)
    text = " ".join(f"word{number}" for number in range(MAX_PARTS + 8))
    assert judged(rule, release(text)).matches
    assert not judged(rule, release(text.replace("word3 ", ""))).is_near


def test_a_regular_expression_stands_between_slashes() -> None:
    pytest.importorskip("re2")
    rule = read_rule(r"/\bHS ?\d{4}\b/", settings=Watchlist(name="one", keywords=("FTA",), fields=("title",)))
    assert judged(rule, release("Tariff of HS 8542")).matches
    assert not judged(rule, release("Tariff", "HS 8542")).matches
    assert (rule.query, [part.text for part in rule.parts]) == (r"regex \bHS ?\d{4}\b", [r"\bHS ?\d{4}\b"])


def test_a_fault_points_at_its_character() -> None:
    with pytest.raises(QueryFault) as raised:
        read_rule("  exports AND (chips")
    assert raised.value.excerpt.splitlines() == ["  exports AND (chips", "              ^"]
    assert "never closed" in raised.value.message


def test_a_faulty_regular_expression_is_told() -> None:
    pytest.importorskip("re2")
    with pytest.raises(UsageError, match="no regular expression"):
        read_rule("/(/")


def test_an_unclear_rule_is_warned_of() -> None:
    assert "without brackets" in read_rule("exports OR chips AND FTA").warning
    assert read_rule("exports OR (chips AND FTA)").warning == ""


def test_the_compared_watchlist_is_judged_along() -> None:
    rule = read_rule("exports", compared=Watchlist(name="chips", keywords=("chips",)))
    verdicts = [judged(rule, release(text)) for text in ("exports", "chips", "exports of chips", "talks")]
    assert [(one.matches, one.was_matched) for one in verdicts] == [
        (True, False),
        (False, True),
        (True, True),
        (False, False),
    ]
