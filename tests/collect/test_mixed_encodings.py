"""Files of several or unknown encodings: each record is read in its own, or rejected with the cure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from monitor.collect.charset import SAMPLE_SIZE, EncodingSample, byte_counter, detect_encoding
from monitor.collect.formats.base import Entry
from monitor.collect.formats.dash.layout import Layout
from monitor.collect.formats.dash.parser import entries
from monitor.collect.formats.dash.splitter import Segment, split
from monitor.errors import NotReadable
from monitor.model import Record, Reject
from tests.dumps import dump, record

KOREAN = record("수출 증가", "정부가 글로벌 기업의 투자를 지원한다고 밝혔다. 수출이 5.1% 증가했다.", "2024-07-02")
WESTERN = record("Visite à Séoul", "Le ministre a été reçu – « un succès », dit l’équipe.", "2024-07-03")
CURLY = record("Korea’s exports", "“Up 5.1%” – the ministry’s figure… it said.", "2024-07-04")
PLAIN = [record(f"Notice {number}", "Words of the ministry.") for number in range(2_000)]

KNOWN = {
    "Korean": (KOREAN, "cp949"),
    "Korean with hanja": (record("韓美 회담", "양국 정부는 韓美 통상 협력을 강화한다고 밝혔다."), "cp949"),
    "Korean with a middle dot": (record("산ㆍ학 협력", "산업ㆍ통상ㆍ자원 분야의 협력을 확대한다고 했다."), "cp949"),
    "French": (WESTERN, "cp1252"),
    "German": (record("Größere Müllmengen", "Über 5 °C – „übermäßig“, so das Amt für Straßen."), "cp1252"),
    "Spanish": (record("Señor Núñez", "¿Qué pasó? ¡Más de 5 % en España! SEÑOR NÚÑEZ."), "cp1252"),
    "quotes": (CURLY, "cp1252"),
}

CHINESE = "中国商务部表示,两国代表团就自由贸易协定进行了磋商,并同意继续合作。"
TAIWAN = "經濟部表示，兩國代表團就自由貿易協定進行磋商，並同意繼續合作。"
JAPANESE = "経済産業省は、両国の代表団が自由貿易協定について協議したと発表した。"
RUSSIAN = "Министерство сообщило, что делегации провели переговоры о свободной торговле."
UNKNOWN = [("gbk", CHINESE), ("gb18030", CHINESE), ("big5", TAIWAN), ("shift_jis", JAPANESE), ("euc_jp", JAPANESE),
           ("cp1251", RUSSIAN), ("koi8_r", RUSSIAN), ("iso8859_5", RUSSIAN),
           ("cp1253", "Το υπουργείο ανακοίνωσε νέα μέτρα."),
           ("cp1250", "Ministerstwo ogłosiło, że źródła są spółką."),
           ("johab", "산업통상자원부는 반도체 수출 대책을 발표했다."), ("cp866", RUSSIAN),
           ("mac_roman", "Sesión en México con España y Perú."), ("mac_roman", "Réunion à Genève où l’été fut long."),
           ("cp850", "Créée en été, la société s’est élargie.".replace("’", "'")),
           ("cp437", "México firmó con España el año pasado."),
           ("cp1256", "أعلنت الوزارة عن محادثات التجارة")]  # fmt: skip


def read(content: bytes, *, encoding: str = "auto", size: int = 1 << 20) -> list[Entry]:
    def chunks() -> Iterator[bytes]:
        return (content[at : at + size] for at in range(0, len(content), size))

    sample = EncodingSample()
    for chunk in chunks():
        sample.feed(chunk)
    coding = detect_encoding(sample.content, encoding)

    def segments() -> Iterator[Segment]:
        return split(coding.decode(chunks()), byte_count=byte_counter(coding.name), start=coding.bom)

    return list(entries(segments(), Layout(segments()), max_record=1_000_000))


def told(found: list[Entry]) -> list[str]:
    return [one.release.title for one in found if isinstance(one, Record)]


@pytest.mark.parametrize(("text", "encoding"), KNOWN.values(), ids=KNOWN)
def test_the_choice_waits_for_the_first_byte_that_is_not_ascii(text: str, encoding: str) -> None:
    content = dump(*PLAIN, text).encode(encoding)

    assert content[:SAMPLE_SIZE].isascii()
    found = read(content, size=10_000)
    assert told(found)[-1] == text.split("\n")[0]
    assert not any(isinstance(one, Reject) for one in found)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "-\n"], ids=["LF", "CRLF", "CR", "glued"])
def test_each_record_of_a_mixed_file_is_read_in_its_encoding(order: tuple[int, ...], end: str) -> None:
    parts = [(KOREAN, "utf-8"), (KOREAN.replace("07-02", "07-05"), "cp949"), (WESTERN, "cp1252")]
    glue = "-\n" if end == "-\n" else f"{end}-{end}"
    inner = "\n" if end == "-\n" else end
    pieces = [text.replace("\n", inner).encode(code) for text, code in (parts[number] for number in order)]
    content = f"-{inner}".encode() + glue.encode().join(pieces)

    found = read(content)

    days = {one.release.date: one.release.body for one in found if isinstance(one, Record)}
    assert days[date(2024, 7, 2)] == days[date(2024, 7, 5)]
    assert "l’équipe" in days[date(2024, 7, 3)]
    for one in found[1:]:
        assert content[one.offset :].startswith(b"-" + inner.encode())


@pytest.mark.parametrize("size", [70_001, 1 << 20, 1 << 22])
def test_a_large_mixed_file_reads_alike_in_any_chunks(size: int) -> None:
    parts = [text.encode(code) for text, code in ((KOREAN, "cp949"), (KOREAN, "utf-8"), (WESTERN, "cp1252"))]
    bad = "Broken\nA \xff byte. date2024-07-01".encode("latin-1")
    pieces = [*parts * 3_000, *[PLAIN[0].encode()] * 9_000, bad, *parts]
    content = b"-\n" + b"\n-\n".join(pieces)

    found = read(content, size=size)

    assert len(content) > 1_200_000
    assert [type(one) for one in found] == [*[Record] * 18_000, Reject, *[Record] * 3]
    assert found[18_000].offset == content.index(b"-\nBroken")
    assert content[found[-1].offset :] == b"-\n" + parts[-1]


@pytest.mark.parametrize(("encoding", "body"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_what_cannot_be_known_is_rejected_with_the_cure(encoding: str, body: str) -> None:
    text = dump(
        record("Notice", "All of it is ASCII."), record(f"{body[:9]} FTA", body), record(f"FTA {body}", body * 9)
    )

    found = read(text.encode(encoding))

    assert told(found) == ["Notice"]
    assert ["`encoding:`" in one.reason for one in found if isinstance(one, Reject)] == [True, True]
    assert told(read(text.encode(encoding), encoding=encoding)) == [
        part.split("\n")[0] for part in text.split("-\n")[1:]
    ]


@pytest.mark.parametrize(
    ("encoding", "title"),
    [("gbk", "半导体出口"), ("gbk", "日在北京召开会议"), ("euc_jp", "導体の輸出対策"), ("euc_jp", "これはサービス")],
)
def test_a_record_of_another_encoding_in_a_korean_file_is_rejected(encoding: str, title: str) -> None:
    text = record(f"FTA {title}", "All of it is ASCII.")
    bullets = record("추진 계획", "ㅇ 배경: 수출이 늘었다. ㅁ 계획: 더 늘린다.", "2024-07-05")

    found = read(b"-\n" + b"\n-\n".join([*[one.encode("cp949") for one in (KOREAN, bullets)], text.encode(encoding)]))

    assert told(found) == ["수출 증가", "추진 계획"]
    assert "`encoding:`" in found[-1].reason if isinstance(found[-1], Reject) else False


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf32_is_rejected_until_it_is_named(encoding: str) -> None:
    content = dump(KOREAN, CURLY).encode(encoding)

    with pytest.raises(NotReadable, match="`encoding:`"):
        read(content)
    assert told(read(content, encoding=encoding)) == ["수출 증가", "Korea’s exports"]


# (the encoding that the source names, the text, the encoding of the file)
WRONG = [("cp949", KOREAN, "utf-8"), ("cp1252", CURLY, "utf-8"), ("shift_jis", KOREAN, "utf-8"),
         ("utf-16", PLAIN[0], "utf-8"), ("cp1252", KOREAN, "cp949"), ("gbk", KOREAN, "cp949"),
         ("cp949", KOREAN, "utf-16"), ("utf-8", KOREAN, "utf-16-le")]  # fmt: skip


@pytest.mark.parametrize(("named", "text", "encoding"), WRONG, ids=[f"{row[0]} for {row[2]}" for row in WRONG])
def test_a_wrong_configured_encoding_is_reported(named: str, text: str, encoding: str) -> None:
    with pytest.raises(NotReadable, match=r"looks like .* `encoding:`"):
        read(dump(text, text.replace("2024", "2023")).encode(encoding), encoding=named)


def test_a_bad_byte_in_a_text_that_was_ascii_is_no_letter() -> None:
    found = read(dump(*PLAIN[:3], "Broken\nExp@rts rose. date2024-07-01").encode().replace(b"@", b"\xff"))

    assert [type(one) for one in found] == [Record, Record, Record, Reject]
