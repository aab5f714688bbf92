"""What people read: golden messages, and what hostile text comes to."""

from __future__ import annotations

import doctest
import re
import unicodedata
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Item, Kind, Message, Occasion, RelatedRelease
from monitor.notify import render
from monitor.notify.plain_text import plain
from monitor.notify.render import headline, subject
from monitor.notify.words import ENGLISH, words_of
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
          … progress in the “FTA” talks with the EU …
          resembles: 9 “Talks <u>held</u>” — monitor show 9
          resembles: 4
          matched: FTA, chips [fta, semiconductor]
          from: motie
          monitor show 17""",
    ),
    (
        CHANGED,
        """\
        CHANGED  2024-07-01  Industry
          Exports Rise 5.3 Percent
          title: [-Exports Rise 5.1 Percent-]{+Exports Rise 5.3 Percent+}
          In June exports of semiconductors rose [-5.1-]{+5.3+} percent on year to the highest …
          … June so far, driven by memory [-and displays-] chips.
          Exports of “semiconductors” rose …
          matched: semiconductors [semiconductor]
          from: motie
          monitor show 18""",
    ),
    (
        COMPLETED,
        """\
        COMPLETED  2024-07-01
          Visit Ends
          … the delegation left {+and spoke of FTAs.+}
          matched: FTAs [fta]
          from: motie
          monitor show 19""",
    ),
    (
        KOREAN,
        """\
        NEW  2024-07-01  무역/투자
          반도체 수출 5.3% 증가
          6월 “반도체”가 크게 늘었다 …
          matched: 반도체가 [반도체]
          from: motie
          monitor show 17""",
    ),
    (
        item(words=(), title="", day=None, category=None, reason="", numbers=(("7", ""),)),
        """\
        NEW  undated
          (no title)
          figures: 7 → none
          watchlists: fta
          from: motie
          monitor show 17""",
    ),
]


@pytest.mark.parametrize(("one", "text"), GOLDEN, ids=["new", "changed", "completed", "korean", "bare"])
def test_an_item_reads_like_this(one: Item, text: str) -> None:
    assert plain(message(one)) == dedent(text)


def test_a_source_without_a_name_still_parts_its_items_from_the_others() -> None:
    assert "── kita: 1 new\n" in plain(message(item(), item(source="kita")))


def test_several_items_stand_below_their_counts_and_their_dump_parted_by_blank_lines() -> None:
    one, two = replace(NEW, dump="a.txt"), replace(CHANGED, dump="a.txt")
    alone = [plain(message(each)).replace("\n  from: motie, a.txt", "") for each in (one, two)]
    assert plain(message(one, two)) == "\n\n".join(["1 new, 1 changed — motie, a.txt", *alone])


def test_items_of_several_dumps_each_name_their_own() -> None:
    told = [item(source="motie", dump="a.txt"), item(source="motie", dump="b.txt"), item(source="kita", dump="c.txt")]
    text = plain(message(*told))
    assert text.startswith("3 new — motie, kita\n\n── motie: 2 new\n\nNEW ")
    named = [line for line in text.split("\n") if "from: " in line]
    assert named == ["  from: a.txt", "  from: b.txt", "  from: c.txt"]


def test_the_text_begins_with_its_lead_and_a_hit_in_it_is_said_once() -> None:
    told = replace(NEW, lead="Both sides saw progress in the FTA talks with the EU; the FTAs of 2011 stay as they …")
    text = plain(message(told))
    assert "\n  Both sides saw progress in the “FTA” talks with the EU; the FTAs of 2011 stay as they …\n" in text
    assert text.count("progress in the") == 1


@pytest.mark.parametrize(
    ("lead", "times"),
    [
        ("The talks rose to 5.3 percent, driven by chips.", 1),
        ("The talks rose to 5.3 percent, driven by chips; the minister said that they would go on in the autumn …", 2),
        ("Before that, the talks rose to 5.3 percent", 2),
        ("", 1),
    ],
)
def test_a_beginning_that_the_redline_shows_is_not_said_again(lead: str, times: int) -> None:
    edits = (keep("The talks rose to "), swap("5.1", "5.3"), keep(" percent, driven by chips."))
    text = plain(message(item(kind=Kind.CHANGED, edits=edits, lead=lead)))
    assert text.count("alks rose to") == times


def test_a_hit_that_the_redline_shows_is_not_quoted_again() -> None:
    told = item(
        kind=Kind.CHANGED,
        words=("chips",),
        snippets=(snippet("… driven by memory ", "chips", " that …"), snippet("… displays and ", "chips", " …")),
        edits=(keep("… rose "), swap("5.1", "5.3"), keep(" percent, driven by memory chips that are")),
    )
    text = plain(message(told))
    assert "driven by memory “chips”" not in text
    assert "displays and “chips” …" in text


def test_a_channel_may_have_the_whole_text_which_gives_way_to_its_beginning_where_room_is_short() -> None:
    told = replace(
        NEW, body="The FTA talks ended.\r\n\r\n- Next: Brussels\nNEW  2024-07-01", lead="The FTA talks ended."
    )
    assert "\n  The “FTA” talks ended.\n  - Next: Brussels\n  NEW 2024-07-01\n  resembles" in plain(message(told))
    assert in_room(message(told), 190).count("Brussels") == 0
    assert "The “FTA” talks ended." in in_room(message(told), 190)


def test_items_without_a_dump_do_not_repeat_the_source_that_stands_above_them() -> None:
    told = plain(message(*(item(source="motie", title=title) for title in "ab")))
    assert told.startswith("2 new — motie\n")
    assert "from: " not in told


def test_a_title_brings_no_marks_of_edits() -> None:
    twin = RelatedRelease(number=7, title="[-1-]")
    told = plain(message(replace(item(title="Rate rises [-5.1-]{+5.3+}"), related=(7,), twins=(twin,))))
    assert "  Rate rises [ -5.1- ]{ +5.3+ }\n" in told
    assert "resembles: 7 “[ -1- ]”" in told


def test_an_enriched_item_whose_edits_an_older_version_did_not_store_tells_its_reason() -> None:
    told = replace(item(kind=Kind.ENRICHED), edits=(), reason="same title, day and text; the category became known")
    assert f"  {told.reason}\n" in plain(message(told))
    assert told.reason not in plain(message(replace(told, edits=(swap("", "Energy"),))))


@pytest.mark.parametrize(
    ("one", "note"),
    [
        (item(kind=Kind.COMPLETED), "the text goes on where it was cut"),
        (item(kind=Kind.WITHDRAWN), "the listing no longer shows it"),
        (item(kind=Kind.REAPPEARED), "it was withdrawn and is back"),
        (replace(item(kind=Kind.CHANGED), is_reverted=True), "this is an earlier version again"),
        (replace(item(kind=Kind.CHANGED), may_be_older=True), "this dump may be older than what was known"),
    ],
)
def test_a_note_says_what_neither_kind_nor_redline_do(one: Item, note: str) -> None:
    lines = plain(message(one)).split("\n")
    assert f"  {note}" in lines
    assert one.reason not in lines


def test_the_fixed_words_of_a_korean_channel_are_korean_and_its_days_too() -> None:
    told = replace(message(replace(CHANGED, numbers=(("1", "2"),)), replace(NEW, date=None)), language="ko")
    lines = plain(told).split("\n")
    assert lines[:3] == ["신규 1건, 변경 1건 — motie", "", "변경  2024. 7. 1.(월)  Industry"]
    starts = (
        "  제목: [-Exports",
        "  수치: 1 → 2",
        "  일치 단어: FTA, chips [fta",
        "  비슷한 자료: 9 “",
        "신규  날짜 없음  F",
    )
    for start in starts:
        assert any(line.startswith(start) for line in lines), start


FIXED = [name for name in ENGLISH.__slots__ if isinstance(getattr(ENGLISH, name), str)]


@pytest.mark.parametrize("name", FIXED)
def test_every_word_is_translated_and_has_the_same_places_to_fill(name: str) -> None:
    english, korean = getattr(ENGLISH, name), getattr(words_of("ko"), name)
    assert english != korean
    assert re.search("[가-힣]", korean) or name == "code"
    assert len(re.findall(r"\{\d?\}", english)) == len(re.findall(r"\{\d?\}", korean))


@pytest.mark.parametrize(
    ("occasion", "english", "korean"),
    [
        (Occasion(cause="digest", at="2026-11-23T08:30"), "digest of Mon 23 Nov 08:30", "11월 23일(월) 08:30 모아보기"),
        (
            Occasion(cause="digest", since="2026-11-23T09:00", at="2026-11-23T17:00", is_late=True),
            "digest of Mon 23 Nov 09:00 to 17:00, sent late",
            "11월 23일(월) 09:00부터 17:00까지 모아보기, 지연 발송",
        ),
        (
            Occasion(cause="quiet hours", at="2026-11-23T07:00"),
            "held by quiet hours until Mon 23 Nov 07:00",
            "방해 금지 시간으로 11월 23일(월) 07:00까지 보류",
        ),
        (
            Occasion(cause="mute", at="2026-11-23T07:00"),
            "held by mute until Mon 23 Nov 07:00",
            "알림 중지로 11월 23일(월) 07:00까지 보류",
        ),
        (Occasion(cause="flood", limit=60), "more than 60 messages an hour", "시간당 60건 초과"),
        (
            Occasion(cause="limit", limit=60, at="2026-11-23T14:05"),
            "limit of 60 an hour, the rest at 14:05",
            "시간당 60건 한도 도달, 나머지는 14:05 발송",
        ),
    ],
)
def test_what_gathered_the_items_is_said_in_the_language_of_the_channel(
    occasion: Occasion, english: str, korean: str
) -> None:
    told = replace(message(NEW), occasion=occasion)
    assert headline(told).endswith(f" ({english})")
    assert headline(replace(told, language="ko")).endswith(f" ({korean})")


def test_a_very_long_redline_says_how_much_it_leaves_out() -> None:
    far = keep(" " + " ".join("abcdefghijklmn") + " ")
    long = item(edits=tuple(edit for _ in range(20) for edit in (swap("x", "y"), far)))
    assert "… and 8 more places" in plain(message(long))


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
        (8000, "20 new — motie|NEW  2024-07-01  FTA/Economic Cooperation"),
        (4000, "20 new — motie|NEW  2024-07-01  FTA/Economic Cooperation"),
        (2600, f"20 new — motie|  NEW  2024-07-01  1 {LONG} — monitor show 1"),
        (1500, "20 new — motie|  NEW  2024-07-01  1 Exports of chips and displays, an… — monitor show 1"),
        (600, "NEW 1 Exports of chips and…|NEW 2 Exports of chips and…"),
    ],
)
def test_where_room_runs_out_every_item_loses_details_and_none_its_name(room: int, line: str) -> None:
    text = in_room(many(20), room)
    assert len(text) <= room
    assert "|".join([one for one in text.split("\n") if one][:2]) == line
    assert [f"{n} {LONG}"[:6] in text for n in range(1, 21)] == [True] * 20
    assert "lists them" not in text


def test_details_are_left_out_from_the_end_and_a_mark_says_so() -> None:
    lines = in_room(message(NEW), 220).split("\n")
    assert lines[:3] == plain(message(NEW)).split("\n")[:3]
    assert lines[-4:] == ["  …", "  matched: FTA, chips [fta, semiconductor]", "  from: motie", "  monitor show 17"]


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
