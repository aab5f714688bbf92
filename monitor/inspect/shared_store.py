"""Report on a store that several monitors share: its nodes, its server, and what would break a promise there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.errors import StoreError
from monitor.inspect.check_result import CheckResult, fail, ok, store_result, warn
from monitor.inspect.pending import open_read_only
from monitor.store_location import masked_url
from monitor.text import escape, plural
from monitor.times import rfc3339

if TYPE_CHECKING:
    from monitor.config import Config, Diagnostics
    from monitor.node_values import NodeState, View
    from monitor.ports import Row
    from monitor.server_values import ServerExam, ServerFacts
    from monitor.store.open import Stores

_NEVER = datetime.min.replace(tzinfo=UTC)
SILENT = timedelta(seconds=5)  # without a beat: from then on the others may take over what the node did
AHEAD = timedelta(seconds=10)  # that a clock may differ from the database's


def node_rows(view: View | None, *, node: str, paused: str = "") -> list[Row]:
    """Return a row for each living node, by name. node: the NODE_ID of this folder. paused: why its daemon is."""
    if view is None:
        return []
    from monitor.cluster.config_hash import differences
    from monitor.cluster.rendezvous import channels_of

    found = differences(view.nodes)
    return [
        {
            "name": escape(each.facts.name),
            "version": escape(each.facts.version),
            "since": rfc3339(each.since),
            "age": max(round(each.age.total_seconds(), 1), 0.0),
            "is_me": bool(node) and each.facts.node == node,
            "sources": list(each.facts.sources),
            "channels": list(each.facts.channels),
            "owns": sorted(channels_of(name for name, lease in view.leases.items() if lease.owner == each.boot)),
            "config": [one.key for one in found if any(each.facts.name in group for group in one.groups)],
            "state": _state(each, is_paused=bool(paused) and each.facts.node == node),
        }
        for each in sorted(view.nodes, key=lambda each: (each.facts.name, each.boot))
    ]


def _state(node: NodeState, *, is_paused: bool) -> str:
    if node.age > SILENT:
        return "silent"
    return "paused" if is_paused else "ok"


def server_row(config: Config, facts: ServerFacts | None) -> Row:
    """Return the fields of `store` in `status` that a shared store fills. facts: None: it cannot be reached."""
    return {
        "kind": "postgresql" if config.store else "sqlite",
        "url": masked_url(config.store) if config.store else None,
        "server": facts.version if facts else None,
        "replication": facts.replication if facts else None,
    }


def check_shared_store(config: Config, diagnostics: Diagnostics) -> None:
    """Warn about a shared store that does not do what is promised, or whose nodes are configured otherwise."""
    if config.store is None or diagnostics.has_error("store"):
        return
    for found in examine_shared_store(config):
        if found.state != "ok":
            about = found.check.removeprefix("store").strip()
            diagnostics.warning("store", f"{about}: {found.what}: {found.do}" if about else f"{found.what}: {found.do}")


def examine_shared_store(config: Config) -> Iterator[CheckResult]:
    """Yield the result of every check of a shared store; where it cannot be opened, that alone."""
    try:
        with open_read_only(config) as stores:
            yield from _examined(config, stores)
    except StoreError as error:
        yield fail("store", error.message, "fix this; until then nothing is ingested and nothing is sent")


def _examined(config: Config, stores: Stores) -> Iterator[CheckResult]:
    assert stores.server is not None  # noqa: S101 - the caller knows that the store is shared
    facts, exam = stores.server.facts(), stores.server.examine()
    count = stores.archive.count_heads()
    where = f"{masked_url(config.store)}, PostgreSQL {facts.version}" if config.store else ""
    yield store_result(f"{count:,} releases in {where}", stores.archive.moved_to())
    yield from server_results(facts, exam, is_pooled=config.pooler)
    yield from _nodes(config, stores)


def server_results(facts: ServerFacts, exam: ServerExam, *, is_pooled: bool) -> Iterator[CheckResult]:
    """Yield what a server and the way to it mean for the promises. is_pooled: so the configuration says."""
    yield _rights(exam)
    yield _encryption(exam)
    yield _commits(facts)
    yield _replication(facts)
    yield _notifications(exam, is_pooled=is_pooled)
    yield _pooler(exam, is_pooled=is_pooled)
    yield _clock(exam)


def _rights(exam: ServerExam) -> CheckResult:
    if exam.lacking:
        names = ", ".join(exam.lacking[:3]) + (" …" if len(exam.lacking) > 3 else "")
        what = f"this user of the database may not read and write {plural(len(exam.lacking), 'table')}: {names}"
        return fail("store rights", what, exam.grants)
    return ok("store rights", "this user may read and write every table")


def _encryption(exam: ServerExam) -> CheckResult:
    if exam.is_local:
        return ok("store encryption", "the server is on this machine")
    if not exam.is_encrypted:
        what = "the connection is not encrypted: the password's hash and every text can be read on the way"
        return warn("store encryption", what, "add ?sslmode=verify-full to the address")
    if exam.verifies not in ("verify-full", "verify-ca"):
        what = f"the connection is encrypted, but the server's certificate is not checked (sslmode={exam.verifies})"
        return warn("store encryption", what, "add ?sslmode=verify-full&sslrootcert=system to the address")
    return ok("store encryption", f"the connection is encrypted (sslmode={exam.verifies})")


def _commits(facts: ServerFacts) -> CheckResult:
    if facts.commit == "off" or (facts.commit == "local" and facts.standbys):
        lost = "a crash of the server" if facts.commit == "off" else "a fail-over to a standby"
        what = f"synchronous_commit is {facts.commit}: {lost} loses the last commits, so messages may be sent again"
        cure = "ALTER ROLE … SET synchronous_commit = on for this user"
        return (fail if facts.commit == "off" else warn)("store commits", what, cure)
    return ok("store commits", f"a commit is on the disk when it is answered (synchronous_commit={facts.commit})")


def _replication(facts: ServerFacts) -> CheckResult:
    name = "store replication"
    if facts.replication == "synchronous":
        if facts.commit == "remote_write":
            what = "a standby has only received a commit when it is answered (synchronous_commit=remote_write)"
            return warn(name, what, "set synchronous_commit to on")
        return ok(name, "synchronous: a fail-over to a standby that is waited for loses nothing")
    if facts.replication == "asynchronous":
        what = (
            f"asynchronous to {plural(facts.followers, 'server')}: a fail-over loses the last commits; their dumps are"
            " ingested again, and messages of that time may be sent again without a mark"
        )
        return warn(name, what, "set synchronous_standby_names (Patroni: synchronous_mode), if that must not be")
    return ok(
        name, "no standby is known: nothing is lost while the server's disk is not; a managed service may have its own"
    )


def _notifications(exam: ServerExam, *, is_pooled: bool) -> CheckResult:
    if exam.notifies:
        return ok("store notifications", "LISTEN works: a node is notified at once of what another has stored")
    what = "LISTEN brings nothing: each node asks the store once a second, so an alert may take a second longer"
    if is_pooled:
        return ok("store notifications", what)
    return warn("store notifications", what, "connect to the server itself, or set `pooler: true`")


def _pooler(exam: ServerExam, *, is_pooled: bool) -> CheckResult:
    if exam.has_pooler and not is_pooled:
        what = "the address is that of a pooler, and `pooler:` is not set: right only where it pools whole sessions"
        return warn("store pooler", what, "set `pooler: true`, or connect to the server itself")
    if is_pooled and not exam.has_pooler:
        what = "`pooler: true` is set, and the address is that of the server itself"
        return warn(
            "store pooler", what, "remove `pooler:`: then nodes are notified at once of what others have stored"
        )
    if is_pooled and not exam.has_timeouts:
        what = (
            "behind the pooler the server ends no session of a monitor that stands still: it may hold a source forever"
        )
        return warn("store pooler", what, "run `monitor db migrate`, and let the pooler connect to the server anew")
    return ok("store pooler", "a pooler, as `pooler: true` says" if is_pooled else "none: the server is reached itself")


def _clock(exam: ServerExam) -> CheckResult:
    seconds = exam.ahead.total_seconds()
    what = f"this machine's clock is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} the database's"
    if abs(exam.ahead) >= AHEAD:
        return warn("store clock", what, "set the clocks by NTP; every time stored is the database's")
    return ok("store clock", what)


def _nodes(config: Config, stores: Stores) -> Iterator[CheckResult]:
    """Compare the living nodes with each other, and with this configuration as it is in the file."""
    from monitor.cluster.config_hash import differences

    assert stores.nodes is not None  # noqa: S101 - the store is shared
    view = stores.nodes.seen()
    names = sorted(each.facts.name for each in view.nodes)
    silent = [each.facts.name for each in view.nodes if each.age > SILENT]
    if silent:
        what = f"{', '.join(silent)} has not reported for more than {SILENT.seconds} s"
        yield warn("nodes", what, "look whether it runs, and whether it reaches the database")
    elif names:
        yield ok("nodes", f"{plural(len(names), 'node')}: {', '.join(names)}")
    else:
        yield ok("nodes", "no monitor runs on this store")
    for each in differences(view.nodes):
        groups = " against ".join("/".join(group) for group in each.groups)
        yield warn("node configurations", f"{each.key} differs: {groups}", "give all nodes the same configuration")
    yield from own_differences(config, view.nodes)


def own_differences(config: Config, nodes: Sequence[NodeState]) -> Iterator[CheckResult]:
    """Yield what this file says otherwise than the nodes that run."""
    from monitor.cluster.config_hash import differences, policy_hashes, rules_hash
    from monitor.node_values import NodeFacts, NodeState

    mine = NodeFacts(node="", name="this file", version="", rules=rules_hash(config), policies=policy_hashes(config))
    known = {each.key for each in differences(nodes)}
    state = NodeState(boot="", beat=0, since=_NEVER, facts=mine, age=timedelta(0))
    for each in differences([*nodes, state]):
        if each.key not in known:
            others = sorted({name for group in each.groups for name in group} - {mine.name})
            what = f"{each.key} differs: this file against {'/'.join(others)}"
            yield warn("node configurations", what, "give all nodes the same configuration")
