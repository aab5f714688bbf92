"""Decoding dumps: the same releases whatever the encoding, and no text made out of garbage."""

from __future__ import annotations

import codecs
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.collect.charset import SAMPLE_SIZE, decode, detect_encoding
from monitor.collect.formats.dash.parser import parse
from monitor.errors import NotReadable
from tests.dumps import Written, dump, dumps, record

ENGLISH = dump(record("Talks held", "Korea’s exports rose “5.1%”."), record("Visit ends", "Café – to be continued."))
KOREAN = dump(
    record("산업통상자원부 글로벌 투자가 늘어", "정부가 글로벌 기업의 저탄소 투자를 지원한다고 밝혔다."),
    record("수출 증가", "수출이 5.1% 증가했다고 한다. 가격이 저가 경쟁으로 저하됐다."),
)
ASCII = dump(record("Talks held"), record("Visit ends"))

# (what, text, its bytes, the encoding found)
TOLD = [
    ("ASCII", ASCII, ASCII.encode(), "utf-8"),
    ("UTF-8", ENGLISH, ENGLISH.encode(), "utf-8"),
    ("UTF-8 in Korean", KOREAN, KOREAN.encode(), "utf-8"),
    ("UTF-8 with a BOM", ENGLISH, codecs.BOM_UTF8 + ENGLISH.encode(), "utf-8"),
    ("UTF-16 LE with a BOM", KOREAN, codecs.BOM_UTF16_LE + KOREAN.encode("utf-16-le"), "utf-16-le"),
    ("UTF-16 BE with a BOM", KOREAN, codecs.BOM_UTF16_BE + KOREAN.encode("utf-16-be"), "utf-16-be"),
    ("UTF-16 LE", ENGLISH, ENGLISH.encode("utf-16-le"), "utf-16-le"),
    ("UTF-16 BE", ENGLISH, ENGLISH.encode("utf-16-be"), "utf-16-be"),
    ("UTF-16 LE in Korean", KOREAN, KOREAN.encode("utf-16-le"), "utf-16-le"),
    ("UTF-16 BE in Korean", KOREAN, KOREAN.encode("utf-16-be"), "utf-16-be"),
    ("CP949", KOREAN, KOREAN.encode("cp949"), "cp949"),
    ("CP949 syllables that EUC-KR lacks", dump(record("똠방각하", "펲시콜라.")),
     dump(record("똠방각하", "펲시콜라.")).encode("cp949"), "cp949"),
    ("CP949 in English, with quotes", ENGLISH.replace("Café –", "Cafe ―"),
     ENGLISH.replace("Café –", "Cafe ―").encode("cp949"), "cp949"),
    ("CP949 in English, with a Korean name", dump(record("Talks", "The minister (산업) said “5.1%”, ‘more’, “less”.")),
     dump(record("Talks", "The minister (산업) said “5.1%”, ‘more’, “less”.")).encode("cp949"), "cp949"),
    ("CP1252 with apostrophes alone", dump(record("Korea’s talks", "The ministry’s and Seoul’s.")),
     dump(record("Korea’s talks", "The ministry’s and Seoul’s.")).encode("cp1252"), "cp1252"),
    ("CP1252 in a western language", dump(record("Señor Núñez", "¿Qué pasó? «Ça va» – más.")),
     dump(record("Señor Núñez", "¿Qué pasó? «Ça va» – más.")).encode("cp1252"), "cp1252"),
    ("CP1252", ENGLISH, ENGLISH.encode("cp1252"), "cp1252"),
    ("CRLF", ENGLISH, ENGLISH.replace("\n", "\r\n").encode(), "utf-8"),
    ("CR", ENGLISH, ENGLISH.replace("\n", "\r").encode(), "utf-8"),
    ("CRLF in UTF-16", KOREAN, KOREAN.replace("\n", "\r\n").encode("utf-16-le"), "utf-16-le"),
    ("CRLF in CP949", KOREAN, KOREAN.replace("\n", "\r\n").encode("cp949"), "cp949"),
    ("no bytes", "", b"", "utf-8"),
]  # fmt: skip

# (what, its bytes, the encoding named by the source, the text)
NAMED = [
    ("CP949 that looks like something else", "한".encode("cp949"), "cp949", "한"),
    ("CP1252 in spite of valid UTF-8", "Ã©".encode("cp1252"), "cp1252", "Ã©"),
    ("UTF-8 with a BOM", codecs.BOM_UTF8 + "한".encode(), "utf-8", "한"),
    ("UTF-8 with a BOM, so named", codecs.BOM_UTF8 + "한".encode(), "utf-8-sig", "한"),
    ("UTF-16 with a BOM for LE", codecs.BOM_UTF16_LE + KOREAN.encode("utf-16-le"), "utf-16", KOREAN),
    ("UTF-16 with a BOM for BE", codecs.BOM_UTF16_BE + KOREAN.encode("utf-16-be"), "utf-16", KOREAN),
    ("UTF-16 LE with its BOM", codecs.BOM_UTF16_LE + "한".encode("utf-16-le"), "utf-16-le", "한"),
    ("a bad byte", b"a\xffb", "utf-8", "a\ufffdb"),
    ("garbage is taken at its word", b"\0\1\2\3", "utf-8", "\0\1\2\3"),
]

