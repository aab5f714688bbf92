"""Messages become releases: subject, text and day, whatever their charset, packing and parts."""

from __future__ import annotations

import base64
import quopri
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats.base import Entry
from monitor.collect.formats.fields import FormatOptions, parse
from monitor.collect.formats.mail.headers import header_of, text_of
from monitor.collect.formats.mail.reader import reading
from monitor.collect.source import SourceOptions
from monitor.model import Dump, FileSignature, Record, Reject, Release

DAY = date(2024, 7, 1)
HEADER = b"Subject: Talks held\nDate: Mon, 1 Jul 2024 09:00:00 +0900\n"
KOREAN = "본문은 여기에 있다.\n둘째 줄은 조금 더 길다, 그렇지 않은가.\n셋째 줄.\n"
MIXED = HEADER + b'Content-Type: multipart/mixed; boundary="b1"\n\nA preamble.\n'
FROM = b"From press@example.org Mon Jul  1 09:00:00 2024\n"


def entries(
    content: bytes, *, size: int = 0, is_held: bool = True, map_: dict[str, str] | None = None,
    max_record: int = 1_000_000, encoding: str = "utf-8",
) -> list[Entry]:  # fmt: skip
    step, zone, bom = size or len(content) or 1, ZoneInfo("Asia/Seoul"), 2 * encoding.startswith("utf-16")
    dump = Dump(
        source="m",
        name="a.eml",
        path=b"/drops/a.eml",
        signature=FileSignature(1, 1, len(content), 0, 0),
        sha256=b"",
        text_chunks=lambda: iter((content[bom:].decode(encoding, "replace"),)),
        bom=bom,
        byte_chunks=lambda: (content[at : at + step] for at in range(0, len(content), step)),
        encoding=encoding,
        is_held=is_held,
    )
    mapping = {field: parse(expression) for field, expression in (map_ or {}).items()}
    format_ = FormatOptions(format="mail", map=mapping, timezone=zone)
    return list(reading(dump, SourceOptions(timezone=zone, format=format_, max_record=max_record)).entries())


def release(content: bytes, **options: Any) -> Release:
    [one] = entries(content, **options)
    assert isinstance(one, Record), one
    return one.release


def reject(content: bytes, **options: Any) -> Reject:
    [one] = entries(content, **options)
    assert isinstance(one, Reject), one
    return one


def titles(found: list[Entry]) -> list[str]:
    return [one.release.title if isinstance(one, Record) else one.reason for one in found]


def part(content: bytes, *fields: bytes, boundary: bytes = b"b1") -> bytes:
    return b"\n".join((b"--" + boundary, *fields, b"", content, b""))


