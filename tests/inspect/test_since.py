"""The times that people type; what the commands add to it is in tests/cli/test_common.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.errors import UsageError
from monitor.inspect.since import since_day, since_time

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize("text", ["", "yesterday", "7", "99999999d", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_refused_with_the_forms_that_are(text: str) -> None:
    for read in (since_time, since_day):
        with pytest.raises(UsageError, match=r"give a day \(2024-07-01\), a time .* or an age \(7d\)"):
            read(text, SEOUL)


@pytest.mark.parametrize(
    ("text", "zone"), [("9999-12-31T23:59:59Z", "Asia/Seoul"), ("0001-01-01T00:00:00Z", "America/New_York")]
)
def test_a_time_whose_day_is_in_no_calendar_is_refused(text: str, zone: str) -> None:
    with pytest.raises(UsageError, match=r"give a day \(2024-07-01\)"):
        since_day(text, ZoneInfo(zone))


def test_an_age_counts_from_now_and_nothing_is_no_limit() -> None:
    found = since_time("2d", SEOUL)
    assert found is not None
    assert abs(datetime.now(UTC) - timedelta(days=2) - found) < timedelta(hours=1)
    assert since_time(None, SEOUL) is since_day(None, SEOUL) is None
