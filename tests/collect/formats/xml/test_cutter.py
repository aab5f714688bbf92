"""Records are cut out of XML by their tags, whatever hides in them and however the text is broken."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from monitor.collect.formats.xml.cutter import Document, Fault, NotExpected, Piece, pieces

HEAD = '<?xml version="1.0"?>\n<rss version="2.0"><channel><title>t</title>\n'
END = "\n</channel></rss>"
BROKEN = "the record is broken: </item> is missing"
OPEN = "the record is broken: a CDATA section or a comment in it has no end"


def items(document: Document) -> str:
    if document.root.name != "rss":
        raise NotExpected(f"<{document.root.name}> is another")
    return "item"


def cut(text: str, *, size: int = 0, max_record: int = 1_000_000, needs_records: bool = False) -> list[Piece | Fault]:
    step = size or max(1, len(text))
    chunks = (text[at : at + step] for at in range(0, len(text), step))
    return list(pieces(chunks, record_of=items, max_record=max_record, needs_records=needs_records))


def told(found: list[Piece | Fault]) -> list[str]:
    return [
        one.text if isinstance(one, Piece) else f"{'tail' if one.is_tail else 'fault'}: {one.reason}" for one in found
    ]


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", []),
        ("<item>a</item>\n<item >b</item\n><item/><item a='1>2' />",
         ["<item>a</item>", "<item >b</item\n>", "<item/>", "<item a='1>2' />"]),
        ("<items><item>a</item></items><itemize/>", ["<item>a</item>"]),
        # What hides a sign.
        ("<item><![CDATA[</item><item>]]></item>", ["<item><![CDATA[</item><item>]]></item>"]),
        ("<item><!-- </item> --></item>", ["<item><!-- </item> --></item>"]),
        ("<item><![CDATA[a <![CDATA[ b]]></item>", ["<item><![CDATA[a <![CDATA[ b]]></item>"]),
        ("<!-- <item>no</item> --><![CDATA[<item>no</item>]]><?php <item> ?><item>a</item>", ["<item>a</item>"]),
        # A fault in one leaves the others whole.
        ("<item>a<item>b</item>", [f"fault: {BROKEN}", "<item>b</item>"]),
        ("<item>a</item><item>b", ["<item>a</item>", f"fault: {BROKEN}"]),
        ("<item><![CDATA[a</item><item><![CDATA[b]]></item><item>c</item>",
         [f"fault: {OPEN}", "<item><![CDATA[b]]></item>", "<item>c</item>"]),
        ("<item><!-- a</item><item>b</item>", [f"fault: {OPEN}", "<item>b</item>"]),
        ("<item><![CDATA[a</item>", [f"fault: {OPEN}"]),
        ("<item <b>a</item><item>b</item>", ["<item <b>a</item>", "<item>b</item>"]),
        ('<item a="<b>a</item><item>b</item>', ['<item a="<b>a</item>', "<item>b</item>"]),
        ("< a & b <item>a</item>", ["<item>a</item>"]),
    ],
)  # fmt: skip
def test_each_record_is_cut_out(inside: str, expected: list[str], size: int) -> None:
    assert told(cut(HEAD + inside + END, size=size)) == expected


def test_a_place_counts_lines_and_bytes() -> None:
    first, second = cut("\ufeff" + HEAD + "<item>é\n</item><item>b</item>" + END)
    assert (first.line, second.line) == (3, 4)
    assert (first.offset, second.offset) == (len(HEAD) + 1, len(HEAD) + 1 + len("<item>é\n</item>"))


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Several documents.
        (HEAD + "<item>a</item>" + END + "\n\n" + HEAD + "<item>b</item>" + END, ["<item>a</item>", "<item>b</item>"]),
        (HEAD + "<item>a</item>" + HEAD + "<item>b</item>" + END,
         ["<item>a</item>", "fault: </rss> is missing before the next document begins", "<item>b</item>"]),
        (HEAD + "<item>a" + HEAD + "<item>b</item>" + END,
         [f"fault: {BROKEN}", "fault: </rss> is missing before the next document begins", "<item>b</item>"]),
        (HEAD + "<item>a</item>" + END + "<!-- made in 3 ms -->\n", ["<item>a</item>"]),
        (HEAD + "<item>a</item>" + END + "<other/>" + HEAD + "<item>b</item>" + END,
         ["<item>a</item>", "fault: <other> is another", "<item>b</item>"]),
        # The end is missing.
        ("", ["tail: the file holds no record"]),
        (" \n", ["tail: the file holds no record"]),
        ("<", ["tail: the file ends before its first element: it is half written or was cut off"]),
        ("<rs", ["tail: the file ends inside <rs>: it is half written or was cut off"]),
        ("<!DOCTYPE rss PUB", ["tail: the DOCTYPE of the file has no end"]),
        (HEAD, ["tail: the file ends before </rss>: it is half written or was cut off"]),
        (HEAD + "<item>a", ["tail: the file ends before </item>: it is half written or was cut off"]),
        (HEAD + "<item>a</item", ["tail: the file ends before </item>: it is half written or was cut off"]),
        (HEAD + "<item>a</item>",
         ["<item>a</item>", "tail: the file ends before </rss>: it is half written or was cut off"]),
        (HEAD + "<item><![CDATA[a]]", ["tail: the file ends before </item>: it is half written or was cut off"]),
        # No records at all.
        ("<rss/>", []),
        ("<rss><channel/></rss>", []),
        ("<!DOCTYPE rss PUBLIC '-//Netscape' \"http://a/rss.dtd\">\n<rss></rss>", []),
        ("<opml><item>a</item></opml>", ["fault: <opml> is another"]),
        ("plain text", ["fault: this is no XML: it begins with 'p', and XML with '<'"]),
        ("<html><head><title>503 Service\nUnavailable</title>",
         ["fault: this is an HTML page, '503 Service Unavailable': the program that wrote the file was given no data"]),
        ("<!doctype html><p>Not found",
         ["fault: this is an HTML page: the program that wrote the file was given no data"]),
        ('<!DOCTYPE rss [<!ENTITY a "b">]><rss/>',
         ["fault: its DOCTYPE declares entities or elements, which is refused: a few lines could unpack to gigabytes"]),
    ],
)  # fmt: skip
def test_a_file_is_read_as_far_as_it_goes(text: str, expected: list[str], size: int) -> None:
    assert told(cut(text, size=size)) == expected


@pytest.mark.parametrize("size", [0, 100])
def test_a_record_that_is_too_long_is_passed_over(size: int) -> None:
    long = "the record is longer than 500 characters (the source's max_record)"
    for body in ("x" * 5_000, "<![CDATA[" + "x" * 5_000 + "]]>", "<b>" * 3_000):
        text = f"{HEAD}<item>{body}</item><item>b</item>{END}"
        assert told(cut(text, size=size, max_record=500)) == [f"fault: {long}", "<item>b</item>"]
    text = f"{HEAD}<item>{'x' * 5_000}<item>b</item>{END}"
    assert told(cut(text, size=size, max_record=500)) == [f"fault: {long}", "<item>b</item>"]


def test_a_document_without_the_named_records_tells_what_it_has() -> None:
    found = cut("<rss><entry/><b/><entry/></rss>", needs_records=True)
    assert told(found) == ["fault: records: is 'item', and no element has that name; there are: entry, b"]
    assert cut("<rss></rss>", needs_records=True) == []


def endless(unit: str, total: int) -> Iterator[str]:
    yield HEAD + "<item>a</item>"
    yield from (unit for _ in range(total // len(unit)))
    yield "<item>b</item>" + END


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<a ",
        "<a b='",
        "<item>",
        "<item><![CDATA[",
        "<item><![CDATA[<item><!--",
        "<![CDATA[<item>]]>",
        "</item ",
        "<!",
    ],
)
def test_many_signs_take_a_time_that_grows_with_them(unit: str) -> None:
    found = told(list(pieces(endless(unit, 200_000), record_of=items, max_record=50_000)))
    assert (found[0], found[-1]) == ("<item>a</item>", "<item>b</item>")


@pytest.mark.parametrize("opening", ["<item><title>", "<item><![CDATA[", "<", "<item a='", "<!-- ", "<!DOCTYPE "])
def test_a_token_of_any_length_takes_bounded_memory(opening: str) -> None:
    chunk = "x" * 65_536

    def chunks() -> Iterator[str]:
        yield HEAD + "<item>a</item>" + opening
        yield from (chunk for _ in range(500))
        yield "</title></item>" + END

    tracemalloc.start()
    try:
        found = sum(1 for _ in pieces(chunks(), record_of=items))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found >= 1
    assert peak < 8_000_000  # bytes, of a text of 32 MB; a record may have 1 MB
