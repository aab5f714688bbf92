"""The normal forms of a text: which typography they ignore, and what always counts."""

from __future__ import annotations

import doctest
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import monitor.text
from monitor.text import MAX_MARKS, escape, fold, is_cut, neutralise, soft, spaced_lines
from tests.dumps import WORDS
from tests.examples import examples

# Characters that meet each other in bad ways, often enough to do so.
ODD = st.sampled_from(
    [
        *"aZsSÉßİ9 .,-_/'’ʼ\n\t¨´`…︙﹐．：①⒈٣½²₂Ⅳﬁ３Ａ한ㅋあ⁄ΐ",
        *("\u00a0", "\u200b", "\u00ad", "\u0301", "\u0300", "\u0323", "\u0345", "\u2028", "\x1c", "\x85", "\u3000"),
        *("\u1100", "\u1161", "\u11a8", "ŉ", "ﷺ", "\U00010400", "\ud800", "\udcff"),
    ]
)
TEXTS = st.lists(ODD | WORDS, max_size=20).map("".join) | st.text(max_size=40)
OFTEN = settings(max_examples=examples(500))

FOLDS = [
    ("curly quotes", "‘a’ “b”", "'a' \"b\""),
    ("low and angle quotes", "‚a‛ „b‟ «c»", '\'a\' "b" "c"'),
    ("primes and accents used as quotes", "′a` ´b ″c", "'a' 'b \"c"),
    ("dashes", "a–b—c‐d‑e‒f―g−1", "a-b-c-d-e-f-g-1"),
    ("a no-break space", "a\u00a0b", "a b"),
    ("thin and ideographic spaces", "a\u2009b\u3000c\u202fd", "a b c d"),
    ("line and paragraph separators", "a\u2028b\u2029c", "a b c"),
    ("runs of spaces and line ends", " a \t b\r\n\nc ", "a b c"),
    ("a zero-width space", "a\u200bb", "ab"),
    ("joiners, marks of direction, a BOM", "a\u200d\u200e\u2060\ufeffb", "ab"),
    ("a soft hyphen", "semi\u00adconductor", "semiconductor"),
    ("decomposed Hangul", unicodedata.normalize("NFD", "반도체"), "반도체"),
    ("half-width Hangul", "ﾤ", "ᄂ"),
    ("a decomposed accent", "e\u0301", "é"),
    ("full-width forms", "ＦＴＡ　３．５％", "FTA 3.5%"),
    ("a full-width quote", "＂a＂ ＇b＇", "\"a\" 'b'"),
    ("an ellipsis", "and so on…", "and so on..."),
    ("a ligature and a Roman number", "ﬁrst Ⅳ", "first IV"),
    ("a raised digit after a digit", "10²", "10^2"),
    ("a lowered digit after a digit", "10₂", "10_2"),
    ("a raised digit after a letter", "m²", "m2"),
    ("a lowered digit after a letter", "CO₂", "CO2"),
    ("a fraction after a digit", "1½", "1 1/2"),
    ("a fraction alone", "½ a year", "1/2 a year"),
    ("a fraction bar", "1⁄2", "1/2"),
    ("a fraction before a digit", "½5", "1/2 5"),
    ("a circled digit beside a digit", "3①", "3 1"),
    ("a circled digit before a word", "①수출", "1수출"),
    ("a raised digit between digits", "1²3", "1^2 3"),
    ("a full-width digit and a raised one", "１²", "1^2"),
    ("plain text", "Exports rose 5.1%", "Exports rose 5.1%"),
    ("letter case stays", "FTA", "FTA"),
    ("nothing", "", ""),
    ("only spaces", " \n\u3000\u200b ", ""),
]

