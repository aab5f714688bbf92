"""What a message says, to whom, and how it is split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Alert, Edit, Item, Kind, Message, Release
from monitor.notify.compose import DEFAULT_PART_LIMIT, PartLimit, compose, in_parts, shorten_edits
from monitor.notify.plain_text import plain
from monitor.notify.redline import hunks, marked
from tests.notify.facts import alert, hit, keep, release, swap

TALKS = release("FTA talks", "Talks on the FTA went on. Both FTAs help. Chips were named, chips again.")
FACTS: dict[str, Any] = {
    "release": 1, "version": 1, "kind": Kind.NEW, "title": "Talks", "date": None, "category": None,
    "watchlists": ("fta",), "words": (),
}  # fmt: skip


def told(*alerts: Alert, part_limit: PartLimit = DEFAULT_PART_LIMIT, **routes: Sequence[str]) -> tuple[Message, ...]:
    notices = compose(alerts, source="motie", routes=routes)
    return tuple(
        part
        for channel in dict.fromkeys(notice.channel for notice in notices)
        for part in in_parts(
            Message(channel=channel, kind="instant", source="motie"),
            [notice.item for notice in notices if notice.channel == channel],
            part_limit,
        )
    )


def only_item(*alerts: Alert) -> Item:
    [one] = told(*alerts, fta=["team"], chips=["team"])
    return one.items[0]


def words(count: int, word: str = "word") -> str:
    return " ".join(f"{word}{n}" for n in range(count))


def test_one_message_goes_to_each_channel_that_is_told_in_the_order_of_the_routes() -> None:
    messages = told(alert(TALKS, told=("fta", "chips")), fta=["team", "desk"], chips=["desk", "boss"])
    assert [m.channel for m in messages] == ["team", "desk", "boss"]
    assert {(m.kind, m.source, m.part, m.parts) for m in messages} == {("instant", "motie", 1, 1)}


def test_items_stand_in_the_order_of_the_alerts() -> None:
    [one] = told(alert(TALKS, number=9), alert(TALKS, number=3), alert(TALKS, number=5), fta=["team"])
    assert [item.release for item in one.items] == [9, 3, 5]


def test_an_item_names_only_the_watchlists_that_this_channel_hears_and_only_their_words() -> None:
    both = alert(TALKS, hit("FTA", TALKS), hit("Chips", TALKS, watchlist="chips"), told=("fta", "chips"))
    team, desk = told(both, fta=["team"], chips=["desk"])
    assert (team.items[0].watchlists, team.items[0].words) == (("fta",), ("FTA",))
    assert (desk.items[0].watchlists, desk.items[0].words) == (("chips",), ("Chips",))


def test_a_watchlist_that_matches_but_is_not_told_is_not_named() -> None:
    muted = replace(alert(TALKS, told=("fta",)), watchlists=("fta", "chips"))
    assert only_item(muted).watchlists == ("fta",)


@pytest.mark.parametrize(
    ("names", "routes"),
    [((), {"fta": ["team"]}), (("fta",), {"fta": []}), (("fta",), {}), (("fta",), {"chips": ["team"]})],
    ids=["recorded only", "no channel", "no route", "another list's channel"],
)
def test_where_nobody_is_told_there_is_no_message(names: tuple[str, ...], routes: dict[str, list[str]]) -> None:
    assert compose([alert(TALKS, told=names)], source="motie", routes=routes) == ()


def test_words_stand_as_in_the_text_and_each_once_whatever_their_case() -> None:
    hits = [hit("chips", TALKS), hit("FTAs", TALKS), hit("Chips", TALKS), hit("FTA", TALKS)]
    assert only_item(alert(TALKS, *hits)).words == ("chips", "FTAs", "FTA")


def test_a_snippet_holds_whole_words_about_the_hit_with_the_hit_apart() -> None:
    found = release(body=f"{words(40, 'left')} FTA, {words(40, 'right')}")
    [snippet] = only_item(alert(found, hit("FTA", found))).snippets
    assert snippet.hit == "FTA"
    assert snippet.before.startswith("… left")
    assert snippet.before.endswith("left39 ")
    assert snippet.after.startswith(", right0 ")
    assert snippet.after.endswith(" …")
    assert set(snippet.before.split()) <= {"…", *words(40, "left").split()}
    assert set(snippet.after.split()) <= {",", "…", *words(40, "right").split()}
    assert 120 < len(snippet.before + snippet.hit + snippet.after) <= 165


def test_a_snippet_at_the_edges_of_the_text_is_marked_as_uncut() -> None:
    found = release(body="The FTA\n\nstands.")
    [snippet] = only_item(alert(found, hit("FTA", found))).snippets
    assert (snippet.before, snippet.hit, snippet.after) == ("The ", "FTA", " stands.")


def test_a_hit_inside_a_korean_compound_keeps_touching_its_neighbours() -> None:
    found = release(body="정부는 반도체가 중요하다고 했다.")
    [snippet] = only_item(alert(found, hit("반도체", found))).snippets
    assert (snippet.before, snippet.hit, snippet.after) == ("정부는 ", "반도체", "가 중요하다고 했다.")


def test_text_without_any_blank_is_cut_hard() -> None:
    found = release(body="가" * 5000 + "반도체" + "나" * 5000)
    [snippet] = only_item(alert(found, hit("반도체", found))).snippets
    assert len(snippet.before + snippet.after) <= 165


def test_there_are_at_most_three_snippets_and_none_inside_another() -> None:
    found = release(body=f"FTA one FTA two {words(30)} FTA three {words(30)} FTA four {words(30)} FTA five")
    hits = [hit("FTA", found, nth=n) for n in range(5)]
    snippets = only_item(alert(found, *hits)).snippets
    assert len(snippets) == 3
    assert ["two" in s.after for s in snippets] == [True, False, False]


def test_no_watchlist_takes_all_the_snippets() -> None:
    found = release(body=f"FTA {words(40)} FTA {words(40)} FTA {words(40)} chips", category="FTA")
    hits = [hit("FTA", found, nth=n) for n in range(3)] + [hit("chips", found, watchlist="chips")]
    item = only_item(alert(found, *hits, told=("fta", "chips")))
    assert [s.hit for s in item.snippets] == ["FTA", "chips", "FTA"]


def test_the_body_is_shown_before_category_and_title() -> None:
    found = release("FTA signed", "The FTA was signed.", "FTA/Economic Cooperation")
    hits = [hit("FTA", found, field=field) for field in ("title", "category", "body")]
    assert [s.field for s in only_item(alert(found, *hits)).snippets] == ["body", "category", "title"]


def test_of_a_changed_release_the_hits_in_changed_words_come_first() -> None:
    after = release(body=f"The FTA stands. {words(40)} Two FTAs were added.")
    edits = (keep(f"The FTA stands. {words(40)} "), swap("Nothing was", "Two FTAs were"), keep(" added."))
    changed = alert(after, hit("FTA", after), hit("FTAs", after), edits=edits, kind=Kind.CHANGED)
    assert [s.hit for s in only_item(changed).snippets] == ["FTAs", "FTA"]


def test_a_hit_that_stood_only_in_the_old_text_is_shown_in_it() -> None:
    before, after = release(body="The old FTA ended."), release(body="Nothing is left.")
    [snippet] = only_item(alert(after, hit("FTA", before), before=before, kind=Kind.CHANGED)).snippets
    assert snippet.before + snippet.hit + snippet.after == "The old FTA ended."


def test_a_hit_in_a_category_that_is_unknown_now_does_not_break_the_message() -> None:
    before, after = release(category="FTA"), release(category=None)
    changed = alert(after, hit("FTA", before, field="category"), before=before)
    assert only_item(changed).snippets[0].hit == "FTA"


def test_facts_of_the_change_are_carried_over() -> None:
    change = replace(alert(TALKS).change, numbers=(("5.1", "5.3"),), related=(4,), reason="why", version=3)
    item = only_item(replace(alert(TALKS), change=change))
    assert (item.numbers, item.related, item.reason, item.version) == ((("5.1", "5.3"),), (4,), "why", 3)
    assert (item.title, item.date, item.category) == (TALKS.title, TALKS.date, TALKS.category)


def test_related_releases_are_named_where_their_titles_are_known() -> None:
    related = replace(alert(TALKS), change=replace(alert(TALKS).change, related=(4, 9)))
    [told] = compose([related], source="motie", routes={"fta": ["team"]}, titles={9: "x" * 500, 5: "another's"})
    [twin] = told.item.twins
    assert (told.item.related, twin.number, len(twin.title)) == ((4, 9), 9, 120)


def test_a_summary_keeps_what_one_line_tells_and_holds_more_items() -> None:
    items = [Item(**(FACTS | {"release": n, "reason": "y" * 900, "words": ("FTA",)})) for n in range(1, 61)]
    [part] = in_parts(Message(channel="desk", kind="summary", source="motie"), items, DEFAULT_PART_LIMIT)
    assert len(part.items) == 60
    assert {(item.title, item.watchlists, item.reason, item.words) for item in part.items} == {
        ("Talks", ("fta",), "", ())
    }


def short(message: Message) -> bool:
    return len(plain(message)) <= 1600


def test_parts_hold_as_many_items_as_a_channel_shows() -> None:
    limit = replace(DEFAULT_PART_LIMIT, fits=short)
    items = [Item(**(FACTS | {"release": n, "title": f"{n} {'Talks ' * 12}"})) for n in range(1000, 1300)]
    for kind in ("summary", "instant"):
        parts = in_parts(Message(channel="guild", kind=kind, source="motie"), items, limit)
        assert all(map(short, parts))
        assert [item.release for part in parts for item in part.items] == list(range(1000, 1300))
        grown = [replace(one, items=(*one.items, next_one.items[0])) for one, next_one in pairwise(parts)]
        assert not any(map(short, grown)), "no part could hold one more"


def test_an_item_that_a_channel_cannot_show_whole_is_a_part_of_its_own() -> None:
    parts = told(
        *(alert(TALKS, number=n) for n in (1, 2, 3)),
        fta=["team"],
        part_limit=replace(DEFAULT_PART_LIMIT, fits=lambda _message: False),
    )
    assert [len(part.items) for part in parts] == [1, 1, 1]


@pytest.mark.parametrize(
    ("edit", "short"),
    [
        (keep(words(16)), words(16)),
        (keep(words(17)), "word0 word1 word2 word3 word4 word5 … word11 word12 word13 word14 word15 word16"),
        (keep(f" {words(17)}\n"), " word0 word1 word2 word3 word4 word5 … word11 word12 word13 word14 word15 word16 "),
        (swap("", words(80)), words(80)),
        (swap("", words(81)), words(40) + " … " + " ".join(words(81).split()[-40:])),
    ],
    ids=["kept whole", "kept", "blanks at the edges stay", "put in whole", "put in"],
)
def test_long_stretches_shrink_to_their_two_ends(edit: Edit, short: str) -> None:
    assert shorten_edits([edit])[0].new == short


def test_a_rewritten_release_is_not_told_edit_by_edit() -> None:
    edits = [swap(f"old{n}", f"new{n}") for n in range(500)]
    short = shorten_edits(edits)
    assert short[:60] == tuple(edits[:60])
    assert short[60:] == (keep(" … "),)


@pytest.mark.parametrize("hostile", ["x" * 100_000, "x " * 50_000, "가" * 100_000])
def test_a_hostile_record_cannot_grow_a_message_beyond_all_bounds(hostile: str) -> None:
    after = release(hostile, hostile)
    every = alert(after, hit(hostile[:99], after), edits=(swap(hostile, hostile[1:]),) * 5)
    item = only_item(every)
    assert len(repr(item)) < 40_000
    assert len(item.title) <= 300


def test_a_long_message_is_split_between_items_and_says_which_part_it_is() -> None:
    parts = told(
        *(alert(TALKS, number=n) for n in range(1, 8)), fta=["team"], part_limit=PartLimit(items=3, characters=9999)
    )
    assert [[item.release for item in part.items] for part in parts] == [[1, 2, 3], [4, 5, 6], [7]]
    assert [(part.part, part.parts) for part in parts] == [(1, 3), (2, 3), (3, 3)]


def test_an_item_longer_than_the_bound_is_a_part_of_its_own_and_whole() -> None:
    long = release("x" * 300, "")
    parts = told(alert(TALKS), alert(long), alert(TALKS), fta=["team"], part_limit=PartLimit(items=9, characters=100))
    assert [len(part.items) for part in parts] == [1, 1, 1]
    assert parts[1].items[0].title == "x" * 300


@given(
    titles=st.lists(st.text("ab ", max_size=60), min_size=1, max_size=30),
    items=st.integers(1, 6),
    characters=st.integers(1, 200),
)
def test_parts_together_hold_every_item_once_in_order(titles: list[str], items: int, characters: int) -> None:
    alerts = [alert(release(title), number=n) for n, title in enumerate(titles, start=1)]
    parts = told(*alerts, fta=["team"], part_limit=PartLimit(items=items, characters=characters))
    assert [item.release for part in parts for item in part.items] == list(range(1, len(titles) + 1))
    assert all(1 <= len(part.items) <= items for part in parts)
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert {part.parts for part in parts} == {len(parts)}


def test_an_item_says_how_its_text_begins_and_the_file_it_came_from() -> None:
    text = "The third round on tariffs\n\nended  on Monday. " + "Both sides stayed in the hall. " * 20
    routes = {"fta": ["team", "desk"]}
    team, desk = compose(
        [alert(release("Talks", text))], source="motie", dump="talks.txt", routes=routes, full_text={"desk"}
    )
    assert team.item.lead.startswith("The third round on tariffs ended on Monday. Both sides")
    assert 180 < len(team.item.lead) <= 200
    assert team.item.lead.endswith(" …")
    assert (team.item.body, desk.item.body) == ("", text)
    assert {team.item.dump, desk.item.dump} == {"talks.txt"}


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("Short.", "Short."),
        ("x" * 500, "x" * 198 + " …"),
        ("", ""),
        (" " * 500 + "late", "late"),
    ],
)
def test_a_lead_ends_after_a_word_where_there_is_one(text: str, lead: str) -> None:
    [notice] = compose([alert(release("Talks", text))], source="motie", routes={"fta": ["team"]})
    assert notice.item.lead == lead


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("\nTalks  held\nThey ended on Monday.", "They ended on Monday."),
        ("Talks held on Monday.\nThey ended.", "Talks held on Monday. They ended."),
        ("Talks held", "Talks held"),
        ("Talks held\n \n", "Talks held"),
    ],
)
def test_a_lead_does_not_repeat_the_title_that_a_text_has_as_its_first_line(text: str, lead: str) -> None:
    [notice] = compose([alert(release("Talks held", text))], source="motie", routes={"fta": ["team"]})
    assert notice.item.lead == lead


def edits_of(kind: Kind, before: Release, after: Release, edits: tuple[Edit, ...] = ()) -> list[str]:
    """The lines in which an alert says what changed."""
    told = alert(after, before=before, kind=kind, edits=edits)
    [notice] = compose([told], source="motie", routes={"fta": ["team"]})
    return [marked(hunk.edits).strip() for hunk in hunks(notice.item.edits)]


def test_a_changed_day_or_category_is_an_edit_as_a_changed_text_is() -> None:
    before, after = release(category=None), replace(release(), date=date(2024, 7, 2))
    text = swap("a", "b")
    assert edits_of(Kind.CHANGED, before, after, (swap("x", "y", "title"), text)) == [
        "[-x-]{+y+}", "[-2024-07-01-]{+2024-07-02+}", "{+Industry+}", "[-a-]{+b+}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ("The delegation left for", "The delegation left for {+home and spoke of FTAs.+}"),
        ("The delegation left for ho…", "The delegation left for {+home and spoke of FTAs.+}"),
        ("The delegation left for home...", "The delegation left for home {+and spoke of FTAs.+}"),
        ("The  delegation left", None),
        ("", "{+The delegation left for home and spoke of FTAs.+}"),
    ],
)
def test_a_completed_text_shows_how_it_goes_on(known: str, line: str | None) -> None:
    whole = "The delegation left for home and spoke of FTAs."
    expected = [line] if line else []
    assert edits_of(Kind.COMPLETED, release(body=known), release(body=whole)) == expected
    assert edits_of(Kind.ENRICHED, release(body=known), release(body=whole)) == []


def test_a_hit_in_the_part_that_completes_a_text_is_quoted_first() -> None:
    whole = f"FTA talks. {'They met for days. ' * 20}And they spoke of the FTA."
    after, before = release(body=whole), release(body=whole[:-30])
    told = alert(after, hit("FTA", after), hit("FTA", after, nth=1), before=before, kind=Kind.COMPLETED)
    assert [one.before[:1] for one in only_item(told).snippets] == ["…", ""]


def test_an_item_knows_that_its_text_is_an_earlier_one_and_that_its_dump_may_be_older() -> None:
    told = alert(TALKS)
    assert (only_item(told).is_reverted, only_item(told).may_be_older) == (False, False)
    told = replace(told, change=replace(told.change, reverted=True, may_be_older=True))
    assert (only_item(told).is_reverted, only_item(told).may_be_older) == (True, True)
