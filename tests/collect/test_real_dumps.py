"""The five real dumps: all 44 records, and every byte-cut of every one of them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from monitor.collect.as_of import name_stamp
from monitor.collect.charset import decode
from monitor.collect.formats.dash.parser import ParseResult, parse
from monitor.testing import NOON
from monitor.text import is_cut
from tests.collect.samples import SEOUL
from tests.dumps import CATEGORIES, real_dumps

RECORDS = (10, 8, 10, 8, 8)
STRIDE = 13  # bytes between two cuts of a normal run; a prime, so that the cuts fall everywhere
END = re.compile(rb" date\d{4}-\d\d-\d\d(?=\n-\n|\Z)")

# (dump, record from 1, category, title, day), read off by hand
SEEN = [
    (0, 1, "Trade/Investment", "Minister Ahn meets Vietnam's Minister of Industry and Trade", date(2024, 7, 1)),
    (0, 2, "Trade/Investment", "Korea's H1 2024 exports climb 9.1%", date(2024, 7, 1)),
    (0, 5, "FTA/Economic Cooperation", "Korea-U.S. Supply Chain and Commercial Dialogue (SCCD)", date(2024, 6, 28)),
    (1, 8, None, "Ewha Womans University and Syensqo celebrate 10 years of industry-academia cooperation",
     date(2024, 6, 27)),
    (2, 6, "Energy", "Minister attends 14th Nuclear Safety and Promotion Day", date(2024, 12, 27)),
    (2, 9, "Industry", "Korea’s retail industry rises 8.0% in November", date(2024, 12, 23)),
    (3, 8, None, "Korea and Pakistan to launch negotiations for bilateral EPA", date(2025, 1, 9)),
    (4, 5, None, "Korea and Japan hold 21st bilateral Steel Dialogue", date(2024, 4, 20)),
]  # fmt: skip


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return real_dumps()


@pytest.fixture(scope="module")
def parsed(files: list[Path]) -> list[ParseResult]:
    return [read(path.read_bytes()) for path in files]


def read(content: bytes, categories: tuple[str, ...] = ()) -> ParseResult:
    return parse(decode(content), categories=categories)


def test_all_44_records_are_read_and_none_is_rejected(parsed: list[ParseResult]) -> None:
    assert tuple(len(each.records) for each in parsed) == RECORDS
    assert [each.rejects for each in parsed] == [()] * 5


@pytest.mark.parametrize(("dump", "place", "category", "title", "day"), SEEN)
def test_a_record_says_what_the_file_shows(
    dump: int, place: int, category: str | None, title: str, day: date, parsed: list[ParseResult]
) -> None:
    release = parsed[dump].records[place - 1].release

    assert (release.category, release.title, release.date) == (category, title, day)


def test_two_of_the_listings_print_a_category_on_every_record(parsed: list[ParseResult]) -> None:
    labels = [{record.release.category for record in each.records} for each in parsed]

    assert labels[0] | labels[2] == set(CATEGORIES)
    assert labels[1] == labels[3] == labels[4] == {None}


def test_declaring_the_categories_changes_no_record(files: list[Path], parsed: list[ParseResult]) -> None:
    assert [read(path.read_bytes(), CATEGORIES) for path in files] == parsed


def test_six_records_stand_in_two_dumps_apart_from_their_category(parsed: list[ParseResult]) -> None:
    first, second = ({(r.release.title, r.release.body) for r in parsed[dump].records} for dump in (0, 1))

    assert len(first & second) == 6


def test_four_bodies_are_cut(parsed: list[ParseResult]) -> None:
    cut = [record.release.body for each in parsed for record in each.records if is_cut(record.release.body)]

    assert len(cut) == 4
    assert all(3_800 < len(body) < 4_000 for body in cut)


def test_no_name_holds_a_stamp(files: list[Path]) -> None:
    assert [name_stamp(path.name, SEOUL, arrived=NOON) for path in files] == [None] * 5


@pytest.mark.parametrize("number", range(5))
def test_a_byte_cut_gives_its_complete_records_and_nothing_else(
    number: int, files: list[Path], parsed: list[ParseResult], full: bool
) -> None:
    content = files[number].read_bytes()
    ends = [match.end() for match in END.finditer(content)]
    assert len(ends) == RECORDS[number]

    for cut in range(0, len(content), 1 if full else STRIDE):
        got = read(content[:cut])
        assert got.records == parsed[number].records[: sum(end <= cut for end in ends)], f"cut at byte {cut}"
        assert all(reject.is_tail for reject in got.rejects), f"cut at byte {cut}"
