"""Several processes that write one source at the same time: everything is stored once, and nobody gives up."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from monitor.records import EventFilter
from monitor.secret import Secret
from monitor.store.open import open_shared_stores
from tests.end_to_end.forking import forked_python
from tests.postgresql_databases import Databases
from tests.waiting import line_of

MONITORS = 4


def run_all(url: str, ranges: Sequence[tuple[int, int]]) -> list[dict[str, int]]:
    """Let a process for each range take in its dumps; return how many ended how, and how many decisions were stale."""
    words = [*forked_python(), "-m", "tests.store.postgresql.take_in_child", url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    children = [
        subprocess.Popen([*words, f"node{place}", str(first), str(count)], **pipes)  # type: ignore[call-overload]
        for place, (first, count) in enumerate(ranges)
    ]
    try:
        assert [line_of(child) for child in children] == ["ready"] * len(children)
        for child in children:
            child.stdin.write(b"\n")
        return [json.loads(line_of(child)) for child in children]
    finally:
        for child in children:
            child.kill()
            child.communicate()


def test_files_that_four_monitors_see_are_stored_once_each(databases: Databases, tmp_path: Path) -> None:
    url = databases.url(tmp_path / "state")
    ends = sum((Counter(end) for end in run_all(url, [(0, 40)] * MONITORS)), Counter[str]())
    assert (ends["stored"], ends["duplicate"]) == (40, 120)
    assert ends["stale"] <= 3 * MONITORS  # who waits for the source asks again whether the content is known
    with open_shared_stores(Secret(url)) as stores:
        events = [(event.kind, event.release) for event in stores.archive.events(EventFilter())]
        told = [notice.notice.item.release for notice in stores.outbox.pending_notices("team")]
    assert Counter(kind for kind, _ in events) == {"new": 42, "changed": 39}
    assert Counter(release for _, release in events) == Counter(told)


def test_four_monitors_with_files_of_their_own_write_one_source(databases: Databases, tmp_path: Path) -> None:
    url = databases.url(tmp_path / "state")
    ends = run_all(url, [(first * 20, 20) for first in range(MONITORS)])
    assert [end["stored"] for end in ends] == [20] * MONITORS
    assert sum(end["stale"] for end in ends) <= 3 * MONITORS  # each decides freely until it was beaten
    with open_shared_stores(Secret(url)) as stores:
        kinds = Counter(str(event.kind) for event in stores.archive.events(EventFilter()))
    assert kinds["new"] == 82
