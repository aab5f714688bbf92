"""Typed settings are written as text that parses to the same value."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from monitor.config import parsers
from monitor.config.text_types import (
    Age,
    DigestTime,
    Duration,
    Event,
    ExpectedEvery,
    Flag,
    Folder,
    Glob,
    Limit,
    MessageRate,
    Name,
    PositiveDuration,
    QuietHours,
    Size,
    Url,
    WebAddress,
    Word,
    Zone,
)
from monitor.model import Kind, Rate
from monitor.notify.time_windows import Expectation
from monitor.secret import Secret
from tests.notify.facts import digest_at, quiet_hours

TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def shown(kind: Any, value: object) -> object:
    return TypeAdapter(kind).dump_python(value)


def read(kind: Any, text: object) -> object:
    return TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Duration, timedelta(), "0s"),
        (Duration, timedelta(milliseconds=250), "250ms"),
        (Duration, timedelta(microseconds=500), "0.5ms"),
        (PositiveDuration, timedelta(seconds=90), "90s"),
        (PositiveDuration, timedelta(hours=72), "3d"),
        (Age, timedelta(days=365), "365"),
        (Age, None, None),
        (Size, 10**6, "1MB"),
        (MessageRate, Rate(per_second=1), "1/s"),
        (MessageRate, Rate(per_second=10 / 60), "10/min"),
        (MessageRate, Rate(per_second=90 / 3600), "90/h"),
        (MessageRate, Rate(per_second=1 / 3600), "1/h"),
        (DigestTime, digest_at(time(8, 30)), "08:30"),
        (DigestTime, digest_at(time(8, 30), days=frozenset({0, 1, 2, 4})), "mon-wed,fri 08:30"),
        (QuietHours, quiet_hours(time(22), time(7)), "22:00-07:00"),
        (ExpectedEvery, Expectation(every=timedelta(days=1)), "1d"),
        (Url, Secret("slack://a/b/c"), "slack://…"),
        (Url, Secret("console://"), "console://"),
        (WebAddress, Secret("https://h/token"), "https://…"),
        (Zone, ZoneInfo("Asia/Seoul"), "Asia/Seoul"),
        (Folder, Path("/var/lib/monitor"), "/var/lib/monitor"),
        (tuple[Event, ...], (Kind.NEW, Kind.CHANGED), ("new", "changed")),
        (dict[Name, tuple[Glob, ...]], {"press": ("a*",)}, {"press": ("a*",)}),
        (Word, "see https://example.org/token", "see https://…"),
        (Word | None, None, None),
        (Flag, True, True),
        (Limit, 60, 60),
    ],
)
def test_a_setting_is_written_as_people_write_it(kind: object, value: object, text: object) -> None:
    assert shown(kind, value) == text


@pytest.mark.parametrize("given", [None, 1, ["a"], {"a": "b"}, b"a"])
def test_only_text_is_read_as_a_setting(given: object) -> None:
    with pytest.raises(ValidationError, match="must be a single value"):
        read(Word, given)


@given(st.integers(0, 10**12).map(lambda n: timedelta(microseconds=n * 500)))
def test_a_duration_is_read_again(length: timedelta) -> None:
    assert read(Duration, shown(Duration, length)) == length


@given(st.integers(1, 10**13))
def test_a_size_is_read_again(count: int) -> None:
    if count < 10**12:
        assert read(Size, shown(Size, count)) == count


@given(st.integers(1, 9999), st.sampled_from(["s", "min", "h"]))
def test_a_rate_is_read_again(count: int, period: str) -> None:
    rate = parsers.rate(f"{count}/{period}")
    assert parsers.rate(parsers.rate_text(rate)).per_second == pytest.approx(rate.per_second)
