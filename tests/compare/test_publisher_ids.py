"""The publisher's own id says which release a record shows, as far as it can be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.compare.fingerprint import normal_id
from monitor.model import Release
from tests.compare.record_lab import MAPPING, OTHER_MAPPING, RecordLab, open_record_lab, shown
from tests.compare.scenario import TALKS, TALKS_KO, VISIT

OTHER_DAY = date(2024, 9, 9)
NEW_WORDS = "Nine hospitals in the south open wards for children at night. Parents had asked for that since spring."
LONG = TALKS.body  # more than 200 characters
SHORT = Release(title="Sunshine Act Meetings", body="", date=date(2024, 7, 1))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RecordLab]:
    """An empty lab."""
    with RecordLab(tmp_path, words=["hospitals", "batteries"]) as made:
        yield made


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (" 17 ", "17", True),
        ("http://Example.org/a?B=1", "https://example.ORG/a?B=1", True),
        ("https://example.org", "http://example.org", True),
        ("https://example.org/A", "https://example.org/a", False),
        ("HTTP://example.org/a", "https://example.org/a", True),
        ("tag:example.org,2024:A", "tag:example.org,2024:a", False),
        ("17", "017", False),
        ("https://example.org/a", "example.org/a", False),
    ],
)
def test_ids_are_compared_in_a_normal_form(one: str, other: str, is_same: bool) -> None:
    assert (normal_id(one) == normal_id(other)) is is_same


def test_an_empty_id_is_none() -> None:
    assert (normal_id(" \n"), normal_id("")) == (None, None)


# --- 1: the same id ------------------------------------------------------------------------------------------------

SAME_ID = [
    ("all is as before", {}, True),
    ("title and text written anew, same day", {"title": "Hospitals open at night", "body": NEW_WORDS}, True),
    ("all written anew, no day", {"title": "Hospitals open at night", "body": NEW_WORDS, "date": None}, True),
    (
        "another day and text, titles alike",
        {"title": "Talks held on supply chain", "body": NEW_WORDS, "date": OTHER_DAY},
        True,
    ),
    ("another day and title, same text", {"title": "Hospitals open at night", "date": OTHER_DAY}, True),
    ("another day and title, a cut text", {"title": "Hospitals open", "body": LONG[:90], "date": OTHER_DAY}, True),
    (
        "another day and title, texts a little alike",
        {"title": "Hospitals open at night", "body": LONG[:120] + NEW_WORDS, "date": OTHER_DAY},
        True,
    ),
    ("nothing in common", {"title": "Hospitals open at night", "body": NEW_WORDS, "date": OTHER_DAY}, False),
    ("nothing in common and no text", {"title": "Hospitals open at night", "body": "", "date": OTHER_DAY}, False),
]


@pytest.mark.parametrize(("changed", "is_same"), [row[1:] for row in SAME_ID], ids=[row[0] for row in SAME_ID])
def test_the_same_id_is_believed_where_anything_else_speaks_for_it(
    lab: RecordLab, changed: dict[str, Any], is_same: bool
) -> None:
    lab.drop(shown("7"), shown("8", VISIT)).drop(shown("7", **changed), shown("8", VISIT))
    assert ([change.number for change in lab.changes] or [1]) == [1 if is_same else 3]


@pytest.mark.parametrize(("changed", "is_same"), [row[1:] for row in SAME_ID], ids=[row[0] for row in SAME_ID])
def test_the_same_id_is_believed_the_other_way_round(lab: RecordLab, changed: dict[str, Any], is_same: bool) -> None:
    lab.drop(shown("7", **changed)).drop(shown("7"))
    assert ([change.number for change in lab.changes] or [1]) == [1 if is_same else 2]


def test_the_reason_of_a_release_written_anew_names_its_id(lab: RecordLab) -> None:
    change = lab.drop(shown("7")).drop(shown("7", title="Hospitals open at night", body=NEW_WORDS)).change
    assert change.kind == "changed"
    assert change.reason.startswith("same id, and no other day; ")
    assert lab.alerted() == {"hospitals": ["Hospitals open at night"], "batteries": ["Hospitals open at night"]}
    change = lab.drop(shown("7", title="Hospitals open at night", body=NEW_WORDS.replace("Nine", "Ten"))).change
    assert change.reason.startswith("same id; ")


def test_rows_that_shift_are_no_news(lab: RecordLab) -> None:
    """The id is a row's number: each release moves down by one, and a new one stands first."""
    korean = replace(TALKS_KO, body=TALKS_KO.body * 5)
    visit = replace(VISIT, body=VISIT.body * 3, date=TALKS.date)
    lab.drop(shown("1"), shown("2", visit), shown("3", korean))
    hospitals = Release(title="Hospitals open at night", body=NEW_WORDS, date=TALKS.date)
    lab.drop(shown("1", hospitals), shown("2"), shown("3", visit), shown("4", korean))
    assert [(change.kind, change.number) for change in lab.changes] == [
        ("new", 4), ("unchanged", 1), ("unchanged", 2), ("unchanged", 3),
    ]  # fmt: skip


