"""How templates write times."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.web.filters import duration


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.004, "under 0.1 s"), (0.06, "0.1 s"), (1.24, "1.2 s"), (90, "2 min"), (10_800, "3 h")]
)
def test_a_duration_is_in_its_largest_unit(seconds: float, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text
