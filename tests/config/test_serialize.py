"""Typed settings → text that is read as the same again."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import parsers
from monitor.config.serialize import spelled
from monitor.model import Kind, Rate
from monitor.notify.time_windows import EVERY_DAY, Digest, Quiet
from monitor.secret import Secret

TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(milliseconds=250), "250ms"),
        (timedelta(microseconds=500), "0.5ms"),
        (timedelta(seconds=90), "90s"),
        (timedelta(hours=72), "3d"),
        (Rate(per_second=1), "1/s"),
        (Rate(per_second=10 / 60), "10/min"),
        (Rate(per_second=90 / 3600), "90/h"),
        (Rate(per_second=1 / 3600), "1/h"),
        (Digest(at=time(8, 30)), "08:30"),
        (Digest(at=time(8, 30), days=frozenset({0, 1, 2, 4})), "mon-wed,fri 08:30"),
        (Quiet(start=time(22), end=time(7)), "22:00-07:00"),
        (Secret("slack://a/b/c"), "slack://…"),
        (Secret("console://"), "console://"),
        (ZoneInfo("Asia/Seoul"), "Asia/Seoul"),
        (Path("/var/lib/monitor"), "/var/lib/monitor"),
        ((Kind.NEW, Kind.CHANGED), ["new", "changed"]),
        ({"press": ("a*",)}, {"press": ["a*"]}),
        ("see https://example.org/token", "see https://…"),
        (None, None),
        (True, True),
        (60, 60),
    ],
)
def test_a_setting_is_written_as_people_write_it(value: object, text: object) -> None:
    assert spelled(value) == text


@given(st.integers(0, 10**12).map(lambda n: timedelta(microseconds=n * 500)))
def test_a_duration_is_read_again(length: timedelta) -> None:
    assert parsers.duration(str(spelled(length))) == length


@given(st.integers(1, 10**13))
def test_a_size_is_read_again(count: int) -> None:
    if count < 10**12:
        assert parsers.size(str(spelled(count, parsers.size))) == count


@given(st.integers(1, 9999), st.sampled_from(["s", "min", "h"]))
def test_a_rate_is_read_again(count: int, period: str) -> None:
    rate = parsers.rate(f"{count}/{period}")
    assert parsers.rate(str(spelled(rate))).per_second == pytest.approx(rate.per_second)


@given(TIMES, st.frozensets(st.integers(0, 6), min_size=1))
def test_a_digest_is_read_again(at: time, days: frozenset[int]) -> None:
    digest = Digest(at=at, days=days or EVERY_DAY)
    assert parsers.digest(str(spelled(digest))) == digest


@given(TIMES, TIMES)
def test_quiet_hours_are_read_again(start: time, end: time) -> None:
    quiet = Quiet(start=start, end=end)
    if start != end:
        assert parsers.quiet(str(spelled(quiet))) == quiet