def tender(number: int, row: int, *, words: str = "", title: str = "Tender of lot") -> Release:
    """A release of a table that gives the numbers of its rows for ids; the others are much the same."""
    body = f"The office asks for offers for lot {number}; the papers lie open in room {number * 3}. {words}".strip()
    return shown(str(row), title=f"{title} {number}", body=body, date=date(2024, 7, number))


@pytest.mark.parametrize("words", ["", "Sealed letters go to the clerk before the end of the month. " * 4])
def test_rows_that_shift_in_a_window_of_a_table_are_no_news(lab: RecordLab, words: str) -> None:
    """Each id was that of each release by and by, and the releases resemble each other."""
    for newest in range(3, 9):
        window = range(newest, newest - 3, -1)
        lab.drop(*(tender(number, row, words=words) for row, number in enumerate(window, 1)))
        if newest > 3:
            found = sorted((change.kind, change.after.title) for change in lab.changes)
            old = [("unchanged", f"Tender of lot {number}") for number in sorted(window)[:-1]]
            assert found == [("new", f"Tender of lot {newest}"), *old]


def test_a_release_without_a_day_is_not_one_whose_row_it_has(lab: RecordLab) -> None:
    texts = [replace(VISIT, date=None), replace(TALKS_KO, date=None), replace(TALKS, date=None)]
    hospitals = Release(title="Hospitals open at night", body=NEW_WORDS, date=None)
    for number in (1, 2, 3):
        lab.drop(*(shown(str(row), of) for row, of in enumerate(reversed(texts[:number][-2:]), 1)))
    lab.drop(shown("1", hospitals), shown("2", texts[2]))
    assert ("new", 4) in [(change.kind, change.number) for change in lab.changes]


def test_an_id_that_was_used_again_is_each_releases_own_from_then_on(lab: RecordLab) -> None:
    again = shown("7", title="Hospitals open at night", body=NEW_WORDS, date=OTHER_DAY)
    lab.drop(shown("7")).drop(again)
    assert lab.change.number == 2
    assert lab.drop(replace(again, body=NEW_WORDS.replace("Nine", "Ten"))).change.number == 2
    assert lab.drop(shown("7", body=LONG.replace("5.1", "5.3"))).change.number == 1


# --- 2: two ids ----------------------------------------------------------------------------------------------------

OTHER_ID = [
    ("same title and day, no text", SHORT, {}, False),
    ("same title, day and a text of less than 200 characters", VISIT, {}, False),
    ("same title, day and text", TALKS, {}, True),
    ("same title and text, another day", TALKS, {"date": OTHER_DAY}, True),
    ("same day and text, another title", TALKS, {"title": "Hospitals open at night"}, True),
    ("same text alone", TALKS, {"title": "Hospitals open at night", "date": OTHER_DAY}, False),
    ("same title and day, one figure differs", TALKS, {"body": LONG.replace("5.1", "5.3")}, False),
    ("same title and day, a cut text", TALKS, {"body": LONG[:210]}, False),
    ("same title and text, no day", TALKS, {"date": None}, True),
]


@pytest.mark.parametrize(("of", "changed", "is_same"), [row[1:] for row in OTHER_ID], ids=[row[0] for row in OTHER_ID])
def test_two_ids_are_two_releases_unless_the_id_was_made_anew(
    lab: RecordLab, of: Release, changed: dict[str, Any], is_same: bool
) -> None:
    lab.drop(shown("7", of)).drop(shown("8", of, **changed))
    assert lab.change.number == (1 if is_same else 2)


@pytest.mark.parametrize(("of", "changed", "is_same"), [row[1:] for row in OTHER_ID], ids=[row[0] for row in OTHER_ID])
def test_two_ids_are_two_releases_the_other_way_round(
    lab: RecordLab, of: Release, changed: dict[str, Any], is_same: bool
) -> None:
    lab.drop(shown("8", of, **changed)).drop(shown("7", of))
    assert lab.change.number == (1 if is_same else 2)


def test_ids_that_change_while_their_texts_stay_are_counted(lab: RecordLab) -> None:
    lab.drop(shown("1?t=a"), shown("2?t=a", replace(VISIT, body=VISIT.body * 3)), shown("3", TALKS_KO))
    assert lab.report.ids.changed == 0
    lab.drop(shown("1?t=b"), shown("2?t=b", replace(VISIT, body=VISIT.body * 3)), shown("3", TALKS_KO))
    assert (lab.kinds(), lab.report.ids.changed, lab.report.ids.of) == ("3 unchanged", 2, 3)
    assert [(one.changed, one.of) for one in lab.archive.changed_ids().values()] == [(2, 3)]
    assert [head.ref for head in lab.heads()] == ["1?t=b", "2?t=b", "3"]
    lab.drop(shown("1?t=a", body=LONG.replace("5.1", "5.3")))  # an id that it had before
    assert (lab.change.kind, lab.change.number) == ("changed", 1)
    assert lab.archive.changed_ids() == {}


