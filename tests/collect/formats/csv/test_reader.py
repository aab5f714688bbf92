"""Rows of delimited values become releases; a stray quote, a wrong row or a cut end harms nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats.base import Entry
from monitor.collect.formats.csv.lines import lines
from monitor.collect.formats.csv.reader import reading
from monitor.collect.formats.csv.rows import Rows
from monitor.collect.formats.fields import FormatOptions, parse
from monitor.collect.source import SourceOptions
from monitor.model import Record, Reject, Release
from tests.collect.formats.support import dump_of_text

HEAD = "title,text,date\n"
A, B = "a,b,2024-07-01\n", "c,d,2024-07-02\n"


def entries(
    text: str, *, size: int = 0, max_record: int = 1_000_000, map_: Mapping[str, str] | None = None, **options: Any
) -> list[Entry]:
    mapping = {name: parse(expression) for name, expression in (map_ or {}).items()}
    format_ = FormatOptions(format="csv", map=mapping, **options)
    source = SourceOptions(timezone=ZoneInfo("UTC"), format=format_, max_record=max_record)
    return list(reading(dump_of_text(text, size=size, name="a.csv"), source).entries())


def shown(found: list[Entry]) -> list[str]:
    """Return the titles, and of a reject `tail` or `reject`."""
    return [one.release.title if isinstance(one, Record) else "tail" if one.is_tail else "reject" for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["tail"]),
        ("\n\n", ["tail"]),
        (HEAD, []),
        (HEAD + A + B, ["a", "c"]),
        ("\ufeff" + HEAD + A, ["a"]),
        (HEAD.replace("\n", "\r\n") + A.replace("\n", "\r\n"), ["a"]),
        (HEAD + "\n" + A + ",,\n" + HEAD + B, ["a", "c"]),
        (HEAD + 'a,"b\nb, ""b""\n\nb",2024-07-01\n' + B, ["a", "c"]),
        (HEAD + "a,b\n" + B, ["reject", "c"]),
        (HEAD + "a,b,2024-07-01,x\n" + B, ["reject", "c"]),
        (HEAD + 'a,"b,2024-07-01\n' + B + A, ["reject", "c", "a"]),
        (HEAD + 'a,"b,2024-07-01\n' + B + 'e,"f",2024-07-03\n', ["reject", "c", "e"]),
        (HEAD + 'a,"b\nand, so on\nend",2024-07-01,x\n' + B, ["reject", "c"]),
        ("number,title\n1,a\n", ["a"]),
        ("x,y\n1,2\n3,4\n", ["reject"]),
    ],
)
def test_rows_are_releases_and_a_wrong_row_harms_no_other(text: str, expected: list[str]) -> None:
    assert [shown(entries(text, size=size)) for size in (0, 1, 7)] == [expected] * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + A + "c,d", ["a", "tail"]),
        (HEAD + A + "c,d,2024-07-0", ["a", "tail"]),
        (HEAD + A + 'c,"d', ["a", "tail"]),
        (HEAD + A + 'c,"d\nand, so, on\n', ["a", "tail"]),
        ("title,date,text\na,2024-07-01,b", ["a"]),
        ("title,date,other\na,2024-07-01,b", ["a"]),
        ("text,title\na,b", ["tail"]),
        ("text,link,title,url\na,b,c,d", ["tail"]),
    ],
)
def test_a_row_that_may_be_cut_is_a_tail_unless_a_text_is_cut(text: str, expected: list[str]) -> None:
    assert shown(entries(text)) == expected


def test_no_cut_shows_a_record_that_is_not_there() -> None:
    text = HEAD + A + 'c,"one, two\nthree, four, five\nsix ""seven"", eight",2024-07-02\n' + "e,f,2024-07-03\n"
    whole = entries(text)
    for end in range(len(text)):
        found = [one for one in entries(text[:end]) if isinstance(one, Record)]
        assert found == whole[: len(found)], end


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("title;text\na;b, c | d\n", {}),
        ("title\ttext\na\tb, c; d\n", {}),
        ("Title|Text, if any\na|b\n", {}),
        ("sep=|\ntitle|text\na|b\n", {}),
        ('"sep=;"\nno;title,text\n1;a\n', {"map_": {"title": '"title,text"'}}),
        ("no;title,what\n1;a\n", {"delimiter": ";", "map_": {"title": '"title,what"'}}),
        ("no\ttitle\n1\ta\n", {"delimiter": "tab"}),
        ("day;what\n1;a\n", {"map_": {"title": "what"}}),
        ("1;a\n2;a\n", {"columns": ("day", "what"), "map_": {"title": "what"}}),
        ("제목;내용\na;b\n", {}),
    ],
)
def test_the_delimiter_is_found(text: str, options: dict[str, Any]) -> None:
    assert set(shown(entries(text, **options))) == {"a"}


def test_a_table_without_a_header_is_read_by_its_columns() -> None:
    columns = ("day", "time", "what", "text")
    mapping = {"title": "what", "body": "text", "date": "day + time"}
    [one] = entries("01/07/2024,10:30,Talks,They met.\n", columns=columns, map_=mapping, dates="dmy")
    assert isinstance(one, Record)
    assert one.release == Release(title="Talks", body="They met.", date=date(2024, 7, 1))
    assert (one.line, one.offset) == (1, 0)


def test_a_column_has_its_whole_name() -> None:
    [one] = entries("full.title, Note \nTalks,x\n", map_={"title": "full.title", "body": "Note"})
    assert isinstance(one, Record)
    assert one.release == Release(title="Talks", body="x", date=None)


def test_an_entry_has_the_place_of_its_first_line_in_bytes() -> None:
    found = entries(HEAD + 'ä,"b\nc",2024-07-01\n' + "x\n" + B)
    assert [(one.line, one.offset) for one in found] == [(2, 16), (4, 36), (5, 38)]


def test_reasons_say_what_is_wrong() -> None:
    found = entries(HEAD + "a,b\n" + 'a,"b,2024-07-01\n' + B)
    assert [one.reason for one in found if isinstance(one, Reject)] == [
        "the row has 2 values, and there are 3 columns",
        "a quote in the row is not closed, or is where none is allowed",
    ]
    [none] = entries("<html>\n<body>,x\n")
    assert isinstance(none, Reject)
    assert none.reason == (
        "no column is a title or a text: write map:, or columns: if the first row has no names; here it has <html>"
    )


@pytest.mark.parametrize("value", ["x" * 500, '"' + "word, and\n" * 50 + '"'])
def test_a_row_that_is_too_long_is_one_reject(value: str) -> None:
    assert shown(entries(f"{HEAD}{A}x,{value},2024-07-02\n{B}", max_record=200, size=40)) == ["a", "reject", "c"]


@pytest.mark.parametrize("line", ['a"b,"c\n', '"a""\n', 'x,"y,2024-07-01\n', '"\n', '""""""x,"\n', "a,b,2024-07-01,\n"])
def test_what_is_read_again_is_bounded(line: str) -> None:
    def looks(count: int) -> int:
        looked = list[int]()  # a value for each row that is looked at to see whether it is one

        def is_row(values: list[str]) -> bool:
            looked.append(len(values))
            return True

        rows = Rows(lines((line * count,)), delimiter=",", is_row=is_row, max_record=1_000)
        rows.columns = 3
        assert list(rows)
        return len(looked)

    assert looks(8_000) <= 3 * looks(4_000) + 10
