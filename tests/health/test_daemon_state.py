"""What may be believed of the daemon's last word."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.config import load
from monitor.control import lock
from monitor.health.daemon_state import FILE, STALE_AFTER, Vitals, Watch, paused, read, watch_of, write
from monitor.inspect.status import status
from tests.config.support import HEAD

AT = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
WATCH = Watch(state="watching", since="2026-11-22T03:00:00Z", ignored=1, ignored_names=("a.csv",))


def word(state: Path, *, busy_with: str = "") -> dict[str, Any]:
    write(state, Vitals(pid=7, at="2026-11-22T03:04:05.000000Z", busy_with=busy_with, sources={"motie": WATCH}))
    return dict(read(state))


def test_a_fresh_word_of_the_daemon_that_runs_is_believed(tmp_path: Path) -> None:
    watch = watch_of(word(tmp_path), "motie", pid=7, now=AT + timedelta(seconds=STALE_AFTER))

    assert (watch["state"], watch["ignored"], watch["ignored_names"]) == ("watching", 1, ["a.csv"])


# (what, the daemon that runs, the source asked for, age of the word in seconds, part of the reason)
DOUBTS = [
    ("no daemon", None, "motie", 0, "no daemon runs"),
    ("of a daemon before", 8, "motie", 0, "has not reported yet"),
    ("of a source it does not know", 7, "other", 0, "has not reported yet"),
    ("too old", 7, "motie", STALE_AFTER + 1, "has not reported for 11 s; it was about to take in big.txt"),
]


@pytest.mark.parametrize(("what", "pid", "source", "age", "reason"), DOUBTS, ids=[row[0] for row in DOUBTS])
def test_any_other_word_says_nothing(
    what: str, pid: int | None, source: str, age: float, reason: str, tmp_path: Path
) -> None:
    watch = watch_of(word(tmp_path, busy_with="big.txt"), source, pid=pid, now=AT + timedelta(seconds=age))

    assert watch["state"] == "unknown"
    assert reason in watch["reason"]
    assert set(watch) == set(watch_of(word(tmp_path), "motie", pid=7, now=AT))


@pytest.mark.parametrize("content", [b"", b'{"pid": 7', b"[]", b"\xff"])
def test_a_torn_or_missing_word_is_none(content: bytes, tmp_path: Path) -> None:
    assert read(tmp_path) == {}
    (tmp_path / FILE).write_bytes(content)
    assert read(tmp_path) == {}
    assert watch_of(read(tmp_path), "motie", pid=7, now=AT)["state"] == "unknown"


@pytest.mark.parametrize(
    ("word", "pid", "expected"),
    [
        ({"pid": 7, "paused": "disk full"}, 7, "disk full"),
        ({"pid": 7, "paused": ""}, 7, None),
        ({"pid": 7}, 7, None),  # of a version before
        ({"pid": 7, "paused": "disk full"}, 8, None),
        ({}, 8, None),
    ],
)
def test_only_the_daemon_that_runs_can_say_that_it_is_paused(
    word: dict[str, Any], pid: int, expected: str | None
) -> None:
    assert paused(word, pid=pid) == expected


def test_a_word_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        word(tmp_path / "gone")


def test_a_daemon_that_can_store_nothing_is_not_well(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(HEAD, "utf-8")
    (tmp_path / "in").mkdir()
    config = load(tmp_path / "config.yaml", environ={})
    config.state.mkdir()
    with lock.hold(config.state, verb="run", now=AT):
        for fault, is_well in (("", True), ("the disk is full", False)):
            said = Vitals(pid=os.getpid(), at=f"{AT:%Y-%m-%dT%H:%M:%SZ}", paused=fault, sources={"motie": WATCH})
            write(config.state, said)
            standing: Mapping[str, Any] = status(config, read(config.state), now=AT)
            assert (standing["ok"], standing["daemon"]["paused"]) == (is_well, fault or None)
