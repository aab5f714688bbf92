"""Short ways to carry a dump into a store, all the way or up to the decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from monitor.collect.formats.dash.parser import parse
from monitor.collect.source import SourceOptions
from monitor.compare.fingerprint import index_keys
from monitor.ingest_values import Batch, IngestReport, Mode
from monitor.match.matcher import Matcher
from monitor.model import (
    Alert,
    Change,
    Kind,
    Record,
    Release,
)
from monitor.pipeline import Routing, ingest
from monitor.ports import Store
from monitor.testing import NOON, dump_of

SOURCE = "motie"
HABITS = SourceOptions(timezone=ZoneInfo("Asia/Seoul"))
FIGURES = "Exports of chips rose {} percent in June, the ministry said on Monday."
HALF = "-\nChip exports\nExports of chips ro"


class Everybody(Matcher):
    """Watchlists that match every release and are told of all that happens."""

    def alerts(self, changes: Sequence[Change], *, source: str) -> tuple[Alert, ...]:
        told = [change for change in changes if change.kind is not Kind.UNCHANGED]
        return tuple(Alert(change=change, watchlists=("desk",), notified=("desk",)) for change in told)


AUDIENCE = Routing(matcher=Everybody([]), routes={"desk": ["team"]})


def record(title: str, body: str = "They met in Seoul.", *, day: str = "2024-07-01", category: str = "") -> str:
    """One record as a dump spells it; a category of "" is not printed."""
    return "\n".join(["-", *([category] if category else []), title, f"{body} date{day}"])


def dump(*records: str) -> str:
    return "\n".join(records)


def figures(rise: str, *, title: str = "Chip exports", day: str = "2024-07-01") -> str:
    """A release that is another text with every figure, and yet the same release."""
    return record(title, FIGURES.format(rise), day=day)


def take_in(
    store: Store, text: str, *, name: str = "a.txt", mode: Mode = Mode.WATCH, source: str = SOURCE, now: datetime = NOON
) -> IngestReport:
    """Carry a dump the whole way."""
    dumped = dump_of(text, name=name, source=source)
    return ingest(dumped, options=HABITS, routing=AUDIENCE, store=store, now=now, mode=mode)


def decide(store: Store, text: str, *, name: str = "a.txt", mode: Mode = Mode.WATCH, source: str = SOURCE) -> Batch:
    """What taking a dump in would store now; nothing is written."""
    try:
        take_in(cast("Store", _Deciding(store)), text, name=name, mode=mode, source=source)
    except _DecidedError as decided:
        return decided.batch
    raise AssertionError("the dump is known")


def records(text: str) -> tuple[Record, ...]:
    return parse(text).records


def keys_of(text: str, source: str = SOURCE) -> set[bytes]:
    """Every identity key under which a dump's releases are found again."""
    return {key for shown in records(text) for key in index_keys(source, shown.release)}


def heads(store: Store) -> dict[int, Release]:
    """Every release as the store knows it now, by number."""
    last = store.snapshot(()).next_number
    return {number: head.release for number, head in store.snapshot((), range(1, last)).heads.items()}


class _DecidedError(Exception):
    def __init__(self, batch: Batch) -> None:
        super().__init__()
        self.batch = batch


class _Deciding:
    """A store that is asked everything and writes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        raise _DecidedError(batch)
