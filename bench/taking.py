"""An intake on a store of its own: a file's whole way, from its name to the durable commit, without a daemon."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.clock import SteadyClock
from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder
from monitor.daemon.ingester import Ingester
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.health.counters import Counters
from monitor.ingest_values import IngestReport, Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.pipeline import Routing
from monitor.secret import Secret
from monitor.store.open import Access, open_stores
from monitor.store_location import StoreLocation


@contextmanager
def open_intake(folder: Path, url: Secret | None = None) -> Iterator[Ingester]:
    """Of the files in `folder`/seeds, with one watchlist; the store is in `folder`/state, or at a URL."""
    (folder / "seeds").mkdir(parents=True, exist_ok=True)
    clock = SteadyClock(None)
    source = Source(
        folder=Folder(source="bench", path=os.fsencode(folder / "seeds")),
        options=SourceOptions(timezone=ZoneInfo("Asia/Seoul")),
    )
    watchlists = Matcher([Watchlist(name="fta", keywords=("FTA",))])
    with open_stores(StoreLocation(folder=folder / "state", url=url), Access.WRITE) as stores:
        yield Ingester(
            [source],
            routing=Routing(matcher=watchlists, routes={"fta": ("hook",)}),
            store=stores.store,
            channel_states=stores.channel_states,
            source_states=stores.source_states,
            operator=OperatorAlerts(channels=(), outbox=stores.outbox, clock=clock),
            counters=Counters(),
        )


def take(ingester: Ingester, path: Path, mode: Mode = Mode.ONCE) -> IngestReport:
    """One file, taken in."""
    taken = ingester.ingest_file(os.fsencode(path), ingester.sources[0], mode=mode)
    assert taken.report is not None
    return taken.report
