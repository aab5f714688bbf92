"""Every plugin of Apprise, at an address made from its own templates: each send ends in a true verdict.

Nothing leaves this machine: every host resolves to 127.0.0.1, every HTTP request goes to a server of the test, and
every other connection or datagram to a port where nobody listens.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from monitor.model import Outcome, Verdict
from monitor.notify.apprise_channel import check_url
from monitor.notify.channels import LazyChannel
from monitor.notify.guard import GuardedChannel
from monitor.secret import Secret
from tests.notify.services import PING
from tests.servers import Answer, HttpServer, closed_port, http_server

WITHOUT_REQUEST = {"rsyslog", "syslog"}  # a datagram, and a line for the system's log


@contextmanager
def replaced(owner: Any, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    plain = getattr(owner, name)
    setattr(owner, name, make(plain))
    try:
        yield
    finally:
        setattr(owner, name, plain)


@contextmanager
def no_other_machine(port: int) -> Iterator[list[str]]:
    """Send all HTTP to one port of this machine and everything else nowhere; yield what left this process."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool

    nowhere, left = ("127.0.0.1", closed_port()), list[str]()
    is_watched = threading.Event()
    is_watched.set()

    def watch(event: str, _details: object) -> None:
        if event in ("socket.connect", "socket.sendto", "syslog.syslog") and is_watched.is_set():
            left.append(event)

    def pool(_plain: Any) -> Any:
        return lambda _adapter, _request, *_values, **_named: HTTPConnectionPool("127.0.0.1", port)

    def getaddrinfo(_plain: Any) -> Any:
        return lambda _host, place, *_values, **_named: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", place))
        ]

    def connect(plain: Any) -> Any:
        return lambda connection, place: plain(connection, place if place == ("127.0.0.1", port) else nowhere)

    def sendto(plain: Any) -> Any:
        return lambda connection, text, _place: plain(connection, text, nowhere)

    with ExitStack() as stack:
        stack.enter_context(replaced(HTTPAdapter, "get_connection_with_tls_context", pool))
        stack.enter_context(replaced(socket, "getaddrinfo", getaddrinfo))
        stack.enter_context(replaced(socket.socket, "connect", connect))
        stack.enter_context(replaced(socket.socket, "sendto", sendto))
        sys.addaudithook(watch)  # forever: Python has no way to take one back
        yield left
        is_watched.clear()


def sent(name: str, url: Secret) -> Verdict:
    return GuardedChannel(LazyChannel(name, url)).send(PING, delivery="1")


def test_nearly_every_plugin_can_be_addressed(addresses: Mapping[str, Secret]) -> None:
    assert len(addresses) >= 160  # 166 of 183 in Apprise 2.2; 13 lack their library


def test_no_plugin_sends_anything_or_breaks_during_a_check(addresses: Mapping[str, Secret]) -> None:
    with http_server() as server, no_other_machine(server.port) as left:
        found = {name: check_url(url) for name, url in addresses.items()}
        assert (server.requests, left) == ([], [])
    assert {name for name, fault in found.items() if fault} <= {"syslog"}  # where this machine has no log


def test_what_a_plugin_calls_accepted_has_been_sent(addresses: Mapping[str, Secret]) -> None:
    with http_server(Answer(body=b"{}")) as server, no_other_machine(server.port):
        requests = {name: requests_of(server, name, url) for name, url in addresses.items()}
    unseen = {name for name, (verdict, count) in requests.items() if verdict.outcome is Outcome.OK and not count}
    assert unseen <= WITHOUT_REQUEST
    assert len([name for name, (_, count) in requests.items() if count]) >= 150
    assert requests["emby"][0].outcome is not Outcome.OK  # it logged in, and nobody was there
    assert {"opsgenie", "jira", "kodi", "json"} <= requests.keys() - unseen


def requests_of(server: HttpServer, name: str, url: Secret) -> tuple[Verdict, int]:
    before = len(server.requests)
    return sent(name, url), len(server.requests) - before


def test_no_plugin_is_accepted_by_nobody(addresses: Mapping[str, Secret]) -> None:
    with no_other_machine(closed_port()) as left:
        verdicts = {name: sent(name, url) for name, url in addresses.items()}
    assert {name for name, verdict in verdicts.items() if verdict.outcome is Outcome.OK} <= WITHOUT_REQUEST
    refused = [verdict for verdict in verdicts.values() if "connection refused by 127.0.0.1" in verdict.reason]
    assert len(refused) >= 150
    assert left  # the watch of the test before can see


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("opsgenie://a1b2c3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6/?:info=note&:warning=note", "sends nothing"),
        ("opsgenie://a1b2c3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6/?action=close", "sends nothing"),
        ("jira://a1b2c3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6/?action=note", "sends nothing"),
        ("kook://abcdefghijkl", "no valid recipient"),
    ],
)
def test_what_can_only_be_accepted_without_a_request_is_refused_with_what_it_needs(url: str, words: str) -> None:
    assert words in (check_url(Secret(url)) or "")
    verdict = sent("team", Secret(url))
    assert verdict.outcome in (Outcome.CHANNEL_REFUSED, Outcome.TRANSIENT)
    assert words in verdict.reason
