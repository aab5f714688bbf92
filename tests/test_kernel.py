"""Tests that must be alone are, and are not kept waiting by those that come later."""

from __future__ import annotations

import fcntl
import threading
import time
from pathlib import Path

from tests.kernel import lane

DEADLINE = 30.0


def test_who_must_be_alone_waits_for_those_before_and_keeps_those_behind_waiting(tmp_path: Path) -> None:
    seen: list[str] = []
    first, second = _others(tmp_path, seen, "second", "third")
    with lane(is_alone=False, locks=tmp_path), lane(is_alone=False, locks=tmp_path):
        first.start()
        _until_somebody_waits(tmp_path / "door")
        second.start()
        seen.append("first")
    for thread in (first, second):
        thread.join(DEADLINE)
    assert seen == ["first", "second", "second ends", "third", "third ends"]


def _others(locks: Path, seen: list[str], alone: str, behind: str) -> tuple[threading.Thread, threading.Thread]:
    def stay(name: str) -> None:
        with lane(is_alone=name == alone, locks=locks):
            seen.extend([name, f"{name} ends"])

    first, second = (threading.Thread(target=stay, args=[name], daemon=True) for name in (alone, behind))
    return first, second


def _until_somebody_waits(door: Path) -> None:
    end = time.monotonic() + DEADLINE
    while _is_free(door):
        assert time.monotonic() < end


def _is_free(door: Path) -> bool:
    with door.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