PLAIN = part(b"They met.", b"Content-Type: text/plain")
HTML = part(b"<p>They <b>met</b> &amp; left.</p>", b"Content-Type: text/html; charset=utf-8")
FILE = part(b"A list", b"Content-Type: text/plain; name=a.txt", b"Content-Disposition: attachment")
END = b"--b1--\n"
INNER = (
    b"--b1\nContent-Type: multipart/alternative;\n boundary=b2\n\n"
    + b"".join(each.replace(b"b1", b"b2") for each in (HTML, PLAIN, END))
)  # fmt: skip


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (HEADER + b"\nThey met.\n", "They met."),
        (HEADER.replace(b"\n", b"\r\n") + b"\r\nThey met.\r\nBye.\r\n", "They met.\nBye."),
        (HEADER + b"Content-Type: text/html\n\n<p>They <b>met</b>.</p>", "They met."),
        (HEADER + b"\nA <b>word</b> &amp; more\n", "A <b>word</b> & more"),
        (MIXED + PLAIN + HTML + END, "They met."),
        (MIXED + HTML + PLAIN + END + b"An epilogue.\n", "They met."),
        (MIXED + HTML + END, "They met & left."),
        (MIXED + FILE + HTML + END, "They met & left."),
        (MIXED + part(b" \n", b"Content-Type: text/plain") + HTML + END, "They met & left."),
        (MIXED + part(b"Inline", b"Content-Type: text/plain; name=a.txt") + PLAIN + END, "They met."),
        (MIXED + INNER + FILE + END, "They met."),
        (MIXED + part(HEADER + b"\nOlder", b"Content-Type: message/rfc822") + PLAIN + END, "They met."),
        (MIXED + part(b"They met.") + END, "They met."),
        (MIXED + FILE + END, ""),
        (MIXED + b"--b1  \n\nThey met.\n--b1--  \n", "They met."),
        (MIXED + b"--b1\nContent-Type: image/png\n" + PLAIN + END, "They met."),
        (HEADER + b"Content-Type: application/pdf\n\n%PDF", ""),
        (HEADER + b"Content-Type: nonsense\n\nThey met.\n", "They met."),
        (HEADER + b"\n", ""),
    ],
)
@pytest.mark.parametrize("size", [0, 1, 50])
def test_the_text_is_what_is_plain_and_no_attachment_else_html(content: bytes, body: str, size: int) -> None:
    assert release(content, size=size) == Release(title="Talks held", body=body, date=DAY)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        (b"Talks\n held", "Talks held"),
        (b"Talks\r\n\theld", "Talks held"),
        (b"=?utf-8?q?Talks_=3D?= =?utf-8?b?7ZqM64u0?=", "Talks =회담"),
        ("=?euc-kr?B?{}?=\n =?euc-kr?B?{}?=".format(*(
            base64.b64encode("회담".encode("euc-kr")[at : at + 3]).decode() for at in (0, 3)
        )).encode(), "회담"),
        (b"=?utf-8?B?7ZqM6?=", "=?utf-8?B?7ZqM6?="),
        (b"=?utf-8?B?7ZqM!!?= and", "회 and"),
        (b"=?utf-8?q?open", "=?utf-8?q?open"),
        (b"=?nonsense-1?q?Talks=EC?= x", None),
        (b"=?x-unknown?q?Talks?=", "Talks"),
        (b"=?utf-8*EN?q?Talks?=", "Talks"),
        ("회담 개최 결과를 알립니다".encode("cp949"), "회담 개최 결과를 알립니다"),
        ("회담".encode(), "회담"),
        (b"=?ks_c_5601-1987?B?" + base64.b64encode("뷁 회담".encode("cp949")) + b"?=", "뷁 회담"),
        (b"=?gb2312?B?" + base64.b64encode("发布会".encode("gb18030")) + b"?=", "发布会"),
        (b"=?iso-2022-jp?B?" + base64.b64encode("会談".encode("iso-2022-jp")) + b"?=", "会談"),
        (b"=?us-ascii?q?caf=E9?=", "café"),
        (b"=?iso-8859-1?q?=93caf=E9=94?=", "\u201ccafé\u201d"),
        (b"=?euc-kr?B?" + base64.b64encode("처".encode("cp949")) + b"?=", "처"),
        (b"=?euc-kr?B?" + base64.b64encode("한국 회담".encode()) + b"?=", "한국 회담"),
        (b"Re: a@b <c> & d", "Re: a@b <c> & d"),
    ],
)  # fmt: skip
def test_a_subject_is_unfolded_and_decoded(written: bytes, title: str | None) -> None:
    [one] = entries(b"Subject: " + written + b"\nFrom: a@\n\nThey met.\n")
    assert (one.release.title if isinstance(one, Record) else None) == title


CHARSETS = (
    "utf-8", "euc-kr", "ks_c_5601-1987", "iso-2022-kr", "cp949", "utf8", '"EUC-KR"', "euc-kr'", "us-ascii", "x-nobody",
    "utf-16", "",
)  # fmt: skip
PACKED = ("base64", "quoted-printable", "BASE64")


