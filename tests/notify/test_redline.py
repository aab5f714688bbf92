"""Edits become lines that show only what changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Edit
from monitor.notify.redline import redline
from tests.notify.facts import keep, swap


def lines(*edits: Edit) -> list[tuple[str, str]]:
    """Each line as its mark and its text, changed spans in brackets."""
    return [
        (line.mark, "".join(f"[{s.text}]" if s.is_changed else s.text for s in line.spans)) for line in redline(edits)
    ]


def test_a_replacement_shows_both_sides_with_their_context() -> None:
    assert lines(keep("Exports rose "), swap("5.1", "5.3"), keep(" percent.")) == [
        ("-", "Exports rose [5.1] percent."),
        ("+", "Exports rose [5.3] percent."),
    ]


def test_words_put_in_show_only_the_new_side_and_words_taken_out_only_the_old_one() -> None:
    assert lines(keep("a "), swap("", "b "), keep("c")) == [("+", "a [b ]c")]
    assert lines(keep("a "), swap("b ", ""), keep("c")) == [("-", "a [b ]c")]


def test_only_six_words_around_a_change_are_shown() -> None:
    far = "one two three four five six seven eight nine ten eleven twelve thirteen"
    assert lines(keep(f"{far} "), swap("x", "y"), keep(f" {far}")) == [
        ("-", "… eight nine ten eleven twelve thirteen [x] one two three four five six …"),
        ("+", "… eight nine ten eleven twelve thirteen [y] one two three four five six …"),
    ]


def test_changes_close_together_share_their_lines_and_distant_ones_do_not() -> None:
    near, far = keep(" one two "), keep(" 1 2 3 4 5 6 7 8 9 10 11 12 13 ")
    assert len(lines(swap("a", "b"), near, swap("c", "d"))) == 2
    assert len(lines(swap("a", "b"), far, swap("c", "d"))) == 4


def test_fields_do_not_run_into_one_another() -> None:
    shown = redline([swap("Old", "New", "title"), swap("x", "y", "body")])
    assert [(line.field, line.mark) for line in shown] == [
        ("title", "-"),
        ("title", "+"),
        ("body", "-"),
        ("body", "+"),
    ]


def test_what_did_not_change_is_not_shown() -> None:
    assert lines() == []
    assert lines(keep("a b c")) == []
    assert lines(keep(" ".join("abcdefghijklmnopq"))) == []


WORD = st.text("abc", min_size=1, max_size=3)
KEPT = st.lists(WORD, min_size=1, max_size=30).map(lambda words: keep(f" {' '.join(words)} "))
SWAPPED = st.tuples(WORD, WORD).map(lambda pair: swap(*pair))


@given(st.lists(st.one_of(KEPT, SWAPPED), max_size=12))
def test_every_changed_word_is_shown_once_on_its_side(edits: list[Edit]) -> None:
    shown = redline(edits)
    for mark, side in (("-", "old"), ("+", "new")):
        spans = [s.text for line in shown if line.mark == mark for s in line.spans if s.is_changed]
        assert spans == [getattr(edit, side) for edit in edits if edit.op != "keep"]
