"""A text in chunks: however it is cut, the same segments at the same places, and never more than a record is kept."""

from __future__ import annotations

import codecs
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collect.charset import SAMPLE_SIZE, byte_counter, detect_encoding
from monitor.collect.formats.base import Entry
from monitor.collect.formats.dash.layout import MAX_LABELS, Layout
from monitor.collect.formats.dash.parser import entries
from monitor.collect.formats.dash.splitter import MAX_SEPARATOR_LENGTH, Segment, split
from monitor.model import Record, Reject, Release
from tests.dumps import CATEGORIES, Written, dump, dumps, record
from tests.examples import examples

OFTEN = settings(max_examples=examples(80))
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "cp949", "cp1252")
BOMS = {"utf-8-sig": codecs.BOM_UTF8, "utf-16": codecs.BOM_UTF16_LE}
NAMES = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}
SMALL = 80  # characters of a record, so that generated ones are too long now and then

# What a hostile or careless writer puts between records.
ODDITIES = st.sampled_from(
    ["-\n", "- \t\n", "\n\n", "Half a record\n", "x" * 3_000, "-" + " " * 1_200 + "\n", "One line date2024-07-01\n",
     "Energy\nTitle\nText. date2024-07-01\n", "Energy\nTitle\nMore text. date2024-07-02\n",
     "Bad \udc80 byte\nText. date2024-07-01\n",
     "Title\nText. date2024-07-01-\n", "\ufeff-\n", "–\n", "Date: 2024-07-01\n", "Title\nText. Date: 2024. 7. 1. — \n",
     "x" * 1_500 + " date2024-07-01-\n", "Half\ufeff-\n", "Title\nText. date24-07-01\n",
     "-\nUndated\nText.\n", "-\nTitle\nText. date2024-02-30\n", "date2024-07-01\n"]
)  # fmt: skip


def texts() -> st.SearchStrategy[str]:
    """Dumps as they should be, between segments as they should not."""
    whole = dumps(most=4).map(lambda written: written.text)
    return st.lists(whole | ODDITIES, max_size=8).flatmap(
        lambda parts: st.sampled_from(["", "\n", "\n-\n"]).map(lambda glue: glue.join(parts))
    )


def in_chunks(text: str, sizes: list[int]) -> Iterator[str]:
    """The text cut after these many characters each, over and over."""
    at = number = 0
    while at < len(text):
        size = sizes[number % len(sizes)]
        yield text[at : at + size]
        at, number = at + size, number + 1


def read(chunks: list[str], *, most: int = SMALL) -> list[tuple[object, ...]]:
    def segments() -> Iterator[Segment]:
        return split(chunks, byte_count=byte_counter("utf-8"), max_record=most)

    return compared(entries(segments(), Layout(segments(), CATEGORIES), max_record=most))


def compared(found: Iterator[Entry]) -> list[tuple[object, ...]]:
    """Return all parts of each entry, also its place, which records leave out when they are compared."""
    return [
        (one.line, one.offset, one.release, one.digest) if isinstance(one, Record) else (one.line, one.offset, one)
        for one in found
    ]


@OFTEN
@given(texts(), st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 300))
def test_a_text_in_chunks_reads_as_the_whole_text(text: str, sizes: list[int], most: int) -> None:
    assert read(list(in_chunks(text, sizes)), most=most) == read([text], most=most)


@OFTEN
@given(dumps(), st.lists(st.integers(1, 400), min_size=1, max_size=5))
def test_a_generated_dump_in_chunks_gives_every_release(written: Written, sizes: list[int]) -> None:
    def segments() -> Iterator[Segment]:
        return split(in_chunks(written.text, sizes))

    found = entries(segments(), Layout(segments(), CATEGORIES), max_record=1_000_000)
    assert [one.release for one in found if isinstance(one, Record)] == list(written.releases)


@pytest.mark.parametrize("blanks", [0, 1, MAX_SEPARATOR_LENGTH - 1, MAX_SEPARATOR_LENGTH, 3 * MAX_SEPARATOR_LENGTH])
@pytest.mark.parametrize("size", [1, 7, 999, 1_000_000])
def test_a_dash_line_ends_in_so_many_blanks_and_no_more(blanks: int, size: int) -> None:
    text = f"-\nOne\nText.\n-{' ' * blanks}\nTwo\nText. date2024-07-01"
    found = list(split(in_chunks(text, [size])))
    assert len(found) == (2 if blanks < MAX_SEPARATOR_LENGTH else 1)


@OFTEN
@given(texts(), st.integers(1, 300))
def test_a_line_of_a_segment_is_one_line(text: str, most: int) -> None:
    assert not any("\n" in line for segment in split([text], max_record=most) for line in segment.lines)


def test_no_words_behind_a_date_and_many_blanks_are_taken_for_the_date() -> None:
    first, rest = record("Port opens", "Ships came."), "More ships came in the evening."
    text = dump(f"{first}\n{' ' * 1_500}{rest}", record("Plant opens", "It runs."))

    found = read([text[: text.index(rest) - 10], text[text.index(rest) - 10 :]], most=5_000)

    bodies = [one.body for _, _, one, *_ in found if isinstance(one, Release)]
    assert all(rest in body or "Ships" not in body or body == "Ships came." for body in bodies)
    assert bodies[-1] == "It runs."


def test_blanks_behind_a_dash_make_no_record_longer() -> None:
    text = dump(record("Talks held"), record("Visit ends") + " " * 300)
    wide = text.replace("\n-\n", f"\n-{' ' * (MAX_SEPARATOR_LENGTH - 1)}\n")
    assert [one[2] for one in read([wide])] == [one[2] for one in read([text])]


