"""What is said of a shared store: its nodes, and each thing about its server that would break a promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.config import Config, load
from monitor.inspect.check import WITH_CHANNELS, check
from monitor.inspect.check_result import CheckResult
from monitor.inspect.shared_store import node_rows, own_differences, server_results
from monitor.node_values import Lease, NodeFacts, NodeState, View
from monitor.server_values import ServerExam, ServerFacts
from monitor.testing import NOON

FACTS = ServerFacts(version="15.18", size=8192, commit="on", standbys="", followers=0)
EXAM = ServerExam(
    is_local=True,
    is_encrypted=False,
    verifies="prefer",
    lacking=(),
    grants="",
    notifies=True,
    has_pooler=False,
    has_timeouts=True,
    ahead=timedelta(0),
)
FILE = 'sources: {a: {path: seeds/}}\nchannels: {console: {url: "console://"}}\n'


def node(name: str, **told: Any) -> NodeState:
    facts = NodeFacts(**{"node": name * 2, "name": name, "version": "1.0", "policies": {}, **told})
    return NodeState(boot=f"boot-{name}", beat=7, since=NOON, facts=facts, age=timedelta(seconds=1))


def view(*nodes: NodeState) -> View:
    return View(now=NOON, nodes=nodes, leases={}, epoch="")


def config_of(folder: Path, text: str) -> Config:
    (folder / "config.yaml").write_text(text + FILE, "utf-8")
    return load(folder / "config.yaml", environ={})


def test_nodes_are_listed_by_name_and_one_of_them_is_this_one() -> None:
    rows = node_rows(view(node("seoul", sources=("a",), channels=("b", "c")), node("busan")), node="seoulseoul")
    assert [(row["name"], row["is_me"], row["state"]) for row in rows] == [
        ("busan", False, "ok"),
        ("seoul", True, "ok"),
    ]
    assert rows[1]["sources"] == ["a"]
    assert rows[1]["channels"] == ["b", "c"]
    assert rows[1]["age"] == 1.0


def test_each_node_says_on_which_channels_it_delivers_now() -> None:
    seoul, busan = node("seoul", channels=("team", "mail")), node("busan", channels=("team", "mail"))
    owned = {name: Lease(owner="boot-seoul", fence=1) for name in ("channel:team", "channel:mail", "chores")}
    shared = replace(view(seoul, busan), leases=owned)
    assert [row["owns"] for row in node_rows(shared, node="")] == [[], ["mail", "team"]]


def test_no_node_is_this_one_for_a_folder_without_an_id() -> None:
    assert [row["is_me"] for row in node_rows(view(node("seoul", node="")), node="")] == [False]


def test_a_node_that_reports_no_more_is_silent_and_one_that_can_store_nothing_is_paused() -> None:
    silent = replace(node("busan"), age=timedelta(seconds=6))
    rows = node_rows(view(silent, node("daegu"), node("seoul")), node="seoulseoul", paused="the disk is full")
    assert [row["state"] for row in rows] == ["silent", "ok", "paused"]


def test_each_node_has_the_keys_that_another_one_has_otherwise() -> None:
    one, other = node("a", rules="1", policies={"team": "1 x"}), node("b", rules="2", policies={"team": "1 y"})
    rows = node_rows(view(one, other, node("c", policies={"mail": "5 z"})), node="")
    assert [row["config"] for row in rows] == [
        ["channels.team.url", "watchlists"],
        ["channels.team.url", "watchlists"],
        [],
    ]


def test_no_nodes_are_listed_where_nobody_shares_the_store() -> None:
    assert node_rows(None, node="") == []


REMOTE = replace(EXAM, is_local=False)
CASES: list[tuple[str, ServerFacts, ServerExam, str, str]] = [
    ("store rights", FACTS, EXAM, "ok", "every table"),
    (
        "store rights",
        FACTS,
        replace(EXAM, lacking=("event", "lease"), grants="let x run: GRANT"),
        "fail",
        "2 tables: event, lease",
    ),
    ("store encryption", FACTS, EXAM, "ok", "on this machine"),
    ("store encryption", FACTS, REMOTE, "warn", "not encrypted"),
    ("store encryption", FACTS, replace(REMOTE, is_encrypted=True, verifies="require"), "warn", "sslmode=require"),
    ("store encryption", FACTS, replace(REMOTE, is_encrypted=True, verifies="verify-full"), "ok", "verify-full"),
    ("store commits", FACTS, EXAM, "ok", "on the disk"),
    ("store commits", replace(FACTS, commit="off"), EXAM, "fail", "a crash of the server"),
    ("store commits", replace(FACTS, commit="local"), EXAM, "ok", "on the disk"),
    ("store commits", replace(FACTS, commit="local", standbys="*"), EXAM, "warn", "a fail-over to a standby"),
    ("store replication", FACTS, EXAM, "ok", "no standby is known"),
    ("store replication", replace(FACTS, followers=2), EXAM, "warn", "asynchronous to 2 servers"),
    ("store replication", replace(FACTS, followers=2, standbys="*"), EXAM, "ok", "loses nothing"),
    ("store replication", replace(FACTS, followers=1, standbys="*", commit="local"), EXAM, "warn", "asynchronous to 1"),
    ("store replication", replace(FACTS, standbys="*", commit="remote_write"), EXAM, "warn", "remote_write"),
    ("store notifications", FACTS, EXAM, "ok", "LISTEN works"),
    ("store notifications", FACTS, replace(EXAM, notifies=False), "warn", "once a second"),
    ("store pooler", FACTS, EXAM, "ok", "the server is reached itself"),
    ("store pooler", FACTS, replace(EXAM, has_pooler=True), "warn", "`pooler:` is not set"),
    ("store clock", FACTS, replace(EXAM, ahead=timedelta(seconds=-3)), "ok", "3.0 s behind"),
    ("store clock", FACTS, replace(EXAM, ahead=timedelta(minutes=5)), "warn", "300.0 s ahead of"),
]


def result(check: str, *found: CheckResult) -> CheckResult:
    [one] = [each for each in found if each.check == check]
    return one


@pytest.mark.parametrize(("check", "facts", "exam", "state", "what"), CASES)
def test_what_would_break_a_promise_is_told(
    check: str, facts: ServerFacts, exam: ServerExam, state: str, what: str
) -> None:
    found = result(check, *server_results(facts, exam, is_pooled=False))
    assert (found.state, what in found.what) == (state, True), found.what
    assert bool(found.do) == (state != "ok")


def test_a_pooler_that_is_configured_may_lose_notifications() -> None:
    pooler = replace(EXAM, has_pooler=True, notifies=False)
    found = [each.state for each in server_results(FACTS, pooler, is_pooled=True)]
    assert set(found) == {"ok"}
    endless = result("store pooler", *server_results(FACTS, replace(pooler, has_timeouts=False), is_pooled=True))
    assert (endless.state, "`monitor db migrate`" in endless.do) == ("warn", True)
    needless = result("store pooler", *server_results(FACTS, EXAM, is_pooled=True))
    assert (needless.state, "the server itself" in needless.what) == ("warn", True)


def test_a_file_that_says_otherwise_than_the_nodes_that_run_is_told_before_it_is_rolled_out(tmp_path: Path) -> None:
    from monitor.cluster.config_hash import policy_hashes, rules_hash

    running = config_of(tmp_path, "watchlists: {fta: {keywords: [FTA]}}\n")
    nodes = [node("seoul", rules=rules_hash(running), policies=policy_hashes(running))]
    assert list(own_differences(running, nodes)) == []
    changed = config_of(tmp_path, "watchlists: {fta: {keywords: [FTA, RCEP]}}\n")
    [found] = own_differences(changed, nodes)
    assert (found.state, found.what) == ("warn", "watchlists differs: this file against seoul")
    others = [*nodes, node("busan", rules="another")]
    assert list(own_differences(changed, others)) == []  # they differ already, which is said


def test_a_store_that_cannot_be_reached_hides_no_other_warning(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("store: postgresql://me@127.0.0.1:1/news\noperator: {notify: []}\n" + FILE, "utf-8")
    found = check(lambda checks: load(file, environ={}, checks=checks), WITH_CHANNELS)
    told = {fault.path: fault.message for fault in found.faults}
    assert found.exit_code == 0
    assert told["store"].startswith("the state store cannot be opened: ")
    assert len(told) > 1
