"""Records of JSON become releases by usual names or by a mapping; what else stands beside them makes no difference."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats.base import Entry
from monitor.collect.formats.fields import FormatOptions, parse
from monitor.collect.formats.json.reader import reading
from monitor.collect.source import SourceOptions
from monitor.model import Record, Reject, Release
from tests.collect.formats.support import dump_of_text

SEOUL = ZoneInfo("Asia/Seoul")
PLAIN = {
    "title": "Talks held",
    "content": "They met in June.",
    "published_at": "2024-07-01T09:00:00+09:00",
    "link": "https://example.org/1",
    "categories": ["Trade", "Energy", "Trade"],
}


def entries(
    text: str, *, map_: Mapping[str, str] | None = None, drop: tuple[str, ...] = (), **options: Any
) -> list[Entry]:
    mapping = {name: parse(expression) for name, expression in (map_ or {}).items()}
    format_ = FormatOptions(format="json", map=mapping, timezone=SEOUL, **options)
    return list(reading(dump_of_text(text), SourceOptions(timezone=SEOUL, format=format_, drop=drop)).entries())


def record(value: Mapping[str, object], **options: Any) -> Record:
    [one] = entries(json.dumps(value), **options)
    assert isinstance(one, Record), one
    return one


def test_usual_names_make_a_release() -> None:
    one = record(PLAIN)
    assert one.release == Release(
        title="Talks held", body="They met in June.", date=date(2024, 7, 1), category="Energy, Trade"
    )
    assert (one.day, one.line, one.offset) == (date(2024, 7, 1), 1, 0)
    assert (one.release.url, one.release.ref) == ("https://example.org/1", None)


def test_a_mapping_takes_what_it_names() -> None:
    value = {
        "head": {"text": "Talks held"},
        "a": "",
        "b": "They met.",
        "c": "Bye.",
        "n": 7,
        "href": "x/1",
        "title": "no",
    }
    mapped = {"title": "head.text", "body": "a | b", "id": "n", "url": "href", "date": "none", "category": "none"}
    one = record(value, map_=mapped, base="https://example.org/press/")
    assert one.release == Release(title="Talks held", body="They met.", date=None)
    assert (one.release.ref, one.release.url) == ("7", "https://example.org/press/x/1")
    assert record(value, map_={**mapped, "body": "b + c"}).release.body == "They met.\n\nBye."


@pytest.mark.parametrize(
    "other",
    [
        {**PLAIN, "scraped_at": "2024-07-02", "comments": 3},
        dict(reversed(PLAIN.items())),
        {**PLAIN, "link": "https://example.org/1?token=2"},
    ],
    ids=["counters", "order", "link"],
)
def test_what_the_mapping_does_not_read_makes_no_other_record(other: Mapping[str, object]) -> None:
    assert record(other).digest == record(PLAIN).digest


@pytest.mark.parametrize("name", ["title", "content", "published_at", "categories"])
def test_what_the_mapping_reads_makes_another_record(name: str) -> None:
    assert record({**PLAIN, name: "2024-07-02"}).digest != record(PLAIN).digest


def test_another_mapping_makes_another_record() -> None:
    assert record(PLAIN, map_={"title": "title"}).digest != record(PLAIN).digest
    assert record(PLAIN, drop=("x*",)).digest != record(PLAIN).digest


def test_fields_are_not_mistaken_for_each_other() -> None:
    assert record({"title": "a", "content": "b"}).digest != record({"title": "ab"}).digest
    assert (
        record({"title": "a", "tags": "x", "category": ["b", "c"]}).digest
        != record({"title": "a", "category": ["bc"]}).digest
    )


def test_without_a_title_the_first_line_of_the_text_is_one() -> None:
    assert record({"content": "\n Talks held \nThey met."}).release.title == "Talks held"
    long = record({"content": "word " * 100}).release
    assert (len(long.title), len(long.body)) == (99, 499)


def test_an_empty_text_is_allowed() -> None:
    assert record({"title": "Talks held"}).release.body == ""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"content": " ", "id": 3}, "the record has no title and no text"),
        ({"title": "Talks\u0000held"}, "the record has control characters"),
        ({"title": "Talks\u001fheld"}, "the record has control characters"),
        ({"title": "회담\u001e개최"}, "the record has control characters"),
        ({"title": "a", "content": "x" * 1_000_001}, "the record is longer than 1,000,000 characters"),
    ],
)
def test_what_is_no_release_is_a_reject(value: Mapping[str, object], reason: str) -> None:
    [one] = entries(json.dumps(value))
    assert isinstance(one, Reject)
    assert one.reason.startswith(reason)
    assert (one.line, one.is_tail, len(one.text) <= 200) == (1, False, True)


def test_bytes_that_do_not_decode_are_a_reject_and_half_of_a_pair_is_not() -> None:
    [broken, half] = entries('{"title": "Talks \udcff held"}\n{"title": "Talks \\ud83d held"}')
    assert isinstance(broken, Reject)
    assert isinstance(half, Record)
    assert half.release.title == "Talks \ufffd held"


def test_values_that_stand_for_nothing_are_passed_over() -> None:
    value = {"title": "Talks held", "content": "N/A", "summary": "They met.", "category": "No Category"}
    assert record(value, empty=("N/A", "No Category")).release == Release(
        title="Talks held", body="They met.", date=None
    )


def test_dropped_lines_are_no_part_of_the_text() -> None:
    assert record({"title": "a", "content": "They met.\nViews 7\nBye."}, drop=("Views *",)).release.body == (
        "They met.\nBye."
    )


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("/1", "https://example.org/1"),
        ("javascript:alert(1)", None),
        ("https://example.org/\n1", None),
        ("https://example.org/\u202e1", "https://example.org/%E2%80%AE1"),
        ("http://[", None),
        ("mailto:a@example.org", None),
    ],
)
def test_only_links_of_the_web_are_kept(link: str, url: str | None) -> None:
    assert record({"title": "a", "link": link}, base="https://example.org/").release.url == url


def test_a_repeat_is_one_record_and_rejects_are_not_merged() -> None:
    line = json.dumps(PLAIN)
    found = entries(f"{line}\n{line}\n{{}}\n{{}}")
    assert [type(one) for one in found] == [Record, Reject, Reject]


@pytest.mark.parametrize("outline", ["\n".join, lambda parts: f"[{','.join(parts)}]"])
def test_a_dump_that_is_not_kept_is_read_the_same(outline: Callable[[list[str]], str]) -> None:
    text = outline([json.dumps({**PLAIN, "title": f"Title {n}"}) for n in range(5)])
    options = SourceOptions(timezone=SEOUL, format=FormatOptions(format="json", timezone=SEOUL))
    kept, streamed = (reading(dump_of_text(text, is_held=held), options) for held in (True, False))
    assert streamed.kept is None
    assert list(streamed.entries()) == list(streamed.entries()) == list(kept.entries())
