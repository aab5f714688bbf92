"""Hostile text becomes markup in which only our own elements stand."""

from __future__ import annotations

import html5lib
import pytest

from monitor.compare.diff import redline as compared
from monitor.inspect.redlines import Hunk
from monitor.model import Edit, Snippet
from monitor.notify.redline import hunks
from monitor.web import markup

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</p></div><a href='javascript:alert(1)'>x</a>",
    "\u202eevil\u2066\u2069",
    "a\0b\x1b[31m",
    "\ud800 alone \udcff",
    "{{7*7}} {% raw %}",
    "&lt;b&gt; &amp;",
    "<!-- <![CDATA[ ]]> -->",
)


def elements(found: str) -> set[str]:
    """Return the names of the elements that a browser would make of it."""
    return {element.tag for element in html5lib.parseFragment(found, namespaceHTMLElements=False).iter()} - {
        "DOCUMENT_FRAGMENT"
    }


def words(found: str) -> str:
    """Return the text that a browser would show."""
    return "".join(html5lib.parseFragment(found, namespaceHTMLElements=False).itertext())


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_makes_an_element_of_its_own(text: str) -> None:
    edits = (
        Edit(field="body", op="keep", old=text, new=text),
        Edit(field="body", op="replace", old=f" {text}", new=f"{text} "),
    )
    assert elements(markup.clean(text)) == set()
    assert elements(markup.lines(text)) == set()
    assert elements(markup.marked(text, [(0, 3)])) <= {"mark"}
    assert elements(markup.marked_text(text, [(0, 3)])) <= {"p", "mark"}
    assert elements(markup.snippet(Snippet(field=text, before=text, hit=text, after=text))) <= {"p", "span", "mark"}
    assert elements(markup.redline([Hunk(field=text, edits=edits)])) <= {"p", "span", "del", "ins", "b"}
    assert elements(markup.redlined(edits)) <= {"del", "ins", "b"}
    assert elements(markup.redlined_text(edits)) <= {"p", "del", "ins", "b"}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_shown_has_no_character_that_acts(text: str) -> None:
    for found in (markup.clean(text), markup.marked(text, [(1, 2)]), markup.marked_text(text)):
        assert not {"\0", "\x1b", "\u202e", "\u2066", "\ud800"} & {*found}
        found.encode()


def test_hits_are_marked_and_those_that_overlap_are_one() -> None:
    assert markup.marked("LNG and gas", [(8, 11), (0, 3), (2, 7), (40, 50)]) == (
        "<mark>LNG and</mark> <mark>gas</mark>"
    )


def test_a_whole_text_keeps_its_paragraphs() -> None:
    assert markup.marked_text("One.\n\nTwo\r\nthree.", [(6, 9)]) == (
        '<p dir="auto">One.</p>\n<p dir="auto"><mark>Two</mark></p>\n<p dir="auto">three.</p>'
    )


def test_korean_text_has_its_language() -> None:
    assert markup.marked_text("수출") == '<p lang="ko" dir="auto">수출</p>'


def test_an_address_can_be_copied() -> None:
    assert markup.clean("press@example.org") == "press@example.org"


def test_machine_text_keeps_its_indentation_and_shows_what_is_invisible() -> None:
    assert markup.lines("a:\n  - <b>\u202e") == "a:\n  - &lt;b&gt;\\u202e"


def test_a_redline_strikes_out_the_old_and_underlines_the_new() -> None:
    edits = compared("body", "Exports rose $17.8 billion.", "Exports rose $17.7 billion.").edits
    assert markup.redlined(edits) == "Exports rose <del>$<b>17.8</b></del> <ins>$<b>17.7</b></ins> billion."


def test_hunks_beyond_the_most_are_counted() -> None:
    far = " ".join(["word"] * 20)
    old, new = f"1 {far} 2 {far} 3.", f"4 {far} 5 {far} 6."
    found = hunks(compared("body", old, new).edits)
    assert len(found) == 3
    assert "more" not in markup.redline(found, 3)
    assert "… and 1 more place</p>" in markup.redline(found, 2)
    assert "… and 2 more places</p>" in markup.redline(found, 1)


def test_a_hunk_names_its_field_where_it_is_not_the_body() -> None:
    edits = compared("title", "Up 33.8 percent", "Up 33.6 percent").edits
    assert markup.redline(hunks(edits)).startswith('<p dir="auto"><span class="field">title</span> Up <del>')


def test_an_edit_over_paragraphs_is_closed_in_each() -> None:
    edits = (
        Edit(field="body", op="keep", old="One.", new="One."),
        Edit(field="body", op="insert", old="", new="\nTwo.\nThree."),
    )
    assert markup.redlined_text(edits) == (
        '<p dir="auto">One.</p>\n<p dir="auto"><ins>Two.</ins></p>\n<p dir="auto"><ins>Three.</ins></p>'
    )


@pytest.mark.parametrize(("side", "shown"), [("old", "Up 33.8 percent."), ("new", "Up 33.6 percent.")])
def test_one_side_shows_that_text_alone(side: str, shown: str) -> None:
    edits = compared("body", "Up 33.8 percent.", "Up 33.6 percent.").edits
    assert " ".join(words(markup.redlined_text(edits, side=side)).split()) == shown
