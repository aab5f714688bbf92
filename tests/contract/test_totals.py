"""Totals are what the rows count, whatever happens to a store: an engine may keep them instead of counting."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.compare.fingerprint import FINGERPRINTER
from monitor.errors import Stale
from monitor.ingest_values import Mode
from monitor.model import Kind, Outcome, Verdict
from monitor.ports import Retention
from monitor.records import EventFilter
from monitor.testing import NOON
from monitor.times import ClockReading
from tests.contract.pairs import PAIRS, Pair, Place
from tests.contract.takes import HALF, decide, dump, figures, record, take_in
from tests.examples import examples

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUARTERS = [NOON.replace(minute=0) + timedelta(minutes=15 * n) for n in range(-9, 40, 7)]
TEXTS = [record("Talks held"), figures("5.1"), figures("5.3"), record("Visit ends") + "\n" + HALF, "-\nNo day"]
OK = Verdict(outcome=Outcome.OK, reason="accepted")
NEVER = Verdict(outcome=Outcome.REFUSED, reason="413 from the service", code=413)


def ingest(pair: Pair, now: datetime, n: int) -> None:
    take_in(pair.store, dump(*TEXTS[: n % 5 + 1], *TEXTS[4 - n % 5 :]), name=f"{n}.txt", mode=Mode.WATCH, now=now)


def ingest_what_is_stale(pair: Pair, now: datetime, n: int) -> None:
    batch = decide(pair.store, dump(record(f"Talks {now} end")))
    take_in(pair.store, dump(record(f"Talks {now} begin"), record(f"Visit {n}")), name="first.txt", now=now)
    with pytest.raises(Stale):
        pair.store.commit(batch, now=now)


def reject_tails(pair: Pair, now: datetime, _n: int) -> None:
    pair.store.reject_overdue(held_before=now, now=now)


def send(pair: Pair, now: datetime, n: int) -> None:
    pair.form(now=now)
    outbox = pair.outbox
    while delivery := outbox.claim("team", now=now):
        settle = [outbox.done, outbox.bury, outbox.hold][n % 3]
        assert settle(delivery, NEVER if n % 3 else OK, now=now)
        if n % 2:
            settle(delivery, OK, now=now)  # it was recorded already
        n += 1


def give_up(pair: Pair, now: datetime, _n: int) -> None:
    pair.form(now=now)
    pair.outbox.expire(now=now + 9 * DAY)


def undo(pair: Pair, now: datetime, n: int) -> None:
    with suppress(ZeroDivisionError), pair.outbox.transaction():
        send(pair, now, n)
        raise ZeroDivisionError


def move_by_hand(pair: Pair, now: datetime, n: int) -> None:
    movable = [one.id for one in pair.archive.messages() if one.id and one.state in ("pending", "held", "dead")]
    for message in movable[n % 2 :: 2]:
        pair.outbox.requeue(message, now=now) if n % 3 else pair.outbox.drop(message, now=now)


def prune(pair: Pair, now: datetime, n: int) -> None:
    pair.maintenance.prune(Retention(messages=n * HOUR, events=n * HOUR), now=now)


def rename(pair: Pair, now: datetime, n: int) -> None:
    old = f"motie-{now:%d-%H}"  # nobody ingests a source any more that was renamed
    take_in(pair.store, dump(*TEXTS[: n % 5 + 1]), source=old, now=now)
    pair.maintenance.rename_source(old=old, new="motie", fingerprinter=FINGERPRINTER)


def set_the_clock_back(pair: Pair, now: datetime, n: int) -> None:
    at = now - n * HOUR
    reading = ClockReading(at=at, wall=at, uptime=1.0, boot="first", steady_since=0.0, aged=at)
    pair.maintenance.note_clock(reading, moved=-n * HOUR)


STEPS = [
    *(ingest, ingest, ingest_what_is_stale, reject_tails, send, send, give_up, undo),
    *(move_by_hand, prune, rename, set_the_clock_back),
]


@pytest.mark.parametrize("engine", PAIRS)
@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 9)), min_size=8, max_size=24))
def test_totals_are_what_the_rows_count_whatever_happens(
    place: Callable[[Path], Place], engine: str, steps: list[tuple[Callable[[Pair, datetime, int], None], int]]
) -> None:
    with tempfile.TemporaryDirectory() as name, PAIRS[engine](place(Path(name, "state"))) as pair:
        for hour, (step, n) in enumerate(steps):
            step(pair, NOON + hour * HOUR, n)
        assert kept(pair) == counted(pair)
        assert [check for check in pair.maintenance.verify() if not check.is_ok] == []


def kept(pair: Pair) -> list[Mapping[Any, Any]]:
    summary, days = pair.archive.summary(), pair.archive.days(QUARTERS)
    return [
        summary.events,
        {kind: list(counts) for kind, counts in days.items() if any(counts)},
        summary.messages,
        {name: (totals.dumps, totals.releases, totals.last_at) for name, totals in summary.sources.items()},
    ]


def counted(pair: Pair) -> list[Mapping[Any, Any]]:
    events, dumps = (
        list(pair.archive.events(EventFilter())),
        [one.report for one in pair.archive.dumps() if not one.copy],
    )
    days = {
        kind: [sum(one.kind == kind and begin <= one.at < end for one in events) for begin, end in pairwise(QUARTERS)]
        for kind in {one.kind for one in events}
    }
    own = {name: [one for one in dumps if one.source == name] for name in {one.source for one in dumps}}
    return [
        Counter(one.kind for one in events),
        {kind: counts for kind, counts in days.items() if any(counts)},
        Counter((one.channel, one.state) for one in pair.archive.messages()),
        {
            name: (len(some), sum(one.counts.get(Kind.NEW, 0) for one in some), max(one.at for one in some))
            for name, some in own.items()
        },
    ]
