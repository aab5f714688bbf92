"""Lists for people come newest first; each page goes on where the one before it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from monitor.compare.fingerprint import FINGERPRINTER
from monitor.errors import NotFound
from monitor.model import Outcome, Verdict
from monitor.page_records import DayCount
from monitor.ports import Retention
from monitor.records import PAGE, Archive, EventFilter
from monitor.testing import NOON
from tests.contract.filled import DAY, HOUR, SENT, take
from tests.contract.pairs import Pair
from tests.contract.takes import HABITS, dump, figures, record

Read = Callable[..., Sequence[Any]]
NEWEST: dict[str, Callable[[Archive], tuple[Read, Read]]] = {  # the list oldest first, and newest first
    "events": lambda archive: (partial(archive.events, EventFilter()), partial(archive.page, EventFilter())),
    "events of a watchlist": lambda archive: (
        partial(archive.events, EventFilter(watchlist="chips")),
        partial(archive.page, EventFilter(watchlist="chips")),
    ),
    "dumps that showed a release": lambda archive: (partial(archive.shown_by, 1), partial(archive.shown_page, 1)),
    "messages": lambda archive: (archive.messages, archive.messages_page),
    "messages in a state": lambda archive: (
        partial(archive.messages, "pending"),
        partial(archive.messages_page, "pending"),
    ),
    "dumps": lambda archive: (archive.dumps, archive.dumps_page),
    "rejects": lambda archive: (archive.rejects, archive.rejects_page),
    "releases": lambda archive: (
        archive.heads,
        lambda *, before=None, limit=PAGE: archive.heads_before(before, limit),
    ),
}
every_list = pytest.mark.parametrize("name", NEWEST)


def walked(read: Read, *, limit: int) -> list[Any]:
    """Every value of a list that is read newest first, a page at a time."""
    found: list[Any] = []
    while page := read(limit=limit, **({"before": found[-1].cursor} if found else {})):
        assert len(page) <= limit
        found += page
    return found


@every_list
@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_newest_first_is_the_whole_list_backwards(archive: Archive, name: str, limit: int) -> None:
    oldest, newest = NEWEST[name](archive)
    whole = list(oldest())
    assert len(whole) > 2
    assert walked(newest, limit=limit) == whole[::-1]
    assert list(newest(limit=0)) == []


@every_list
def test_what_is_stored_meanwhile_moves_no_older_page(filled: Pair, name: str) -> None:
    _, newest = NEWEST[name](filled.archive)
    [first, second] = newest(limit=2)
    older = [one.cursor for one in newest(before=second.cursor)]
    text = dump(figures("9.9"), record("Visit last"), "-\nOnly a last title date2024-07-01")
    take(filled, text, "late.txt", hours=200)
    filled.form("team", now=NOON + 9 * DAY)
    assert [one.cursor for one in newest(before=second.cursor)] == older
    assert first not in newest(limit=1)


def ids(events: Sequence[Any]) -> list[int]:
    return [event.id for event in events]


def test_newer_events_are_those_next_to_the_cursor(archive: Archive) -> None:
    every = ids(archive.page(EventFilter()))
    assert every == sorted(every, reverse=True)
    assert ids(archive.page(EventFilter(), after=3, limit=2)) == [5, 4]
    assert ids(archive.page(EventFilter(), after=every[0])) == []
    assert ids(archive.page(EventFilter(watchlist="visits"), after=3, limit=1)) == [
        min(event.id for event in archive.events(EventFilter(watchlist="visits")) if event.id > 3)
    ]


FILTERS = [
    EventFilter(),
    EventFilter(kind="new"),
    EventFilter(kinds=frozenset({"new", "changed"})),
    EventFilter(kinds=frozenset({"withdrawn"})),
    EventFilter(kind="new", kinds=frozenset({"changed"})),
    EventFilter(source="customs"),
    EventFilter(source="nobody"),
    EventFilter(source="\udcff"),  # a byte that is no text
    EventFilter(watchlist="\udcff"),
    EventFilter(dump="\udcff"),
    EventFilter(is_notified=True),
    EventFilter(is_notified=False),
    EventFilter(watchlist="chips"),
    EventFilter(watchlist="chips", is_notified=True),
    EventFilter(watchlist="chips", is_notified=False),
    EventFilter(watchlist="nothing"),
    EventFilter(dump="1.txt"),
    EventFilter(dump="1.txt", watchlist="visits"),
    EventFilter(dump="nothing.txt"),
    EventFilter(since=NOON + DAY),
    EventFilter(until=NOON + DAY),
    EventFilter(since=NOON + DAY, until=NOON + 2 * DAY, kind="new"),
    EventFilter(since=NOON + 99 * DAY),
    EventFilter(watchlist="visits", source="motie", since=NOON + DAY, is_notified=True),
]


def passes(event: Any, wanted: EventFilter) -> bool:
    """What the filter says in plain words."""
    told = event.alert if not wanted.watchlist else [one for one in event.alert if one == wanted.watchlist]
    return (
        (wanted.since is None or event.at >= wanted.since)
        and (wanted.until is None or event.at < wanted.until)
        and (not wanted.kind or event.kind == wanted.kind)
        and (not wanted.kinds or event.kind in wanted.kinds)
        and (not wanted.source or event.source == wanted.source)
        and (not wanted.watchlist or wanted.watchlist in event.watchlists)
        and (not wanted.dump or event.dump == wanted.dump)
        and (wanted.is_notified is None or bool(told) is wanted.is_notified)
    )


every_filter = pytest.mark.parametrize("wanted", FILTERS)


@every_filter
def test_a_filter_lets_the_same_events_pass_in_both_directions(archive: Archive, wanted: EventFilter) -> None:
    passing = [event for event in archive.events(EventFilter()) if passes(event, wanted)]
    assert list(archive.events(wanted)) == passing
    assert walked(partial(archive.page, wanted), limit=2) == passing[::-1]
    for count in range(len(passing)):
        assert archive.event_before_last(count, wanted) == passing[-1 - count].id


@every_filter
def test_facets_count_what_passes_all_other_parts(archive: Archive, wanted: EventFilter) -> None:
    found = archive.facets(wanted)
    assert found.total == len(archive.events(wanted))

    def matching(**freed: Any) -> list[Any]:
        return [event for event in archive.events(EventFilter()) if passes(event, replace(wanted, **freed))]

    kinds = [event.kind for event in matching(kind="", kinds=frozenset())]
    assert found.kinds == {kind: kinds.count(kind) for kind in kinds}
    sources = [event.source for event in matching(source="")]
    assert found.sources == {source: sources.count(source) for source in sources}
    assert found.notified == len(matching(is_notified=True))
    counts = {name: len(matching(watchlist=name)) for name in ("chips", "visits")}
    assert found.watchlists == {name: count for name, count in counts.items() if count}


def test_facets_are_of_the_last_ninety_days_unless_a_time_is_wanted(filled: Pair) -> None:
    take(filled, dump(record("Chip news", "Late.")), "late.txt", hours=24 * 92)
    found = filled.archive.facets(EventFilter())
    assert found.since == NOON + 2 * DAY
    assert found.total == len(filled.archive.events(EventFilter(since=NOON + 2 * DAY)))
    assert filled.archive.facets(EventFilter(since=NOON)).total == len(filled.archive.events(EventFilter()))
    assert filled.archive.facets(EventFilter(until=NOON + DAY)).total == len(
        filled.archive.events(EventFilter(until=NOON + DAY))
    )


def test_an_empty_store_has_no_facets(pair: Pair) -> None:
    found = pair.archive.facets(EventFilter())
    assert (found.total, found.notified, found.kinds, found.since) == (0, 0, {}, None)
    assert (pair.archive.latest(), pair.archive.page(EventFilter()), pair.archive.last_matches()) == (0, [], {})


@every_filter
def test_days_count_what_passes(archive: Archive, wanted: EventFilter) -> None:
    midnights = [NOON - HOUR + number * DAY for number in range(4)]
    counted = archive.per_day(midnights, wanted)
    for day, (start, end) in zip(counted, pairwise(midnights), strict=True):
        events = [event for event in archive.events(wanted) if start <= event.at < end]
        notified = [event for event in events if passes(event, replace(wanted, is_notified=True))]
        assert day == DayCount(len(events), len(notified))


def test_no_days_are_counted_between_fewer_than_two_times(archive: Archive) -> None:
    assert (archive.per_day([NOON], EventFilter()), archive.watchlist_days([])) == ([], {})


def test_each_watchlist_has_its_days_its_total_and_its_last_match(archive: Archive) -> None:
    midnights = [NOON - HOUR + number * DAY for number in range(7)]
    matched = {name: archive.events(EventFilter(watchlist=name)) for name in ("chips", "visits")}
    assert archive.watchlist_days(midnights) == {
        name: [day.events for day in archive.per_day(midnights, EventFilter(watchlist=name))] for name in matched
    }
    assert archive.watchlist_days([NOON - 9 * DAY, NOON - 8 * DAY]) == {"chips": [0], "visits": [0]}
    assert archive.last_matches() == {name: events[-1] for name, events in matched.items()}
    assert archive.watchlist_totals() == {
        name: DayCount(len(events), sum(name in event.alert for event in events)) for name, events in matched.items()
    }


def test_the_months_of_a_watchlist_are_those_of_a_zone(filled: Pair) -> None:
    hours = 24 * 8 + 4  # 30 November, 16:00 UTC: in Seoul it is December
    take(filled, dump(record("Chip news", "Late.")), "late.txt", hours=hours)
    assert {month: count.events for month, count in filled.archive.per_month("chips", HABITS.timezone).items()} == {
        "2026-11": 5,
        "2026-12": 1,
    }
    assert filled.archive.per_month("nothing", HABITS.timezone) == {}


def test_one_event_and_the_newest_one(archive: Archive) -> None:
    every = archive.events(EventFilter())
    assert archive.event(3) == every[2]
    assert archive.latest() == every[-1].id
    with pytest.raises(NotFound, match="no event 999"):
        archive.event(999)


def test_what_was_pruned_is_in_no_list(filled: Pair) -> None:
    for channel in ("team", "mail"):
        while delivery := filled.outbox.claim(channel, now=SENT):
            filled.outbox.done(delivery, Verdict(outcome=Outcome.OK, reason="accepted"), now=SENT)
    filled.maintenance.prune(Retention(events=DAY, messages=DAY), now=NOON + 3 * DAY)
    left = filled.archive.events(EventFilter())
    assert left[0].at == NOON + 2 * DAY
    assert list(filled.archive.page(EventFilter())) == left[::-1]
    chips = [event for event in left if "chips" in event.watchlists]
    assert list(filled.archive.page(EventFilter(watchlist="chips"))) == chips[::-1]
    assert filled.archive.watchlist_totals()["chips"].events == len(chips)
    assert all(check.is_ok for check in filled.maintenance.verify())


def test_a_renamed_source_keeps_its_events_and_watchlists(filled: Pair) -> None:
    before = filled.archive.page(EventFilter(source="motie"))
    chips = ids(filled.archive.page(EventFilter(watchlist="chips")))
    filled.maintenance.rename_source(old="motie", new="ministry", fingerprinter=FINGERPRINTER)
    filled.maintenance.rehash(replace(FINGERPRINTER, norm_version=99))
    assert filled.archive.page(EventFilter(source="motie")) == []
    assert ids(filled.archive.page(EventFilter(source="ministry"))) == ids(before)
    assert ids(filled.archive.page(EventFilter(watchlist="chips"))) == chips
    assert filled.archive.facets(EventFilter()).sources == {"ministry": len(before), "customs": 1}
    assert [one.dump for one in filled.archive.shown_page(1)][:2] == ["3.txt", "2.txt"]
    assert all(check.is_ok for check in filled.maintenance.verify())
