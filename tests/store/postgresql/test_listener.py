"""Notifications between monitors: they arrive, and are believed only while that is proven."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from monitor.secret import Secret
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import Connection, connect
from monitor.store.postgresql.database import open_shared
from monitor.store.postgresql.listener import PROVE_EVERY, Listener
from tests.postgresql_databases import Databases
from tests.store.postgresql.nodes import OpenNode

LONG, SHORT = 20.0, 0.02  # seconds: longer than any notification takes; nothing is to come


class Server:
    """What a listener uses, with a clock that can be set forward, and a way that may lose notifications."""

    def __init__(self, url: str) -> None:
        self._open = partial(connect, Address(Secret(url)))
        self._sender = self._open()
        self.later = 0.0  # seconds by which the clock was set forward
        self.is_deaf = False
        self.connections: list[Connection] = []
        self.proofs = 0

    def seconds(self) -> float:
        return time.monotonic() + self.later

    def connect(self) -> Connection:
        self.connections.append(self._open())
        return self.connections[-1]

    def notify(self, name: str, payload: str) -> None:
        self.proofs += payload == ""
        if not self.is_deaf:
            self._sender.execute("SELECT pg_notify(%s, %s)", (name, payload))

    def close(self) -> None:
        for connection in (self._sender, *self.connections):
            connection.close()


@pytest.fixture
def server(postgresql_url: str) -> Iterator[Server]:
    with closing(Server(postgresql_url)) as made:
        yield made


@pytest.fixture
def listener(server: Server) -> Iterator[Listener]:
    with closing(Listener(server.connect, server.notify, name="monitor_test", seconds=server.seconds)) as made:
        yield made


def proven(listener: Listener, server: Server) -> Listener:
    """A listener that has just heard of something."""
    assert listener.listen(LONG) is None
    server.notify("monitor_test", "first")
    assert listener.listen(LONG) == ["first"]
    return listener


def test_a_new_connection_tells_nobody_what_came_before_it(listener: Listener, server: Server) -> None:
    server.notify("monitor_test", "before")
    assert listener.listen(LONG) is None
    server.notify("monitor_test", "after")
    assert listener.listen(LONG) == ["after"]


def test_who_waits_is_woken_by_a_notification_and_else_hears_of_nothing(listener: Listener, server: Server) -> None:
    proven(listener, server)
    assert listener.listen(SHORT) == []
    with ThreadPoolExecutor(1) as threads:
        heard = threads.submit(listener.listen, LONG)
        server.notify("monitor_test", "woken")
        assert heard.result() == ["woken"]


def test_notifications_of_another_store_are_not_heard(listener: Listener, server: Server) -> None:
    proven(listener, server)
    server.notify("monitor_other", "theirs")
    server.notify("monitor_test", "ours")
    assert listener.listen(LONG) == ["ours"]


def test_it_is_proven_again_now_and_then(listener: Listener, server: Server) -> None:
    proven(listener, server)
    assert (server.proofs, listener.listen(SHORT)) == (1, [])
    server.later += PROVE_EVERY
    assert listener.listen(SHORT) == []
    assert server.proofs == 2
    assert listener.listen(SHORT) == []
    assert server.proofs == 2


def test_what_is_not_proven_is_not_believed_and_that_is_said_once(
    listener: Listener, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """As behind a pooler, where LISTEN succeeds and nothing ever comes."""
    server.is_deaf = True
    for _ in range(3):
        assert listener.listen(LONG) is None
        assert listener.listen(SHORT) is None
        server.later += 6
        assert listener.listen(SHORT) is None
    assert [line.getMessage() for line in caplog.records] == ["notifications_unproven"]
    assert len(server.connections) == 3
    server.is_deaf = False
    proven(listener, server)


def test_a_connection_that_has_died_without_an_error_is_replaced(listener: Listener, server: Server) -> None:
    proven(listener, server)
    server.is_deaf = True
    server.later += PROVE_EVERY
    assert listener.listen(SHORT) == []
    server.later += 6
    assert listener.listen(SHORT) is None
    server.is_deaf = False
    proven(listener, server)
    assert len(server.connections) == 2


def test_a_session_that_was_ended_is_replaced(listener: Listener, server: Server) -> None:
    proven(listener, server)
    [first] = server.connections
    server.connect().execute("SELECT pg_terminate_backend(CAST(%s AS integer), 10000)", (first.info.backend_pid,))
    assert listener.listen(LONG) is None
    proven(listener, server)


def test_behind_a_pooler_nothing_is_heard_and_nobody_tries(server: Server) -> None:
    pooled = Listener(None, server.notify, name="monitor_test", seconds=server.seconds)
    assert pooled.listen(LONG) is None
    assert (server.proofs, server.connections) == (0, [])


# --- nodes -----------------------------------------------------------------------------------------------------------


def test_a_node_hears_of_the_channels_of_others_and_not_of_its_own(open_node: OpenNode) -> None:
    one, two, command = open_node("a").join(), open_node("b").join(), open_node("")
    assert one.nodes.listen(LONG) is None
    one.nodes.notify(["own"])
    assert one.nodes.listen(SHORT) == frozenset()
    two.nodes.notify(["team", "a:b"])
    heard: frozenset[str] = frozenset()
    while len(heard) < len(["team", "a:b"]):
        heard |= one.nodes.listen(LONG) or frozenset()
    assert heard == {"team", "a:b"}
    command.nodes.notify(["desk"])
    assert one.nodes.listen(LONG) == frozenset({"desk"})


def test_nothing_is_sent_for_no_channels(open_node: OpenNode) -> None:
    node = open_node("a").join()
    node.nodes.notify([])
    assert node.query("SELECT pg_notification_queue_usage()")[0][0] == 0


def test_a_pooled_store_is_polled(databases: Databases, tmp_path: Path) -> None:
    with closing(open_shared(Address(Secret(databases.url(tmp_path))), is_pooled=True, node="a")) as shared:
        assert shared.listener.listen(LONG) is None
