"""What people read: golden messages, and what hostile text comes to."""

from __future__ import annotations

import doctest
import unicodedata
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Item, Kind, Message, RelatedRelease
from monitor.notify import render
from monitor.notify.render import headline, plain, subject
from monitor.text import neutralise
from tests.notify.facts import item, keep, message, note, snippet, swap

NEW = item(
    watchlists=("fta", "semiconductor"),
    words=("FTA", "chips"),
    snippets=(
        snippet("… progress in the ", "FTA", " talks with the EU …"),
        snippet("", "FTA", "/Economic Cooperation", "category"),
        snippet("Korea and the EU Hold ", "FTA", " Talks", "title"),
    ),
    related=(9, 4),
    twins=(RelatedRelease(number=9, title="Talks <u>held</u>"),),
)
CHANGED = item(
    number=18,
    kind=Kind.CHANGED,
    title="Exports Rise 5.3 Percent",
    category="Industry",
    watchlists=("semiconductor",),
    words=("semiconductors",),
    snippets=(snippet("Exports of ", "semiconductors", " rose …"),),
    edits=(
        swap("Exports Rise 5.1 Percent", "Exports Rise 5.3 Percent", "title"),
        keep("In June exports of semiconductors rose "),
        swap("5.1", "5.3"),
        keep(" percent on year to the highest … figure of any June so far, driven by memory "),
        swap("and displays ", ""),
        keep("chips."),
    ),
    numbers=(("5.1", "5.3"), ("5.1", "5.3")),
    reason="same day; one figure differs: 5.1 → 5.3",
)
COMPLETED = item(
    number=19,
    kind=Kind.COMPLETED,
    title="Visit Ends",
    category=None,
    words=("FTAs",),
    edits=(keep("… the delegation left "), swap("", "and spoke of FTAs.")),
    reason="the cut body is now whole",
)
KOREAN = item(
    title="반도체 수출 5.3% 증가",
    category="무역/투자",
    watchlists=("반도체",),
    words=("반도체가",),
    snippets=(snippet("6월 ", "반도체", "가 크게 늘었다 …"),),
    reason="처음 본 자료",
)

GOLDEN = [
    (
        NEW,
        """\
        NEW  2024-07-01  FTA/Economic Cooperation
          Korea and the EU Hold FTA Talks
          matched: FTA, chips [fta, semiconductor]
          … progress in the »FTA« talks with the EU …
          category: »FTA«/Economic Cooperation
          resembles: 9 “Talks <u>held</u>” — monitor show 9
          resembles: 4
          monitor show 17""",
    ),
    (
        CHANGED,
        """\
        CHANGED  2024-07-01  Industry
          Exports Rise 5.3 Percent
          matched: semiconductors [semiconductor]
          Exports of »semiconductors« rose …
            - title: [Exports Rise 5.1 Percent]
            + title: [Exports Rise 5.3 Percent]
            - In June exports of semiconductors rose [5.1] percent on year to the highest …
            + In June exports of semiconductors rose [5.3] percent on year to the highest …
            - … June so far, driven by memory [and displays] chips.
          figures: 5.1 → 5.3
          same day; one figure differs: 5.1 → 5.3
          monitor show 18""",
    ),
    (
        COMPLETED,
        """\
        COMPLETED  2024-07-01
          Visit Ends
          matched: FTAs [fta]
            + … the delegation left [and spoke of FTAs.]
          the cut body is now whole
          monitor show 19""",
    ),
    (
        KOREAN,
        """\
        NEW  2024-07-01  무역/투자
          반도체 수출 5.3% 증가
          matched: 반도체가 [반도체]
          6월 »반도체«가 크게 늘었다 …
          monitor show 17""",
    ),
    (
        item(words=(), title="", day=None, category=None, reason="", numbers=(("7", ""),)),
        """\
        NEW  undated
          (no title)
          watchlists: fta
          figures: 7 → none
          monitor show 17""",
    ),
]


@pytest.mark.parametrize(("one", "text"), GOLDEN, ids=["new", "changed", "completed", "korean", "bare"])
def test_an_item_reads_like_this(one: Item, text: str) -> None:
    assert plain(message(one)) == dedent(text)


def test_a_source_without_a_name_still_parts_its_items_from_the_others() -> None:
    assert "── kita: 1 new\n" in plain(message(item(), item(source="kita")))


