"""XML is decoded by its bytes where they tell, else by its declaration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.collect.charset import EncodingSample, detect_encoding
from monitor.collect.formats.xml.encoding import declared_codec, decoded
from tests.collect.formats.support import dump_of_text

KOREAN = "회담이 개최되었다 똠방각하"


def text_in(content: bytes, *, encoding: str = "auto", size: int = 3) -> tuple[str, str]:
    """Return the text that a file is decoded to, and the name of its encoding."""
    sample = EncodingSample()
    sample.feed(content)
    coding = detect_encoding(sample.content, encoding)
    dump = replace(
        dump_of_text(""),
        byte_chunks=lambda: (
            content[at : at + size] if at else content[:1_000] for at in (0, *range(1_000, len(content), size))
        ),
        text_chunks=lambda: coding.decode((content,)),
        encoding=coding.name,
        bom=coding.bom,
    )
    dump = decoded(dump)
    return "".join(dump.text_chunks()), dump.encoding


@pytest.mark.parametrize(
    ("name", "codec", "text"),
    [
        ("EUC-KR", "cp949", KOREAN),
        ("ks_c_5601-1987", "cp949", KOREAN),
        ("Shift_JIS", "cp932", "会談が開かれた①"),
        ("EUC-JP", "euc_jp", "会談が開かれた"),
        ("ISO-2022-JP", "iso2022_jp", "会談が開かれた"),
        ("GB2312", "gb18030", "会谈在北京举行"),
        ("Big5", "big5", "會談在臺北舉行"),
        ("ISO-8859-1", "cp1252", "“Café” – naïve"),
        ("ISO-8859-2", "iso8859-2", "Posiedzenie Rządu – żółć".replace("–", "-")),
        ("windows-1251", "cp1251", "Переговоры состоялись"),
        ("KOI8-R", "koi8-r", "Переговоры состоялись"),
    ],
)
def test_a_declared_encoding_counts(name: str, codec: str, text: str) -> None:
    whole = f'<?xml version="1.0" encoding="{name}"?>\n<rss>{text * 50}</rss>'
    assert text_in(whole.encode(codec)) == (whole, codec)


@pytest.mark.parametrize("name", ["EUC-KR", "ISO-8859-1", "UTF-16", "utf-8", "x-unknown", "EUC-", "zip", "idna"])
def test_the_bytes_of_utf_8_and_utf_16_win_over_what_is_declared(name: str) -> None:
    whole = f'<?xml version="1.0" encoding="{name}"?>\n<rss>{KOREAN * 50}</rss>'
    assert text_in(whole.encode()) == (whole, "utf-8")
    assert text_in(whole.encode("utf-16")) == (whole, "utf-16-le")


def test_what_the_source_says_wins() -> None:
    whole = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<rss>{KOREAN * 50}</rss>'
    assert text_in(whole.encode("cp949"), encoding="euc-kr")[0] == whole


def test_without_a_declaration_the_bytes_are_judged() -> None:
    whole = f"<rss>{KOREAN * 50}</rss>"
    assert text_in(whole.encode("cp949")) == (whole, "cp949")


def test_a_byte_that_does_not_decode_spoils_itself_only() -> None:
    whole = f'<?xml version="1.0" encoding="EUC-KR"?>\n<rss>{KOREAN * 50}\xff</rss>'
    text, _ = text_in(whole[:-7].encode("cp949") + b"\xff</rss>")
    assert text == whole[:-7] + "\udcff</rss>"


@pytest.mark.parametrize("name", ["EUC", "utf_7", "unicode_escape", "rot13", "hex", "undefined", "punycode", "mbcs"])
def test_what_is_no_encoding_of_text_is_none(name: str) -> None:
    assert declared_codec(f'<?xml version="1.0" encoding="{name}"?>'.encode()) == ""
