"""Timestamps come out as they went in, and sort as they should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.times import (
    local_reason,
    local_time,
    local_timestamp,
    parse_timestamp,
    rfc3339,
    timestamp,
    with_local_times,
)

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


@pytest.mark.parametrize(
    ("at", "zone", "text"),
    [
        (datetime(2026, 11, 22, 15, 4, 59, tzinfo=UTC), SEOUL, "2026-11-23 00:04"),
        (datetime(2026, 11, 22, 15, 4, 59, tzinfo=UTC), UTC, "2026-11-22 15:04"),
        (datetime(101, 1, 1, tzinfo=UTC), SEOUL, "0101-01-01 09:00"),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), SEOUL, "9999-12-31 23:59"),  # Seoul has no such day
    ],
)
def test_people_read_times_in_their_zone(at: datetime, zone: timezone, text: str) -> None:
    assert local_time(at, zone) == text


def test_the_times_of_a_sentence_become_local_and_nothing_else_does() -> None:
    sentence = "team is muted until 2026-11-22T15:04:59Z, a.txt came on 2026-11-22, at 15:04Z"
    local = with_local_times(sentence, lambda at: local_time(at, SEOUL))
    assert local == "team is muted until 2026-11-23 00:04, a.txt came on 2026-11-22, at 15:04Z"


def test_the_reason_of_a_decision_proves_it_in_the_zone_of_the_place() -> None:
    reason = (
        "the dump is older than what is known (its name says 2024-07-03 15:00 UTC, a later one 2024-07-04 15:00 UTC)"
    )
    local = "the dump is older than what is known (its name says 2024-07-04 00:00, a later one 2024-07-05 00:00)"
    assert local_reason(reason, SEOUL) == local
    assert local_reason("a figure differs: 12:00 → 15:00 UTC", SEOUL) == "a figure differs: 12:00 → 15:00 UTC"


@pytest.mark.parametrize("text", ["2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-07-01T25:00:00Z"])
def test_what_is_no_time_stays_as_it_is(text: str) -> None:
    proof = text.replace("T", " ").replace(":00Z", " UTC")
    assert with_local_times(text, lambda at: local_time(at, SEOUL)) == text
    assert local_reason(proof, SEOUL) == proof
    assert local_timestamp(text, SEOUL) == text
