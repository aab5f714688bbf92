"""What a page of a large store costs, beside the same page of a small one: only what it shows should count."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.report import Figure
from bench.texts import dump, release
from monitor.collect.source import SourceOptions
from monitor.ingest_values import Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.match.search import index_words, search_query
from monitor.model import Outcome, Verdict
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, build_messages
from monitor.pipeline import Routing, ingest
from monitor.records import Archive, EventFilter
from monitor.store.open import Access, Stores, open_stores
from monitor.store_location import StoreLocation
from monitor.testing import NOON, FrozenClock, dump_of

LARGE = int(os.environ.get("MONITOR_BENCH_ARCHIVE", "100000"))  # releases
SMALL = 1_000
PER_DUMP = 250  # releases; each dump shows one in 25 of the dump before it again, changed
DAYS = 730  # that the dumps are spread over
SOURCES = ("motie", "customs", "kita")
_OPTIONS = SourceOptions(timezone=ZoneInfo("Asia/Seoul"))
_RARE = tuple(f"round {number}" for number in range(17, SMALL, 25))  # all of them old, in either store


RUNS = 5
_BARS = [NOON - timedelta(days=60 - day) for day in range(61)]
READS: Mapping[str, Callable[[Archive], object]] = {
    "the newest 50 events": lambda archive: archive.page(EventFilter(), limit=50),
    "50 events from the middle": lambda archive: archive.page(EventFilter(), before=archive.latest() // 2, limit=50),
    "the 40 events of a rare watchlist": lambda archive: archive.page(EventFilter(watchlist="rare"), limit=50),
    "the events of a name that matches nothing": lambda archive: archive.page(EventFilter(watchlist="none"), limit=50),
    "the months of a rare watchlist": lambda archive: archive.per_month("rare", _OPTIONS.timezone),
    "60 days of bars": lambda archive: archive.per_day(_BARS, EventFilter()),
    "facets of 90 days": lambda archive: archive.facets(EventFilter()),
    "who was told of a release": lambda archive: archive.deliveries(18),
    "a search with one hit": lambda archive: archive.found(search_query(["round 18"]), limit=50),
}


def archive_pages() -> Sequence[Figure]:
    """Each read of READS in both stores: the first one after the store is opened, and the best of five."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        fill(small, SMALL)
        fill(large, LARGE)
        stores = f"{LARGE:,} releases", f"{SMALL:,} releases"
        return [
            Figure(
                what=f"{what} of {stores[0]}, {state}",
                value=of_large,
                unit="ms",
                floor=f"of {stores[1]}",
                floor_value=of_small,
            )
            for what, read in READS.items()
            for state, of_large, of_small in zip(
                ("first read", "best of five"), _measured(large, read), _measured(small, read), strict=True
            )
        ]


def _measured(folder: Path, read: Callable[[Archive], object]) -> tuple[float, float]:
    """The first read on a new connection, and the best of the next; milliseconds."""
    with open_stores(StoreLocation(folder=folder), Access.READ) as stores:
        times = [_timed(read, stores.archive) for _ in range(RUNS + 1)]
    return times[0], min(times[1:])


def _timed(read: Callable[[Archive], object], archive: Archive) -> float:
    start = time.perf_counter()
    read(archive)
    return (time.perf_counter() - start) * 1e3


def fill(folder: Path, releases: int = LARGE) -> None:
    """Make a store of so many releases, with a frequent and a rare watchlist, and what was sent of them."""
    matcher = Matcher(
        [
            Watchlist(name="frequent", keywords=("export trade", "chip steel", "port survey", "quota accord")),
            Watchlist(name="rare", keywords=_RARE),
        ]
    )
    routing = Routing(matcher=matcher, routes={"frequent": ("team",), "rare": ("team", "mail")})
    with open_stores(StoreLocation(folder=folder), Access.WRITE) as stores:
        for number, now in enumerate(_times(releases)):
            source = SOURCES[number % len(SOURCES)]
            text = dump_of(_dump(number), name=f"{number:05}.txt", source=source)
            ingest(text, options=_OPTIONS, routing=routing, store=stores.store, now=now, mode=Mode.ONCE)
            _deliver(stores, now)
        while stores.maintenance.fill_search_index(PER_DUMP, index_words):
            pass


def _times(releases: int) -> Iterator[datetime]:
    dumps = releases // PER_DUMP
    return (NOON - timedelta(days=DAYS) * (1 - (number + 1) / dumps) for number in range(dumps))


def _dump(number: int) -> str:
    first = number * PER_DUMP
    shown = [release(one) for one in range(first, first + PER_DUMP)]
    if number >= len(SOURCES):
        former = first - len(SOURCES) * PER_DUMP
        again = (release(one) for one in range(former, former + PER_DUMP, 25))
        shown += [(title, f"{body} The total was {number}.5 percent.", day) for title, body, day in again]
    return dump(shown)


def _deliver(stores: Stores, now: datetime) -> None:
    context = DeliveryContext(
        outbox=stores.outbox, channel_states=stores.channel_states, clock=FrozenClock(now), jitter=lambda: 0.0
    )
    for channel in ("team", "mail"):
        build_messages(channel, Policy(), context)
        while delivery := stores.outbox.claim(channel, now=now):
            stores.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted"), now=now + timedelta(seconds=2))
