"""Check what narrows a match: exclude, min_hits, and which changed releases a watchlist is alerted of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.errors import UsageError
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Change, Edit, Kind
from tests.match.queries import ALIASES
from tests.match.samples import asked, change, release


def edits(field: str, *spans: tuple[str, str, str]) -> tuple[Edit, ...]:
    return tuple(Edit(field=field, op=op, old=old, new=new) for op, old, new in spans)


def changed(*spans: tuple[str, str, str], field: str = "body") -> Change:
    """A change of one field that leads from all old spans to all new ones."""
    old, new = "".join(span[1] for span in spans), "".join(span[2] for span in spans)
    before, after = (release(text) if field == "title" else release("Note", text) for text in (old, new))
    return replace(change(Kind.CHANGED, after, before), edits=edits(field, *spans))


KEEP, INSERT, DELETE, REPLACE = "keep", "insert", "delete", "replace"
# (on_change, query, spans, whether it is alerted)
ROWS = [
    ("any", "chips", [(KEEP, "Chips", "Chips"), (INSERT, "", " rose.")], True),
    ("any", "chips", [(KEEP, "Cars", "Cars"), (DELETE, " and chips.", ".")], True),
    ("any", "chips", [(KEEP, "Cars", "Cars"), (INSERT, "", " and chips.")], True),
    ("any", "chips NOT old", [(KEEP, "Chips", "Chips"), (INSERT, "", " are old.")], False),
    ("any", "chips NOT old", [(REPLACE, "Chips", "Cars"), (DELETE, " are old.", ".")], False),
    ("any", "chips NOT old", [(REPLACE, "Chips", "Cars"), (INSERT, "", " rose.")], True),
    ("added", "chips", [(KEEP, "Chips", "Chips"), (INSERT, "", " rose.")], False),
    ("added", "chips", [(KEEP, "Chips", "Chips"), (INSERT, "", " and more chips.")], True),
    ("added", "chips", [(KEEP, "Cars and", "Cars and"), (REPLACE, " cars.", " chips.")], True),
    ("added", "chips", [(KEEP, "Chips", "Chips"), (DELETE, " and chips", ""), (KEEP, ".", ".")], False),
    ("added", '"free trade"', [(KEEP, "Free", "Free"), (INSERT, "", " trade.")], True),
    ("added", '"free trade"', [(KEEP, "Free trade", "Free trade"), (INSERT, "", " talks.")], False),
    ("added", "chips AND talks", [(KEEP, "Chips", "Chips"), (INSERT, "", " talks.")], True),
    ("added", "cars NOT talks", [(KEEP, "Cars", "Cars"), (INSERT, "", " talks.")], False),
    ("added", "chips", [(KEEP, "New", "New"), (INSERT, "", " chips")], False),  # cut: the last word is open
    ("added", "chips", [(KEEP, "New", "New"), (INSERT, "", " chips rose")], True),
    ("newly", "chips", [(KEEP, "Chips", "Chips"), (INSERT, "", " and chips.")], False),
    ("newly", "chips", [(KEEP, "New", "New"), (INSERT, "", " chips.")], True),
    ("newly", "chips NOT old", [(KEEP, "Chips", "Chips"), (DELETE, " are old.", ".")], True),
    ("newly", "chips", [(KEEP, "New", "New"), (DELETE, " chips.", ".")], False),
]


@pytest.mark.parametrize(("on_change", "query", "spans", "is_told"), ROWS)
def test_a_changed_release_tells_as_the_watchlist_wants(
    on_change: str, query: str, spans: list[tuple[str, str, str]], is_told: bool
) -> None:
    matcher = Matcher([Watchlist(name="w", query=query, on_change=on_change)])

    alerts = matcher.alerts([changed(*spans)], source="motie")

    assert [alert.notified for alert in alerts if alert.notified] == [("w",)] * is_told


class Read(str):
    """A text that counts how often it is read for its words."""

    __slots__ = ("times",)
    times: int

    def isascii(self) -> bool:
        self.times += 1
        return super().isascii()


@pytest.mark.parametrize(
    ("on_change", "kind", "now", "is_read"),
    [
        ("any", Kind.CHANGED, "Chips rose.", False),
        ("any", Kind.CHANGED, "Cars rose.", True),
        ("added", Kind.CHANGED, "Chips rose.", False),
        ("added", Kind.CHANGED, "Cars rose.", False),
        ("newly", Kind.CHANGED, "Chips rose.", True),
        ("newly", Kind.CHANGED, "Cars rose.", False),
        ("any", Kind.COMPLETED, "Chips rose.", True),
        ("any", Kind.COMPLETED, "Cars rose.", False),
    ],
)
def test_the_text_before_is_read_only_where_an_alert_depends_on_it(
    on_change: str, kind: Kind, now: str, is_read: bool
) -> None:
    before = Read("Chips fell.")
    before.times = 0

    verdict = change(kind, release("Note", now), replace(release("Note"), body=before))
    Matcher([Watchlist(name="w", keywords=("chips",), on_change=on_change)]).alerts([verdict], source="motie")

    assert bool(before.times) == is_read


def test_of_two_watchlists_one_hits_the_text_now_and_the_other_the_text_before() -> None:
    lists = [Watchlist(name=word, keywords=(word,)) for word in ("chips", "cars")]
    verdict = change(Kind.CHANGED, release("Note", "Chips rose."), release("Note", "Chips rose, cars rose."))

    (alert,) = Matcher(lists).alerts([verdict], source="motie")

    assert (alert.watchlists, alert.notified) == (("chips",), ("chips", "cars"))
    assert [(hit.watchlist, hit.start, hit.text) for hit in alert.hits] == [("chips", 0, "Chips"), ("cars", 12, "cars")]


def test_an_edit_of_another_field_adds_nothing_to_this_one() -> None:
    verdict = changed((KEEP, "Chips", "Chips"), (REPLACE, " down", " up"), field="title")
    lists = [Watchlist(name=query, query=query, on_change="added") for query in ("up", "title:up", "body:up", "chips")]

    (alert,) = Matcher(lists).alerts([verdict], source="motie")

    assert (alert.watchlists, alert.notified) == (("up", "title:up", "chips"), ("up", "title:up"))


@pytest.mark.parametrize("on_change", ["added", "newly"])
def test_a_new_release_is_told_whatever_is_wanted_of_changed_ones(on_change: str) -> None:
    matcher = Matcher([Watchlist(name="w", query="chips", on_change=on_change)])

    (alert,) = matcher.alerts([change(Kind.NEW, release("Chips"))], source="motie")

    assert alert.notified == ("w",)


def test_a_word_that_excludes_silences_a_lost_match_too() -> None:
    matcher = Matcher([Watchlist(name="w", keywords=("chips",), exclude=("photo news",))])
    verdict = change(Kind.CHANGED, release("Photo news"), release("Chips"))

    assert matcher.alerts([verdict], source="motie") == ()


@pytest.mark.parametrize(
    ("exclude", "matched"),
    [((), True), (("cars",), True), (("photo news",), False), (("body:photo news",), True), (("KORUS", "FTA"), False)],
)
def test_what_is_excluded_wins_wherever_it_stands(exclude: tuple[str, ...], matched: bool) -> None:
    watchlist = Watchlist(name="w", keywords=("chips",), exclude=exclude, fields=("title",))
    text = release("Chips", "A free trade agreement.", "Photo news")

    assert bool(Matcher([watchlist], ALIASES).scan(text)) is matched


@pytest.mark.parametrize(("least", "matched"), [(1, True), (3, True), (4, False)])
def test_so_many_different_places_are_needed(least: int, matched: bool) -> None:
    watchlist = Watchlist(name="w", keywords=("chips", "chip", "chips talks", "=Cars"), min_hits=least)

    assert bool(Matcher([watchlist]).scan(release("Chips talks", "chips. Cars cars"))) is matched


def test_not_looks_at_the_whole_release_even_when_the_fields_are_narrowed() -> None:
    lists = [
        Watchlist(name="whole", query="chips NOT Japan", fields=("title",)),
        Watchlist(name="title", query="chips NOT title:Japan", fields=("title",)),
    ]

    assert {hit.watchlist for hit in Matcher(lists).scan(release("Chips", "Japan"))} == {"title"}


def test_an_alias_among_keywords_stands_for_all_of_it() -> None:
    def names(keyword: str, text: str) -> list[str]:
        return [hit.text for hit in Matcher([Watchlist(name="w", keywords=(keyword,))], ALIASES).scan(release(text))]

    assert names("FTA", "Free trade agreement") == ["Free trade agreement"]
    assert names("title:FTA", "자유무역협정이") == ["자유무역협정"]
    assert names("=FTA", "Free trade agreement") == []


def test_a_match_tells_where_each_word_stands() -> None:
    assert asked("chips AND (Japan OR Korea) NOT cars", "Chips", "Korea, Japan") == ["Chips", "Korea", "Japan"]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Watchlist(name="x", query="a b"), "put AND or OR before 'b'"),
        (Watchlist(name="x", query="a", keywords=("b",)), "exclude each other"),
        (Watchlist(name="x", query="a", on_change="later"), "unknown on_change 'later'; use any, added, newly"),
        (Watchlist(name="x", query="a", min_hits=0), "min_hits must be at least 1"),
        (Watchlist(name="x", query="a", exclude=("b OR c",)), "keywords are literal"),
    ],
)
def test_a_broken_rule_is_refused_when_it_is_prepared(broken: Watchlist, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Matcher([broken])
