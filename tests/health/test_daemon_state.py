"""What may be believed of the daemon's last word, when it is written down, and what is said to who asks."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.config import Config, load
from monitor.control import lock
from monitor.health.daemon_state import (
    FILE,
    STALE_AFTER,
    DaemonState,
    SourceState,
    last_change,
    read_state,
    reported_watch,
    write_state,
)
from monitor.health.liveness import Liveness
from monitor.health.publisher import StatePublisher
from monitor.inspect.status import status
from tests.config.support import HEAD

AT = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
WATCH = SourceState(state="watching", since="2026-11-22T03:00:00Z", ignored=1, ignored_names=("a.csv",))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "config.yaml").write_text(HEAD, "utf-8")
    (tmp_path / "in").mkdir()
    return load(tmp_path / "config.yaml", environ={})


def word(state: Path, *, busy_with: str = "") -> dict[str, Any]:
    write_state(
        state, DaemonState(pid=7, at="2026-11-22T03:04:05.000000Z", busy_with=busy_with, sources={"motie": WATCH})
    )
    return dict(read_state(state))


def test_the_last_change_is_believed_and_says_of_when_it_is(tmp_path: Path) -> None:
    word(tmp_path)
    watch = reported_watch(last_change(tmp_path, pid=7, since="2026-11-22T03:04:05Z"), "motie")

    assert (watch["state"], watch["ignored"], watch["ignored_names"]) == ("watching", 1, ["a.csv"])
    assert watch["reason"] == "last changed 2026-11-22T03:04:05Z; the daemon cannot be asked for news"


def test_what_the_last_change_says_against_a_source_is_kept(tmp_path: Path) -> None:
    missing = SourceState(state="waiting", since="2026-11-22T03:00:00Z", reason="the folder is missing")
    write_state(tmp_path, DaemonState(pid=7, at="2026-11-22T03:04:05.000000Z", sources={"motie": missing}))
    watch = reported_watch(last_change(tmp_path, pid=7, since="2026-11-22T03:00:00Z"), "motie")

    assert watch["reason"].startswith("the folder is missing; last changed 2026")


# (what, the daemon that runs, since when, the source asked for)
DOUBTS = [
    ("of a daemon before", 8, "2026-11-22T03:00:00Z", "motie"),
    ("of a daemon before with the same pid, as in a container", 7, "2026-11-22T03:04:06Z", "motie"),
    ("of a source it does not know", 7, "2026-11-22T03:00:00Z", "other"),
]


@pytest.mark.parametrize(("what", "pid", "since", "source"), DOUBTS, ids=[row[0] for row in DOUBTS])
def test_any_other_word_says_nothing(what: str, pid: int, since: str, source: str, tmp_path: Path) -> None:
    of_now = word(tmp_path, busy_with="big.txt")
    watch = reported_watch(last_change(tmp_path, pid=pid, since=since), source)

    assert (watch["state"], watch["reason"]) == ("unknown", "the daemon has not reported yet")
    assert set(watch) == set(reported_watch(of_now, "motie"))


def test_the_word_of_a_daemon_that_is_silent_says_nothing_of_its_sources(tmp_path: Path) -> None:
    watch = reported_watch({**word(tmp_path), "silence": "it hangs"}, "motie")

    assert (watch["state"], watch["reason"]) == ("unknown", "it hangs")


@pytest.mark.parametrize("content", [b"", b'{"pid": 7', b"[]", b"\xff", b"{}", b"[" * 99_999, b"[" * 2_000_000])
def test_a_torn_or_missing_word_is_none(content: bytes, tmp_path: Path) -> None:
    assert read_state(tmp_path) == {}
    (tmp_path / FILE).write_bytes(content)
    assert read_state(tmp_path) == {}
    assert reported_watch(last_change(tmp_path, pid=7, since="2026-11-22T03:00:00Z"), "motie")["state"] == "unknown"


def test_a_word_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        word(tmp_path / "gone")


def test_a_daemon_that_can_store_nothing_is_not_well(config: Config) -> None:
    with lock.hold(config.state, verb="run", now=AT):
        for fault, is_well in (("", True), ("the disk is full", False)):
            said = DaemonState(pid=os.getpid(), at=f"{AT:%Y-%m-%dT%H:%M:%SZ}", paused=fault, sources={"motie": WATCH})
            channel_state: Mapping[str, Any] = status(config, asdict(said), now=AT)
            assert (channel_state["ok"], channel_state["daemon"]["paused"]) == (is_well, fault or None)


def test_only_a_daemon_that_runs_can_say_how_it_is(config: Config) -> None:
    said = DaemonState(pid=os.getpid(), at="2026-11-22T03:04:05Z", paused="full", refusal="x", sources={"motie": WATCH})
    for verb in ("run --once", None):
        with lock.hold(config.state, verb=verb, now=AT) if verb else nullcontext():
            channel_state: Mapping[str, Any] = status(config, asdict(said), now=AT)
        assert (channel_state["ok"], channel_state["daemon"], channel_state["config"]["refusal"]) == (False, None, None)
        assert channel_state["sources"][0]["watch"]["reason"] == "no daemon runs"


def test_a_word_is_written_when_it_changes_and_until_it_is_written(tmp_path: Path) -> None:
    written, room, refusals = list[DaemonState](), [True], [""]

    def write_down(said: DaemonState) -> None:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(said)

    def speak(at: str, paused: str = "") -> int:
        publisher.publish(DaemonState(pid=7, at=at, paused=paused, sources={"motie": WATCH}))
        return len(written)

    publisher = StatePublisher(Liveness(), write_down, refusal=lambda: refusals[0])
    assert [speak("1"), speak("2"), speak("3", "full"), speak("4", "full")] == [1, 1, 2, 2]
    refusals[0] = "config.yaml:3"
    assert (speak("5", "full"), written[-1].at, written[-1].refusal) == (3, "5", "config.yaml:3")
    room[0] = False
    assert (speak("6"), speak("7"), publisher.current_state()["at"]) == (3, 3, "7")
    room[0] = True
    assert (speak("8"), speak("9"), written[-1].at) == (4, 4, "8")


def test_who_asks_hears_what_has_changed_since_the_last_word() -> None:
    now = [0.0]
    liveness = Liveness(seconds=lambda: now[0])
    refusals = [""]
    publisher = StatePublisher(liveness, lambda _: None, refusal=lambda: refusals[0])
    assert reported_watch(publisher.current_state(), "motie")["reason"] == "the daemon has not reported yet"
    publisher.publish(DaemonState(pid=7, at="1", busy_with="big.txt", sources={"motie": WATCH}))
    refusals[0] = "config.yaml:3"
    liveness.end_store_check("the disk is full")
    said = publisher.current_state()
    assert (said["silence"], said["paused"], said["refusal"]) == ("", "the disk is full", "config.yaml:3")
    now[0] += STALE_AFTER
    assert (
        publisher.current_state()["silence"] == "the watcher has not answered for 10 s; it was about to ingest big.txt"
    )
    liveness.report_scheduler()
    publisher.publish(DaemonState(pid=7, at="2", sources={"motie": WATCH}))
    assert reported_watch(publisher.current_state(), "motie")["state"] == "watching"


# (field of the file, what stands there instead)
STRANGE_FIELDS = [
    ("at", "x"),
    ("at", "2026-01-01T00:00:00"),
    ("pid", "7"),
    ("sources", []),
    ("sources", {"motie": {"state": "watching"}}),
    ("sources", {"motie": {**asdict(WATCH), "since": 7}}),
    ("sources", {"motie": {**asdict(WATCH), "oldest_unsettled": "soon"}}),
    ("sources", {"motie": {**asdict(WATCH), "ignored_names": [7]}}),
]


@pytest.mark.parametrize(("field", "value"), STRANGE_FIELDS)
def test_a_word_of_another_version_says_nothing(field: str, value: object, tmp_path: Path) -> None:
    found = {**word(tmp_path), field: value}
    (tmp_path / FILE).write_text(json.dumps(found), "utf-8")
    assert read_state(tmp_path) == {}
