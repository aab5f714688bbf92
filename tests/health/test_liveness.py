"""Whether the daemon lives and is ready, decided from what its parts said last."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.errors import StoreDamaged, StoreError
from monitor.health.daemon_state import STALE_AFTER, SourceState
from monitor.health.liveness import HealthSnapshot, Liveness, not_ready_reason, stalled_part, unwatched_source

HEARD = SourceState(state="watching", since="2026-11-22T03:00:00Z")
WELL = HealthSnapshot(
    watcher=1.0, store=0.0, scheduler=1.0, watches={"motie": HEARD, "관세청": replace(HEARD, state="polling")}
)

# (what, the pulse, why it is not ready)
ROWS = [
    ("all well", WELL, ""),
    ("just begun", replace(WELL, watches={}), "starting"),
    ("a hung watcher", replace(WELL, watcher=61.4), "the watcher has not answered for 61 s"),
    ("a dead scheduler", replace(WELL, scheduler=STALE_AFTER), "the scheduler has not answered for 10 s"),
    ("a hung node", replace(WELL, node=12.0), "the node thread has not answered for 12 s"),
    ("a hung store", replace(WELL, store=12.0), "the store has not answered for 12 s"),
    ("all wait for the store", replace(WELL, store=30.0, watcher=40.0, scheduler=50.0), "the store has not"),
    ("a full disk", replace(WELL, fault="the disk is full"), "paused: the disk is full"),
    ("silence counts more than a fault", replace(WELL, fault="the disk is full", watcher=99.0), "the watcher has not"),
]
FOLDERS = [
    ("watching", ""),
    ("polling", ""),
    ("waiting", "waiting for a folder that is missing or cannot be read (source motie)"),
    ("degraded", "file events were lost (source motie)"),
    ("unknown", "unknown (source motie)"),
]


@pytest.mark.parametrize(("what", "snapshot", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_a_daemon_is_ready_or_says_the_first_reason_why_not(what: str, snapshot: HealthSnapshot, expected: str) -> None:
    assert not_ready_reason(snapshot).startswith(expected)
    assert bool(not_ready_reason(snapshot)) == bool(expected)


@pytest.mark.parametrize(("state", "expected"), FOLDERS)
def test_a_folder_that_is_not_heard_is_named_by_its_source(state: str, expected: str) -> None:
    assert unwatched_source({"customs": "watching", "motie": state, "later": state}) == expected
    assert not_ready_reason(replace(WELL, watches={"motie": replace(HEARD, state=state)})) == expected


@pytest.mark.parametrize("fault", ["", "the disk is full"])
def test_a_fault_and_a_missing_folder_are_answers_and_no_silence(fault: str) -> None:
    waiting = replace(WELL, fault=fault, watches={"motie": replace(HEARD, state="waiting")})
    assert stalled_part(waiting, within=2.0) == ""
    assert not_ready_reason(waiting) != ""


@pytest.mark.parametrize("part", ["watcher", "store", "scheduler"])
def test_a_part_is_silent_from_the_given_second_on(part: str) -> None:
    for seconds, said in ((59.9, ""), (60.0, f"the {part} has not answered for 60 s")):
        parts = {"watcher": 0.0, "store": 0.0, "scheduler": 0.0} | {part: seconds}
        snapshot = HealthSnapshot(watcher=parts["watcher"], store=parts["store"], scheduler=parts["scheduler"])
        assert stalled_part(snapshot, within=60.0) == said


def test_damage_is_told_before_what_came_of_it_and_is_no_pause() -> None:
    failures: list[StoreError] = [StoreDamaged("monitor.db is damaged")]
    liveness = Liveness(store_failure=lambda: failures[0])
    liveness.report_watches({"motie": HEARD})
    liveness.end_store_check("the disk is full")
    assert not_ready_reason(liveness.snapshot()) == "monitor.db is damaged"
    failures[0] = StoreError("the disk failed to read")
    liveness.end_store_check()
    assert not_ready_reason(liveness.snapshot()) == "paused: the disk failed to read"
