"""What is counted, by whom, and that it only rises."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

from monitor.health.counters import Counters
from monitor.ingest_values import IngestReport
from monitor.model import Kind
from monitor.testing import NOON

REPORT = IngestReport(
    dump=1,
    source="motie",
    name="a.txt",
    sha256=b"",
    status="stored",
    size=1,
    encoding="utf-8",
    as_of=NOON,
    at=NOON,
    counts={Kind.NEW: 2, Kind.REJECTED: 1, Kind.UNCHANGED: 50},
)


def test_a_take_in_counts_as_what_it_came_to_with_its_events() -> None:
    counters = Counters()
    counters.count_ingest(REPORT)
    counters.count_ingest(replace(REPORT, status="duplicate", counts={}, at=NOON + timedelta(hours=1)))
    counters.count_failed_ingest()
    counters.count_events(Kind.REJECTED, 3)
    figures = counters.snapshot()
    assert {result: n for result, n in figures.dumps.items() if n} == {"stored": 1, "duplicate": 1, "failed": 1}
    assert {kind: n for kind, n in figures.events.items() if n} == {"new": 2, "rejected": 4}
    assert counters.last_dumps().get("motie") == figures.last_dumps["motie"] == NOON + timedelta(hours=1)


def test_what_the_store_knows_of_the_past_is_the_last_dump_until_one_comes() -> None:
    counters = Counters({"motie": NOON - timedelta(days=3)})
    assert counters.last_dumps() == {"motie": NOON - timedelta(days=3)}
    counters.count_ingest(REPORT)
    assert counters.last_dumps().get("motie") == NOON
    assert sum(Counters({"motie": NOON}).snapshot().dumps.values()) == 0


def test_a_channel_that_is_known_again_keeps_its_numbers() -> None:
    counters = Counters()
    counters.register(channels=["team"], sources=["motie"])
    counters.set_channel_up("team", is_up=False)
    counters.count_delivery("team", 0.2)
    counters.count_messages("team", "sent")
    counters.count_messages("gone", "dead", 3)
    counters.register(channels=["team", "desk"], sources=["customs"])
    figures = counters.snapshot()
    assert (figures.messages["team", "sent"], figures.messages["desk", "sent"]) == (1, 0)
    assert figures.messages["gone", "dead"] == 3
    assert figures.channels_up == {"team": False, "desk": True}
    assert [sum(figures.deliveries[name].counts) for name in ("team", "desk")] == [1, 0]
    assert figures.sources == ("customs",)


def test_a_channel_that_is_no_longer_configured_has_no_state() -> None:
    counters = Counters()
    counters.register(channels=["team"], sources=[])
    counters.register(channels=["desk"], sources=[])
    counters.set_channel_up("team", is_up=False)
    assert counters.snapshot().channels_up == {"desk": True}


def test_a_source_that_is_registered_later_begins_with_what_is_stored_of_it() -> None:
    counters = Counters({"old": NOON})
    counters.register(channels=[], sources=["old", "new"], last_dumps={"old": NOON - timedelta(days=1), "new": NOON})
    assert counters.snapshot().last_dumps == {"old": NOON, "new": NOON}


def test_a_delivery_falls_into_the_bucket_whose_bound_it_does_not_exceed() -> None:
    counters = Counters()
    for seconds in (-1.0, 0.5, 0.51, 86_400.0, 86_401.0):
        counters.count_delivery("team", seconds)
    found = counters.snapshot().deliveries["team"]
    assert (found.counts[:2], found.counts[-2:]) == ((2, 1), (1, 1))
    assert sum(found.counts) == 5
    assert found.total == 0 + 0.5 + 0.51 + 86_400 + 86_401


def test_threads_that_count_at_the_same_time_lose_nothing() -> None:
    counters = Counters()

    def count() -> None:
        for _ in range(5000):
            counters.count_messages("team", "sent")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.snapshot().messages["team", "sent"] == 20_000


def test_figures_once_taken_stand_still() -> None:
    counters = Counters()
    before = counters.snapshot()
    counters.count_ingest(REPORT)
    assert before.dumps["stored"] == 0
