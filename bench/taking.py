"""An intake on a store of its own: a file's whole way, from its name to the durable commit, without a daemon."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.collect.source import Habits, Source
from monitor.collect.watching.folder import Folder
from monitor.daemon.ingester import Intake
from monitor.daemon.operator_alerts import Operator
from monitor.health.counters import Counters
from monitor.match.matcher import Watchlist, Watchlists
from monitor.model import Mode, Report
from monitor.pipeline import Audience
from monitor.store.sqlite.channel_states import SqliteSwitchboard
from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.outbox import SqliteOutbox
from monitor.store.sqlite.store import SqliteStore
from monitor.times import SystemClock


@contextmanager
def open_intake(folder: Path) -> Iterator[Intake]:
    """Of the files in `folder`/seeds, with one watchlist; the store is in `folder`/state."""
    (folder / "seeds").mkdir(parents=True, exist_ok=True)
    handle, clock = open_for_writing(folder / "state"), SystemClock()
    source = Source(
        folder=Folder(source="bench", path=os.fsencode(folder / "seeds")),
        habits=Habits(timezone=ZoneInfo("Asia/Seoul")),
    )
    watchlists = Watchlists([Watchlist(name="fta", keywords=("FTA",))])
    try:
        yield Intake(
            [source],
            audience=Audience(watchlists=watchlists, routes={"fta": ("hook",)}),
            store=SqliteStore(handle),
            clock=clock,
            switchboard=SqliteSwitchboard(handle),
            operator=Operator(channels=(), outbox=SqliteOutbox(handle), clock=clock),
            counters=Counters(),
        )
    finally:
        handle.close()


def take(intake: Intake, path: Path, mode: Mode = Mode.ONCE) -> Report:
    """One file, taken in."""
    taken = intake.carry(os.fsencode(path), intake.sources[0], mode=mode)
    assert taken.report is not None
    return taken.report
