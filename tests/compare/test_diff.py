"""Two texts → the words that differ: numbers stay whole, spans give both texts back, a cut view is no edit."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.compare.diff import _WORD, Redline, _kept, _tokens, redline
from tests.compare.scenario import cut, real, swapped


def body_line(old: str, new: str) -> Redline:
    return redline("body", old, new)


def marked(line: Redline) -> str:
    """The comparison in one line: [-old-]{+new+} around what differs."""
    shown = {"keep": "{new}", "delete": "[-{old}-]", "insert": "{{+{new}+}}", "replace": "[-{old}-]{{+{new}+}}"}
    return "".join(shown[edit.op].format(old=edit.old.strip(), new=edit.new.strip()) + " " for edit in line.edits)


FIGURES = [
    ("a price", "worth $5.3 billion.", "worth $5.4 billion.", ("$5.3", "$5.4")),
    ("a percentage", "rose 5.1% in May.", "rose 5.3% in May.", ("5.1%", "5.3%")),
    ("a number with groups", "sold 2,782,639 units.", "sold 2,782,693 units.", ("2,782,639", "2,782,693")),
    ("a lost decimal point", "rose 8.2 percent.", "rose 82 percent.", ("8.2", "82")),
    ("a lost group mark", "sold 4,128 units.", "sold 4.128 units.", ("4,128", "4.128")),
    ("a lost currency", "worth $49.1 billion.", "worth 49.1 billion.", ("$49.1", "49.1")),
    ("another currency", "worth $49.1 billion.", "worth €49.1 billion.", ("$49.1", "€49.1")),
    ("a lost percent sign", "rose 5% in May.", "rose 5 in May.", ("5%", "5")),
    ("a lost minus", "fewer days (-1.5) in June.", "fewer days (1.5) in June.", ("-1.5", "1.5")),
    ("a minus that came", "a balance of 1.5 billion.", "a balance of -1.5 billion.", ("1.5", "-1.5")),
    ("a negative figure", "a balance of -1.5 billion.", "a balance of -2.5 billion.", ("-1.5", "-2.5")),
    ("the year of a range", "in 2020-2024 again.", "in 2020-2025 again.", ("2024", "2025")),
    ("a Korean figure", "수출은 5.1% 증가한 570억 달러.", "수출은 5.1% 증가한 580억 달러.", ("570", "580")),
]


@pytest.mark.parametrize(("old", "new", "pair"), [row[1:] for row in FIGURES], ids=[row[0] for row in FIGURES])
def test_a_changed_figure_is_told_whole(old: str, new: str, pair: tuple[str, str]) -> None:
    assert body_line(old, new).numbers == (pair,)


RESPACED = [
    ("percent", "It rose 5.2 % and fell 3 %.", "It rose 5.2% and fell 4%.", ("3%", "4%")),
    ("wide percentage points", "It is 1.2％p and 3 ％p.", "It is 1.2 %p and 4%p.", ("3％p", "4%p")),
    ("currencies", "It holds $ 5.3 and € 5.", "It holds $5.4 and €5.", ("$5.3", "$5.4")),
    ("thousands", "It has 1 ,000 firms and 2 ,000 plants.", "It has 1,000 firms and 3,000 plants.", ("2,000", "3,000")),
    ("dates", "2024. 7. 1.부터 2024. 7. 5.까지", "2024.7.1.부터 2024.7.6.까지", ("2024.7.5", "2024.7.6")),
    ("dots and tildes", "수출ㆍ투자 5 ~ 7% 늘어.", "수출·투자 5∼8% 늘어.", ("7%", "8%")),
    ("a year that ends a sentence", "It was 2024. 7 firms came.", "It was 2023. 7 firms came.", ("2024", "2023")),
]


@pytest.mark.parametrize(("old", "new", "pair"), [row[1:] for row in RESPACED], ids=[row[0] for row in RESPACED])
def test_only_the_changed_figure_is_told_where_spaces_at_figures_differ(
    old: str, new: str, pair: tuple[str, str]
) -> None:
    line = body_line(old, new)
    assert (line.numbers, line.places) == ((pair,), 1)


@pytest.mark.parametrize(
    ("old", "new"), [("It rose 5.2 percent.", "It rose 5.2%."), ("It costs 5 dollars.", "It costs $5.")]
)
def test_a_sign_in_place_of_a_word_is_no_other_figure(old: str, new: str) -> None:
    line = body_line(old, new)
    assert (line.numbers, line.places) == ((), 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("exports rose 5.1 percent.", "exports fell 5.1 percent."),
        ("worth $5.3 billion.", "worth $5.3 million."),
        ("The talks ended. It rained.", "The talks ended. It rained. Trade rose 5.1 percent."),
        ("Trade rose 5.1 percent. The talks ended.", "The talks ended."),
        ("rose 5.1 percent in the first half.", "rose 5.1 percent in the second half."),
    ],
    ids=["sign word", "unit", "figure in a new sentence", "figure in a sentence gone", "word beside a figure"],
)
def test_an_edit_that_replaces_no_figure_pairs_none(old: str, new: str) -> None:
    line = body_line(old, new)

    assert line.places == 1
    assert line.numbers == ()


def test_pairs_of_figures_stand_in_the_order_of_the_text() -> None:
    old = real("003#2").body
    new = old.replace("$70.9 billion", "$71.9 billion").replace("5.3 percent", "5.8 percent")
    new = new.replace("2,782,639", "2,782,640")

    assert body_line(old, new).numbers == (("$70.9", "$71.9"), ("5.3", "5.8"), ("2,782,639", "2,782,640"))


def test_figures_of_one_replaced_span_are_paired_in_order_and_equal_ones_left_out() -> None:
    line = body_line("It rose 5.1 percent to 57.", "It rose 5.3 points, to 57.")

    assert line.numbers == (("5.1", "5.3"),)


def test_figures_are_not_paired_where_one_side_has_more_of_them() -> None:
    assert body_line("It rose in 2023 and 2024 again.", "It sank to 57 again.").numbers == ()


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("rose 5.1 percent.", "rose 5.3 percent.", "rose [-5.1-]{+5.3+} percent."),
        ("rose 8.2 percent.", "rose 82 percent.", "rose [-8.2-]{+82+} percent."),
        ("The talks ended.", "The talks ended well.", "The talks ended {+well+} ."),
        ("The long talks ended.", "The talks ended.", "The [-long-] talks ended."),
        ("The talks ended.", "The meetings ended.", "The [-talks-]{+meetings+} ended."),
        (
            "It rose 5.1 percent to 57.",
            "It fell 5.3 points to 60.",
            "It [-rose 5.1 percent-]{+fell 5.3 points+} to [-57-]{+60+} .",
        ),
        (
            "He met the head of the new plant.",
            "He saw a very small part of his old home.",
            "He [-met the head of the new plant-]{+saw a very small part of his old home+} .",
        ),
        (
            "The talks ended.",
            "The long, hard, open talks, as was said, ended.",
            "The {+long, hard, open+} talks {+, as was said,+} ended.",
        ),
        (
            "It rained. The talks ended.",
            "It rained. Chips sank. The talks ended.",
            "It rained. {+Chips sank.+} The talks ended.",
        ),
        (
            "The talks ended.",
            "They said the date stands. The talks ended.",
            "{+They said the date stands.+} The talks ended.",
        ),
    ],
    ids=[
        "figure",
        "decimal point",
        "word put in",
        "word taken out",
        "word replaced",
        "short edits around a word",
        "long edits around a word",
        "words put in around a word",
        "sentence put in",
        "sentence with words of the next",
    ],
)
def test_a_redline_shows_whole_words(old: str, new: str, shown: str) -> None:
    assert marked(body_line(old, new)).split() == shown.split()


def test_one_figure_of_a_real_release_is_one_place() -> None:
    auto = real("003#2")
    line = body_line(auto.body, swapped(auto, "$70.9 billion", "$71.9 billion").body)

    assert line.places == 1
    assert [edit.op for edit in line.edits] == ["keep", "replace", "keep"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Korea's exports rose.", "Korea’s exports rose."),
        ("trade – and more.", "trade - and more."),
        ("The Ministry said.", "the ministry said."),
        ("two  blanks here.", "two blanks here."),
        ("one\nline.", "one line."),
    ],
    ids=["quotes", "dashes", "letter case", "blanks", "line break"],
)
def test_typography_is_no_edit(old: str, new: str) -> None:
    assert body_line(old, new).places == 0


LONG = "Exports of the year {0} rose. " * 3_500  # 21,000 words
STOPS = "{0} . " * 21_000


@pytest.mark.parametrize(
    ("old", "new", "edit"),
    [
        (
            f"{LONG.format(1)}It rose 5.1 percent.",
            f"{LONG.format(1)}It rose 5.3 percent.",
            ("It rose 5.1 percent.", "It rose 5.3 percent."),
        ),
        (STOPS.format("a").strip(), STOPS.format("b").strip(), (STOPS.format("a").strip(), STOPS.format("b").strip())),
    ],
    ids=["sentences", "too many of them"],
)
def test_very_long_texts_are_compared_by_sentences_and_longer_ones_not_at_all(
    old: str, new: str, edit: tuple[str, str]
) -> None:
    assert [(e.old.strip(), e.new.strip()) for e in body_line(old, new).edits if e.op != "keep"] == [edit]


def test_an_edit_in_a_very_long_cut_text_without_sentences_is_not_lost() -> None:
    old = " ".join(f"w{number}" for number in range(25_000))
    assert redline("body", old, old.replace(" w7 ", " x7 ")).places
    assert not redline("body", old, old).places


def test_every_edit_names_its_field() -> None:
    assert {edit.field for edit in redline("title", "Talks held", "Talks ended").edits} == {"title"}


def test_an_equal_text_is_one_keep_or_none() -> None:
    body = real("003#2").body
    assert [edit.op for edit in body_line(body, body).edits] == ["keep"]
    assert body_line("", "").edits == ()


# --- cut views -----------------------------------------------------------------------------------------------------

WHOLE = "Exports rose 5.1 percent in June. Chips rose 50.9 percent. Displays rose 26.1 percent. Ships rose too."
CUTS = [
    ("a shorter view", "Exports rose 5.1 percent in June. Chips rose 50.9 per", (), WHOLE),
    (
        "a shorter view with a changed figure",
        "Exports rose 5.3 percent in June. Chips rose 50.9 per",
        (("5.1", "5.3"),),
        WHOLE.replace("5.1", "5.3"),
    ),
    (
        "a shorter view whose last whole word is changed",
        "Exports rose 5.1 percent in June. Chips rose 50.8 per",
        (("50.9", "50.8"),),
        WHOLE.replace("50.9", "50.8"),
    ),
    (
        "a shorter view that ends inside a figure",
        "Exports rose 5.3 percent in June. Chips rose 50.9 percent. Displays rose 2",
        (("5.1", "5.3"),),
        WHOLE.replace("5.1", "5.3"),
    ),
    (
        "a shorter view that ends behind a stop as the whole does",
        "Exports rose 5.3 percent in June. Chips",
        (("5.1", "5.3"),),
        WHOLE.replace("5.1", "5.3"),
    ),
    (
        "a shorter view whose new figure stands in the tail it does not show",
        "Exports rose 26.1 percent in June. Chips rose 50.9 per",
        (("5.1", "26.1"),),
        WHOLE.replace("5.1", "26.1", 1),
    ),
]


@pytest.mark.parametrize(("new", "pairs", "merged"), [row[1:] for row in CUTS], ids=[row[0] for row in CUTS])
def test_a_cut_view_is_compared_over_the_common_length_and_keeps_the_known_tail(
    new: str, pairs: tuple[tuple[str, str], ...], merged: str
) -> None:
    line = body_line(WHOLE, new)

    assert line.numbers == pairs
    assert line.places == len(pairs)
    assert line.merged == merged


def test_a_view_longer_than_a_cut_one_adds_no_edit_for_its_tail() -> None:
    line = body_line("Exports rose 5.3 percent in June. Chips rose 50.9 per", WHOLE)

    assert line.numbers == (("5.3", "5.1"),)
    assert line.merged == WHOLE


def test_an_invisible_character_behind_a_cut_view_pairs_no_ends() -> None:
    assert body_line(f"{WHOLE} \u200b", "Exports rose 5.3 percent \u200b Ju").numbers == (("5.1", "5.3"),)


def test_the_open_last_word_of_two_cut_views_is_no_edit() -> None:
    line = body_line("Exports rose 5.1 percent in Ju", "Exports rose 5.1 percent in J")

    assert line.places == 0


@pytest.mark.parametrize(
    ("old", "new", "pairs"),
    [
        ("Grain moved | 17", "Grain moved | 18", (("17", "18"),)),
        ("Grain rose by 5.1%", "Grain rose by 5.3%", (("5.1%", "5.3%"),)),
        ("The hall opens in June", "The hall opens in July", ()),
    ],
)
def test_a_last_word_that_no_cut_explains_counts(old: str, new: str, pairs: tuple[tuple[str, str], ...]) -> None:
    line = body_line(old, new)
    assert (line.places, line.numbers, line.merged) == (1, pairs, new)


def test_the_last_word_of_a_whole_text_counts() -> None:
    assert body_line("Exports rose in June.", "Exports rose in July.").places == 1


def test_a_real_cut_body_shown_shorter_and_corrected_keeps_its_tail() -> None:
    known = real("000#2")
    corrected = swapped(known, "(up 50.9 percent)", "(up 50.8 percent)").body
    shorter = cut(replace(known, body=corrected), 3000).body

    line = body_line(known.body, shorter)

    assert line.numbers == (("50.9", "50.8"),)
    assert line.merged == corrected


def test_a_cut_inside_the_groups_of_a_figure_is_no_edit() -> None:
    line = body_line("Sales rose 5.1 percent to 2,782,639 units.", "Sales rose 5.3 percent to 2,782,")

    assert line.numbers == (("5.1", "5.3"),)


# --- properties ----------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "Korea",
        "exports",
        "rose",
        "5.1",
        "5.3",
        "$5.3",
        "5.1%",
        "2,782,639",
        "-1.5",
        "(up",
        "billion)",
        "수출은",
        "570억",
    ]
)
TEXTS = st.lists(WORDS, max_size=30).map(lambda words: " ".join([*words, "end."]))
ODD_TEXTS = st.lists(WORDS | st.sampled_from(["Korea’s", "–", "“chips”", "KOREA"]), max_size=30).map(
    lambda words: " ".join([*words, "end."])
)


@given(ODD_TEXTS, ODD_TEXTS)
def test_spans_put_together_give_both_texts_back(old: str, new: str) -> None:
    edits = body_line(old, new).edits

    assert "".join(edit.old for edit in edits) == old
    assert "".join(edit.new for edit in edits) == new


@given(TEXTS, TEXTS)
def test_equal_words_have_no_place_and_different_ones_have_one(old: str, new: str) -> None:
    assert (body_line(old, new).places == 0) == (old == new)


@given(TEXTS, st.data())
def test_any_cut_of_a_text_is_no_edit_and_merges_into_the_whole(whole: str, data: st.DataObject) -> None:
    short = whole[: data.draw(st.integers(0, len(whole) - 1))].rstrip()
    assume(short and short[-1].isalnum())  # behind "rose 5." it would pass for a whole text
    line = body_line(whole, short)

    assert line.places == 0
    assert line.merged == whole
    assert body_line(short, whole).places == 0


@given(TEXTS, TEXTS)
def test_no_figure_is_ever_torn(old: str, new: str) -> None:
    figures = {"5.1", "5.3", "$5.3", "5.1%", "2,782,639", "-1.5", "570"}

    assert {figure for pair in body_line(old, new).numbers for figure in pair} <= figures


@given(st.data())
def test_one_corrected_figure_is_one_edit_wherever_the_view_is_cut(data: st.DataObject) -> None:
    whole = real("004#3").body
    at = data.draw(st.sampled_from([match.start() for match in re.finditer(r"(?<![0-9])\d{4}(?!\d)", whole)]))
    corrected = f"{whole[:at]}1888{whole[at + 4 :]}"
    short = corrected[: data.draw(st.integers(at + 6, len(whole) - 2))]
    assume(short[-1].isalnum())

    line = body_line(whole, short)

    assert line.numbers == ((whole[at : at + 4], "1888"),)
    assert line.merged == corrected


PIECES = "a|the|p|pp|ｐ가|수출|ㆍ|²|5|1.5|5 %|5 % p|$|$ 5|2024. 7. 1|7.|,000|,|.| |  |\n|-|-1.5|(|Word|...|%|_"
TEXTS = st.lists(st.sampled_from(PIECES.split("|")), max_size=12).map(" ".join)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_what_both_texts_begin_and_end_with_is_read_as_in_the_whole(start: str, old: str, new: str, end: str) -> None:
    texts = f"{start} {old}{end}", f"{start} {new}{end}"
    *tokens, same = _tokens(*texts)
    assert tokens == [_WORD.findall(text) for text in texts]
    assert _kept(*tokens, same=same) == _kept(*tokens, same=0)


def test_of_one_edit_in_a_long_text_only_its_surroundings_are_read_twice() -> None:
    old = " ".join(f"word{number}" for number in range(500))
    olds, news, same = _tokens(old, old.replace("word300 ", "another "))
    assert same == 2 * 299
    assert olds[same + 4 :] == news[same + 3 :]