# --- places in the file ------------------------------------------------------------------------------------------

KOREAN = [
    record("수출 증가", "수출이 5.1% 늘었다."),
    record("Café", "“Quoted” – é."),
    record("한-미 회의", "「협력」 논의."),
]
WESTERN = [record("Café", "“Quoted” – é."), record("Talks", "A – b."), record("Señor", "¿Qué?")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("size", [1, 3, 64, 1 << 20])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_record_and_a_reject_say_where_in_the_file_they_stand(encoding: str, size: int, end: str) -> None:
    good = [each.replace("é", "e").replace("–", "-") for each in KOREAN] if encoding == "cp949" else WESTERN
    if encoding not in ("cp949", "cp1252"):
        good = KOREAN
    text = dump(good[0], "A title alone date2024-07-01", good[1], good[2]).replace("\n", end)
    content = BOMS.get(encoding, b"") + text.encode(NAMES.get(encoding, encoding))
    dashes = [0, *(text.index(end + "-" + end + each) + len(end) for each in ("A title", *(g[:4] for g in good[1:])))]
    places = [len(BOMS.get(encoding, b"")) + len(text[:at].encode(NAMES.get(encoding, encoding))) for at in dashes]

    found = list(file_entries(content, size=size, encoding=encoding))

    assert [one.offset for one in found] == places
    assert [one.line for one in found] == [1, 4, 6, 9]
    assert [type(one) for one in found] == [Record, Reject, Record, Record]


BAD = {"utf-8": b"\xff", "cp949": b"\xff", "cp1252": b"\x81", "utf-16-le": b"\x00\xd8", "utf-16-be": b"\xd8\x00"}


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("encoding", BAD)
def test_one_bad_byte_rejects_one_record_and_moves_no_other(encoding: str, size: int) -> None:
    title = {"utf-8": "Café", "cp949": "수출"}.get(encoding, "Talks")
    texts = [record(f"{title} {n}", f"{title} rose." if n != 3 else "Ro@se.") for n in range(1, 11)]
    whole = dump(*texts).encode(encoding)
    content = whole.replace("@".encode(encoding), BAD[encoding])

    found = list(file_entries(content, size=size))

    assert [type(one) for one in found] == [Record, Record, Reject, *[Record] * 7]
    [reject] = (one for one in found if isinstance(one, Reject))
    assert reject.offset == len((dump(*texts[:2]) + "\n").encode(encoding))
    assert "not text" in reject.reason
    assert "\ufffd" in reject.text
    last = next(one for one in reversed(found) if isinstance(one, Record))
    assert content[last.offset :].decode(encoding, "replace").startswith(f"-\n{title} 10")


def file_entries(content: bytes, *, size: int, encoding: str = "auto") -> Iterator[Entry]:
    coding = detect_encoding(content[:SAMPLE_SIZE], encoding)

    def segments() -> Iterator[Segment]:
        chunks = (content[at : at + size] for at in range(0, len(content), size))
        return split(coding.decode(chunks), byte_count=byte_counter(coding.name), start=coding.bom)

    return entries(segments(), Layout(segments()), max_record=1_000_000)


# --- bounds ------------------------------------------------------------------------------------------------------

MANY = 180
HOSTILE = {
    "one line without an end": "x" * 10_000,
    "blanks": " " * 10_000,
    "dashes": "-" * 10_000,
    "lone dashes": "-\n" * 200,
    "line ends": "\n" * 1_000,
    "NULs": "\0" * 10_000,
    "undated segments": "-\nab\n" * 60,
    "titles alone": "-\nA date2024-07-01\n" * 50,
    "one body without a date": "Some words of a text.\n" * 450,
}


@pytest.mark.parametrize("chunk", HOSTILE.values(), ids=HOSTILE)
def test_what_no_record_can_be_is_not_kept(chunk: str, full: bool) -> None:
    def segments() -> Iterator[Segment]:
        yield from split((chunk for _ in range(10 * MANY if full else MANY)), max_record=10_000)

    tracemalloc.start()
    try:
        found = entries(segments(), Layout(segments()), max_record=10_000)
        assert not any(isinstance(one, Record) for one in found)
        assert tracemalloc.get_traced_memory()[1] < 1_200_000
    finally:
        tracemalloc.stop()


def test_a_layout_remembers_no_more_titles_than_it_may() -> None:
    def segments() -> Iterator[Segment]:
        for number in range(3 * MAX_LABELS):
            label = "Energy" if number % 3 == 0 else f"Title {number} of a release of more than forty characters"
            yield from split([f"-\n{label}\nWords without a stop\nText. date2024-07-01"])

    layout = Layout(segments())
    [known] = split(["-\nEnergy\nTitle\nText. date2024-07-01"])
    [other] = split(["-\nA title that stood there once, of more than forty characters\nWords\nText. date2024-07-01"])
    assert (layout.read(known).category, layout.read(other).category) == ("Energy", None)


def test_a_record_that_is_too_long_is_rejected_where_it_stands_and_its_neighbours_stay() -> None:
    long = record("Long", "word " * 100_000)
    found = read([dump(record("Talks held"), long, record("Visit ends"))], most=1_000)
    assert [one[0] for one in found] == [1, 4, 7]
    [reject] = (one[2] for one in found if isinstance(one[2], Reject))
    assert reject.text == f"Long\n{'word ' * 100}"[:200]
    assert reject.reason == "the record is longer than 1,000 characters (the source's max_record)"
