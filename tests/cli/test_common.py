"""Read the times and days that people type."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.common import parse_since, parse_since_day

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-07-01", datetime(2024, 6, 30, 15, tzinfo=UTC)),
        ("2024-07-01T09:00", datetime(2024, 7, 1, 0, tzinfo=UTC)),
        ("2024-07-01T09:00:00Z", datetime(2024, 7, 1, 9, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_of_the_configured_zone(text: str, time: datetime) -> None:
    assert parse_since(text, SEOUL) == time


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York", "America/Sao_Paulo", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("day", ["2024-07-01", "2018-11-04"])  # the second has no midnight in Sao Paulo
def test_a_publication_day_is_the_day_itself_in_every_zone(zone: str, day: str) -> None:
    assert parse_since_day(day, ZoneInfo(zone)) == date.fromisoformat(day)