@pytest.mark.parametrize(
    ("charset", "transfer"),
    [
        (charset, transfer)
        for charset in CHARSETS
        for transfer in (*PACKED, "8bit", "nonsense")
        if charset != "utf-16" or transfer in PACKED  # it has no lines of one byte a sign
    ],
)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_text_is_decoded_by_its_bytes_or_its_charset(charset: str, transfer: str, kind: str) -> None:
    codec = {"ks_c_5601-1987": "cp949", "us-ascii": "cp949", "x-nobody": "cp949", "": "cp949"}.get(charset, charset)
    written = KOREAN.encode(codec.strip("\"'"))
    if transfer.lower() == "base64":
        written = base64.encodebytes(written)
    elif transfer == "quoted-printable":
        written = quopri.encodestring(written)
    fields = f"Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {transfer}\n\n"
    assert release(HEADER + fields.encode() + written).body == KOREAN.strip()


@pytest.mark.parametrize("charset", [b"euc-kr", b"iso-8859-1", b"us-ascii", b"gb2312"])
def test_utf_8_is_known_by_its_bytes(charset: bytes) -> None:
    content = HEADER + b"Content-Type: text/plain; charset=" + charset + b"\n\n" + KOREAN.encode()
    assert release(content).body == KOREAN.strip()


def test_a_declared_charset_that_is_wrong_harms_no_korean() -> None:
    for charset in (b"utf-8", b"iso-8859-1"):
        content = HEADER + b"Content-Type: text/plain; charset=" + charset + b"\n\n" + KOREAN.encode("cp949")
        assert release(content).body == KOREAN.strip()


def test_a_file_in_utf_16_is_read() -> None:
    content = "\ufeff" + f"Subject: 회담\nContent-Type: text/plain; charset=utf-8\n\n{KOREAN}"
    assert release(content.encode("utf-16-le"), encoding="utf-16-le").body == KOREAN.strip()
    assert release(content.encode()).title == "회담"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (HEADER + b"Content-Type: text/plain; charset=utf-7\n\n+AGE-\n", "the text is written in UTF-7"),
        (b"Subject: =?UTF-7?Q?+AGE-?=\n\nx\n", "the text is written in UTF-7"),
        (HEADER + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n", "the text is packed with uuencode"),
        (HEADER + b"Content-Transfer-Encoding: base64\n\nVGhl!eSBtZXQu\n", "the text is packed with base64, and dam"),
        (HEADER + b"Content-Type: multipart/mixed\n\nx\n", "the message is broken: it has parts, and no boundary"),
        (HEADER + b"\nThey \x00met.\n", "the record has control characters"),
        (HEADER + b"\nThey m\xff\xfe\xffet.\n", "the record has control characters, or bytes"),
        (b"They met in June.\nBye.\n", "this is no mail"),
        (b"PK\x03\x04\n\x00\n", "this is no mail"),
        (MIXED.replace(b"Talks held", b"") + END, "the record has no title and no text"),
        (HEADER + b"X: " + b"x" * 300_000 + b"\n\nThey met.\n", "the message has a header of more than 256,000 bytes"),
        (HEADER + b"\n" + b"word " * 3_000, "the record is longer than 5,000 characters"),
        (HEADER + b"\n" + b"word " * 30_000, "the record is longer than 5,000 characters"),
    ],
)
def test_what_cannot_be_read_is_a_reject(content: bytes, reason: str) -> None:
    one = reject(content, max_record=5_000)
    assert one.reason.startswith(reason)
    assert (one.is_tail, len(one.text) <= 200) == (False, True)


@pytest.mark.parametrize("more", [b"", b"=", b"\n____\nA list of mail\n"])
def test_base64_may_lack_its_padding_or_be_followed_by_the_lines_of_a_list(more: bytes) -> None:
    written = base64.b64encode(b"They met.\nBye..").rstrip(b"=") + more
    content = HEADER + b"Content-Transfer-Encoding: base64\n\n" + written
    assert release(content + b"\n").body == "They met.\nBye.."


