"""XML is decoded by its bytes where they tell, else by its declaration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.dump_reader import read_dump
from monitor.collect.file_reader import open_file
from monitor.collect.formats.fields import FormatOptions
from monitor.collect.formats.xml.encoding import declared_codec
from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder

Reader = Callable[..., tuple[str, str]]
KOREAN = "회담이 개최되었다 똠방각하"


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Return a function that gives the text of a file and the name of its encoding."""

    def text_of(content: bytes, encoding: str = "auto") -> tuple[str, str]:
        place = tmp_path / "a.xml"
        place.write_bytes(content)
        options = SourceOptions(timezone=ZoneInfo("UTC"), format=FormatOptions(format="feed"))
        source = Source(folder=Folder(source="m", path=bytes(tmp_path)), options=options, encoding=encoding)
        with open_file(bytes(place)) as file:
            dump = read_dump(file, source, opened_at=0)
            return "".join(dump.text_chunks()), dump.encoding

    return text_of


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
def test_a_declared_encoding_counts(name: str, codec: str, text: str, read: Reader) -> None:
    whole = f'<?xml version="1.0" encoding="{name}"?>\n<rss>{text * 50}</rss>'
    assert read(whole.encode(codec)) == (whole, codec)


@pytest.mark.parametrize("name", ["EUC-KR", "ISO-8859-1", "UTF-16", "utf-8", "x-unknown", "EUC-", "zip", "idna"])
def test_the_bytes_of_utf_8_and_utf_16_win_over_what_is_declared(name: str, read: Reader) -> None:
    whole = f'<?xml version="1.0" encoding="{name}"?>\n<rss>{KOREAN * 50}</rss>'
    assert read(whole.encode()) == (whole, "utf-8")
    assert read(whole.encode("utf-16")) == (whole, "utf-16-le")


def test_what_the_source_says_wins(read: Reader) -> None:
    whole = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<rss>{KOREAN * 50}</rss>'
    assert read(whole.encode("cp949"), "euc-kr")[0] == whole


def test_without_a_declaration_the_bytes_are_judged(read: Reader) -> None:
    whole = f"<rss>{KOREAN * 50}</rss>"
    assert read(whole.encode("cp949")) == (whole, "cp949")


def test_a_byte_that_does_not_decode_spoils_itself_only(read: Reader) -> None:
    whole = f'<?xml version="1.0" encoding="EUC-KR"?>\n<rss>{KOREAN * 50}\xff</rss>'
    text, _ = read(whole[:-7].encode("cp949") + b"\xff</rss>")
    assert text == whole[:-7] + "\udcff</rss>"


@pytest.mark.parametrize("name", ["EUC", "utf_7", "unicode_escape", "rot13", "hex", "undefined", "punycode", "mbcs"])
def test_what_is_no_encoding_of_text_is_none(name: str) -> None:
    assert declared_codec(f'<?xml version="1.0" encoding="{name}"?>'.encode()) == ""
