"""Tests of the links of records."""

from __future__ import annotations

import pytest

from monitor.collect.formats.links import MAX_LENGTH, url_of

BASE = "https://gov.example/news/list?page=2"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://gov.example/a", "https://gov.example/a"),
        ("  HTTP://Gov.example:8080/a?b=1&c=2#d \n", "http://Gov.example:8080/a?b=1&c=2#d"),
        ("https://gov.example/a?b=1&amp;c=2", "https://gov.example/a?b=1&c=2"),
        ("https://gov.example/보도자료/1", "https://gov.example/보도자료/1"),
        ("https://정부.example/", "https://정부.example/"),
        ("http://[2001:db8::1]:80/a", "http://[2001:db8::1]:80/a"),
        # Relative to the page.
        ("view?id=3", "https://gov.example/news/view?id=3"),
        ("/view/3", "https://gov.example/view/3"),
        ("../view/3", "https://gov.example/view/3"),
        ("//cdn.example/3", "https://cdn.example/3"),
        ("?page=3", "https://gov.example/news/list?page=3"),
        # User names, and what ends a link or mentions somebody.
        ("https://user:secret@gov.example/a", "https://gov.example/a"),
        ("https://gov.example@evil.example/a", "https://evil.example/a"),
        ("https://gov.example/a b/<c>|\"d\"", "https://gov.example/a%20b/%3Cc%3E%7C%22d%22"),
        ("https://gov.example/@everyone?to=kim@gov.example", "https://gov.example/%40everyone?to=kim%40gov.example"),
        ("https://gov.example/a\u00a0b\u202e\u2028c", "https://gov.example/a%C2%A0b%E2%80%AE%E2%80%A8c"),
        # No links.
        ("", None),
        ("#", None),
        ("#top", None),
        ("javascript:alert(1)", None),
        ("JavaScript:alert(1)//https://gov.example", None),
        ("data:text/html,x", None),
        ("mailto:kim@gov.example", None),
        ("ftp://gov.example/a", None),
        ("tag:gov.example,2024:3", None),
        ("https:///a", None),
        ("https://:80/a", None),
        ("https://gov.example:port/a", None),
        ("https://gov.example:99999/a", None),
        ("https://[::1/a", None),
        ("https://gov.example\\@evil.example/a", "https://evil.example/a"),
        ("https://gov.example\\evil.example/a", None),
        ("https://gov example/a", None),
        ("https://gov.example/a\nb", None),
        ("https://gov.example/a\x00b", None),
        ("https://gov.example/a\x85b", None),
        ("https://gov.example/a\ud800b", None),
    ],
)  # fmt: skip
def test_a_link_is_absolute_and_safe_to_show_or_none(text: str, url: str | None) -> None:
    assert url_of(text, BASE) == url


@pytest.mark.parametrize("text", ["view?id=3", "/view/3", "//cdn.example/3", "?page=3", "3"])
def test_a_relative_link_without_a_page_is_none(text: str) -> None:
    assert url_of(text) is None


@pytest.mark.parametrize("base", ["", "news/", "ftp://gov.example/", "https://[", "urn:a"])
def test_a_page_that_is_no_link_helps_no_relative_one(base: str) -> None:
    assert url_of("view?id=3", base) is None
    assert url_of("https://gov.example/a", base) == "https://gov.example/a"


def test_a_link_too_long_to_open_is_none() -> None:
    longest = "https://gov.example/".ljust(MAX_LENGTH, "a")
    assert url_of(longest) == longest
    assert url_of(longest + "a") is None
    assert url_of(longest[:-1] + "@") is None