def test_ids_of_two_mappings_are_not_compared(lab: RecordLab) -> None:
    lab.drop(shown("/a?7", VISIT), shown("/a?8", SHORT))
    lab.drop(shown("7", VISIT, reading=OTHER_MAPPING), shown("8", SHORT, reading=OTHER_MAPPING))
    assert (lab.kinds(), lab.report.ids.changed) == ("2 unchanged", 0)
    assert [head.ref for head in lab.heads()] == ["7", "8"]


def test_ids_are_compared_under_a_new_mapping_that_keeps_them(lab: RecordLab) -> None:
    lab.drop(shown("7"), shown("8", SHORT))
    lab.drop(shown("7", reading=OTHER_MAPPING), shown("9", SHORT, reading=OTHER_MAPPING))
    assert [(change.kind, change.number) for change in lab.changes] == [("unchanged", 1), ("new", 3)]


# --- 3: one id at several records ----------------------------------------------------------------------------------

FIRST, SECOND, THIRD = (shown("7", body=LONG.replace("5.1", figure)) for figure in ("5.1", "5.2", "5.3"))


def test_an_id_at_records_of_unlike_titles_tells_nothing(lab: RecordLab) -> None:
    board = [shown("/board", one) for one in (TALKS, VISIT, TALKS_KO)]
    lab.drop(*board)
    assert lab.kinds() == "3 new"
    assert [head.ref for head in lab.heads()] == [None] * 3
    assert lab.drop(shown("/board", SHORT), *board[:2]).kinds() == "1 new, 2 unchanged"
    assert lab.drop(*board, shown("/board", SHORT)).kinds() == "4 unchanged"


@pytest.mark.parametrize("large", [{}, {"part_size": 1}])
def test_an_id_at_records_of_like_titles_and_other_days_tells_nothing(lab: RecordLab, large: dict[str, Any]) -> None:
    lab.drop(*(shown("https://example.org/", tender(number, 1)) for number in (1, 2, 3)), **large)
    assert lab.kinds() == "3 new"


@pytest.mark.parametrize(
    ("captures", "reading", "expected"),
    [
        ((FIRST, THIRD), MAPPING, THIRD),
        ((THIRD, FIRST), MAPPING, FIRST),
        ((FIRST, THIRD, FIRST), MAPPING, FIRST),
        ((THIRD, FIRST), "feed:1111", THIRD),
        ((THIRD, FIRST, THIRD, SECOND), "feed:1111", THIRD),
        ((FIRST, FIRST), MAPPING, FIRST),
    ],
    ids=[
        "the last",
        "the last again",
        "one that comes back",
        "of a feed the first",
        "of a feed first of all",
        "repeats",
    ],
)
def test_captures_of_one_release_are_one(
    lab: RecordLab, captures: tuple[Release, ...], reading: str, expected: Release
) -> None:
    lab.drop(*(replace(one, reading=reading) for one in captures), shown("8", VISIT))
    assert lab.kinds() == "2 new"
    assert lab.heads()[0] == expected


def test_a_file_that_grows_by_captures_tells_each_change_once(lab: RecordLab) -> None:
    file, visit, short = {"name": "grows.json"}, shown("8", VISIT), shown("9", SHORT)
    lab.drop(FIRST, visit, **file)
    assert lab.drop(FIRST, visit, THIRD, **file).kinds() == "1 changed, 1 unchanged"
    assert lab.drop(FIRST, visit, THIRD, short, **file).kinds() == "1 new, 2 unchanged"
    assert lab.drop(FIRST, visit, THIRD, short, FIRST, **file).kinds() == "1 changed, 2 unchanged"
    assert lab.changes[-1].reverted
    assert lab.heads()[0] == FIRST
    assert lab.drop(FIRST, visit, THIRD, short, FIRST, SECOND, **file).kinds() == "1 changed, 2 unchanged"


@pytest.mark.parametrize("is_held", [True, False])
def test_captures_in_a_large_dump_are_applied_in_order(lab: RecordLab, is_held: bool) -> None:
    lab.drop(FIRST, shown("8", VISIT), THIRD, part_size=1, is_held=is_held)
    assert lab.kinds() == "2 new, 1 changed"
    assert lab.heads()[0] == THIRD