RANDOM = b"".join(sha256(bytes([number])).digest() for number in range(128))  # the same in every run
GARBAGE = [
    ("NULs", b"\0" * 4096),
    ("random bytes", RANDOM),
    ("a picture", b"\x89PNG\r\n\x1a\n" + RANDOM[:2000]),
    ("an archive", b"PK\3\4\x14\0\0\0\x08\0" + RANDOM[2000:]),
    ("text and then NULs, as a crash leaves it", ASCII.encode() + b"\0" * 4096),
    ("control characters", b"-\nTitle\n\1\2\3\4\5 text. date2024-07-01"),
]


def detected(content: bytes, encoding: str = "auto") -> str:
    return detect_encoding(content[:SAMPLE_SIZE], encoding).name


@pytest.mark.parametrize(("what", "text", "content", "encoding"), TOLD, ids=[row[0] for row in TOLD])
def test_the_same_text_is_read_in_every_encoding(what: str, text: str, content: bytes, encoding: str) -> None:
    decoded = decode(content)

    assert decoded == text
    assert detected(content) == encoding


@pytest.mark.parametrize(("what", "content", "encoding", "expected"), NAMED, ids=[row[0] for row in NAMED])
def test_a_named_encoding_is_not_second_guessed(what: str, content: bytes, encoding: str, expected: str) -> None:
    decoded = decode(content, encoding)

    assert decoded == expected
    assert detected(content, encoding) == encoding


@pytest.mark.parametrize(("what", "content"), GARBAGE, ids=[row[0] for row in GARBAGE])
def test_what_is_no_text_is_refused(what: str, content: bytes) -> None:
    with pytest.raises(NotReadable, match="not text"):
        decode(content)


def test_a_source_that_says_euc_kr_means_cp949() -> None:
    text = dump(record("똠방각하", "펲시콜라."))

    assert decode(text.encode("cp949"), "euc-kr") == text
    assert detected(text.encode("cp949"), "euc-kr") == "cp949"


def test_a_bad_byte_does_not_make_cp949_something_else() -> None:
    content = KOREAN.encode("cp949").replace("수출이".encode("cp949"), b"\xff\xff")

    decoded = decode(content)

    assert detected(content) == "cp949"
    assert decoded == KOREAN.replace("수출이", "\ufffd\ufffd")


@pytest.mark.parametrize("bad", [b"\xff", b"\xb0", b"\xe2\x80", b"\xc3("])
def test_a_bad_byte_rejects_its_record_and_no_other(bad: bytes) -> None:
    content = dump(*(record(f"Korea’s talks {number}", "Exports rose.") for number in range(1, 11))).encode()
    broken = content.replace(b"talks 3\nExports", b"talks 3\nExp" + bad + b"rts")

    parsed = parse(decode(broken))

    assert [each.release.title[-2:].strip() for each in parsed.records] == [
        "1",
        "2",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
    ]
    assert [reject.line for reject in parsed.rejects] == [7]


def test_a_bad_byte_beside_one_good_quote_does_not_turn_the_good_one_into_letters() -> None:
    content = ENGLISH.encode().replace(b"Caf\xc3\xa9 \xe2\x80\x93", b"Caf\xff")

    assert "Korea’s exports rose “5.1" in decode(content)


@pytest.mark.parametrize(
    "text", [ENGLISH, KOREAN, dump(record("A", "One."), record("수", "출"))], ids=["en", "ko", "mix"]
)
def test_utf8_cut_anywhere_stays_utf8(text: str) -> None:
    content = text.encode()

    for cut in range(len(content)):
        decoded = decode(content[:cut])
        assert detected(content[:cut]) == "utf-8", f"cut at byte {cut}"
        assert text.startswith(decoded.rstrip("\ufffd")), f"cut at byte {cut}"


def test_cp949_cut_in_the_middle_of_a_character_keeps_its_records() -> None:
    content = KOREAN.encode("cp949")
    whole = parse(KOREAN).records

    for cut in range(content.index(b"\n-\n"), len(content)):
        parsed = parse(decode(content[:cut]))
        assert parsed.records == whole[:1], f"cut at byte {cut}"


@pytest.mark.parametrize("shift", range(4))
def test_a_character_torn_by_the_end_of_the_sample_does_not_mislead(shift: int) -> None:
    text = "-\n" + "x" * (SAMPLE_SIZE - 4 + shift) + "’s body. date2024-07-01"

    assert decode(text.encode()) == text


def test_a_bad_byte_far_behind_the_sample_is_marked_and_not_guessed_about() -> None:
    content = b"-\n" + b"x" * 2 * SAMPLE_SIZE + b"\xff date2024-07-01"

    assert detected(content) == "utf-8"
    assert decode(content).count("\ufffd") == 1


@given(st.binary(max_size=300))
def test_any_bytes_give_a_text_or_are_refused(content: bytes) -> None:
    try:
        decoded = decode(content)
    except NotReadable:
        return
    assert "\r" not in decoded


@given(
    dumps(), st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]), st.sampled_from(["\n", "\r\n", "\r"])
)
def test_a_generated_dump_reads_alike_in_every_unicode_encoding(written: Written, encoding: str, end: str) -> None:
    assert decode(written.text.replace("\n", end).encode(encoding)) == written.text


def test_a_codec_that_lets_surrogates_through_gives_text_that_can_be_stored() -> None:
    decoded = decode(b"-\nTitle\nBody +2AA- more. date2024-07-01", "utf-7")
    assert decoded == "-\nTitle\nBody \ufffd more. date2024-07-01"
