"""Regular expressions through google-re2, and what is said where it is not installed."""

from __future__ import annotations

import sys

import pytest

from monitor.errors import UsageError
from monitor.match.matcher import Matcher, Watchlist
from monitor.match.regex import read_pattern
from tests.match.samples import release

LINES = Watchlist(name="lines", regex=r"\bHS ?\d{4}\b", fields=("body",), min_hits=2)


def test_without_google_re2_a_regex_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)

    with pytest.raises(UsageError, match="regex: needs google-re2; run pip install google-re2 or pipx inject"):
        read_pattern("a", fields=("body",))


def test_a_regex_finds_its_places_in_the_fields_of_its_list() -> None:

    hits = Matcher([LINES]).scan(release("HS 1111", "반도체 HS 8541, HS8542 and HS 12345."))

    assert [(hit.field, hit.start, hit.text) for hit in hits] == [("body", 4, "HS 8541"), ("body", 13, "HS8542")]


def test_a_regex_that_is_met_too_seldom_does_not_match() -> None:

    assert Matcher([LINES]).scan(release("", "HS 8541")) == ()


@pytest.mark.parametrize("source", ["(a", r"(a)\1", "a{1001}", "((a{100}){100}){100}", "(?<=a)b"])
def test_a_regex_that_re2_cannot_read_is_refused(source: str) -> None:

    with pytest.raises(UsageError, match="this is no regular expression that RE2 reads: "):
        read_pattern(source, fields=("body",))
