"""Edits become lines that show only what changed."""

from __future__ import annotations

import doctest
import re

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Edit
from monitor.notify import redline
from monitor.notify.redline import Marks, hunks, marked, unshown_figures
from tests.notify.facts import item, keep, swap


def lines(*edits: Edit) -> list[str]:
    return [marked(hunk.edits).strip() for hunk in hunks(edits)]


def test_a_replacement_shows_both_sides_in_the_line_in_which_they_stand() -> None:
    assert lines(keep("Exports rose "), swap("5.1", "5.3"), keep(" percent.")) == [
        "Exports rose [-5.1-]{+5.3+} percent."
    ]


def test_words_put_in_and_words_taken_out_have_their_own_marks() -> None:
    assert lines(keep("a "), swap("", "b "), keep("c")) == ["a {+b+} c"]
    assert lines(keep("a "), swap("b ", ""), keep("c")) == ["a [-b-] c"]


def test_the_marks_stand_around_words_and_not_around_their_spaces() -> None:
    assert lines(keep("rose"), swap(" 5.1", " 5.3"), keep(" percent")) == ["rose [-5.1-]{+5.3+} percent"]
    assert lines(keep("rose"), swap(" ", "\n"), keep("percent")) == ["rose percent"]


def test_only_six_words_around_a_change_are_shown() -> None:
    far = "one two three four five six seven eight nine ten eleven twelve thirteen"
    assert lines(keep(f"{far} "), swap("x", "y"), keep(f" {far}")) == [
        "… eight nine ten eleven twelve thirteen [-x-]{+y+} one two three four five six …",
    ]


def test_changes_close_together_share_their_line_and_distant_ones_do_not() -> None:
    near, far = keep(" one two "), keep(" 1 2 3 4 5 6 7 8 9 10 11 12 13 ")
    assert len(lines(swap("a", "b"), near, swap("c", "d"))) == 1
    assert len(lines(swap("a", "b"), far, swap("c", "d"))) == 2


def test_fields_do_not_run_into_one_another() -> None:
    shown = hunks([swap("Old", "New", "title"), swap("x", "y", "body")])
    assert [hunk.field for hunk in shown] == ["title", "body"]


def test_what_did_not_change_is_not_shown() -> None:
    assert lines() == []
    assert lines(keep("a b c")) == []
    assert lines(keep(" ".join("abcdefghijklmnopq"))) == []


def test_a_medium_brings_its_own_marks() -> None:
    marks = Marks(deleted="~{}~".format, inserted="*{}*".format)
    assert marked((keep("rose "), swap("5.1", "5.3")), marks) == "rose ~5.1~*5.3*"


def test_scraped_text_brings_no_marks() -> None:
    told = lines(keep("[-1-]\u200b "), swap("{+2+}", "[\u200b-3-]"))
    assert told == ["[ -1- ] [-{ +2+ }-]{+[ -3- ]+}"]
    assert lines(keep("a"), swap("\u200b", "\u202e")) == ["a"]


def test_a_figure_that_a_shown_edit_has_is_not_listed_again() -> None:
    pairs = (("5.1", "5.3"), ("5.1", "5.3"), ("13.2", "13.4"), ("", "7"), ("1", "2"))
    told = item(numbers=pairs, edits=(swap("5.1 percent or 13.2", "5.3 percent or 13.44"), swap("", "by 7%")))
    assert unshown_figures(told, hunks(told.edits)) == (("13.2", "13.4"), ("1", "2"))
    assert unshown_figures(told, ()) == tuple(dict.fromkeys(pairs))


WORD = st.text("abc", min_size=1, max_size=3)
KEPT = st.lists(WORD, min_size=1, max_size=30).map(lambda words: keep(f" {' '.join(words)} "))
SWAPPED = st.tuples(WORD, WORD).map(lambda pair: swap(*pair))


@given(st.lists(st.one_of(KEPT, SWAPPED), max_size=12))
def test_every_changed_word_is_shown_once_on_its_side(edits: list[Edit]) -> None:
    text = " ".join(lines(*edits))
    for pattern, side in ((r"\[-(.*?)-\]", "old"), (r"\{\+(.*?)\+\}", "new")):
        assert re.findall(pattern, text) == [getattr(edit, side) for edit in edits if edit.op != "keep"]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(redline).failed == 0
