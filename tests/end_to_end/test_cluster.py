"""Three monitors on one PostgreSQL under faults: nothing is lost, and the ledger explains whatever came twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.end_to_end.cluster import (
    Cluster,
    Node,
    Sinks,
    answers,
    close_all,
    command,
    feeding,
    stop_all,
    write_project,
)
from tests.end_to_end.cluster_faults import Fault, Kind, begin_again, strike, strike_all
from tests.end_to_end.cluster_judge import Evidence, repetitions, verdict
from tests.end_to_end.in_process import run_here
from tests.postgresql_server import Server
from tests.servers import http_server
from tests.shifted_clock import compiler, shifted
from tests.tcp_proxy import tcp_proxy
from tests.waiting import wait_until

SEED = "MONITOR_TEST_SEED"
FAILOVER = 15.0  # seconds
AHEAD = 300  # seconds
SETTLED = 180.0  # seconds in which all that waits is sent, digests included


@contextmanager
def cluster_of_three(
    folder: Path, server: Server, *words: str, seed: int, odd: Sequence[str] = (), is_digest: bool = False
) -> Iterator[Cluster]:
    """Run three monitors; where this machine has a compiler, the clock of the last is five minutes ahead."""
    dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
    with ExitStack() as stack:
        hook, other = (stack.enter_context(http_server(*answers(dice, refused=0.05, slowest=0.06))) for _ in range(2))
        sinks = Sinks(hook=hook, other=other, other_name="daily" if is_digest else "other")
        nodes = []
        for place, name in enumerate(("n1", "n2", "n3")):
            (folder / name).mkdir(parents=True)
            environ = _clock_ahead(folder) if place == 2 else {}
            proxy = stack.enter_context(tcp_proxy(server.port))
            nodes.append(Node(name, folder / name, proxy, command(*words, environ=environ)))
            write_project(nodes[-1], folder, sinks=sinks, odd=odd, is_digest=is_digest)
        done = run_here(["db", "migrate"], folder=nodes[0].folder, env={})
        assert done.code == 0, done.err
        stack.callback(close_all, nodes)
        for node in nodes:
            node.begin()
        for node in nodes:
            node.wait_until_started()
        yield Cluster(folder=folder, server=server, sinks=sinks, nodes=nodes, dice=dice, odd=odd)


def _clock_ahead(folder: Path) -> Mapping[str, str]:
    found = compiler()
    return shifted(folder, seconds=AHEAD, compiler=found) if found else {}


def seed_of_run(default: int | None = None) -> int:
    """Return the seed that was given, or another one each time; it is printed."""
    seed = int(os.environ.get(SEED) or (time.time_ns() % 100_000 if default is None else default))
    print(f"{SEED}={seed}")
    return seed


def settle(cluster: Cluster) -> Evidence:
    """Wait until everything is sent, end the monitors, and return what is to be judged."""
    try:
        wait_until(cluster.is_settled, every=0.25, deadline=SETTLED)
    finally:
        evidence = cluster.evidence()
        print(f"not settled: {verdict(evidence)[:20]}" if not cluster.is_settled() else "settled")
    codes = stop_all(cluster.nodes)
    assert codes == [0] * len(cluster.nodes)
    return cluster.evidence()


def describe(evidence: Evidence, faults: Sequence[Fault]) -> str:
    """Return the figures of a run."""
    again = repetitions(evidence)
    kinds = {kind: [fault for fault in faults if fault.kind is kind] for kind in Kind}
    counts = f"{len(faults)} faults, {len(evidence.events)} events, {len(evidence.arrivals)} messages accepted"
    lines = [f"{counts}, {sum(again.values())} of them again, {len(evidence.unsure)} attempts unsure"]
    for kind, found in kinds.items():
        times = sorted(fault.seconds for fault in found if fault.seconds is not None)
        how_long = (
            f"; announced after {times[0]:.1f} … {times[len(times) // 2]:.1f} … {times[-1]:.1f} s" if times else ""
        )
        lines.append(f"{kind}: {len(found)}, {sum(fault.owned for fault in found)} at the owner{how_long}")
    return "\n".join(lines)


def sixty_faults(cluster: Cluster) -> list[Fault]:
    """Let twelve faults of each kind happen, in some order, while dumps come that cannot be read."""
    kinds = [kind for kind in Kind for _ in range(12)]
    cluster.dice.shuffle(kinds)
    faults = list[Fault]()
    for place, source in enumerate(cluster.odd):
        cluster.drop_odd(source)
        faults += strike_all(cluster, kinds[place::5])
    return faults


def three_faults(cluster: Cluster) -> list[Fault]:
    """Kill the monitor that delivers a channel while another one stands still; then crash the server."""
    cluster.time_to_announce(cluster.folder / "shared")
    killed, stopped, left = sorted(cluster.nodes, key=lambda node: node is not cluster.owner("hook"))
    cluster.drop_odd("odd0")
    cluster.faults += [time.time(), time.time()]
    killed.end(signal.SIGKILL)
    stopped.send_signal(signal.SIGSTOP)
    both = Fault(kind=Kind.KILL, node=killed.name, owned=True, seconds=cluster.time_to_announce(left.folder / "own"))
    stopped.send_signal(signal.SIGCONT)
    begin_again(killed)
    return [both, strike(cluster, Kind.CRASH)]


def test_faults_of_three_monitors_lose_nothing_and_repeat_only_what_is_explained(
    tmp_path: Path, own_server: Server, full: bool
) -> None:
    odd = [f"odd{number}" for number in range(5 if full else 1)]
    seed = seed_of_run(None if full else 7)
    with cluster_of_three(tmp_path / "c", own_server, seed=seed, odd=odd, is_digest=full) as cluster:
        with feeding(cluster, per_second=4 if full else 8):
            faults = sixty_faults(cluster) if full else three_faults(cluster)
        evidence = settle(cluster)
        print(describe(evidence, faults))
        assert verdict(evidence) == []
        assert [fault for fault in faults if (fault.seconds or 0) > FAILOVER] == []


def test_monitors_that_know_no_owner_and_claim_in_two_steps_fail_before_the_same_judge(
    tmp_path: Path, own_server: Server
) -> None:
    """The control: without it, a judge that sees too little would prove nothing."""
    with cluster_of_three(tmp_path / "c", own_server, "two-step", seed=seed_of_run(7)) as cluster:
        for _ in range(40):
            cluster.drop(tmp_path / "c" / "shared")
        found = verdict(settle(cluster))
        print(found)
        assert any("of its attempts are unsure" in line for line in found)
