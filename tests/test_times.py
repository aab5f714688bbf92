"""Timestamps come out as they went in, and sort as they should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.times import parse_timestamp, rfc3339, timestamp

SEOUL = timezone(timedelta(hours=9))
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, SEOUL])).filter(
    lambda at: 1 < at.year < 9999
)  # the outermost days have no UTC


@given(MOMENTS, MOMENTS)
def test_moments_sort_as_text(one: datetime, other: datetime) -> None:
    assert (timestamp(one) < timestamp(other)) == (_whole(one) < _whole(other))


@given(MOMENTS)
def test_a_moment_comes_out_as_it_went_in_to_the_millisecond(at: datetime) -> None:
    assert parse_timestamp(timestamp(at)) == _whole(at)
    assert (len(timestamp(at)), timestamp(at)[-1]) == (24, "Z")


def _whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 22, 3, 4, 5, 678_901, tzinfo=UTC), "2026-11-22T03:04:05Z"),
        (datetime(2026, 11, 22, 3, 4, 5, tzinfo=SEOUL), "2026-11-21T18:04:05Z"),
        (datetime(24, 7, 1, tzinfo=UTC), "0024-07-01T00:00:00Z"),
        (None, None),
    ],
)
def test_output_shows_utc_in_whole_seconds(at: datetime | None, text: str | None) -> None:
    assert rfc3339(at) == text