SAME_SOFT = [
    ("letter case", "KOREA Exports", "Korea exports"),
    ("sharp s", "STRASSE", "straße"),
    ("a comma after a word", "Korea, Japan", "Korea Japan"),
    ("a final stop", "Talks end.", "Talks end"),
    ("quotes around words", "the “green” line", "the green line"),
    ("a hyphen between words", "co-operation", "cooperation"),
    ("brackets around words", "the ministry (MOTIE) said", "the ministry MOTIE said"),
    ("Korean quotes and dots", "「수출·투자」", "수출투자"),
    ("a stop between two spaces", "a . b", "a b"),
    ("an ellipsis", "and so on…", "and so on"),
    ("a stop before a mark", "a.\u0300", "a\u0300"),
    ("a space before a percent sign", "rose 5.2 % in May", "rose 5.2% in May"),
    ("a no-break space before a percent sign", "5.2\u00a0%", "5.2%"),
    ("a narrow space before a wide percent sign", "5.2\u202f％", "5.2%"),
    ("a line end before a percent sign", "5.2\n%", "5.2%"),
    ("spaces in percentage points", "1.2 ％ p 올라", "1.2%p 올라"),
    ("a space behind a currency sign", "US$ 5.3 billion", "US$5.3 billion"),
    ("a space before a currency sign", "5 € and 6 ₩", "5€ and 6₩"),
    ("a space before a degree", "3 ℃", "3°C"),
    ("a space before a comma of thousands", "1 ,000 ,000 firms", "1,000,000 firms"),
    ("spaces in a date", "2024. 7. 1. 발표", "2024.7.1. 발표"),
    ("spaces in a month and a short year", "2024. 7. 말, '24. 7. 1", "2024.7. 말, '24.7.1"),
    ("spaces in a range of days", "7. 1.(월) ~ 7. 5.(금)", "7.1.(월)~7.5.(금)"),
    ("dots of lists", "수출ㆍ투자・고용‧소비∙물가•금리ᆞ환율", "수출·투자·고용·소비·물가·금리·환율"),
    ("dots in a day", "6 ㆍ 25", "6·25"),
    ("tildes", "5 ∼ 7, 5〜7, 5～7", "5~7, 5~7, 5~7"),
]

OTHER_SOFT = [
    ("a lost decimal point", "8.2", "82"),
    ("a lost comma in a number", "2,782", "2782"),
    ("another decimal", "rose 5.1 percent", "rose 5.3 percent"),
    ("a lost minus", "-3.2", "3.2"),
    ("a minus with its own sign", "−3.2", "3.2"),
    ("a point put elsewhere", "1.25", "12.5"),
    ("a colon in a time", "9:30", "930"),
    ("a power that became a number", "10²", "102"),
    ("a fraction that became a number", "1½", "11/2"),
    ("a mixed number that lost its part", "1½", "1"),
    ("a range that became a number", "2024-25", "202425"),
    ("a percent sign", "5%", "5"),
    ("a currency sign", "$5", "5"),
    ("a comma after a number", "in 2024, 3", "in 2024 3"),
    ("two words in one", "a b", "ab"),
    ("another word", "imports", "exports"),
    ("two figures in one", "5 2", "52"),
    ("a space of thousands", "1 000", "1000"),
    ("a space behind a comma", "1, 000", "1,000"),
    ("a space behind a point", "8. 2", "8.2"),
    ("a space before a point", "5 .2", "5.2"),
    ("a figure behind a year", "in 2024. 7 firms", "in 2024.7 firms"),
    ("a minus apart", "- 5", "-5"),
    ("a dot in a day", "6·25", "625"),
    ("a lost tilde", "5~7", "57"),
    ("a vowel that looks like a dot", "ᄒᆞᆫ", "ᄒᆫ"),
]

ENDS = [
    ("nothing", "", True),
    ("only spaces", " \n\u00a0", True),
    ("the middle of a word", "The ministry annou", True),
    ("a comma", "The ministry,", True),
    ("a figure", "rose 5.1", True),
    ("a letter of Hangul", "수출이 증가", True),
    ("a stop", "The end.", False),
    ("a stop and spaces", "The end. \n", False),
    ("an exclamation mark", "The end!", False),
    ("a question mark", "The end?", False),
    ("a bracket", "(The end)", False),
    ("a straight quote", 'The "end"', False),
    ("a curly quote", "The “end”", False),
    ("an apostrophe", "The firms’", False),
    ("an ideographic stop", "終。", False),
    ("a Korean bracket", "「끝」", False),
    ("a stop and a zero-width space", "The end.\u200b", False),
]

ESCAPES = [
    ("plain text", "Korea's 5.1% – 수출", "Korea's 5.1% – 수출"),
    ("a line end", "a\nb", "a\\x0ab"),
    ("an escape code", "\x1b[31mred", "\\x1b[31mred"),
    ("a NUL", "\0", "\\x00"),
    ("a C1 control", "\x9b", "\\x9b"),
    ("a byte that was not decodable", "\udcb0", "\\xb0"),
    ("a surrogate", "\ud800", "\\ud800"),
    ("a mark of direction", "\u202etxt", "\\u202etxt"),
    ("a zero-width space", "a\u200bb", "a\\u200bb"),
    ("spaces of other widths", "a\xa0b\u3000c", "a\xa0b\u3000c"),
    ("a line separator", "\u2028", "\\u2028"),
    ("a format character beyond the first plane", "\U000e0001", "\\U000e0001"),
]


