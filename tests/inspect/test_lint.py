"""Warnings of `monitor check` about what is allowed and probably not meant."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.config import load
from monitor.config.checks import check_rules
from monitor.inspect.lint import MIN_RELEASES, lint
from tests.end_to_end.harness import Project, record

HEAD = """
timezone: Asia/Seoul
sources:
  {source}: {{path: seeds/}}
channels:
  desk: {{url: "console://"}}
"""
RECORDS = [
    record(f"Round {n} of talks", f"{'An FTA' if n % 4 else 'A quota'} with Korea, item {n * 7}, was settled.")
    for n in range(MIN_RELEASES)
]


def warnings_of(project: Project, watchlists: str, *, source: str = "motie", more: str = "") -> list[tuple[str, str]]:
    """Path and message of every lint."""
    project.write_config(HEAD.format(source=source) + more + "watchlists:\n" + watchlists)
    config = load(project.folder / "config.yaml", environ={}, checks=(check_rules, lint))
    return [(fault.path, fault.message) for fault in config.warnings]


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose store holds as many releases as a lint needs."""
    project = Project(tmp_path_factory.mktemp("lints") / "p")
    project.drop("1.txt", "\n".join(RECORDS))
    assert project.run("run", "--once").code == 0
    return project


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A project without a store."""
    return Project(tmp_path / "p")


def test_nothing_is_said_where_all_is_well(lived_in: Project) -> None:
    assert warnings_of(lived_in, "  fta: {keywords: [quota]}") == []


def test_a_channel_that_nobody_tells(fresh: Project) -> None:
    found = warnings_of(fresh, "  fta: {keywords: [FTA], notify: [desk]}", more='  team: {url: "console://"}\n')
    assert found == [("channels.team", "no watchlist notifies this channel; name it in a notify: list")]


@pytest.mark.parametrize(
    ("channels", "operator", "is_told"),
    [
        ('  team: {url: "json://127.0.0.1"}\n  mail: {url: "json://127.0.0.2"}\n', "", True),
        ('  team: {url: "json://127.0.0.1"}\n', "operator: {notify: [team]}\n", False),
        ('  team: {url: "json://127.0.0.1"}\n', "operator: {notify: []}\n", False),
        ("", "", False),  # the console shows the log
    ],
)
def test_nobody_is_named_for_problems_of_the_monitor(
    fresh: Project, channels: str, operator: str, *, is_told: bool
) -> None:
    found = warnings_of(fresh, "  fta: {keywords: [FTA]}\n", more=channels + operator)
    assert [path for path, message in found if "operator: {notify: [team]}" in message] == ["channels"] * is_told


@pytest.mark.parametrize(
    ("digest", "quiet", "is_told"),
    [
        ("03:00", "22:00-07:00", True),
        ("mon-fri 23:30", "22:00-07:00", True),
        ("07:00", "22:00-07:00", False),
        ("08:30", "22:00-07:00", False),
        ("12:30", "12:00-13:00", True),
    ],
)
def test_a_digest_in_the_quiet_hours(fresh: Project, digest: str, quiet: str, is_told: bool) -> None:
    expected = [("channels.team.digest", "is within its quiet hours: it is sent when they end")]
    assert _digest_warnings(fresh, digest, quiet) == (expected if is_told else [])


@pytest.mark.parametrize(
    ("digest", "quiet", "times"),
    [
        ("08:30, 23:00", "22:00-07:00", ["23:00"]),
        ("mon-fri 08:30; sat 10:00", "sat-sun", ["sat 10:00"]),
        ("mon-fri 06:00, 17:00", "fri 18:00-mon 08:00", []),  # on Monday only
        ("1h", "22:00-07:00", []),  # an interval is meant to be interrupted
        ("sat 1h; 12:00", "sat-sun", ["sat 1h"]),
    ],
)
def test_one_of_several_digests_in_the_quiet_hours(fresh: Project, digest: str, quiet: str, times: list[str]) -> None:
    expected = [
        ("channels.team.digest", f"at {at} is within its quiet hours: it is sent when they end") for at in times
    ]
    assert _digest_warnings(fresh, digest, quiet) == expected


def _digest_warnings(project: Project, digest: str, quiet: str) -> list[tuple[str, str]]:
    channel = f'  team: {{url: "console://", digest: "{digest}", quiet: "{quiet}"}}\n'
    return warnings_of(project, "  fta: {keywords: [FTA]}", more=channel)


@pytest.mark.parametrize(
    ("source", "channel", "path"),
    [
        ("", 'digest: "08:30"', "channels.desk.digest"),
        ("", "quiet: sat-sun", "channels.desk.quiet"),
        ("expect_every: 1d mon-fri", "", "sources.m.expect_every"),
        ("expect_every: 1d mon-fri", "digest: 1h", "channels.desk.digest"),  # once
        ("expect_every: 1d", "", None),
    ],
)
def test_times_of_day_without_a_time_zone(fresh: Project, source: str, channel: str, path: str | None) -> None:
    text = (
        f"sources: {{m: {{path: seeds/, {source}}}}}\nchannels: {{desk: {{url: 'console://', {channel}}}}}\n"
        "watchlists: {fta: {keywords: [FTA]}}\n"
    )
    for zone, expected in (("", [path] if path else []), ("timezone: UTC\n", [])):
        fresh.write_config(zone + text)
        config = load(fresh.folder / "config.yaml", environ={}, checks=(check_rules, lint))
        assert [fault.path for fault in config.warnings if "UTC" in fault.message] == expected


def test_what_waits_for_channels_that_are_gone(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.write_config(
        HEAD.format(source="motie").replace("desk:", "team:") + "watchlists:\n  fta: {keywords: [FTA]}"
    )
    for name in ("1.txt", "2.txt"):
        project.drop(name, record(f"FTA talks {name}", f"They were held; see {name}."))
        assert project.run("ingest", project.seeds / name).code == 0
    found = warnings_of(project, "  fta: {keywords: [FTA]}")
    assert found == [("channels", "2 alerts wait for 'team', which is not configured, until max_age is over")]


def test_a_watchlist_that_names_no_channels_tells_all(fresh: Project) -> None:
    assert warnings_of(fresh, "  fta: {keywords: [FTA]}", more='  team: {url: "console://"}\n') == []


def test_a_watchlist_without_a_channel(fresh: Project) -> None:
    [channel, watchlist] = warnings_of(fresh, "  fta: {keywords: [FTA], notify: []}")
    assert channel[0] == "channels.desk"
    assert watchlist == ("watchlists.fta.notify", "notifies no channel: what it matches is recorded only")


def test_two_watchlists_with_the_same_rule(fresh: Project) -> None:
    found = warnings_of(fresh, "  a: {keywords: [FTA]}\n  b: {keywords: [FTA], when: [new]}\n  c: {keywords: [quota]}")
    assert found == [("watchlists.b", "has the same rule as 'a'; one can notify all channels of both")]


@pytest.mark.parametrize(
    "other", ["keywords: [EFTA]", "keywords: [FTA], fields: [title]", "keywords: [FTA], case: exact"]
)
def test_rules_that_differ_are_no_twins(fresh: Project, other: str) -> None:
    assert warnings_of(fresh, f"  a: {{keywords: [FTA]}}\n  b: {{{other}}}") == []


def test_a_keyword_that_stands_twice(fresh: Project) -> None:
    found = warnings_of(fresh, "  a: {keywords: [FTA, quota, FTA]}")
    assert found == [("watchlists.a.keywords[2]", "is listed twice; remove one")]


def test_a_watchlist_that_never_matched(lived_in: Project) -> None:
    found = warnings_of(lived_in, "  a: {keywords: [quota, zebra]}\n  b: {keywords: [zebra]}")
    assert found == [("watchlists.b", f"never matched: none of {MIN_RELEASES} stored releases")]


@pytest.mark.parametrize(("keyword", "count"), [("FTA", 7), ("Korea", 10)])
def test_a_keyword_that_stands_in_most_releases(lived_in: Project, keyword: str, count: int) -> None:
    found = warnings_of(lived_in, f"  a: {{keywords: [quota, {keyword}]}}")
    assert found == [("watchlists.a.keywords[1]", f"broad: {count} of {MIN_RELEASES} stored releases match")]


def test_releases_of_another_source_do_not_count(lived_in: Project) -> None:
    more = '  team: {url: "console://"}\n'
    config = "  a: {keywords: [zebra], sources: [other], notify: [desk, team]}"
    found = warnings_of(lived_in, config, source="motie: {path: seeds/, files: [x]}\n  other", more=more)
    assert found == []


def test_a_stored_source_that_the_configuration_lost(lived_in: Project) -> None:
    action = "if it was renamed, write was: [motie] below its new name, or all its alerts are sent again"
    found = warnings_of(lived_in, "  a: {keywords: [quota]}", source="customs")
    assert (
        "sources",
        f"the store holds {MIN_RELEASES} releases of 'motie', which is not configured; {action}",
    ) in found


def test_a_renamed_source_is_no_lost_one_unless_both_names_have_releases(fresh: Project) -> None:
    heir, rules = "customs: {path: seeds/, was: [motie]}\n  more", "  a: {keywords: [FTA]}"
    fresh.drop("1.txt", "\n".join(RECORDS[:3]))
    for source in ("motie", "customs"):
        warnings_of(fresh, rules, source=source)
        assert fresh.run("run", "--once").code == 0
        found = warnings_of(fresh, rules, source=heir)
        assert [where for where, _ in found] == ([] if source == "motie" else ["sources.customs.was[0]"])
    assert found[0][1].startswith("the store holds 3 releases of 'motie' and 3 of 'customs'; they are merged")


def test_a_few_releases_prove_nothing(fresh: Project) -> None:
    fresh.drop("1.txt", "\n".join(RECORDS[1:4]))
    assert fresh.run("run", "--once").code == 0
    assert warnings_of(fresh, "  a: {keywords: [FTA]}\n  b: {keywords: [zebra]}") == []


def test_check_ends_with_0_for_warnings_and_78_for_faults(lived_in: Project) -> None:
    warnings_of(lived_in, "  a: {keywords: [Korea]}")
    done = lived_in.run("check")
    assert (done.code, "warning: watchlists.a.keywords[0]: broad: 10 of 10" in done.out) == (0, True)
    [row] = lived_in.run("check", "--json").rows()
    assert (row["severity"], row["path"], row["line"]) == ("warning", "watchlists.a.keywords[0]", 8)
    lived_in.write_config(HEAD.format(source="motie") + "watchlists:\n  a: {keywords: [Korea, '...']}")
    done = lived_in.run("check")
    assert (done.code, "no letter or digit" in done.out) == (78, True)


@pytest.mark.parametrize(("changed", "is_told"), [(18, True), (10, True), (9, False)])
def test_ids_that_change_while_their_texts_stay(fresh: Project, changed: int, is_told: bool) -> None:
    fresh.drop("1.txt", RECORDS[0])
    assert fresh.run("run", "--once").code == 0
    with closing(sqlite3.connect(fresh.folder / "state" / "monitor.db")) as store:
        store.execute("INSERT INTO meta VALUES ('ids_changed:motie', ?)", [f'{{"changed":{changed},"of":20}}'])
        store.execute("INSERT INTO meta VALUES ('ids_changed:gone', '{\"changed\":20,\"of\":20}')")
        store.commit()
    advice = "write map: {id: none}, or the part that stays (id: link&newsId)"
    told = [("sources.motie", f"{changed} of 20 ids of motie changed while their texts stayed: {advice}")]
    assert warnings_of(fresh, "  fta: {keywords: [FTA]}") == (told if is_told else [])