def test_items_are_parted_by_a_blank_line() -> None:
    assert plain(message(NEW, CHANGED)) == plain(message(NEW)) + "\n\n" + plain(message(CHANGED))


def test_the_brackets_stand_around_words_and_not_around_the_blanks_of_a_span() -> None:
    spaced = item(edits=(keep("Exports rose"), swap(" 5.1", " 5.3"), keep(" percent"), swap(" ", "\n")))
    assert "- Exports rose [5.1] percent\n" in plain(message(spaced))


def test_a_very_long_redline_says_how_much_it_leaves_out() -> None:
    far = keep(" " + " ".join("abcdefghijklmn") + " ")
    long = item(edits=tuple(edit for _ in range(20) for edit in (swap("x", "y"), far)))
    assert "… and 16 more lines" in plain(message(long))


def test_long_lists_of_figures_end_in_a_count() -> None:
    long = item(numbers=tuple((str(n), str(n + 1)) for n in range(20)))
    assert "11 → 12, 8 more\n" in plain(message(long))


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (message(NEW), "fta, semiconductor: Korea and the EU Hold FTA Talks"),
        (message(KOREAN, NEW, CHANGED), "반도체: 반도체 수출 5.3% 증가 (+2 more)"),
        (message(CHANGED), "semiconductor (changed): Exports Rise 5.3 Percent"),
        (message(COMPLETED, part=2, parts=3), "fta (completed): Visit Ends (2/3)"),
        (message(item(title="", watchlists=())), "(no title)"),
        (message(item(watchlists=tuple("gfedcba"))), "g, f, +5: Korea and the EU Hold FTA Talks"),
        (
            replace(message(item(source="motie"), item(source="kita")), kind="digest", label="digest Mon 23 Nov 08:30"),
            "fta: Korea and the EU Hold FTA Talks (+1 more; digest Mon 23 Nov 08:30)",
        ),
        (replace(message(COMPLETED), kind="summary"), "fta (completed): Visit Ends (summary)"),
        (replace(message(COMPLETED), label="x\r\nBcc: x"), "fta (completed): Visit Ends (x Bcc: x)"),
        (replace(message(CHANGED, NEW), language="ko"), "semiconductor (변경): Exports Rise 5.3 Percent (외 1건)"),
        (note("channel desk is down\nsince noon"), "[monitor] channel desk is down"),
        (note("\n  \n"), "[monitor] system"),
        (note("a test\r\nBcc: x@y.example"), "[monitor] a test"),
    ],
)
def test_the_subject_reads_like_this(told: Message, line: str) -> None:
    assert subject(told) == line


def test_a_subject_stays_short_whatever_the_names_are() -> None:
    told = replace(message(item(title="x" * 300), item(), part=1, parts=2), label="digest of Mon 23 Nov 08:30")
    assert len(subject(told)) <= 160
    assert subject(told).endswith("xx… (+1 more; digest of Mon 23 Nov 08:30) (1/2)")
    assert subject(told, most=90).endswith("xx… (+1 more) (1/2)")
    assert subject(told, most=22) == "fta: xxxxxxxxxxx… (1/2)"[:15] + "… (1/2)"
    assert len(subject(note("x" * 999))) <= 150


def test_a_headline_is_a_subject_that_is_never_cut() -> None:
    told = replace(message(item(title="x" * 300), item(), part=1, parts=2), label="digest of Mon 23 Nov 08:30")
    assert headline(told) == f"fta: {'x' * 300} (+1 more; digest of Mon 23 Nov 08:30)"
    assert headline(note("channel desk is down\n503")) == "[monitor] channel desk is down"


def test_a_system_message_keeps_its_lines_and_says_none_twice() -> None:
    told = note("channel desk is down\n  503 since noon\n2 messages wait\n")
    assert (subject(told), plain(told)) == ("[monitor] channel desk is down", "503 since noon\n2 messages wait")


def test_a_system_message_of_one_line_says_it_in_the_body_too_for_no_service_takes_an_empty_one() -> None:
    assert (plain(note("all is well")), plain(note(" "))) == ("all is well", "system")


LONG = "Exports of chips and displays, and plans for the supply chain of the coming decade"


def in_room(told: Message, room: int) -> str:
    return plain(told, fits=lambda text: len(text) <= room)


def many(count: int) -> Message:
    return message(*(item(number=n, title=f"{n} {LONG}", snippets=NEW.snippets) for n in range(1, count + 1)))


