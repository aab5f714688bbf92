"""Scans of a real store: the counts of `monitor match`, in one slice or in many, while dumps arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from monitor.config import Config, load
from monitor.config.convert import watchlists_of
from monitor.inspect.match import RuleTrial, stored_candidates
from monitor.inspect.pending import ReadOnlyStores, open_read_only
from monitor.inspect.rule_scan import ChangeCounts, Show
from monitor.inspect.rule_scans import KEPT, NEWEST, RuleReport, RuleScans, View
from monitor.inspect.tested_rule import TestedRule, read_rule
from tests.end_to_end.harness import Project, record

CONFIG = """
timezone: Asia/Seoul
sources:
  press: {path: seeds/, files: ["press*.txt"]}
  news: {path: seeds/, files: ["news*.txt"]}
channels:
  hook: {url: "console://"}
watchlists:
  chips: {keywords: [semiconductor, 반도체], notify: []}
  twice: {keywords: [exports, 수출], min_hits: 2, sources: [press], notify: []}
  titles: {query: "exports OR talks", fields: [title], when: [changed], exclude: [photo], notify: []}
aliases:
  FTA: ["free trade agreement", 자유무역협정]
"""
SUBJECTS = ["Exports of semiconductors", "FTA talks with Japan", "반도체 수출", "A new ministry office", "Ship orders"]
ENDS = [
    "reached a record of $13.4 billion, up 5.1 percent.",
    "went on in Seoul; the free trade agreement covers exports and services.",
    "역대 최대를 기록했다. 자유무역협정(FTA)이 발효된다.",
    "were shown in a photo. Exports rose, and exports of ships fell.",
]
QUERIES = [
    *("FTA", "exports", "Exports", "semiconductor", "=FTA", "talk", "record", "nothing-of-this", '"free trade"', "US"),
    *(
        "반도체",
        "수출",
        "*도체",
        "반도체*",
        "자유무역협정",
        "발효",
        "반도체 AND 수출",
        "반도체 OR exports",
        "수출 NOT 반도체",
    ),
    *("exports AND record", "exports OR talks", "exports NOT photo", "exports -photo", "(exports OR talks) AND Seoul"),
    *("exports NEAR/3 record", "record ONEAR/5 percent", "exports NEAR/9 (ships OR record)", "talks NEAR/0 with"),
    *("ATLEAST/2(exports)", "ATLEAST/3(exports OR ships)", "title:exports", "body:exports AND title:talks"),
    *("title:(FTA OR 반도체)", "semicond*", "*conductor*", 'FTA AND "went on"', "FTA OR (exports AND photo)"),
    *("exports AND NOT (photo OR percent)", "ships AND NOT (NOT fell)", "Japan AND FTA NOT title:office"),
]


def text(numbers: range, more: str = "") -> str:
    return "\n".join(
        record(f"{SUBJECTS[n % 5]} no {n}", ENDS[n % 4] + more, f"2024-{n % 12 + 1:02}-03") for n in numbers
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("rules") / "p", config=CONFIG)
    project.drop("press1.txt", text(range(60)))
    project.drop("news1.txt", text(range(100, 140)))
    assert project.run("run", "--once").code == 0
    return project


@contextmanager
def opened(project: Project) -> Iterator[tuple[Config, ReadOnlyStores]]:
    config = load(project.folder / "config.yaml")
    with open_read_only(config) as stores:
        yield config, stores


def matched(config: Config, stores: ReadOnlyStores, query: str) -> list[object]:
    """The releases of `monitor match --query QUERY --json`, newest first."""
    trial = RuleTrial(config, query, is_query=True)
    return [row["release"] for row in trial.rows(stored_candidates(stores.archive))][::-1]


def rule_of(config: Config, query: str, against: str = "", *, is_plain: bool = True) -> TestedRule:
    compared = next((one for one in watchlists_of(config) if one.name == against), None)
    return read_rule(query, compared=compared, settings=None if is_plain else compared, aliases=config.aliases)


def in_slices(seconds: float) -> RuleScans:
    """Scans whose clock moves on by so much for each release."""
    ticks = count()
    return RuleScans(clock=lambda: next(ticks) * seconds)


def finished(scans: RuleScans, rule: TestedRule, stores: ReadOnlyStores, view: View = NEWEST) -> RuleReport:
    while not scans.advance(rule, stores.archive, View(limit=0)).is_finished:
        pass
    return scans.advance(rule, stores.archive, view)


def numbers(report: RuleReport) -> list[object]:
    return [row.number for row in report.rows]


@pytest.mark.parametrize(("seconds", "queries"), [(0.0, QUERIES), (0.2, QUERIES[::4])], ids=["one slice", "fifty"])
def test_the_counts_are_those_of_match(project: Project, seconds: float, queries: Sequence[str]) -> None:
    assert len(QUERIES) >= 40
    scans, view = in_slices(seconds), View(limit=1_000)
    with opened(project) as (config, stores):
        for query in queries:
            report = finished(scans, rule_of(config, query), stores, view)
            expected = matched(config, stores, query)
            assert numbers(report) == expected, query
            assert (report.counts.matched, report.read, report.total) == (len(expected), 100, 100)
            assert sum(one.matched for one in report.months.values()) == len(expected)


def test_match_as_a_command_says_the_same(project: Project) -> None:
    with opened(project) as (config, stores):
        report = finished(RuleScans(), rule_of(config, "반도체 OR exports"), stores, View(limit=1_000))
    rows = project.run("match", "--query", "반도체 OR exports", "--json").rows()
    assert numbers(report) == [row["release"] for row in rows][::-1]


@pytest.mark.parametrize("name", ["chips", "twice", "titles"])
def test_a_watchlist_in_force_counts_as_match_reads_it(project: Project, name: str) -> None:
    with opened(project) as (config, stores):
        trial = RuleTrial(config, name)
        was = {row["release"] for row in trial.rows(stored_candidates(stores.archive))}
        now = set(matched(config, stores, "exports"))
        report = finished(RuleScans(), rule_of(config, "exports", name), stores, View(limit=1_000))
    assert {row.number for row in report.rows if row.show is Show.GAINED} == now - was
    assert {row.number for row in report.rows if row.show is Show.LOST} == was - now
    assert report.counts == ChangeCounts(kept=len(now & was), gained=len(now - was), lost=len(was - now))


@pytest.mark.parametrize("name", ["chips", "twice", "titles"])
def test_a_changed_rule_keeps_the_settings_of_its_watchlist(project: Project, name: str) -> None:
    with opened(project) as (config, stores):
        watchlist = next(one for one in watchlists_of(config) if one.name == name)
        same = watchlist.query or " OR ".join(watchlist.keywords)
        report = finished(RuleScans(), rule_of(config, same, name, is_plain=False), stores)
    assert (report.counts.gained, report.counts.lost) == (0, 0)
    assert report.counts.kept > 0


def test_a_slice_ends_in_time_and_the_next_goes_on(project: Project) -> None:
    scans = in_slices(1 / 32)
    with opened(project) as (config, stores):
        rule = rule_of(config, "exports")
        first, second = scans.advance(rule, stores.archive), scans.advance(rule, stores.archive)
    assert (first.read, first.is_finished, second.is_finished) == (4, False, False)
    assert second.read == 17
    assert first.total == second.total == 100
    assert second.seconds > first.seconds


def test_a_finished_scan_reads_nothing_more(project: Project) -> None:
    scans = in_slices(0.0)
    with opened(project) as (config, stores):
        rule = rule_of(config, "exports")
        first = finished(scans, rule, stores)
        again = scans.advance(rule_of(config, "exports"), stores.archive)
    assert again == first


def test_the_last_scans_are_kept(project: Project) -> None:
    scans = in_slices(1 / 32)
    with opened(project) as (config, stores):
        for query in ["exports", *(f"word{number}" for number in range(KEPT - 1))]:
            scans.advance(rule_of(config, query), stores.archive)
        assert scans.advance(rule_of(config, "exports"), stores.archive).read > 4
        scans.advance(rule_of(config, "others"), stores.archive)
        assert scans.advance(rule_of(config, "word0"), stores.archive).read == 4


def test_another_configuration_or_store_begins_a_new_scan(project: Project) -> None:
    scans = in_slices(1 / 32)
    with opened(project) as (config, stores):
        scans.advance(rule_of(config, "FTA"), stores.archive)
        assert scans.advance(rule_of(load(project.folder / "config.yaml"), "FTA"), stores.archive).read == 4
        with opened(project) as (_, others):
            assert scans.advance(rule_of(config, "FTA"), others.archive).read == 4


@pytest.mark.parametrize("is_finished", [False, True])
def test_what_arrives_meanwhile_counts_once(tmp_path: Path, *, is_finished: bool) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("press1.txt", text(range(60)))
    assert project.run("run", "--once").code == 0
    scans, view = in_slices(0.01), View(limit=1_000)
    with opened(project) as (config, stores):
        rule = rule_of(config, "exports", "chips")
        scans.advance(rule, stores.archive)
        if is_finished:
            finished(scans, rule, stores, view)
        project.drop("press2.txt", text(range(30, 80), " Exports rose again."))  # 30 of them changed, 20 are new
        assert project.run("run", "--once").code == 0
        after = finished(scans, rule, stores, view)
        fresh = finished(RuleScans(), rule, stores, view)
        expected = matched(config, stores, "exports")
    assert after.read == after.total == 80
    assert [row.number for row in after.rows if row.show is not Show.LOST] == expected
    assert (after.counts, after.months, after.near, after.part_counts) == (
        fresh.counts,
        fresh.months,
        fresh.near,
        fresh.part_counts,
    )
    assert after.rows == fresh.rows


@pytest.mark.parametrize("query", ["도체", "수출", "exports AND 도체"])
def test_a_word_inside_others_is_hinted_at_as_match_does(project: Project, query: str) -> None:
    with opened(project) as (config, stores):
        trial = RuleTrial(config, query, is_query=True)
        list(trial.rows(stored_candidates(stores.archive)))
        report = finished(in_slices(0.2), rule_of(config, query), stores)
    assert list(report.hints) == trial.hints()
    assert bool(report.hints) == ("도체" in query)


def test_a_row_says_what_was_found_and_why(project: Project) -> None:
    with opened(project) as (config, stores):
        report = finished(RuleScans(), rule_of(config, "exports AND record", "chips"), stores)
    gained = next(row for row in report.rows if row.show is Show.KEPT)
    assert [gained.title[start:end] for start, end in gained.title_hits] == ["Exports"]
    assert gained.places == 2
    assert [part.matched for part in gained.parts] == [True, True]
    lost = next(row for row in report.rows if row.show is Show.LOST)
    assert lost.title_hits
    assert [part.why for part in lost.parts if not part.matched]


def test_a_near_row_says_which_part_excluded_it(project: Project) -> None:
    with opened(project) as (config, stores):
        report = finished(RuleScans(), rule_of(config, "exports AND (percent OR services) NOT photo"), stores)
    assert report.near >= len(report.near_rows) == 5
    for row in report.near_rows:
        assert {part.text for part in row.parts} in ({"percent", "services"}, {"exports"}, {"NOT photo"})


def test_pages_of_rows_follow_each_other(project: Project) -> None:
    scans = RuleScans()
    with opened(project) as (config, stores):
        rule = rule_of(config, "exports OR FTA OR 반도체")
        every = numbers(finished(scans, rule, stores, View(limit=1_000)))
        seen: list[object] = []
        before = None
        while True:
            report = finished(scans, rule, stores, View(before=before, limit=7))
            seen += numbers(report)
            before = report.before
            if before is None:
                break
    assert seen == every


def test_of_the_texts_only_those_shown_are_kept(project: Project) -> None:
    with opened(project) as (config, stores):
        scans = RuleScans()
        finished(scans, rule_of(config, "exports"), stores, View(limit=2))
        [kept] = scans._kept.values()
    assert len(kept._rows._kept) == 2
