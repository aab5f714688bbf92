"""Parsing a dump's text: every layout, every broken record, and nothing that was not there."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collect.formats.base import EXCERPT_LENGTH
from monitor.collect.formats.dash.layout import MAX_CATEGORY_LENGTH
from monitor.collect.formats.dash.parser import ParseResult, parse
from monitor.model import Record, Release
from tests.dumps import CATEGORIES, Written, dump, dumps, record, write
from tests.examples import examples

OFTEN = settings(max_examples=examples(200))
JULY = date(2024, 7, 1)
TALKS, VISIT, ENERGY = record("Talks held"), record("Visit ends"), record("Plant opens")

# (what, text, titles that come out)
KEPT = [
    ("a plain dump", dump(TALKS, VISIT), ["Talks held", "Visit ends"]),
    ("one record", dump(TALKS), ["Talks held"]),
    ("a final newline", dump(TALKS, VISIT) + "\n", ["Talks held", "Visit ends"]),
    ("a final lone dash", dump(TALKS, VISIT) + "\n-", ["Talks held", "Visit ends"]),
    ("blank lines around the file", f"\n \n{dump(TALKS)}\n\n", ["Talks held"]),
    ("blank lines around records", f"-\n\n{TALKS}\n\n-\n \n{VISIT}\n", ["Talks held", "Visit ends"]),
    ("a dash line with spaces after it", f"- \n{TALKS}\n-\t\n{VISIT}", ["Talks held", "Visit ends"]),
    ("dash lines with nothing between", f"-\n-\n{TALKS}\n-\n-\n{VISIT}", ["Talks held", "Visit ends"]),
    ("exact repeats", dump(TALKS, VISIT, TALKS), ["Talks held", "Visit ends"]),
    ("repeats that differ by outer blank lines", f"-\n{TALKS}\n\n-\n\n{TALKS}", ["Talks held"]),
    ("twins under one title", dump(TALKS, record("Talks held", "Other.")), ["Talks held", "Talks held"]),
    ("an undated record in the middle", dump(TALKS, record("Lost date", day=""), VISIT),
     ["Talks held", "Lost date", "Visit ends"]),
]  # fmt: skip

# (what, body as written, body as read)
BODIES = [
    ("one line", "A body.", "A body."),
    ("several lines", "One.\nTwo.\nThree.", "One.\nTwo.\nThree."),
    ("a blank line between paragraphs", "One.\n\nTwo.", "One.\n\nTwo."),
    ("a lone dash inside", "One.\n-\nTwo.", "One.\n-\nTwo."),
    ("two lone dashes inside", "One.\n-\nTwo.\n-\nThree.", "One.\n-\nTwo.\n-\nThree."),
    ("a body that begins with a lone dash", "-\nOne.", "-\nOne."),
    ("a dash that is not alone", "- One.\n-- Two.\n--", "- One.\n-- Two.\n--"),
    ("the word date", "A date was set. The date", "A date was set. The date"),
    ("a date in the text", "Due date2024-01-02 it said.", "Due date2024-01-02 it said."),
    ("a date at the end of the text", "Due date2024-01-02", "Due date2024-01-02"),
    ("a line separator", "One\u2028two\u2029three\x85four.", "One\u2028two\u2029three\x85four."),
    ("a vertical tab and a form feed", "One\x0btwo\x0cthree.", "One\x0btwo\x0cthree."),
    ("a cut", "The ministry annou", "The ministry annou"),
    ("odd quotes and Korean", "“Korea’s” 수출이 5.1% 증가.", "“Korea’s” 수출이 5.1% 증가."),
    ("spaces at line ends", "One. \t\nTwo.", "One.\nTwo."),
    ("nothing but the date", "", ""),
    ("a date on a line of its own", "One.\n", "One."),
]

# (what, the end of a record, the day read)
DAYS = [
    ("a day", "Body. date2024-07-01", JULY),
    ("a leap day", "Body. date2024-02-29", date(2024, 2, 29)),
    ("an impossible day", "Body. date2024-02-30", None),
    ("month 13", "Body. date2024-13-01", None),
    ("year 0", "Body. date0000-01-01", None),
    ("after a tab", "Body.\tdate2024-07-01", JULY),
    ("on its own line", "Body.\ndate2024-07-01", JULY),
    ("spaces after it", "Body. date2024-07-01  ", JULY),
]

# (what, a record between two good ones, part of the reason)
BROKEN = [
    ("a title alone", "Only a title", "one line only"),
    ("a title with a date", "Only a title date2024-07-01", "one line only"),
    ("a date alone", "date2024-07-01", "one line only"),
    ("an undecodable byte", record("Broken", "a \ufffd byte"), "not text in this file's encoding"),
    ("an undecodable byte in the title", record("Bro\ufffdken"), "not text in this file's encoding"),
    ("a NUL", record("Broken", "a \0 byte"), "not text in this file's encoding"),
    ("an escape code", record("Broken", "\x1b[31mred"), "not text in this file's encoding"),
    ("a lone surrogate", record("Broken", "a \ud800 half"), "not text in this file's encoding"),
    (
        "misread, with lost bytes",
        record("Lost", "ë°˜ë„ì²´ ìˆ˜ì¶œ ëŒ€ì±… ë°œí‘œ"),
        "bytes of it are lost: fetch it again",
    ),
    ("one that is too long", record("Long", "x" * 5000), "longer than 4,000 characters"),
    ("one that is too long by many lines", record("Long", "x\n" * 4000), "longer than 4,000 characters"),
]

# (what, text, part of the reason)
NO_DUMPS = [
    ("an empty file", "", "holds no record"),
    ("blank lines", " \n\n\t\n", "holds no record"),
    ("a lone dash", "-", "holds no record"),
    ("only dash lines", "-\n-\n\n-\n", "holds no record"),
    ("no leading dash", f"{TALKS}\n-\n{VISIT}", "must be a lone '-'"),
    ("another file", "<html><body>404</body></html>", "must be a lone '-'"),
]

TAILS = ["Half", "Half\n", "Half\nA bo", "Half\nA body. date2024-07-0", "Half\nA body.\n-\nstill the bo"]


def read(text: str, *, categories: tuple[str, ...] = (), max_record: int = 1_000_000) -> ParseResult:
    return parse(text, categories=categories, max_record=max_record)


def titles(parsed: ParseResult) -> list[str]:
    return [record.release.title for record in parsed.records]


def labels(parsed: ParseResult) -> list[str | None]:
    return [record.release.category for record in parsed.records]


@pytest.mark.parametrize(("what", "text", "expected"), KEPT, ids=[row[0] for row in KEPT])
def test_every_release_of_a_dump_comes_out_in_its_order(what: str, text: str, expected: list[str]) -> None:
    parsed = read(text)

    assert titles(parsed) == expected
    assert parsed.rejects == ()


@pytest.mark.parametrize(("what", "body", "expected"), BODIES, ids=[row[0] for row in BODIES])
def test_a_body_is_kept_as_it_was_written(what: str, body: str, expected: str) -> None:
    parsed = read(dump(TALKS, record("Subject", body), VISIT))

    assert [each.release for each in parsed.records][1:2] == [Release(title="Subject", body=expected, date=JULY)]
    assert titles(parsed) == ["Talks held", "Subject", "Visit ends"]


@pytest.mark.parametrize(("what", "end", "expected"), DAYS, ids=[row[0] for row in DAYS])
def test_the_day_stands_at_the_very_end(what: str, end: str, expected: date | None) -> None:
    (only,) = read(dump(f"Title\n{end}")).records

    assert only.release == Release(title="Title", body="Body.", date=expected)


def test_an_undated_record_keeps_its_release_and_its_neighbours() -> None:
    parsed = read(dump(TALKS, record("Lost date", "Its text.", day=""), VISIT))

    assert parsed.records[1].release == Release(title="Lost date", body="Its text.", date=None)
    assert parsed.records[2].release == Release(title="Visit ends", body="A body.", date=JULY)


def test_of_undated_records_in_a_row_the_dated_neighbours_stay_whole() -> None:
    parsed = read(dump(TALKS, record("A", "a", ""), record("B", "b", ""), VISIT))

    assert titles(parsed) == ["Talks held", "A", "Visit ends"]
    assert parsed.records[1].release.body == "a\n-\nB\nb"


def test_an_undated_record_in_a_category_dump_keeps_its_category() -> None:
    lost = record("Lost date", day="", category="Energy")
    parsed = read(dump(record("A", category="Industry"), lost, record("B", category="Industry")))

    assert labels(parsed) == ["Industry", "Energy", "Industry"]
    assert [each.release.date for each in parsed.records] == [JULY, None, JULY]


# (what, what stands behind the "-" that follows an undated text, titles that come out)
BEHIND = [
    ("one line", "the rest.", ["Undated"]),
    ("a sentence over two lines", "The rest.\nMore.\nEnd.", ["Undated"]),
    ("a title over a body", "Port opens\nA body.", ["Undated", "Port opens"]),
    ("a title over paragraphs", "Port opens\nOne.\nTwo.", ["Undated", "Port opens"]),
]


@pytest.mark.parametrize(("what", "behind", "expected"), BEHIND, ids=[row[0] for row in BEHIND])
def test_a_dash_ends_an_undated_text_only_before_a_record(what: str, behind: str, expected: list[str]) -> None:
    parsed = read(dump(TALKS, record("Undated", "A text.", ""), f"{behind} date2024-07-01", VISIT))

    assert titles(parsed) == ["Talks held", *expected, "Visit ends"]


def test_a_dash_in_a_category_dump_ends_no_text_before_two_lines() -> None:
    torn = record("Title", "One.\n-\nTwo.\nThree.", category="Energy")
    parsed = read(dump(record("A", category="Energy"), torn, record("B", category="Energy")))

    assert titles(parsed) == ["A", "Title", "B"]
    assert parsed.records[1].release.body == "One.\n-\nTwo.\nThree."


@pytest.mark.parametrize("broken", BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_record_does_not_harm_its_neighbours(broken: tuple[str, str, str]) -> None:
    _, text, reason = broken
    parsed = read(dump(TALKS, text, VISIT), max_record=4000)

    assert titles(parsed) == ["Talks held", "Visit ends"]
    assert [reject.is_tail for reject in parsed.rejects] == [False]
    assert reason in parsed.rejects[0].reason


def test_a_reject_says_where_it_stands_and_how_it_begins() -> None:
    parsed = read(dump(record("수출", "“증가”"), record("Bad", "\ufffd" + "x" * 500), VISIT))

    (reject,) = parsed.rejects
    assert reject.line == 4
    assert reject.offset == len(dump(record("수출", "“증가”")).encode()) + 1
    assert reject.text == f"Bad\n\ufffd{'x' * 500}"[:EXCERPT_LENGTH]


@pytest.mark.parametrize("tail", TAILS)
def test_a_half_record_at_the_end_is_a_tail(tail: str) -> None:
    parsed = read(f"{dump(TALKS, VISIT)}\n-\n{tail}")

    assert titles(parsed) == ["Talks held", "Visit ends"]
    assert [(reject.is_tail, reject.line) for reject in parsed.rejects] == [(True, 7)]
    assert "half written" in parsed.rejects[0].reason


def test_a_completed_tail_leaves_the_earlier_records_as_they_were() -> None:
    before = read(dump(TALKS, "Half\nA bo"))
    after = read(dump(TALKS, "Half\nA body. date2024-07-01"))

    assert after.records[:1] == before.records
    assert after.rejects == ()


@pytest.mark.parametrize(("what", "text", "reason"), NO_DUMPS, ids=[row[0] for row in NO_DUMPS])
def test_what_is_no_dump_is_rejected_as_a_whole(what: str, text: str, reason: str) -> None:
    parsed = read(text)

    assert parsed.records == ()
    assert [(reject.line, reject.offset) for reject in parsed.rejects] == [(0, 0)]
    assert reason in parsed.rejects[0].reason


def test_a_record_knows_the_line_of_its_dash() -> None:
    parsed = read("\n" + dump(TALKS, record("Long", "One.\nTwo."), VISIT))

    assert [each.line for each in parsed.records] == [2, 5, 9]


def test_a_thousand_records_come_out() -> None:
    parsed = read(dump(*(record(f"Title {number}", f"Body {number}.") for number in range(1000))))

    assert titles(parsed) == [f"Title {number}" for number in range(1000)]


# --- layouts -----------------------------------------------------------------------------------------------------


def test_a_declared_category_is_one_in_a_single_record() -> None:
    text = dump(record("A title.", "One.", category="A declared label of more than forty characters."))
    parsed = read(text, categories=("A declared label of more than forty characters.",))

    assert labels(parsed) == ["A declared label of more than forty characters."]
    assert titles(parsed) == ["A title."]


def test_a_line_that_begins_two_records_of_three_lines_is_a_category() -> None:
    odd = "Notices from the standards and metrology offices"  # longer than a label that nobody declared
    parsed = read(dump(record("A", category=odd), record("B", category=odd)))

    assert len(odd) > MAX_CATEGORY_LENGTH
    assert labels(parsed) == [odd, odd]


def test_a_short_label_is_a_category_in_a_category_dump() -> None:
    parsed = read(dump(record("A", category="Energy"), record("B", category="Energy"), record("C", category="Steel")))

    assert labels(parsed) == ["Energy", "Energy", "Steel"]


@pytest.mark.parametrize("first", ["It was said today.", "Why so short?", "A line of more than forty characters it is"])
def test_a_sentence_or_a_long_line_is_no_undeclared_category(first: str) -> None:
    parsed = read(dump(record("A", category="Energy"), record("B", category="Energy"), f"{first}\nOne.\n{TALKS}"))

    assert labels(parsed) == ["Energy", "Energy", None]
    assert titles(parsed)[2] == first


def test_a_title_over_paragraphs_is_no_category() -> None:
    parsed = read(dump(TALKS, VISIT, record("Plant opens", "It was built.\nIt was opened.")))

    assert labels(parsed) == [None, None, None]
    assert parsed.records[2].release.body == "It was built.\nIt was opened."


def test_one_short_first_line_makes_no_category_dump() -> None:
    parsed = read(dump(TALKS, VISIT, record("Plant opens", "What it is for\nIt was opened.")))

    assert labels(parsed) == [None, None, None]
    assert titles(parsed)[2] == "Plant opens"


def test_paragraphs_under_a_category_are_a_body() -> None:
    parsed = read(dump(record("A", "One.\nTwo.", category="Energy")), categories=CATEGORIES)

    assert parsed.records[0].release == Release(title="A", body="One.\nTwo.", date=JULY, category="Energy")


def test_blank_lines_after_a_category_are_no_title() -> None:
    parsed = read("-\nEnergy\n\nA\n\nOne. date2024-07-01", categories=CATEGORIES)

    assert parsed.records[0].release == Release(title="A", body="One.", date=JULY, category="Energy")


def test_both_layouts_in_one_file_are_accepted() -> None:
    parsed = read(dump(record("A", category="Energy"), TALKS, record("B", category="Energy"), VISIT))

    assert list(zip(labels(parsed), titles(parsed), strict=True)) == [
        ("Energy", "A"), (None, "Talks held"), ("Energy", "B"), (None, "Visit ends"),
    ]  # fmt: skip


# --- digests -----------------------------------------------------------------------------------------------------


def test_a_digest_depends_on_the_record_alone() -> None:
    alone = read(dump(TALKS)).records[0].digest
    among = read(dump(VISIT, TALKS, ENERGY)).records[1].digest

    assert alone == among


def test_a_digest_tells_every_part_of_a_record() -> None:
    rows = [TALKS, VISIT, record("Talks held", "Other."), record("Talks held", day="2024-07-02")]

    assert len({each.digest for each in read(dump(*rows)).records}) == len(rows)


# --- properties --------------------------------------------------------------------------------------------------


def shown(records: tuple[Record, ...]) -> tuple[Release, ...]:
    return tuple(record.release for record in records)


PIECES = st.sampled_from(
    ["-", "-\n", "\n", " date2024-07-01", "date", "2024-02-30", "A", "Energy", ". ", "\ufffd", "\0"]
)


@OFTEN
@given(st.text() | st.lists(PIECES, max_size=40).map("".join), st.integers(1, 50))
def test_no_text_at_all_makes_the_parser_raise(text: str, max_record: int) -> None:
    parsed = read(text, categories=CATEGORIES, max_record=max_record)

    assert parsed.records or parsed.rejects
    assert all(each.release.title for each in parsed.records)


@OFTEN
@given(dumps())
def test_every_release_of_a_generated_dump_comes_back_exactly(written: Written) -> None:
    parsed = read(written.text, categories=CATEGORIES)

    assert shown(parsed.records) == written.releases
    assert parsed.rejects == ()


@OFTEN
@given(dumps(most=4), st.data())
def test_a_cut_dump_gives_its_complete_records_and_nothing_else(written: Written, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(written.text)))
    whole = sum(len(write(written.releases[: count + 1])) <= cut for count in range(len(written.releases)))

    parsed = read(written.text[:cut], categories=CATEGORIES)

    assert shown(parsed.records) == written.releases[:whole]
    assert all(reject.is_tail for reject in parsed.rejects)


@OFTEN
@given(dumps(most=5), st.randoms())
def test_the_order_of_records_changes_none_of_them(written: Written, chance: Random) -> None:
    releases = list(written.releases)
    chance.shuffle(releases)

    before = read(written.text, categories=CATEGORIES).records
    after = read(write(releases), categories=CATEGORIES).records

    assert {each.digest for each in after} == {each.digest for each in before}
