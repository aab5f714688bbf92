"""Escaped and misread texts become what their publisher wrote; all other texts stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.readable import readable


def misread(text: str, encoding: str = "cp1252") -> str:
    """Return a text whose UTF-8 was read in another encoding; a byte that it lacks becomes a control character."""
    return "".join(_character(byte, encoding) for byte in text.encode())


def _character(byte: int, encoding: str) -> str:
    try:
        return bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return chr(byte)


ESCAPED = [
    ("a decimal number", "Seoul&#39;s", "Seoul's"),
    ("a number with zeros before it", "Seoul&#0039;s", "Seoul's"),
    ("a hexadecimal number", "T&#x14d;ky&#X14D;", "Tōkyō"),
    ("a syllable", "&#48152;도체", "반도체"),
    ("a name", "Seoul&rsquo;s &ldquo;plan&rdquo; &hellip;", "Seoul’s “plan” …"),
    ("a name of HTML 5", "5 &lt; 6 &NotEqual; 7", "5 < 6 ≠ 7"),
    ("an ampersand", "P&amp;G", "P&G"),
    ("escaped twice", "Seoul&amp;#39;s &amp;quot;plan&amp;quot;", 'Seoul\'s "plan"'),
    ("escaped four times", "P&amp;amp;amp;amp;G", "P&G"),
    ("a no-break space", "free&nbsp;trade", "free trade"),
    ("a line end", "a&#10;-&NewLine;b", "a - b"),
    ("a number of CP1252", "&#128; 5", "€ 5"),
    ("misread before it was escaped", "Seoul&acirc;&euro;&trade;s", "Seoul’s"),
    ("a decimal number without a semicolon", "Seoul&#8217s &amp;#39plan&#39", "Seoul’s 'plan'"),
    ("a tag becomes text", "&lt;b&gt;", "<b>"),
]

MISREAD = [
    "Seoul’s “plan” — 반도체",
    "Tōkyō",
    "TŌKYŌ",
    "₩5",
    "élan à Nîmes",
    "25°C",
    "£5",
    "Москва",
    "日本のFTA",
    "😀",
    "×",
]
MISREAD += ["5 × 6", "기업", "보고", "보고\n기업\n렠"]  # a last byte that is a space to Python

AS_THEY_ARE = [
    *("R&D;", "AT&T", "a & b", "&copy 2024", "&nosuch;", "&;", "&#;", "&#x;", "x &amp y"),
    *("&#0;", "&#xD800;", "&#99999999;", "&#27;"),  # no characters of a text
    *("ROSÉ’s tour", "CAFÉ…", "«É»", "Spaß“", "NESTLÉ®", "IRMÃ”", "5 Å…", "LIBERTÉ\u00a0»", "«\u00a0voilà\u00a0»"),
    *("Ã", "Ã is a letter", "â", "fiancé", "été à Nîmes", "São Tomé’s “plan”", "Korea’s growth", "반도체", "Beyoncé’s"),
    *("“Äpfel", "«Так и…»", "├┤", "AÇÃO", "ÀÁÂÃÄÅ", "Chapter 1 ········ 5", "°°°°", "½¼¾½", "√2 ¬p"),
    "Seoulâ€™s café",  # not all of it was misread: then nobody knows
]

KOREAN = ["정부, 반도체 수출 대책 발표", "한·미 FTA ‘5.2%’ 증가", "① 같은 날 같은 곳", "수출"]
LOST = [
    ("a quote without its last byte", "said â€œyesâ€ to it", "said “yes” to it"),
    ("a no-break space that became a plain one", "5Â % of itâ€™s", "5\u00a0% of it’s"),
    ("an à before a space", "Ã GenÃ¨ve", "à Genève"),
    ("a syllable with a space", "ìœ ê°€", "유가"),
]

PIECES = st.sampled_from(
    [
        *"&;#x39é ÃÂ…\u00a0\x85\n고",
        "amp;",
        "lt;",
        "#39;",
        "num;",
        *map(misread, "고’업é"),
        misread(misread("é")),
        "√",
        "¼ö",
        "Ã ",
        "â€",
    ]
)


@pytest.mark.parametrize(("what", "text", "expected"), ESCAPED, ids=[row[0] for row in ESCAPED])
def test_an_entity_becomes_its_character(what: str, text: str, expected: str) -> None:
    assert readable(text) == expected


@pytest.mark.parametrize("text", MISREAD)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_a_misread_text_becomes_readable(text: str, encoding: str) -> None:
    assert readable(misread(text, encoding)) == text
    assert readable(misread(misread(text, encoding), "latin-1")) == text


@pytest.mark.parametrize("codec", ["mac_roman", "cp1250", "cp1251", "cp437"])
@pytest.mark.parametrize("text", ["Seoul’s growth", "정부 한국 경제"])
def test_a_text_that_another_codec_misread_becomes_readable(text: str, codec: str) -> None:
    assert readable(text.encode().decode(codec)) == text


@pytest.mark.parametrize("text", KOREAN)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_korean_of_cp949_that_was_misread_becomes_readable(text: str, encoding: str) -> None:
    once = "".join(bytes([byte]).decode(encoding) for byte in text.encode("cp949"))
    assert readable(once) == readable(misread(once)) == text


@pytest.mark.parametrize(("what", "text", "expected"), LOST, ids=[row[0] for row in LOST])
def test_a_misread_text_that_lost_a_byte_becomes_readable(what: str, text: str, expected: str) -> None:
    assert readable(text) == expected


@pytest.mark.parametrize("text", [*AS_THEY_ARE, *MISREAD])
def test_a_good_text_stays_as_it_is(text: str) -> None:
    assert readable(text) == text


def test_what_was_cut_within_a_character_ends_before_it() -> None:
    assert readable(misread("수출 반도체")[:-1]) == "수출 반도"


def test_each_line_is_judged_by_itself() -> None:
    assert readable(f"{misread('Seoul’s')}\nSeoul’s café") == "Seoul’s\nSeoul’s café"


@given(st.lists(PIECES, max_size=10).map("".join))
def test_reading_a_stored_text_again_changes_nothing(text: str) -> None:
    stored = readable(text).strip()
    assert readable(stored) == stored
