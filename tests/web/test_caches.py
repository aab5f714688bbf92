"""What was made once is kept while what it was made of stays the same."""

from __future__ import annotations

from monitor.web.caches import Cache


def test_a_value_is_made_once_for_a_state() -> None:
    cache: Cache[str] = Cache(10)
    made = iter(["first", "second"])
    assert [cache.made(1, state, lambda: next(made)) for state in ("a", "a", "b", "b")] == [
        "first",
        "first",
        "second",
        "second",
    ]
    assert cache.get(1, "a") is None


def test_the_value_used_longest_ago_goes_first() -> None:
    cache: Cache[int] = Cache(2)
    cache.put(1, "", 1)
    cache.put(2, "", 2)
    cache.get(1, "")
    cache.put(3, "", 3)
    assert [cache.get(key, "") for key in (1, 2, 3)] == [1, None, 3]
