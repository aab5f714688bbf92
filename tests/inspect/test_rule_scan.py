"""A scan in steps: the same counts whatever the steps are, and each release once."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from random import Random

import pytest

from monitor.inspect.rule_scan import ChangeCounts, RuleScan, Show
from monitor.inspect.tested_rule import MAX_PARTS, read_rule
from monitor.match.watchlist import Watchlist
from monitor.model import Release
from monitor.records import Stored

WORDS = ["exports", "chips", "talks", "FTA", "반도체", "수출", "photo", "ships", "record"]
IN_FORCE = Watchlist(name="chips", keywords=("chips", "반도체"), sources=frozenset({"press"}))


def stored(number: int, title: str, day: date | None = date(2024, 7, 1), source: str = "press") -> Stored:
    release = Release(title=title, body="", date=day)
    return Stored(number=number, version=1, source=source, state="listed", release=release)


def some_releases(count: int, seed: int = 1) -> list[Stored]:
    """Releases newest first, of two sources and two years."""
    random = Random(seed)  # noqa: S311 - no secret
    return [
        stored(
            number,
            " ".join(random.choices(WORDS, k=4)),
            date(2023 + number % 2, 1 + number % 12, 3) if number % 7 else None,
            random.choice(["press", "news"]),
        )
        for number in range(count, 0, -1)
    ]


def scanned(releases: Sequence[Stored], query: str = "exports AND (chips OR 반도체)", step: int = 1) -> RuleScan:
    scan = RuleScan(read_rule(query, compared=IN_FORCE))
    for start in range(0, len(releases), step):
        scan.step(releases[start : start + step])
    return scan


def facts(scan: RuleScan) -> object:
    shown = {show: scan.found(show, limit=1_000) for show in Show}
    return scan.read, scan.counts, scan.near, scan.part_counts, scan.months(), shown


@pytest.mark.parametrize("step", [1, 4, 199, 200])
def test_the_steps_make_no_difference(step: int) -> None:
    releases = some_releases(200)
    assert facts(scanned(releases, step=step)) == facts(scanned(releases, step=7))


def test_what_changes_and_comes_meanwhile_counts_once_as_it_is_now() -> None:
    random = Random(2)  # noqa: S311 - no secret
    before = some_releases(150)
    scan = RuleScan(read_rule("exports AND (chips OR 반도체)", compared=IN_FORCE))
    now = {one.number: one for one in before}
    for start in range(0, 150, 10):
        scan.step(before[start : start + 10])
        come = stored(max(now) + 1, " ".join(random.choices(WORDS, k=4)), date(2024, 9, 1))
        changed = [replace(one, release=come.release) for one in random.sample(before[: start + 10], k=5)]
        now |= {one.number: one for one in [*changed, come]}
        scan.step([*sorted(changed, key=lambda one: one.number), come, come])
    assert scan.read == len(now) == 165
    assert facts(scan) == facts(scanned(sorted(now.values(), key=lambda one: -one.number)))


def test_gained_lost_and_kept_are_told_apart() -> None:
    releases = [
        stored(5, "exports chips"),
        stored(4, "exports"),
        stored(3, "chips"),
        stored(2, "chips", source="news"),
        stored(1, "talks"),
    ]
    scan = scanned(releases, "exports")
    assert scan.counts == ChangeCounts(kept=1, gained=1, lost=1)
    assert [(one.number, one.show) for one in scan.found(Show.ALL, limit=9)] == [
        (5, Show.KEPT),
        (4, Show.GAINED),
        (3, Show.LOST),
    ]
    assert [one.number for one in scan.found(Show.LOST, limit=9)] == [3]


def test_without_a_watchlist_nothing_is_gained_or_lost() -> None:
    scan = RuleScan(read_rule("exports"))
    scan.step([stored(2, "exports"), stored(1, "chips")])
    assert scan.counts == ChangeCounts(kept=1)


def test_months_hold_what_is_shown_and_a_release_without_a_day() -> None:
    days = [date(2024, 7, 31), date(2024, 7, 1), None, date(2023, 12, 9)]
    scan = scanned([stored(9 - at, "exports", day) for at, day in enumerate(days)], "exports")
    assert {month: one.matched for month, one in scan.months().items()} == {
        None: 1,
        date(2023, 12, 1): 1,
        date(2024, 7, 1): 2,
    }


def test_pages_follow_each_other_without_a_gap() -> None:
    scan = scanned(some_releases(200), "exports OR chips")
    every = [one.number for one in scan.found(Show.ALL, limit=1_000)]
    seen: list[int] = []
    while page := scan.found(Show.ALL, before=seen[-1] if seen else None, limit=7):
        seen += [one.number for one in page]
    assert seen == every == sorted(every, reverse=True)


def test_the_parts_are_counted_in_every_release() -> None:
    releases = some_releases(200)
    scan = scanned(releases, "exports AND chips NOT photo")
    texts = Counter(word for one in releases for word in set(one.release.title.split()))
    assert scan.part_counts == (texts["exports"], texts["chips"], texts["photo"])


def test_a_scan_keeps_no_text() -> None:
    scan = scanned(some_releases(2_000))
    scan.finish()
    arrays = [each for each in vars(scan).values() if isinstance(each, array)]
    assert sum(each.itemsize * len(each) for each in arrays) <= 7 * 2_000
    assert scan._matcher is None


def test_many_parts_and_wrong_dates_are_kept_whole() -> None:
    rule = read_rule(" OR ".join(f"word{number}" for number in range(MAX_PARTS)))
    scan = RuleScan(rule)
    days = [date(1 + number // 12, 1 + number % 12, 1) for number in range(9_000)]
    scan.step(stored(9_000 - at, f"word{at % MAX_PARTS}", day) for at, day in enumerate(days))
    assert [*scan.months()] == days
    assert {one.matched for one in scan.months().values()} == {1}
    assert sum(scan.part_counts) == 9_000
    assert [one.number for one in scan.found(Show.KEPT, limit=10_000)] == [*range(9_000, 0, -1)]
