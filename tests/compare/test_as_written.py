"""What docs/events.md promises about figures and about texts that were fetched badly, run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.compare.scenario import TALKS, Lab, dump
from tests.end_to_end.harness import ROOT
from tests.test_readable import misread

PAGE = (ROOT / "docs" / "events.md").read_text("utf-8")
ROWS = re.findall(r"^\| (`.*) \| (`.*) \|$", PAGE, re.MULTILINE)
PAIR = re.compile(r"`([^`]+)` and `([^`]+)`")
SAME = [pair for same, _ in ROWS for pair in PAIR.findall(same)]
APART = [pair for same, apart in ROWS for pair in PAIR.findall(apart)]
QUIET = {"unchanged", "cosmetic"}
QUOTED = replace(TALKS, title="Seoul’s R&D in Tōkyō", body=f"반도체 기업 “보고”. It cost ₩5. {TALKS.body}")


def becomes(lab: Lab, old: str, new: str, *, in_title: bool = False) -> str:
    for part in (old, new):
        body = TALKS.body if in_title else f"On that day, {part}, it was seen. {TALKS.body}"
        lab.drop(dump(replace(TALKS, title=f"Talks of {part} held" if in_title else TALKS.title, body=body)))
    return lab.kinds()


def test_the_table_of_figures_is_read() -> None:
    assert (len(SAME), len(APART)) == (15, 9)


@pytest.mark.parametrize("in_title", [False, True], ids=["body", "title"])
@pytest.mark.parametrize(("one", "other"), SAME)
def test_spaces_and_marks_at_figures_are_no_change(lab: Lab, one: str, other: str, in_title: bool) -> None:
    assert becomes(lab, one, other, in_title=in_title) in QUIET
    assert becomes(lab, other, one, in_title=in_title) in QUIET


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_short_notice_with_other_spaces_at_its_figures_is_the_same_release(lab: Lab, one: str, other: str) -> None:
    for text in (one, other):
        lab.drop(dump(replace(TALKS, title=f"Notice of {text} today", body=f"It is {text} now.")))
    assert lab.kinds() in QUIET


@pytest.mark.parametrize("in_title", [False, True], ids=["body", "title"])
@pytest.mark.parametrize(("one", "other"), APART)
def test_what_may_be_another_figure_is_a_change(lab: Lab, one: str, other: str, in_title: bool) -> None:
    assert becomes(lab, one, other, in_title=in_title) == "changed"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_a_text_that_is_misread_for_a_day_is_no_change(lab: Lab, encoding: str) -> None:
    good = dump(QUOTED)
    for text in (good, misread(good, encoding), good, misread(misread(good, encoding), "latin-1")):
        lab.drop(text)
        assert lab.kinds() in {"new", *QUIET}
        assert lab.changes == () or lab.changes[0].after == QUOTED


def test_a_misread_new_release_is_stored_as_it_was_meant(lab: Lab) -> None:
    lab.drop(misread(dump(QUOTED)))
    assert (lab.kinds(), lab.changes[0].after) == ("new", QUOTED)


def test_an_escaped_text_is_no_change(lab: Lab) -> None:
    good = dump(QUOTED)
    once = good.replace("&", "&amp;").replace("’", "&rsquo;").replace("ō", "&#333;").replace("반", "&#xBC18;")
    for text in (good, once, once.replace("&", "&amp;"), good):
        lab.drop(text)
        assert lab.kinds() in {"new", *QUIET}
    lab.drop(good.replace("₩5", "&#8361;6"))
    assert (lab.kinds(), lab.changes[0].numbers) == ("changed", (("₩5", "₩6"),))


def test_an_escaped_record_end_ends_no_record(lab: Lab) -> None:
    lab.drop(dump(replace(TALKS, body=f"A line.&#10;-&#10;&lt;b&gt; {TALKS.body}")))
    assert [change.after.body for change in lab.changes] == [f"A line. - <b> {TALKS.body}"]