@pytest.mark.parametrize("is_held", [True, False])
def test_an_earlier_capture_in_a_large_dump_is_passed_over(lab: RecordLab, is_held: bool) -> None:
    large = {"part_size": 1, "is_held": is_held}
    lab.drop(FIRST, shown("8", VISIT), THIRD, **large)
    lab.drop(FIRST, shown("8", VISIT), THIRD, shown("9", SHORT), **large)
    assert lab.kinds() == "1 new, 2 unchanged"
    lab.drop(FIRST, shown("8", VISIT), THIRD, shown("9", SHORT), SECOND, **large)
    assert lab.kinds() == "1 changed, 3 unchanged"
    assert lab.heads()[0] == SECOND


def test_an_id_at_unlike_titles_tells_nothing_across_the_parts_of_a_large_dump(lab: RecordLab) -> None:
    lab.drop(*(shown("/board", one) for one in (TALKS, VISIT, TALKS_KO)), part_size=1)
    assert lab.kinds() == "3 new"


@pytest.mark.parametrize("ref", ["7", None])
def test_two_views_of_one_release_in_two_parts_of_a_large_dump(lab: RecordLab, ref: str | None) -> None:
    """Both were seen as its current text: without an id they are two releases, for one dump has both."""
    views = shown(ref, category="Trade"), shown(ref)
    lab.drop(views[0]).drop(views[1])
    assert lab.kinds() == "1 unchanged"
    lab.drop(*views, part_size=1)
    assert lab.kinds() == ("2 unchanged" if ref else "1 new, 1 unchanged")


# --- 4: a side without id ------------------------------------------------------------------------------------------


def test_an_id_is_learned_silently(lab: RecordLab) -> None:
    lab.drop(replace(TALKS), replace(VISIT)).drop(shown("7"), shown("8", VISIT))
    assert lab.kinds() == "2 unchanged"
    assert [head.ref for head in lab.heads()] == ["7", "8"]
    change = lab.drop(shown("7", title="Hospitals open at night", body=NEW_WORDS)).change
    assert (change.kind, change.number) == ("changed", 1)


def test_a_record_without_id_is_found_by_its_text(lab: RecordLab) -> None:
    lab.drop(shown("7"), shown("8", VISIT))
    assert lab.drop(TALKS, replace(VISIT, date=date(2024, 6, 28))).kinds() == "2 unchanged"
    assert lab.drop(replace(TALKS, body=LONG.replace("5.1", "5.3"))).kinds() == "1 changed"
    assert lab.heads()[0].ref == "7"


# --- together ------------------------------------------------------------------------------------------------------

RELEASES = (shown("7"), shown("8", VISIT), shown("9", SHORT), shown(None, TALKS_KO), shown("10", SHORT, body=NEW_WORDS))
EDITED = (
    shown("7", title="Hospitals open at night", body=NEW_WORDS),
    shown("8", VISIT, body=VISIT.body.replace("21", "22")),
    shown("11", SHORT),
    shown(None, TALKS_KO, body=TALKS_KO.body.replace("5.1", "5.3")),
    shown("10", SHORT, body=NEW_WORDS.replace("Nine", "Ten")),
)


def test_the_order_of_the_records_does_not_matter() -> None:
    outcomes = set()
    for order in list(permutations(range(5)))[::13]:
        with open_record_lab() as lab:
            lab.drop(*RELEASES).drop(*(EDITED[place] for place in order))
            outcomes.add(tuple(sorted((c.record.ref or "", c.kind, c.number) for c in lab.changes if c.record)))
    assert outcomes == {
        (("", "changed", 4), ("10", "changed", 5), ("11", "new", 6), ("7", "changed", 1), ("8", "changed", 2))
    }


@settings(max_examples=20)
@given(st.lists(st.permutations(range(5)).flatmap(lambda order: st.just(order[:3])), min_size=2, max_size=4))
def test_the_order_of_the_dumps_does_not_matter(windows: list[list[int]]) -> None:
    """Each window shows some of the releases; each of them is new once, whatever was shown before."""
    with open_record_lab() as lab:
        kinds = [
            str(change.kind)
            for window in windows
            for change in lab.drop(*(RELEASES[place] for place in window)).changes
        ]
        assert kinds == ["new"] * len({place for window in windows for place in window})
        assert len(lab.heads()) == len(kinds)


def test_many_releases_of_one_id_cost_no_more_than_few(lab: RecordLab) -> None:
    """An id that tells nothing apart is not looked at: forty releases have it."""

    def release(number: int) -> Release:
        body = f"Report number {number} of the office. " + " ".join(hex(7919 * number + 131 * n) for n in range(40))
        return shown("1", title=hex(number**9 + 7), body=body, date=date.fromordinal(738000 + number))

    for number in range(40):
        lab.drop(release(number))
    assert lab.drop(release(3), replace(release(41), ref="2")).kinds() == "1 new, 1 unchanged"
    assert lab.drop(release(42)).kinds() == "1 new"
