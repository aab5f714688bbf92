"""A reader goes on behind what it knows, and misses no event that another source has stored late under a lower id."""

from __future__ import annotations

import pytest

from monitor.errors import UsageError
from monitor.inspect.places import Places, parse_places

TEXTS = [
    ("104", Places(others=104)),
    ("0,motie:104,other:99", Places(own={"motie": 104, "other": 99})),
    ("7,a%3Ab%2C:9", Places(others=7, own={"a:b,": 9})),
]


@pytest.mark.parametrize(("text", "places"), TEXTS)
def test_places_are_a_text_and_back(text: str, places: Places) -> None:
    assert (parse_places(text), str(places)) == (places, text)


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "9" * 30, "٣", "1,", "1,a", "1,a:", "1,a:b", "0,:"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no number of a value in this list"):
        parse_places(text)


@pytest.mark.parametrize(
    ("known", "newest", "moved"),
    [
        (Places(others=4), Places(others=4), 0),
        (Places(others=4), Places(others=6), 1),
        (Places(others=6), Places(others=4), 0),
        (Places(own={"a": 4, "b": 9}), Places(own={"a": 5, "b": 9}), 1),  # 5 came behind 9
        (Places(own={"a": 4, "b": 9}), Places(own={"a": 4, "b": 10, "c": 2}), 2),
        (Places(others=9), Places(own={"a": 4, "b": 9}), 0),
        (Places(own={"a": 4, "b": 9}), Places(others=9), 0),
    ],
)
def test_a_source_has_moved_when_its_place_is_behind_the_known_one(known: Places, newest: Places, moved: int) -> None:
    assert known.moved(newest) == moved
