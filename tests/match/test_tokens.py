"""Text into tokens: where words begin and end, what they are compared by, and which forms they have."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.match.korean import JOINT
from monitor.match.lexicon import EVERYDAY, SINGULAR_IN_S, UNTOUCHABLE
from monitor.match.tokens import GLUED, inflections, is_hangul, tokens
from tests.examples import examples

# The characters that decide where a word ends, often enough to meet each other.
PIECES = st.sampled_from(
    [
        *"aZsSÉßİ9 .,--_/'’ʼ\n\t\u00a0\u200b\u00ad\u0301²₂½①Ⅳﬁ３Ａ한국ㅋ中あ를··",
        *(
            "U.S.",
            "1,232",
            "02-12-3",
            "2024.7.1",
            "2024.12.",
            "2024-07",
            "COVID-",
            "'s",
            "’s",
            "FTA",
            unicodedata.normalize("NFD", "반도체"),
            "ŉ",
            "ͺ",
            "ﷺ",
            "\U00010400",
        ),
    ]
)
TEXTS = st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=40)
ASCII_TEXTS = st.lists(PIECES.filter(str.isascii), max_size=25).map("".join) | st.text(
    st.characters(max_codepoint=127), max_size=40
)
WITHOUT_DISK = settings(database=None, max_examples=examples(400))

SPLITS = [
    ("plain words", "Exports rose 5.1 percent", "exports rose 5.1 percent"),
    ("underscores separate", "press_release", "press release"),
    ("hyphens, slashes and odd blanks separate", "high-tech/IT\u00a0goods\nnow", "high tech it goods now"),
    ("a particle behind Latin is dropped", "FTA를 체결", "fta 체결"),
    ("other Hangul stands apart from Latin", "5개 품목", "5 개 품목"),
    ("Latin stands apart from Hangul", "차세대AI반도체", "차세대 ai 반도체"),
    ("a possessive s is dropped", "Korea's exports", "korea exports"),
    ("a curly possessive too", "Korea’s exports", "korea exports"),
    ("a possessive in capitals too", "KOREA'S EXPORTS", "korea exports"),
    ("a possessive after dots", "the U.S.'s view", "the us view"),
    ("a possessive after Hangul", "삼성's", "삼성"),
    ("an s that begins a word stays", "'s-Hertogenbosch", "s hertogenbosch"),
    ("a word after an apostrophe stays", "O'Sullivan d'snow", "o sullivan d snow"),
    ("a plural possessive is a plural", "firms' goods", "firms goods"),
    ("dotted capitals are one word", "U.S. and U.S and R.O.K.", "us and us and rok"),
    ("dotted capitals before a hyphen", "U.S.-led", "us led"),
    ("a name glued to dotted capitals is its own word", "U.S.Korea", "us korea"),
    ("dots between small letters separate", "e.g. p.m.", "e g p m"),
    ("a capital before a dot and a blank stays alone", "Plan B. A start", "plan b a start"),
    ("a capital glued to a word is no dotted word", "A.Bc", "a bc"),
    ("accents are dropped", "Café Übersee", "cafe ubersee"),
    ("combining accents too", unicodedata.normalize("NFD", "Café"), "cafe"),
    ("widths are levelled", "ＦＴＡ　３", "fta 3"),
    ("a figure may mix widths", "39.３ 12312,３", "39.3 12312,3"),
    ("sharp s folds", "Straße", "strasse"),
    ("the dotted capital I folds", "İZMİR", "izmir"),
    ("lowered digits belong to the word", "CO₂", "co2"),
    ("raised digits do not touch a digit", "10² m²", "10 m2"),
    ("fractions are no words", "1½ ① a", "1 a"),
    ("soft hyphens and zero-width blanks cut nothing", "semi\u00adcon\u200bductor", "semiconductor"),
    ("not between a digit and a letter either", "3\u200ba 1.5\u200bb 02-12-3\u200ba", "3a 1.5b 02 12 3a"),
    ("nor between digits", "5\u200b000", "5000"),
    ("behind them a raised digit still touches no digit", "10\u200b² m²\u200b3", "10 m 3"),
    ("Hangul is composed", unicodedata.normalize("NFD", "반도체"), "반도체"),
    ("half-width Hangul too", "ﾤ", "ᄂ"),
    (
        "a dot or a hyphen behind a lone syllable joins it",
        "한·미, 한ㆍ미 노․사-정 한국·미국",
        "한·미 미 한·미 미 노·사 사·정 정 한국 미국",
    ),
    ("in decomposed Hangul too", unicodedata.normalize("NFD", "한·미"), "한·미 미"),
    ("a blank does not", "한 · 미 한, 미", "한 미 한 미"),
    ("a day behind a hyphen is a day", "a-2024.07.01 2023.7.1-2024.7.1.", "a 2024 07 01 2023 7 1 2024 7 1"),
    ("a day with hyphens, and a month", "2023-07-01-2024-07-01 2024-07", "2023 07 01 2024 07 01 2024 07"),
    ("a month behind a point", "2024.12. 2024.7월 2024.7(잠정) 2024.7", "2024 12 2024 7 월 2024 7 잠정 2024.7"),
    ("a telephone number behind a word", "FAX-02-2100-232", "fax 022100232"),
    ("no words", " .,;— …\n", ""),
]


def forms(text: str) -> set[str]:
    return {token.form for token in tokens(text)}


def bare(form: str) -> str:
    """A form without what tells of the hyphen or the dot beside it."""
    return form.removeprefix(GLUED).partition(JOINT)[0]


@pytest.mark.parametrize(("rule", "text", "expected"), SPLITS, ids=[row[0] for row in SPLITS])
def test_a_text_is_cut_into_words(rule: str, text: str, expected: str) -> None:
    assert " ".join(token.form for token in tokens(text)) == expected, rule


@pytest.mark.parametrize(("text", "expected"), [("U.S.", False), ("ＩＴ", False), ("반도체", True), ("中", False)])
def test_a_token_is_hangul_or_not(text: str, expected: bool) -> None:
    (token,) = tokens(text)

    assert is_hangul(token.form) is expected


@pytest.mark.parametrize(("text", "cased"), [("U.S.", "US"), ("Café", "Cafe"), ("FTAs", "FTAs"), ("CO₂", "CO2")])
def test_the_cased_form_keeps_capitals_and_nothing_else(text: str, cased: str) -> None:
    assert tokens(text)[0].cased == cased


def test_offsets_point_into_the_raw_text_even_when_folding_changes_lengths() -> None:
    text = f"Straße, {unicodedata.normalize('NFD', '반도체')}를 — Korea’s U.S. \u200bﬁrms"

    assert [text[token.start : token.end] for token in tokens(text)] == [
        "Straße",
        unicodedata.normalize("NFD", "반도체") + "를",
        "Korea",
        "U.S.",
        "ﬁrms",
    ]


@WITHOUT_DISK
@given(ASCII_TEXTS)
def test_a_text_in_ascii_is_cut_as_it_is_before_another_script(text: str) -> None:
    assert tokens(text) == tokens(f"{text} 가")[:-1]


@WITHOUT_DISK
@given(TEXTS)
@example("a02-12-3\u200ba")
@example("a-3\u200b²")
@example("3-39.３")
@example("a-3\u0301²a")
@example("a1,232-2024.7.1")
@example("-20247,2024-0A")
@example("..0-２０２４，2024")
def test_every_token_is_its_stretch_of_the_raw_text_and_reads_the_same_alone(text: str) -> None:
    end = 0
    for token in tokens(text):
        assert end <= token.start < token.end <= len(text)
        assert token.raw == text[token.start : token.end]
        assert [again.form for again in tokens(token.raw)] == [bare(token.form)]
        end = token.end


@WITHOUT_DISK
@given(TEXTS)
def test_forms_hold_letters_and_digits_only(text: str) -> None:
    marks = {ord(mark): None for mark in ".,"}  # of figures

    assert all(bare(form).translate(marks).isalnum() for form in forms(text))


@WITHOUT_DISK
@given(st.lists(st.sampled_from(["Café", "반도체", "FTA", "Ümit's", "U.S.", "수출이"]), max_size=6).map(" ".join))
def test_composed_and_decomposed_text_have_the_same_forms(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)

    assert [token.form for token in tokens(decomposed)] == [token.form for token in tokens(text)]


@pytest.mark.parametrize("odd", ["\u200b", "a\u200b", "\u0301", "'s", "A.", "²", "한\u200b", ".", "s'"])
def test_long_runs_of_odd_characters_are_read_to_the_end(odd: str) -> None:
    # A pattern that backtracks over such a run would not come back within the patience of whoever runs the suite.
    assert tokens("word " + odd * 50_000 + " end")[-1].form == "end"


def test_figures_of_thousands_of_digits_are_compared() -> None:
    descending, ascending = "9" * 5_000 + "-1", "1-" + "9" * 5_000

    assert [len(token.form) for token in tokens(f"{descending} {ascending}")] == [5_001, 1, 5_000]


INFLECTIONS = [
    ("semiconductor", {"semiconductors"}),
    ("semiconductors", {"semiconductor"}),
    ("company", {"companies"}),
    ("companies", {"company", "companie"}),
    ("key", {"keys"}),
    ("tax", {"taxes"}),
    ("taxes", {"tax", "taxe"}),
    ("batch", {"batches"}),
    ("photo", {"photos", "photoes"}),
    ("house", {"houses"}),
    ("gas", {"gases"}),
    ("gases", {"gas", "gase"}),
    ("process", {"processes"}),
    ("FTA", {"FTAs"}),
    ("FTAs", {"FTA"}),
    ("EVs", {"EV"}),
    ("GPS", {"GPSes"}),
    ("AIDS", set()),
    ("aid", set()),
    ("US", set()),
    ("OS", {"OSes"}),
    ("it", set()),
    ("was", set()),
    ("GA", set()),
    ("new", set()),
    ("news", set()),
    ("custom", set()),
    ("customs", set()),
    ("good", set()),
    ("arm", set()),
    ("security", set()),
    ("series", set()),
    ("virus", {"viruses"}),
    ("analysis", {"analysises"}),
    ("use", {"uses"}),
    ("uses", {"use"}),
    ("G20", set()),
    ("반도체", set()),
]


@pytest.mark.parametrize(("word", "others"), INFLECTIONS, ids=[row[0] for row in INFLECTIONS])
def test_a_word_has_its_regular_plural_or_singular(word: str, others: set[str]) -> None:
    assert inflections(word) - {word} == others


@pytest.mark.parametrize("word", sorted(UNTOUCHABLE | SINGULAR_IN_S))
def test_no_word_reaches_a_listed_word(word: str) -> None:
    stems = {word[:-1], word[:-2], word[:-3] + "y"}

    assert not any(word in inflections(stem) for stem in stems if stem)


@pytest.mark.parametrize("word", sorted(EVERYDAY))
def test_the_lists_are_written_in_the_form_they_are_compared_in(word: str) -> None:
    assert forms(word) == {word}


PLAIN = st.one_of(st.from_regex(r"[A-Za-z]{1,6}", fullmatch=True), st.from_regex("[가-힣]{1,5}", fullmatch=True))


@WITHOUT_DISK
@given(st.lists(PLAIN | st.sampled_from(["한", "미", "s", "S", "를", "반도체", "FTA", "의", "년"]), max_size=6))
@example(["한", "미", "FTA", "를"])
def test_plain_words_are_what_they_are_beside_a_mark(words: list[str]) -> None:
    text = " ".join(words)
    assert tokens(text) == tokens(f"{text} .")  # the mark has no word, but is no letter either
