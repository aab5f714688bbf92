"""A source says what its files are: its keys, their faults, and what they are turned into."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats.fields import FormatOptions, parse
from monitor.config.checks import check_rules
from monitor.config.convert import sources_of
from monitor.config.settings import settings
from monitor.errors import ConfigError
from tests.config.support import as_lines, loaded, refused

TAIL = '\nchannels: {team: {url: "console://"}}\n'


def source(text: str) -> str:
    return f"timezone: Asia/Seoul\nsources: {{m: {{path: in/, {text}}}}}{TAIL}"


def test_a_source_of_json_is_read_as_it_says(tmp_path: Path) -> None:
    text = source(
        "format: json, records: data.results, dates: dmy, html: no, base: 'https://example.org/', empty: [N/A],\n"
        "  timezone: Europe/Berlin, map: {id: number, title: head | line, url: html_url, category: type + agency}"
    )
    [made] = sources_of(loaded(tmp_path, text))
    assert made.options.timezone == ZoneInfo("Europe/Berlin")
    assert made.options.format == FormatOptions(
        format="json",
        records=("data", "results"),
        map={
            "id": parse("number"),
            "title": parse("head | line"),
            "url": parse("html_url"),
            "category": parse("type + agency"),
        },
        timezone=ZoneInfo("Europe/Berlin"),
        dates="dmy",
        html="no",
        base="https://example.org/",
        empty=("N/A",),
    )


def test_without_a_format_a_source_is_one_of_text(tmp_path: Path) -> None:
    [made] = sources_of(loaded(tmp_path, source("recursive: no")))
    assert made.options.format == FormatOptions(timezone=ZoneInfo("Asia/Seoul"))


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("format: text", ("*.txt", "*.txt.gz")),
        (
            "format: jsonl",
            ("*.json", "*.jsonl", "*.ndjson", "*.jl", "*.json.gz", "*.jsonl.gz", "*.ndjson.gz", "*.jl.gz"),
        ),
        ("format: tsv", ("*.csv", "*.tsv", "*.csv.gz", "*.tsv.gz")),
        ("format: auto", ("*",)),
        ("format: json, files: [a*]", ("a*",)),
        ("files: , format: text", ("*.txt", "*.txt.gz")),
    ],
)
def test_the_files_are_those_of_the_format_unless_they_are_named(
    tmp_path: Path, text: str, files: tuple[str, ...]
) -> None:
    config = loaded(tmp_path, source(text))
    assert config.sources["m"].files == files
    assert [made.folder.files for made in sources_of(config)] == [files]


def test_an_alias_is_shown_as_the_name_it_stands_for(tmp_path: Path) -> None:
    shown = {one.path: one.value for one in settings(loaded(tmp_path, source("format: ndjson, map: {title: a|b}")))}
    assert (shown["sources.m.format"], shown["sources.m.map.title"]) == ("json", "a | b")


BELONGS = "and this source has format: %s; remove it, or change the format"
NO_DATES = "is not a valid order of dates: write auto, mdy, dmy, or a strptime format such as %d.%m.%Y"
NO_BASE = "is not a valid address: write https://… in plain ASCII without spaces and without a password"
NO_RECORDS = "xml needs records: with the name of the element that each release is in, for example records: item"
NO_PLACE = "is not a place of records: write names joined by dots, for example data.results"


@pytest.mark.parametrize(
    ("text", "message"),  # « stands before the place of the fault
    [
        ("format: «jsom", "format: 'jsom' is not a known format; did you mean 'json'?"),
        ("records: «results", f"records: belongs to the formats json, xml, {BELONGS % 'text'}"),
        ("format: rss, records: «item", f"records: belongs to the formats json, xml, {BELONGS % 'feed'}"),
        ("format: «xml", f"format: {NO_RECORDS}"),
        ("format: json, «categories: [x]", f"categories: belongs to the formats text, auto, {BELONGS % 'json'}"),
        ("«map: {title: x}", f"map: belongs to the formats json, feed, xml, csv, document, mail, {BELONGS % 'text'}"),
        ("format: json, between: «x", f"between: belongs to the format document, {BELONGS % 'json'}"),
        ("format: json, map: {«titel: x}", "map.titel: unknown key; did you mean 'title'?"),
        (
            "format: json, map: {title: a | b «+ c}",
            "map.title: 'a | b + c' has both '|' and '+' in one expression: keep one",
        ),
        ("format: json, records: a.«.b", "records: 'a..b' lacks a name at this place"),
        ("format: json, records: «a + b", f"records: 'a + b' {NO_PLACE}"),
        ("format: json, dates: «'%Q'", f"dates: '%Q' {NO_DATES}"),
        ("format: json, dates: «'%d.%m.'", f"dates: '%d.%m.' {NO_DATES}"),
        ("format: json, html: «maybe", "html: 'maybe' must be auto, yes or no"),
        ("format: json, base: «'ftp://example.org'", f"base: 'ftp://…' {NO_BASE}"),
        ("format: json, base: «'https://me:word@example.org'", f"base: 'https://…' {NO_BASE}"),
        ("timezone: «Asia/Seol", "timezone: 'Asia/Seol' is not a known time zone; did you mean 'Asia/Seoul'?"),
    ],
)
def test_a_fault_is_reported_where_it_stands(tmp_path: Path, text: str, message: str) -> None:
    lines = source(text).split("\n")
    column = lines[1].index("«") + 1
    assert as_lines(refused(tmp_path, source(text).replace("«", ""))) == [f"2:{column} sources.m.{message}"]


def test_a_column_that_is_read_must_be_among_those_that_are_named(tmp_path: Path) -> None:
    text = source("format: csv, columns: [day, what, 'a.b'], map: {title: what | 'a.b', date: dax, body: $name}")
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, checks=[check_rules])
    column = text.split("\n")[1].index("dax") + 1
    message = "sources.m.map.date: columns: has no 'dax'; write one of day, what, a.b"
    assert as_lines(caught.value.faults) == [f"2:{column} {message}"]


def test_a_fault_in_a_value_from_elsewhere_shows_nothing_of_it(tmp_path: Path) -> None:
    text = source("format: json, map: {title: '${MAP}'}")
    [fault] = refused(tmp_path, text, {"MAP": "secret | a + b"})
    assert "secret" not in f"{fault.message}{fault.excerpt}"
    assert fault.column == text.split("\n")[1].index("'${MAP}'") + 1
