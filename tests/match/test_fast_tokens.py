"""The quick reading of a text against the tokens: the same words, at the same offsets, whatever the script."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.match.fast_tokens import FastTokens
from monitor.match.tokens import tokens
from tests.examples import examples
from tests.match.test_tokens import SPLITS, TEXTS

# English of releases, where quick and slow stretches alternate.
STRETCHES = st.sampled_from(
    ["trade", "Korea's", "the", "U.S.", "U.S.-led", "U.S.Korea", "'s", "5%p,", "반도체가", "Café", "A.", "ﬁrm"]
)
ENGLISH = st.lists(
    st.tuples(STRETCHES, st.sampled_from([" ", " ", " ", "\n", "’s ", "“", "—", "\t", ""])).map("".join)
).map("".join)
# Korean of releases, where a letter or a mark decides whether a stretch is quick.
SYLLABLES = st.sampled_from(
    [
        "반도체",
        "수출을",
        "한",
        "미",
        "3",
        "2.5",
        "1,232",
        "FTA",
        "A",
        "를",
        "이란",
        "은",
        "ㄱ",
        "\u11a8",
        "\u0301",
        "韓",
        "\u200b",
    ]
)
BETWEEN = st.sampled_from(
    [" ", " ", " ", " ", "", "", ".", ". ", ", ", "(", ")", "·", "ㆍ", "-", "'", "」", "\n", "\t"]
)
KOREAN = st.lists(st.tuples(SYLLABLES, BETWEEN).map("".join)).map("".join)
WITHOUT_DISK = settings(database=None, max_examples=examples(400))


@pytest.mark.parametrize("text", [row[1] for row in SPLITS], ids=[row[0] for row in SPLITS])
def test_every_rule_of_words_holds_in_the_quick_reading(text: str) -> None:
    assert_reads_as_tokens(text)
    assert_reads_as_tokens(f"plain words before {text} and behind, all of them in ASCII and so read by the table")


@WITHOUT_DISK
@given(TEXTS | ENGLISH | KOREAN)
def test_the_quick_reading_finds_the_same_words_at_the_same_offsets(text: str) -> None:
    assert_reads_as_tokens(text)


@WITHOUT_DISK
@given(TEXTS | ENGLISH | KOREAN)
def test_what_stands_between_two_blanks_is_read_apart(text: str) -> None:
    apart = [token.raw for stretch in text.split(" ") for token in tokens(stretch)]

    assert apart == [token.raw for token in tokens(text)]


def assert_reads_as_tokens(text: str) -> None:
    found, spelling = tokens(text), FastTokens(text)
    starts = spelling.starts

    assert spelling.folded.split() == [token.form for token in found]
    assert spelling.written.split() == [token.raw for token in found]
    assert [spelling.location(start, start) for start in starts] == [(token.start, token.end) for token in found]
    for start, token in zip(starts, found, strict=True):
        assert spelling.folded[start - 1 :].startswith(f" {token.form} ")
        assert spelling.written[start - 1 :].startswith(f" {token.raw} ")