@pytest.mark.parametrize(("what", "text", "expected"), FOLDS, ids=[row[0] for row in FOLDS])
def test_folding_levels_typography(what: str, text: str, expected: str) -> None:
    assert fold(text) == expected


@pytest.mark.parametrize(("what", "one", "other"), SAME_SOFT, ids=[row[0] for row in SAME_SOFT])
def test_the_soft_form_does_not_tell_apart(what: str, one: str, other: str) -> None:
    assert soft(one) == soft(other)


@pytest.mark.parametrize(("what", "one", "other"), OTHER_SOFT, ids=[row[0] for row in OTHER_SOFT])
def test_the_soft_form_tells_apart(what: str, one: str, other: str) -> None:
    assert soft(one) != soft(other)


@pytest.mark.parametrize(("what", "body", "expected"), ENDS, ids=[row[0] for row in ENDS])
def test_a_body_is_cut_when_its_last_character_ends_no_sentence(what: str, body: str, expected: bool) -> None:
    assert is_cut(body) is expected


@pytest.mark.parametrize(("what", "text", "expected"), ESCAPES, ids=[row[0] for row in ESCAPES])
def test_escaping_shows_what_cannot_be_printed(what: str, text: str, expected: str) -> None:
    assert escape(text) == expected


@OFTEN
@given(TEXTS)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@OFTEN
@given(TEXTS)
def test_softening_twice_changes_nothing_more(text: str) -> None:
    assert soft(soft(text)) == soft(text)


@OFTEN
@given(TEXTS)
def test_folding_first_does_not_change_the_soft_form(text: str) -> None:
    assert soft(fold(text)) == soft(text)


@OFTEN
@given(TEXTS)
def test_a_folded_text_has_single_spaces_and_no_format_characters(text: str) -> None:
    folded = fold(text)

    assert folded == " ".join(folded.split())
    assert not [char for char in folded if unicodedata.category(char) == "Cf"]


@OFTEN
@given(TEXTS)
def test_composed_and_decomposed_texts_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@OFTEN
@given(TEXTS)
def test_escaping_leaves_no_control_format_or_surrogate_character(text: str) -> None:
    assert not [char for char in escape(text) if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


MARK_FLOODS = [
    "\u0300\u0316" * 300,  # above and below: CPython sorts them
    "\u0300\u0316\u200d" * 300,  # what is invisible is dropped, and then they touch
    "\u0300\uff9e" * 300,  # a letter that becomes a mark
    "\u0344\u0f81" * 300,  # marks that become two
]


@pytest.mark.parametrize("flood", MARK_FLOODS)
def test_of_a_flood_of_combining_marks_few_are_kept_and_what_follows_is_whole(flood: str) -> None:
    for form in (fold, soft):
        found = form(f"Caf\u00e9e{flood} opens on 1 July")
        assert len(found) < len("Cafée opens on 1 July") + MAX_MARKS + 2
        assert found.endswith(" opens on 1 July" if form is fold else " opens on 1 july")
        assert form(found) == found


def test_thirty_combining_marks_are_kept() -> None:
    marks = "\u0334" * MAX_MARKS
    assert fold(f"b{marks}") == f"b{marks}" == fold(f"b{marks}\u0334")


def test_no_text_becomes_more_than_eight_times_as_long() -> None:
    longest = max((chr(code) for code in range(0x80, 0x30000)), key=lambda char: len(fold(char * 8)))
    assert len(fold(longest * 1_000)) <= 8 * 1_000


@given(st.text(st.characters(codec=None)))
def test_a_text_of_lines_is_neutralised_line_by_line(text: str) -> None:
    lines = spaced_lines(f"{text}x").split("\n")
    assert [line.strip(" ") for line in lines] == [neutralise(line) for line in f"{text}x".splitlines()]


def test_the_spans_of_an_edit_can_be_joined_after_they_are_neutralised() -> None:
    spans = ["The talks\r\nbegan ", "on Monday", "\n\n", " in\u202e Seoul."]
    assert "".join(map(spaced_lines, spans)) == "The talks\nbegan on Monday\n\n in Seoul."


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(monitor.text).failed == 0
