"""The doctor compares the wall clock with the time that the store goes by."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import load
from monitor.inspect.doctor import examine
from monitor.store.open import Access, open_stores
from monitor.testing import NOON
from monitor.times import ClockReading
from tests.end_to_end.harness import Project

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("now", "state", "says"),
    [
        (NOON + HOUR, "ok", "Asia/Seoul"),
        (NOON - 9 * HOUR, "warn", "9:00:00 behind the time that the monitor goes by"),
        (datetime.fromisoformat("1970-01-01T00:01:00Z"), "fail", "1970-01-01"),
    ],
)
def test_a_clock_that_is_behind_what_is_stored_is_told(tmp_path: Path, now: datetime, state: str, says: str) -> None:
    project = Project(tmp_path / "p")
    config = load(project.folder / "config.yaml", environ={})
    with open_stores(config.location, Access.WRITE) as stores:
        stores.maintenance.note_clock(
            ClockReading(at=NOON, wall=NOON, uptime=1.0, boot="", steady_since=1.0, aged=NOON)
        )
    [found] = [each for each in examine(config, now=now) if each.check == "time"]
    assert found.state == state
    assert says in found.what