def test_base64_may_be_packed_line_by_line() -> None:
    written = b"".join(base64.b64encode(each) + b"\n" for each in (b"They ", b"met.\n", b"Bye."))
    assert release(HEADER + b"Content-Transfer-Encoding: base64\n\n" + written).body == "They met.\nBye."


def test_an_mbox_is_cut_behind_blank_lines_and_its_quotes_are_removed() -> None:
    first = (
        HEADER + b"\n>From here on\n>>From there\nFrom inside\nFrom: x\n\nFrom the start of a line that is text\nend\n"
    )
    content = (
        FROM + first + b"\n" + FROM.replace(b"\n", b"\r\n") + b"Subject: B\r\n\r\nb\r\n\r\nFrom x\nSubject: C\n\nc\n"
    )
    for size in (0, 1, 60):
        found = entries(content, size=size, is_held=size == 0)
        assert titles(found) == ["Talks held", "B", "C"]
        assert [one.line for one in found] == [1, 13, 18]
        assert found[1].offset == content.index(b"From press", 10)
    assert isinstance(found[0], Record)
    assert found[0].release.body == (
        "From here on\n>From there\nFrom inside\nFrom: x\n\nFrom the start of a line that is text\nend"
    )


def test_without_an_envelope_a_line_of_a_text_is_none() -> None:
    assert release(HEADER + b"\nThey met.\n\nFrom: x\n\nFrom a@b Mon Jul  1 09:00:00 2024\n>From\n").body == (
        "They met.\n\nFrom: x\n\nFrom a@b Mon Jul  1 09:00:00 2024\n>From"
    )


def test_a_broken_message_of_an_mbox_harms_no_other() -> None:
    open_parts = MIXED + PLAIN
    found = entries(b"\n".join(FROM + each for each in (open_parts, HEADER + b" ", b"no\n", HEADER + b"\nx\n")))
    assert titles(found) == [
        "the message is broken: its closing boundary is missing",
        "its header has no end: an empty line is missing behind it",
        "this is no mail: it does not begin with a header field such as Subject:",
        "Talks held",
    ]
    assert not any(one.is_tail for one in found if isinstance(one, Reject))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file holds no record"),
        (b"\n\n", "the file holds no record"),
        (b"Sub", "the file ends before the header does"),
        (HEADER, "the file ends before the header does"),
        (FROM + HEADER, "the file ends before the header does"),
        (FROM, "the file ends before the header does"),
        (MIXED + PLAIN, "the file ends before the last part does"),
        (MIXED + INNER, "the file ends before the last part does"),
        (MIXED + PLAIN + b"--b1-", "the file ends before the last part does"),
        (b"From: a@b\n\nTalks he", "the file ends before the line end of the title"),
    ],
)
def test_a_message_that_breaks_off_is_a_tail(content: bytes, reason: str) -> None:
    one = reject(content)
    assert one.reason.startswith(reason)
    assert one.is_tail


def _single(charset: str, transfer: str, text: str = KOREAN, kind: str = "plain") -> bytes:
    written = text.encode(charset)
    packed = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(transfer, bytes)(written)
    words = " ".join(
        f"=?{charset}?B?{base64.b64encode(each.encode(charset)).decode()}?=\n" for each in ("수출", "동향")
    )
    fields = f"Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {transfer}\n\n"
    return f"Subject: {words}Date: Mon, 1 Jul 2024 09:00:00 +0900\n{fields}".encode() + packed


