"""Records whose ends are written as other hands write them: split where it is plain, rejected where it is not."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.collect.formats.dash.parser import ParseResult, parse
from tests.dumps import dump, record

FIRST, LAST = record("Port opens", "Ships came.", "2024-07-01"), record("Plant opens", "It runs.", "2024-07-03")
WIDE = 70 * "\u3000"
MIDDLE = record("Talks held", "They met.", "2024-07-02")

# What stands between the date of one record and the title of the next.
BETWEEN = ["-\n", " -\n", "\ufeff-\n", "-\r\n", "–\n", ".-\n", "\n\ufeff-\n", "\n\u200b-\n", "\n -\n", "\n\u3000-\n",
           "\n-\u2060\n", "\n-\u00a0\n", "\n–\n", "\n — \n", "\n‐\n", "\n‑\n", "\n−\n", "\n-–\n", "\n- -\n", "\n--\n",
           "\n***\n", "\n<hr>\n", "\n&#45;\n", "\n&ndash;\n", "\n- 2 -\n", "\n1/3\n-\n",
           "--\n", " -–\n", "---\n", "\n", "\n\n \n"]  # fmt: skip

# (what, the end of a record)
READ = [
    ("a no-break space before it", "\u00a0date2024-07-02"), ("an ideographic space", "\u3000date2024-07-02"),
    ("a narrow space", "\u202fdate2024-07-02"), ("a zero-width space", "\u200bdate2024-07-02"),
    ("nothing before it", "date2024-07-02"), ("a mark behind it", " date2024-07-02\ufeff"),
    ("a zero-width space behind it", " date2024-07-02\u200b"), ("a direction mark", " date2024-07-02\u200e"),
    ("a stop behind it", " date2024-07-02."), ("two blanks", "  date2024-07-02 \u00a0"),
    ("hyphens that do not break", " date2024\u201107\u201102"), ("en dashes", " date2024–07–02"),
    ("minus signs", " date2024−07−02"), ("full-width digits", " date２０２４-０７-０２"), ("dots", " date2024.07.02"),
    ("full width throughout", " date２０２４－０７－０２"), ("slashes", " date2024/07/02"),
    ("no signs", " date20240702"),
    ("the Korean way", " date2024. 7. 2."), ("Korean words", " date2024년 7월 2일"), ("a capital", " Date2024-07-02"),
    ("capitals", " DATE2024-07-02"), ("a space in it", " date 2024-07-02"), ("a colon", " date: 2024-07-02"),
    ("a time", " date2024-07-02 09:30"), ("a line of its own", "\nDate: 2024.07.02"),
    ("a day of the week", " date2024-07-02(화)"), ("one behind Korean words", " date2024년 7월 2일 (화)"),
]  # fmt: skip

UNREAD = [" date2024-7-2", " date24-07-02", " date02/07/2024", " dateJuly 2, 2024", " date: July 2, 2024",
          " date2024-07-02 (Tue)", " (date2024-07-02)", " update2024-07-02", " date=2024-07-02",
          " date2024-07-02 and more words", " dateTue, 2 July 2024", " date'24.7.2.", " date令和6年7月2日",
          " d\u200bate24-07-02"]  # fmt: skip

# (what, bodies that are one record's, in spite of a date in them)
KEPT = [
    ("a label in a sentence", "The date2024-07-02 label and\nmore."),
    ("a line about an event", "Details follow.\nDate: 2024-07-02\nVenue: Seoul\nIt is open."),
    ("such a line before a dash", "Details follow.\nDate: 2024-07-02\n-\nIt is open."),
    ("lone dashes of another kind", "One.\n–\nTwo.\n—\nThree."),
    ("a lone dash behind a blank", "One.\n -\nTwo."),
    ("a heading between dashes", "- Exports rise in June -\nDetails\nThey rose."),
    ("a heading of two lines", "- Exports rise in June\nand in July -\nThey rose.\nMore follows."),
    ("a word parted at a line's end", "The govern-\nment and its partners\nmet."),
    ("a name between dashes in a wrapped text", "The minister -\nAhn Duk-geun - said that\nhe met them and\nleft."),
    ("a date between list marks", "Schedule\nDate: July 2, 2024\nVenue: Seoul\nIt is open."),
]


def titles(parsed: ParseResult) -> list[tuple[str, str, date | None]]:
    return [(each.release.title, each.release.body, each.release.date) for each in parsed.records]


@pytest.mark.parametrize("between", BETWEEN)
def test_a_record_ends_at_its_date_whatever_follows(between: str) -> None:
    text = f"-\n{FIRST}{between}{MIDDLE}\n-\n{LAST}"
    parsed = parse(text)

    assert titles(parsed) == titles(parse(dump(FIRST, MIDDLE, LAST)))
    assert parsed.rejects == ()
    begins = [len(text[: text.index(each)].encode()) for each in ("Talks", "Plant")]
    assert parsed.records[0].offset == 0
    assert len(f"-\n{FIRST}".encode()) <= parsed.records[1].offset <= begins[0]
    assert parsed.records[2].offset == begins[1] - 2


@pytest.mark.parametrize("start", ["\ufeff-", " -", "–", "\u200b-"])
def test_a_dump_may_begin_with_such_a_dash(start: str) -> None:
    assert titles(parse(f"{start}\n{FIRST}")) == titles(parse(dump(FIRST)))


@pytest.mark.parametrize("end", [row[1] for row in READ], ids=[row[0] for row in READ])
def test_a_date_is_read_as_others_write_it(end: str) -> None:
    written = f"Talks held\nThey met.{end}"

    for text in (dump(FIRST, written, LAST), dump(FIRST, written), dump(FIRST) + f"-\n{written}-\n{LAST}"):
        parsed = parse(text)
        assert titles(parsed)[1] == ("Talks held", "They met.", date(2024, 7, 2))
        assert parsed.rejects == ()


def test_a_date_is_read_however_many_wide_blanks_follow() -> None:
    assert titles(parse(dump(f"{FIRST}{WIDE}", LAST))) == titles(parse(dump(FIRST, LAST)))


@pytest.mark.parametrize("end", UNREAD)
def test_what_is_no_plain_date_is_named_in_a_reject(end: str) -> None:
    parsed = parse(dump(FIRST, f"Talks held\nThey met.{end}", LAST))

    assert [title for title, _, _ in titles(parsed)] == ["Port opens", "Plant opens"]
    assert "cannot be read" in parsed.rejects[0].reason
    assert end.strip("() ")[-5:] in parsed.rejects[0].reason


@pytest.mark.parametrize("body", [row[1] for row in KEPT], ids=[row[0] for row in KEPT])
def test_a_date_in_a_text_ends_no_record(body: str) -> None:
    parsed = parse(dump(FIRST, record("Forum", body), LAST))

    assert titles(parsed)[1] == ("Forum", body, date(2024, 7, 1))
    assert len(parsed.records) == 3


@pytest.mark.parametrize(
    "end",
    [" m-", " m -", " m- ", " m-\u200b", " m–", " met.-", " met. date-", " met. date2024-", " met. date2024-07--",
     " met. dateJuly 2, 2024", " met. dateJuly 2, 2024-", " met. date2024-07-02T09:30+09:00-", " met. (date2024-07-02)",
     " met. ｄａｔｅ2024-07-02", "\nDate: July 2, 2024", " met. date2024-07-02 (Tue)-"],
)  # fmt: skip
@pytest.mark.parametrize("is_categorized", [False, True])
def test_a_damaged_end_welds_no_two_records(end: str, is_categorized: bool) -> None:
    line = "Energy\n" if is_categorized else ""
    first, last, before = (f"{line}{each}" for each in (FIRST, LAST, f"Talks held\nThey{end}"))
    parsed = parse(dump(first, f"{before}\n{last}", last), categories=("Energy",))

    assert [title for title, _, _ in titles(parsed)] == ["Port opens", "Plant opens"]
    assert [each.reason.partition(":")[0] for each in parsed.rejects] == ["two records seem to be one"]


@pytest.mark.parametrize(
    "title", ["Who opens it?", "The plant opens!", "Ministry meets the U.S.", "Plant\n- It runs -"]
)
def test_whatever_the_next_title_is_half_a_text_is_not_welded_to_it(title: str) -> None:
    parsed = parse(dump(FIRST, f"Talks held\nThey m-\n{record(title, 'It runs.')}", LAST))

    assert [title for title, _, _ in titles(parsed)] == ["Port opens", "Plant opens"]
    assert [each.reason.partition(":")[0] for each in parsed.rejects] == ["two records seem to be one"]


def test_what_cannot_be_split_is_rejected_with_that_reason() -> None:
    parsed = parse(dump(FIRST, record("Forum", "It is due date2024-07-02\nIt is open to all."), LAST))

    assert [title for title, _, _ in titles(parsed)] == ["Port opens", "Plant opens"]
    assert ["a line in it ends in a date" in each.reason for each in parsed.rejects] == [True]


@pytest.mark.parametrize("rest", ["Views 1,204", "Views 1,204\nAll rights reserved."])
def test_lines_behind_a_date_are_rejected_without_the_record(rest: str) -> None:
    parsed = parse(dump(f"{FIRST}\n{rest}", LAST))

    assert [title for title, _, _ in titles(parsed)] == ["Port opens", "Plant opens"]
    assert [(each.line, each.text) for each in parsed.rejects] == [(4, rest)]


def test_an_unfinished_record_before_a_byte_order_mark_takes_nothing_from_the_next() -> None:
    parsed = parse(dump(FIRST, "Talks held\nThey m") + f"\ufeff-\n{LAST}")

    assert titles(parsed)[1:] == [("Talks held", "They m", None), ("Plant opens", "It runs.", date(2024, 7, 3))]


def test_a_half_written_date_waits_for_its_end() -> None:
    label = " date2024-07-02"

    for end in range(len(label)):
        parsed = parse(dump(FIRST, f"Talks held\nThey met.{label[:end]}"))
        assert [each.is_tail for each in parsed.rejects] == [True], label[:end]
