"""Two real monitors on one PostgreSQL: one delivers on a channel, and when it ends in whatever way the other does."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from monitor.cluster.rendezvous import rightful_owner
from monitor.errors import StoreError
from monitor.node_values import Nodes, channel_lease
from monitor.secret import Secret
from monitor.store.open import migrate_shared_store, open_shared_stores
from monitor.store_location import StoreLocation
from tests.end_to_end.harness import IMPATIENT, Daemon, Project, message_id, record
from tests.pgbouncer import Pgbouncer, database, pgbouncer
from tests.postgresql_clock import settable_clock
from tests.postgresql_databases import Databases
from tests.postgresql_fixtures import require_pooler
from tests.servers import Answer, HttpServer, http_server
from tests.waiting import wait_until

CONFIG = """
timezone: Asia/Seoul
state: state/
store: "%s"
node: %s
sources: {%s: {path: seeds/}}
channels: {hook: {url: "json://127.0.0.1:%d", rate: 1000/s, max_per_hour: 0}}
watchlists: {fta: {keywords: [FTA]}}
operator: {notify: []}
watch: {settle: 50ms, rescan: 1s}
"""
HOOK = channel_lease("hook")
NO_EDITS: Mapping[str, str] = {}
FAIL_OVER = 15.0  # seconds at most, from the end of one node to the first message of another


def release(number: int) -> str:
    """A dump of one release, which is like no other."""
    body = f"Delegations of round {number} agreed on item {number * 7} of the FTA after {number * 3} hours."
    return record(f"FTA talks, round {number}", body)


@dataclass(kw_only=True)
class Member:
    """One node with a folder of its own."""

    name: str
    project: Project
    daemon: Daemon

    def drop(self, number: int) -> None:
        self.project.drop(f"{number:04}.txt", release(number))


@dataclass(kw_only=True)
class Pair:
    """Two nodes, what they send to, and their store."""

    url: str
    server: HttpServer
    members: tuple[Member, Member]
    nodes: Nodes  # as one sees them that has not joined

    def kill(self, member: Member) -> None:
        """Kill a node, and bury it as one does that has seen it stand still for long enough."""
        member.daemon.stop(signal.SIGKILL)
        [state] = [node for node in self.nodes.seen().nodes if node.facts.name == member.name]
        assert self.nodes.bury(state.boot, beat=state.beat, now=datetime.now(UTC)) is not None

    def owner(self) -> Member:
        """The node that delivers, as soon as it is the one that should."""
        wait_until(lambda: self._owner() is not None)
        return next(member for member in self.members if member.name == self._owner())

    def _owner(self) -> str | None:
        """The node that delivers; None: nobody does, or it will hand over, or the store does not answer."""
        try:
            shown = self.nodes.seen()
        except StoreError:
            return None
        lease = shown.leases.get(HOOK)
        rightful = rightful_owner(HOOK, shown.nodes)
        return next(
            (one.facts.name for one in shown.nodes if lease and one.boot == lease.owner == rightful),
            None,
        )

    def other(self, member: Member) -> Member:
        return next(one for one in self.members if one is not member)

    def delivered(self) -> Counter[str]:
        """How often the service got each release."""
        return Counter(release["title"] for post in self.server.requests for release in post.json()["releases"])

    def wait_for(self, *numbers: int, deadline: float = 30.0) -> None:
        """Until the service has got these rounds."""
        wanted = {f"FTA talks, round {number}" for number in numbers}
        wait_until(lambda: wanted <= self.delivered().keys(), every=0.02, deadline=deadline)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()


_UNSENT = "SELECT count(*) FROM message WHERE state <> 'sent'"
_UNSURE = """
SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM attempt WHERE outcome IN ('unknown', 'uncertain')) AS found
"""
_LEFT = """
SELECT (SELECT count(*) FROM message WHERE state <> 'sent'), (SELECT count(*) FROM message_item WHERE message IS NULL)
"""
COUNT = 1_200  # releases of a large dump


@contextmanager
def nodes(
    folder: Path, url: str, *answers: Answer, edits: Mapping[str, str] = NO_EDITS, is_pooled: bool = False
) -> Iterator[Pair]:
    """Run two nodes; edits: what stands in their configuration in place of what."""
    with http_server(*answers) as server, ExitStack() as stack:
        members = []
        for name in ("north", "south"):
            config = f"pooler: {is_pooled}\n" + CONFIG % (url, name, name, server.port)
            for old, new in edits.items():
                config = config.replace(old, new)
            project = Project(folder / name, config=config)
            daemon = stack.enter_context(project.daemon(IMPATIENT))
            daemon.wait_for_event("node_joined")
            members.append(Member(name=name, project=project, daemon=daemon))
        stores = stack.enter_context(open_shared_stores(Secret(url), is_pooled=is_pooled))
        assert stores.nodes is not None
        yield Pair(url=url, server=server, members=(members[0], members[1]), nodes=stores.nodes)


@pytest.fixture
def url(tmp_path: Path, databases: Databases) -> str:
    return databases.url(tmp_path / "database")


@pytest.fixture
def small_pooler(postgresql_server: str) -> Iterator[Pgbouncer]:
    """A pooler of this test alone, which has two connections to the server."""
    require_pooler()
    with pgbouncer(postgresql_server, size=2) as pooler:
        yield pooler


@pytest.fixture
def pooled_url(postgresql_server: str, small_pooler: Pgbouncer) -> Iterator[str]:
    """The URL there of a database with the tables of a store."""
    with database(postgresql_server, f"few_connections_{os.getpid()}") as name:
        url = small_pooler.url(name)
        migrate_shared_store(StoreLocation(folder=Path(), url=Secret(url), is_pooled=True))
        yield url


def test_one_node_delivers_what_either_ingests_and_hands_over_at_its_end(tmp_path: Path, url: str) -> None:
    with nodes(tmp_path, url) as pair:
        owner = pair.owner()
        other = pair.other(owner)
        owner.drop(1)
        other.drop(2)
        pair.wait_for(1, 2)
        releases = json.loads(owner.project.run("status", "--json").out)["releases"]
        assert (releases["total"], releases["events"]["new"]) == (2, 2)
        assert owner.daemon.stop() == 0
        other.drop(3)
        pair.wait_for(3)
        assert set(pair.delivered().values()) == {1}
        assert other.daemon.stop() == 0
        assert "node_lost" not in [line["event"] for line in other.daemon.lines()]  # it was told


def test_commands_of_any_node_reach_the_one_that_delivers(tmp_path: Path, url: str) -> None:
    with nodes(tmp_path, url, Answer(status=413), Answer()) as pair:
        owner = pair.owner()
        other = pair.other(owner)
        third = Project(tmp_path / "west", config=CONFIG % (url, "west", "west", pair.server.port))
        other.drop(1)
        owner.daemon.wait_for_event("message_buried")
        assert third.run("alerts", "retry", "1").code == 0  # no daemon runs there
        pair.server.wait_for(2)
        assert other.project.run("mute", "hook", "8h").code == 0  # another daemon holds this folder
        other.drop(2)
        other.daemon.wait_for_event("dump_stored", 2)
        assert other.project.run("mute", "hook", "off").code == 0
        pair.wait_for(2)
        assert third.run("channels", "resume", "hook").code == 0
        (third.folder / "c.txt").write_text(release(3), "utf-8")
        assert third.run("ingest", "c.txt", "--source", "west").code == 0
        pair.wait_for(3)
        third.drop("d.txt", release(4))
        assert third.run("run", "--once").code == 0
        pair.wait_for(4)
        assert "order_done" not in [line["event"] for line in other.daemon.lines()]


def test_a_reload_is_no_end(tmp_path: Path, url: str) -> None:
    with nodes(tmp_path, url) as pair:
        owner = pair.owner()
        boot = pair.nodes.seen().leases[HOOK].owner
        file = owner.project.folder / "config.yaml"
        file.write_text(f"{file.read_text()}heartbeat: {{every: 10m}}\n", "utf-8")
        owner.daemon.wait_for_event("started", 2)
        pair.other(owner).drop(1)
        pair.wait_for(1)
        assert pair.nodes.seen().leases[HOOK].owner == boot
        assert [line["event"] for line in owner.daemon.lines()].count("node_joined") == 1


def test_a_node_without_a_channel_leaves_it_to_one_that_has_it(tmp_path: Path, url: str) -> None:
    with nodes(tmp_path, url) as pair:
        rules = "watchlists: {fta: {keywords: [FTA], notify: [hook], sources: [north, south, west]}}"
        config = CONFIG % (url, "west", "west", pair.server.port)
        config = config.replace("watchlists: {fta: {keywords: [FTA]}}", rules).replace("{hook: {", "{mail: {")
        third = Project(tmp_path / "west", config=config)
        third.drop("a.txt", release(1))
        assert third.run("run", "--once").code == 0
        pair.wait_for(1)
        assert pair.delivered() == {"FTA talks, round 1": 1}


@pytest.mark.long
def test_when_the_owner_is_killed_the_other_delivers_soon_and_nothing_twice(tmp_path: Path, url: str) -> None:
    with nodes(tmp_path, url) as pair:
        owner = pair.owner()
        other = pair.other(owner)
        owner.drop(1)
        other.drop(2)
        pair.wait_for(1, 2)
        wait_until(lambda: pair.query("SELECT count(*) FROM message WHERE state = 'sent'") == [(2,)])  # it knows, too
        owner.daemon.stop(signal.SIGKILL)
        other.drop(3)
        pair.wait_for(3, deadline=FAIL_OVER)
        assert other.daemon.wait_for_event("node_lost")[0]["name"] == owner.name
        assert pair.delivered() == {f"FTA talks, round {number}": 1 for number in (1, 2, 3)}


@pytest.mark.long
def test_two_nodes_share_two_connections_of_a_pooler_that_crashes(
    tmp_path: Path, small_pooler: Pgbouncer, pooled_url: str
) -> None:
    with nodes(tmp_path, pooled_url, is_pooled=True) as pair:
        owner = pair.owner()
        other = pair.other(owner)
        for number in range(1, 21):
            (owner if number % 2 else other).drop(number)
        pair.wait_for(*range(1, 21))
        small_pooler.kill()
        owner.drop(21)
        other.drop(22)
        for member in pair.members:
            member.daemon.wait_for_event("store_lost")
        small_pooler.start()
        pair.wait_for(21, 22)
        wait_until(lambda: pair.query(_UNSENT) == [(0,)])
        assert set(pair.delivered().values()) == {1}
        assert pair.query(_UNSURE) == [(0,)]


def test_behind_a_pooler_another_node_delivers_when_the_owner_is_killed(
    tmp_path: Path, pooled_url: str, full: bool
) -> None:
    if not full:
        pytest.skip("the same code takes over as without a pooler; five seconds of silence are waited for")
    with nodes(tmp_path, pooled_url, is_pooled=True) as pair:
        owner = pair.owner()
        other = pair.other(owner)
        for number in range(1, 11):
            (owner if number % 2 else other).drop(number)
        pair.wait_for(*range(1, 11))
        wait_until(lambda: pair.query(_UNSENT) == [(0,)])
        owner.daemon.stop(signal.SIGKILL)
        other.drop(11)
        pair.wait_for(11, deadline=FAIL_OVER)
        assert set(pair.delivered().values()) == {1}
        assert pair.query(_UNSURE) == [(0,)]


@pytest.mark.long
def test_what_a_killed_owner_was_sending_is_sent_again_and_marked(tmp_path: Path, url: str) -> None:
    with nodes(tmp_path, url, Answer(pause=20.0), Answer()) as pair:
        owner = pair.owner()
        other = pair.other(owner)
        other.drop(1)
        pair.server.wait_for(1)  # it is on its way
        owner.daemon.stop(signal.SIGKILL)
        pair.server.wait_for(2, timeout=FAIL_OVER)
        assert pair.query(_UNSURE) == [(1,)]


@pytest.mark.long
def test_a_node_that_was_stopped_joins_anew_and_sends_nothing_stale(tmp_path: Path, url: str) -> None:
    slow = [Answer(pause=0.3)] * 100
    with nodes(tmp_path, url, *slow) as pair:
        owner = pair.owner()
        other = pair.other(owner)
        for number in range(1, 13):
            other.drop(number)
        pair.server.wait_for(2)  # it has messages left, and one on its way
        owner.daemon.process.send_signal(signal.SIGSTOP)
        pair.wait_for(*range(1, 13), deadline=FAIL_OVER + 12)
        owner.daemon.process.send_signal(signal.SIGCONT)
        owner.daemon.wait_for_event("node_joined", 2)
        other.drop(13)
        owner.drop(14)
        pair.wait_for(13, 14)
        twice = sum(pair.delivered().values()) - 14
        assert twice <= pair.query(_UNSURE)[0][0] <= 1
        assert owner.daemon.stop() == 0
        assert other.daemon.stop() == 0


def test_a_digest_whose_owner_is_killed_before_it_is_due_comes_once_and_whole(tmp_path: Path, url: str) -> None:
    digest = {"max_per_hour: 0": 'max_per_hour: 0, digest: "08:30"'}
    morning = datetime.fromisoformat("2026-12-01T08:20:00+09:00")
    with settable_clock(url) as (clocked, set_clock):
        set_clock(morning)
        with nodes(tmp_path, clocked, edits=digest) as pair:
            owner = pair.owner()
            other = pair.other(owner)
            for number in (1, 2, 3):
                owner.drop(number)
                other.drop(number + 10)
            wait_until(lambda: pair.query("SELECT count(*) FROM message_item") == [(6,)])
            pair.kill(owner)
            set_clock(morning + timedelta(minutes=9, seconds=59))
            pair.wait_for(1, 2, 3, 11, 12, 13, deadline=FAIL_OVER)
            other.drop(20)  # for the digest of tomorrow
            wait_until(lambda: pair.query("SELECT count(*) FROM message_item WHERE message IS NULL") == [(1,)])
            assert other.daemon.stop() == 0
            assert len(pair.server.requests) == 1
            assert pair.query("SELECT kind, state, attempts FROM message") == [("digest", "sent", 1)]
            assert sum(pair.delivered().values()) == 6


def test_a_large_dump_that_two_nodes_see_is_told_once_when_one_is_killed_in_its_middle(
    tmp_path: Path, url: str
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    same = {
        "north: {path: seeds/}": f'press: {{path: "{shared}"}}',
        "south: {path: seeds/}": f'press: {{path: "{shared}"}}',
    }
    with nodes(tmp_path, url, edits={**same, "notify: []": "notify: [hook]"}) as pair:
        owner = pair.owner()
        (tmp_path / "large.part").write_text(large_dump(), "utf-8")
        (tmp_path / "large.part").rename(shared / "large.txt")
        wait_until(lambda: pair.query("SELECT count(*) FROM release") > [(0,)])
        pair.kill(owner)
        stored = pair.query("SELECT count(*) FROM release")
        assert [(0,)] < stored < [(COUNT,)]
        wait_until(lambda: pair.query(_LEFT) == [(0, 0)] and len(pair.delivered()) == COUNT, every=0.05)
        assert pair.other(owner).daemon.stop() == 0
        assert pair.query("SELECT kind, count(*), count(DISTINCT release) FROM event GROUP BY kind ORDER BY kind") == [
            ("new", COUNT, COUNT),
            ("rejected", 2, 0),
        ]
        told = [post.json()["title"] for post in pair.server.requests if not post.json()["releases"]]
        assert told == ["[monitor] 2 parts of a dump could not be read"]
        came = Counter(message_id(post.headers["X-Monitor-Delivery"]) for post in pair.server.requests)
        assert sum(came.values()) - len(came) <= pair.query(_UNSURE)[0][0] <= 1


def large_dump() -> str:
    """A dump of more than one part, with two records near its end that cannot be read."""
    texts = [
        record(
            f"FTA round {number}",
            " ".join(f"item{number}w{place}" for place in range(100)),
            f"{date(2000, 1, 1) + timedelta(days=number)}",
        )
        for number in range(COUNT)
    ]
    return "\n".join([*texts[:-1], "-\ndate2024-07-01", "-\ndate2024-07-02", texts[-1]])
