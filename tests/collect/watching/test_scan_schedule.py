"""When a folder is scanned: at once when it is new, then at a pace that its cost sets."""

from __future__ import annotations

import pytest

from monitor.collect.watching.scan_schedule import POLL, ScanSchedule

IN = b"/in"


def scanned(*, began: float, ended: float, rescan: float = 60.0) -> ScanSchedule:
    scan_schedule = ScanSchedule(rescan=rescan)
    scan_schedule.note_scan(IN, began=began, ended=ended)
    return scan_schedule


# (seconds a scan took, whether the folder is polled, seconds after which the next one is due)
PACE = [(0.1, False, 60.0), (2.0, False, 100.0), (0.1, True, POLL), (1.0, True, 20.0)]


def test_a_folder_that_was_never_scanned_is_due() -> None:
    scan_schedule = ScanSchedule(rescan=60.0)

    assert scan_schedule.is_due(IN, 0.0, is_polled=False)
    assert not scan_schedule.is_requested(IN, 0.0)


@pytest.mark.parametrize(("took", "is_polled", "pause"), PACE)
def test_a_scan_that_takes_long_comes_less_often(took: float, is_polled: bool, pause: float) -> None:
    scan_schedule = scanned(began=100.0 - took, ended=100.0)

    assert not scan_schedule.is_due(IN, 100.0 + pause - 0.01, is_polled=is_polled)
    assert scan_schedule.is_due(IN, 100.0 + pause, is_polled=is_polled)


def test_a_scan_that_is_asked_for_comes_when_the_last_one_has_rested() -> None:
    scan_schedule = scanned(began=9.0, ended=10.0)
    scan_schedule.request(IN)

    assert not scan_schedule.is_requested(IN, 11.9)
    assert scan_schedule.is_requested(IN, 12.0)


def test_a_scan_answers_what_was_asked() -> None:
    scan_schedule = ScanSchedule(rescan=60.0)
    scan_schedule.request(IN)
    assert scan_schedule.is_requested(IN, 0.0)

    scan_schedule.note_scan(IN, began=0.0, ended=0.1)

    assert not scan_schedule.is_requested(IN, 1.0)


def test_folders_are_scanned_each_at_its_own_pace() -> None:
    scan_schedule = scanned(began=0.0, ended=1.0)

    assert scan_schedule.is_due(b"/other", 1.0, is_polled=False)
    assert not scan_schedule.is_due(IN, 1.0, is_polled=False)
