"""Two texts of a release are compared to the end of the longer one."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.inspect.text_changes import first_words, shortened, text_changes
from monitor.model import Edit, Release


def release(body: str, title: str = "Talks held", day: date = date(2024, 7, 1)) -> Release:
    return Release(title=title, body=body, date=day, category=None)


def told(edits: tuple[Edit, ...]) -> list[tuple[str, str]]:
    return [(edit.op, (edit.new or edit.old).strip()) for edit in edits if (edit.new or edit.old).strip()]


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        ("Rose 5.1 percent.", "Rose 5.3 percent.", [("keep", "Rose"), ("replace", "5.3"), ("keep", "percent.")]),
        ("One two.", "One two. Three.", [("keep", "One two."), ("insert", "Three.")]),
        ("One two th", "One two three four.", [("keep", "One two"), ("insert", "three four.")]),
        ("One two", "One two.\nThree.", [("keep", "One"), ("keep", "two"), ("insert", ".\nThree.")]),
        ("", "One two.", [("insert", "One two.")]),
        ("Same.", "Same.", [("keep", "Same.")]),
    ],
)
def test_what_only_the_longer_text_has_is_added_at_its_end(old: str, new: str, edits: list[tuple[str, str]]) -> None:
    assert told(text_changes(release(old), release(new)).body) == edits


@pytest.mark.parametrize("new", ["One 5 three four five. Six seven.", "One two thr", "", "Quite another text. " * 9])
@pytest.mark.parametrize("old", ["One 4 three four five. Six seven.\nEight.", "One two three four.", ""])
def test_both_sides_give_the_later_text_back(old: str, new: str) -> None:
    changes = text_changes(release(old), release(new))
    shown = "".join(edit.new for edit in changes.body)
    assert shown.startswith(new) if changes.is_cut else shown == new


def test_a_view_that_is_cut_short_keeps_the_end_of_the_text_before() -> None:
    changes = text_changes(release("One two three four. Five six."), release("One two three fo"))
    assert changes.is_cut
    assert changes.places == 0


def test_days_and_titles_are_places_too() -> None:
    changes = text_changes(release("Same.", "Up 5.1"), release("Same.", "Up 5.3", date(2024, 7, 2)))
    assert changes.places == 2
    assert [hunk.field for hunk in changes.hunks] == ["date", "title"]


def test_a_list_shows_the_first_words_of_a_long_edit() -> None:
    (hunk,) = text_changes(release(""), release("word " * 500)).hunks
    (edit,) = shortened(hunk).edits
    assert edit.new.endswith("word …")
    assert len(edit.new) < 330
    assert first_words("short") == "short"