def test_with_room_enough_nothing_shrinks() -> None:
    assert in_room(message(NEW), 10_000) == plain(message(NEW))


@pytest.mark.parametrize(
    ("room", "line"),
    [
        (8000, "NEW  2024-07-01  FTA/Economic Cooperation"),
        (4000, "NEW  2024-07-01  FTA/Economic Cooperation"),
        (2600, f"  NEW  2024-07-01  1 {LONG} — monitor show 1"),
        (1500, "  NEW  2024-07-01  1 Exports of chips and displays, an… — monitor show 1"),
        (600, "NEW 1 Exports of chips and…"),
    ],
)
def test_where_room_runs_out_every_item_loses_details_and_none_its_name(room: int, line: str) -> None:
    text = in_room(many(20), room)
    assert len(text) <= room
    assert text.split("\n")[0] == line
    assert [f"{n} {LONG}"[:6] in text for n in range(1, 21)] == [True] * 20
    assert "lists them" not in text


def test_details_are_left_out_from_the_end_and_a_mark_says_so() -> None:
    lines = in_room(message(NEW), 220).split("\n")
    assert lines[:3] == plain(message(NEW)).split("\n")[:3]
    assert lines[-2:] == ["  …", "  monitor show 17"]


def test_an_endless_title_is_cut_where_nothing_else_is_left() -> None:
    told = message(item(title="x" * 300))
    assert in_room(told, 40) == f"NEW {'x' * 35}…"
    assert in_room(told, 13) == "NEW xxxxxxx…"


def test_what_was_queued_for_a_larger_room_and_cannot_be_named_is_counted() -> None:
    text = in_room(many(20), 120)
    assert len(text) <= 120
    assert text.endswith(f"and {20 - text.count('NEW')} more: `monitor alerts` lists them")


def test_a_long_note_is_cut() -> None:
    text = in_room(note("channel desk is down\n" + "since noon " * 100), 140)
    assert text.startswith("since noon since")
    assert 80 < len(text) <= 140


@given(st.integers(120, 6000), st.integers(1, 25))
def test_room_is_kept_and_every_item_is_named_or_counted(room: int, count: int) -> None:
    text = in_room(many(count), room)
    named = text.count("NEW")
    assert len(text) <= room
    assert named == count or (room < 13 * count and f"and {count - named} more: " in text)


@pytest.mark.parametrize(
    ("scraped", "shown"),
    [
        ("Talks\r\nBcc: all", "Talks Bcc: all"),
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
        ("a\u2028b\u2029c\x85d\x0be", "a b c d e"),
        ("\u202eevil\u202c \u2066x\u2069 \u200fy", "evil x y"),
        ("@here @\u200bhere kim@motie.go.kr", "@\u200bhere @\u200bhere kim@\u200bmotie.go.kr"),
        ("\ufeffso\u00adft\u200b", "soft"),
        ("broken \udc80 byte", "broken \ufffd byte"),
        ("  two   blanks\u3000wide ", "two blanks wide"),
        ("반도체 “5.3%” — ok", "반도체 “5.3%” — ok"),
        ("", ""),
    ],
)
def test_hostile_text_becomes_one_harmless_line(scraped: str, shown: str) -> None:
    assert neutralise(scraped) == shown


@given(st.text(st.characters(codec=None)))
def test_whatever_the_text_the_line_is_one_encodable_and_stable(scraped: str) -> None:
    line = neutralise(scraped)
    line.encode()
    assert neutralise(line) == line
    assert len(line.splitlines()) <= 1
    assert all(unicodedata.category(char) not in ("Cc", "Cs") for char in line)
    assert all(char == "\u200b" for char in line if unicodedata.category(char) == "Cf")
    assert line.count("@") == line.count("@\u200b")


@given(st.text(max_size=40))
def test_no_scraped_word_can_start_or_add_a_line(scraped: str) -> None:
    words = (scraped,)
    hostile = item(
        title=scraped, category=scraped, words=words, watchlists=words, reason=f"why {scraped}",
        snippets=(snippet(scraped, scraped, scraped, scraped),), edits=(swap(scraped, f"x{scraped}", scraped),),
        numbers=((scraped, scraped),),
    )  # fmt: skip
    lines = plain(message(hostile)).split("\n")
    assert lines[0].startswith("NEW  ")
    assert all(line.startswith("  ") for line in lines[1:])
    assert len(lines) <= 9


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(render).failed == 0
