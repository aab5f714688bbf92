"""The last day in a path is read where it can mean one day only."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.collect.formats.fields import FormatOptions, parse
from monitor.collect.formats.file_days import DatedName, last_day_in
from monitor.collect.formats.json.reader import reading
from monitor.collect.source import SourceOptions
from monitor.model import Record
from tests.collect.formats.support import dump_of_text

DAY = date(2024, 3, 15)


@pytest.mark.parametrize(
    "path",
    [
        "2024/0315/x.md", "2024/03/15/x.md", "2024/03/15-talks.md", "202403/15.md", "20240315.md",
        "2024-03-15-talks.md",
        "press_20240315_093000.md", "20240315093000.md", "2024.3.15.md", "2024-3-15_x.md", "15Mar2024x.txt",
        "x15-March-2024.txt", "Mar15-2024.txt", "march_15_2024.md", "2024년 3월 15일.md", "15.03.2024.md",
        "15.3.2024.md", "2023/0101/20240315.md", "20240315/20241345.md",
        "\uff12\uff10\uff12\uff14\uff10\uff13\uff11\uff15.md",  # full width
    ],
)  # fmt: skip
def test_a_day_is_found(path: str) -> None:
    assert last_day_in(path) == DAY


@pytest.mark.parametrize(
    "path",
    ["x.md", "2024/x.md", "2024-03.md", "03-15-2024.md", "15/03/2024.md", "20241345.md", "120240315.md",
     "2024-1-2-3.md", "240315.md", "18990315.md", "10marble2007.md", "2024031.md", "v2024.1.md", "a" * 4_000],
)  # fmt: skip
def test_what_could_mean_another_day_or_none_is_none(path: str) -> None:
    assert last_day_in(path) is None


def test_the_name_alone_may_be_asked_for() -> None:
    assert DatedName("2024/0315/x.md").text("$name") == ""
    assert DatedName("2024/0315/x.md").text("$path") == "2024-03-15"


@pytest.mark.parametrize(
    ("options", "day"),
    [({}, DAY), ({"dates": "%d_%m_%Y.json"}, None), ({"dates": "20240315_%d%m%Y.json"}, date(2024, 12, 1))],
)
def test_a_mapping_reads_the_day_of_any_file(options: dict[str, str], day: date | None) -> None:
    source = SourceOptions(
        timezone=FormatOptions().timezone,
        format=FormatOptions(format="json", map={"date": parse("when | $name")}, **options),  # type: ignore[arg-type]
    )
    [one] = reading(dump_of_text('{"title": "a"}', name="20240315_01122024.json"), source).entries()
    assert isinstance(one, Record)
    assert one.day == day
