"""Which words a Korean keyword is inside of and does not find, and how its author would find them."""

from __future__ import annotations

import pytest

from monitor.match.inside import InsideWords
from monitor.match.matcher import Watchlist
from tests.match.samples import found, release

TEXTS = [
    release("시스템반도체 수출", "시스템반도체가 늘었다"),
    release("반도체 수출", "시스템반도체는 차세대반도체장비와"),
    release("인도네시아와 협력", "인도는 인도양에"),
]


def hints(*keywords: str, query: str = "") -> list[str]:
    inside = InsideWords([Watchlist(name="w", keywords=keywords, query=query)])
    for text in TEXTS:
        inside.add(text)
    return [hint for _, hint in inside.hints()]


def test_the_words_are_named_with_their_count_and_a_wildcard() -> None:
    (hint,) = hints("반도체")
    words = "시스템반도체 (2 releases), 차세대반도체장비 (1 release)"
    assert hint == f"'반도체' also stands inside {words}; write *반도체 to find them"


@pytest.mark.parametrize(("keyword", "wildcard"), [("반도체", "*반도체"), ("인도", "인도*")])
def test_the_wildcard_finds_what_was_named(keyword: str, wildcard: str) -> None:
    assert any(wildcard in hint for hint in hints(keyword))
    texts = [f"{text.title} {text.body}" for text in TEXTS]
    assert any(found(wildcard, text) != found(keyword, text) for text in texts)


def test_only_what_a_rule_wants_is_counted() -> None:
    assert [hint[:5] for hint in hints(query="(인도 OR 수출) NOT 반도체")] == ["'인도' "]
    assert hints("반도체*", "chip", "도") == hints("*반도체*") == []
