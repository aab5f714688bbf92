"""A process killed at any moment of a commit leaves all of the dump, or nothing of it; a repeat makes it whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from monitor.model import Kind
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, build_messages
from monitor.store.channel_states import SqlChannelStates
from monitor.store.outbox import SqlOutbox
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from monitor.testing import NOON, FrozenClock
from tests.contract.takes import dump, heads, record, take_in
from tests.waiting import DEADLINE, has_line, line_of, wait_until

ROOT = Path(__file__).parents[3]
SIZE = 1_000
CONTENT = dump(*(record(f"Notice {n}", f"Sentence {n} of a long notice. " * 40) for n in range(SIZE)))
PARTS = SIZE // 20


@contextmanager
def taking_in(state: Path, *halt: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process on its way through the dump; killed at the end of the block."""
    content = state.with_name("dump.txt")
    content.write_text(CONTENT, "utf-8")
    command = [sys.executable, "-m", "tests.store.sqlite.crash_child", str(state), str(content), *halt]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            assert line_of(process) == "begun"
            yield process
        finally:
            process.kill()
            process.wait(DEADLINE)


def counts(state: Path) -> tuple[int, int, int]:
    """Return dumps, releases and events of a store that must be healthy."""
    with closing(open_for_writing(state)) as handle:
        assert [row[0] for row in handle._connection.execute("PRAGMA integrity_check")] == ["ok"]
        assert handle._connection.execute("PRAGMA foreign_key_check").fetchall() == []
        tables = ("dump", "release", "event")
        dumps, releases, events = (
            handle._connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables
        )
        return dumps, releases, events


def repeat(state: Path) -> None:
    """What the next start does, and what must be the end of it: every release stored once, and told once."""
    with closing(open_for_writing(state)) as handle:
        store, outbox = SqlStore(handle), SqlOutbox(handle)
        take_in(store, CONTENT)
        assert [one.notice.item.release for one in outbox.pending_notices("team")] == list(range(1, SIZE + 1))
        post = DeliveryContext(
            outbox=outbox, channel_states=SqlChannelStates(handle), clock=FrozenClock(), jitter=lambda: 0.0
        )
        build_messages("team", Policy(), post)
        assert sorted(release.title for release in heads(store).values()) == sorted(f"Notice {n}" for n in range(SIZE))
        assert SqliteArchive(handle).summary().events == {Kind.NEW: SIZE}
        told = [
            item.release
            for _ in range(PARTS)
            if (part := outbox.claim("team", now=NOON))
            for item in part.message.items
        ]
        assert (told, outbox.claim("team", now=NOON)) == (list(range(1, SIZE + 1)), None)


HALTS = [("add_dump", 1), ("add_event", 700), ("add_notice", 1), ("set_ledger_entry", 1)]


@pytest.mark.parametrize(("query", "nth"), HALTS)
def test_a_kill_before_the_commit_leaves_nothing(state: Path, query: str, nth: int) -> None:
    with taking_in(state, query, str(nth)) as process:
        assert line_of(process) == "halted"
    assert counts(state) == (0, 0, 0)
    repeat(state)


@pytest.mark.parametrize("written", [1, 600_000, 1_200_000, 1_800_000])
def test_a_kill_while_the_log_grows_leaves_all_or_nothing(state: Path, written: int) -> None:
    log = state / "monitor.db-wal"
    with taking_in(state) as process:
        wait_until(lambda: has_line(process) or (log.exists() and log.stat().st_size >= written), every=0.001)
    assert counts(state) in {(0, 0, 0), (1, SIZE, SIZE)}
    repeat(state)


def test_a_kill_after_the_commit_loses_nothing(state: Path) -> None:
    with taking_in(state) as process:
        assert line_of(process) == "stored"
    assert counts(state) == (1, SIZE, SIZE)
    repeat(state)