@pytest.mark.parametrize(
    "content",
    [
        _single("euc-kr", "8bit"),
        _single("ks_c_5601-1987", "base64"),
        _single("utf-8", "quoted-printable"),
        _single("utf-8", "base64").replace(b"\n", b"\r\n"),
        _single("iso-2022-kr", "7bit"),
        _single("utf-8", "8bit", kind="html", text="<p>수출 &amp; 동향 <b>발표</b>.</p><p>&lt;x&gt; <a href='x'>x</a>"),
        b"From: a@b\nDate: Mon, 1 Jul 2024 09:00:00 +0900\n\nTalks held\nThey met in June.\nBye.\n",
        MIXED + INNER + END,
        FROM + _single("utf-8", "8bit") + b"\n" + FROM + HEADER + b"\nFrom\nB\n",
    ],
)  # fmt: skip
def test_a_cut_anywhere_shows_a_tail_or_a_shorter_text(content: bytes) -> None:
    whole = [one.release for one in entries(content) if isinstance(one, Record)]
    assert whole
    for end in range(len(content)):
        found = entries(content[:end])
        assert all(one.is_tail for one in found if isinstance(one, Reject)), end
        for shown, known in zip([one.release for one in found if isinstance(one, Record)], whole, strict=False):
            assert (shown.title, shown.date) == (known.title, known.date), end
            assert known.body.startswith(shown.body), end


def test_a_mapping_reads_any_field_of_the_header_and_no_id_is_guessed() -> None:
    content = b"Message-ID: <1@x>\nList-Id: Press <press.example.org>\nX-No: 7\nKeywords: a\nKeywords: b\n" + HEADER
    assert release(content + b"\nx\n").ref is None
    mapped = release(
        content + b"\nx\n", map_={"id": "X-No", "category": "keywords", "title": "list-id", "body": "text"}
    )
    assert (mapped.ref, mapped.category, mapped.title, mapped.body) == ("7", "a, b", "Press <press.example.org>", "x")
    assert release(content + b"\nx\n", map_={"body": "list-id.x | list-id@x | text"}).body == "x"


def test_a_zone_decides_the_day() -> None:
    assert release(HEADER.replace(b"09:00:00 +0900", b"23:00:00 -0000 (UTC)") + b"\nx\n").date == date(2024, 7, 2)
    assert release(b"Subject: a\nDate: yesterday\n\nx\n").date is None


def nested(count: int) -> bytes:
    inner = (b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1) for n in range(count))
    return HEADER + b"Content-Type: multipart/mixed; boundary=b0\n\n" + b"".join(inner)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (nested(10_000), "the parts of the message are nested more than 64 levels deep"),
        (nested(60) + b"--x\n" * 100_000, "the file ends before the last part does: it is half written or was cut off"),
        (MIXED + b"--b1\n\n" * 20_000 + END, "Talks held"),
        (
            MIXED + b"--b1\nContent-Type: multipart/mixed; boundary=b1\n\n" * 1_000,
            "the parts of the message are nested more ",
        ),
        (b"Subject: a " + b"=?a?q?" * 30_000 + b"\n\nx\n", "a "),
        (b"Subject: a " + b"=?utf-8?q?a?= " * 15_000 + b"\n\nx\n", "a a"),
        (b"Subject: a\n" + b" x\n" * 60_000 + b"\nx\n", "a x x"),
        (b'Subject: a\nContent-Type: text/plain; a="' + b";" * 200_000 + b"\n\nx\n", "a"),
        (HEADER + b"a:\n" * 60_000 + b"\nx\n", "Talks held"),
        (HEADER + b"\n" + b"\r\n" * 200_000, "Talks held"),
        (HEADER + b"Content-Type: text/html\n\n" + b"&#<" * 200_000, "Talks held"),
        (HEADER + b"Content-Transfer-Encoding: base64\n\n" + b"=" * 900_000, "Talks held"),
    ],
)
def test_hostile_messages_are_read_to_their_end(content: bytes, told: str) -> None:
    [told_now] = titles(entries(content))
    assert told_now.startswith(told)


def test_the_lines_of_a_header_may_be_anything() -> None:
    assert header_of(b" x\nno colon\nA: 1\n 2\n: 3\n").fields == {"a": [b"1  2"], "": [b"3"]}
    assert text_of(b"=?utf-8?b?7ZqM?==?utf-8?b?64u0?=") == "회담"
