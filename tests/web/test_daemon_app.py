"""Serve the health routes over real sockets, to clients that behave well and badly."""

from __future__ import annotations

import http.client
import socket
import struct
from collections.abc import Iterator
from contextlib import closing

import pytest

from monitor.health.daemon_state import SourceState
from monitor.health.liveness import HealthSnapshot
from monitor.web.daemon_app import OFF, Answer, HealthServer, alive, ready, unready
from tests.servers import unused_port
from tests.web.raw import ask, received

ANY = "127.0.0.1:0"
HEARD = SourceState(state="watching", since="2026-11-22T03:00:00Z")
PAGES = {"/healthz": alive, "/page": lambda: Answer("한국어\n", content_type="text/x")}


@pytest.fixture
def health_server() -> Iterator[HealthServer]:
    made = HealthServer(timeout=0.05)
    made.routes = {"/page": lambda: Answer("first\n")}
    yield made
    made.close()


def fetched(port: int, path: str = "/page", *, host: str = "127.0.0.1") -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_page_is_served_for_as_long_as_it_is_shown(health_server: HealthServer) -> None:
    assert health_server.listen(ANY) == ""
    assert [fetched(health_server.port) for _ in range(3)] == [(200, "first\n")] * 3
    health_server.routes = {"/other": lambda: Answer("second\n")}
    assert fetched(health_server.port) == (404, "there is /other\n")
    assert fetched(health_server.port, "/other") == (200, "second\n")


def test_the_same_address_again_keeps_its_socket(health_server: HealthServer) -> None:
    health_server.listen(ANY)
    port = health_server.port
    assert health_server.listen(ANY) == ""
    assert health_server.port == port
    assert fetched(port) == (200, "first\n")


def test_another_address_is_moved_to_and_off_ends_it(health_server: HealthServer) -> None:
    health_server.listen(ANY)
    first, second = health_server.port, unused_port()
    assert health_server.listen(f"127.0.0.1:{second}") == ""
    assert fetched(second) == (200, "first\n")
    for address, port in ((f"127.0.0.1:{second}", first), (OFF, second)):
        health_server.listen(address)
        with pytest.raises(ConnectionRefusedError):
            fetched(port)
    assert health_server.port == 0


def test_a_port_that_is_taken_is_a_fault_until_it_is_free(
    health_server: HealthServer, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        assert health_server.listen(address) == "Address already in use"
    assert (caplog.records[-1].getMessage(), vars(caplog.records[-1])["fields"]["address"]) == (
        "health_unavailable",
        address,
    )
    assert health_server.listen(address) == ""
    assert fetched(health_server.port) == (200, "first\n")


def test_an_address_of_another_machine_is_a_fault(health_server: HealthServer) -> None:
    assert health_server.listen("192.0.2.1:9877") == "Cannot assign requested address"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine speaks no IPv6")
def test_an_ipv6_address_is_listened_on(health_server: HealthServer) -> None:
    if health_server.listen("[::1]:0"):
        pytest.skip("this machine has no IPv6 address")
    assert fetched(health_server.port, host="::1") == (200, "first\n")


def _says_nothing(_: socket.socket) -> None:
    """And stays."""


def _breaks_off(client: socket.socket) -> None:
    client.sendall(b"GET /page HT")


def _never_ends(client: socket.socket) -> None:
    client.sendall(b"GET /page HTTP/1.1\r\nX: " + b"a" * 20_000)


def _resets(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sendall(b"GET /page HTTP/1.1\r\n\r\n")
    client.close()


@pytest.mark.parametrize("behave", [_says_nothing, _breaks_off, _never_ends, _resets])
def test_a_client_that_behaves_badly_harms_nobody(health_server: HealthServer, behave: object) -> None:
    assert callable(behave)
    health_server.listen(ANY)
    with socket.create_connection(("127.0.0.1", health_server.port), timeout=30) as client:
        behave(client)
        assert fetched(health_server.port) == (200, "first\n")


def test_a_request_may_come_in_pieces() -> None:
    with closing(HealthServer(timeout=30)) as slow:
        slow.routes = {"/page": lambda: Answer("first\n")}
        slow.listen(ANY)
        with socket.create_connection(("127.0.0.1", slow.port), timeout=30) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for part in (b"GET /pa", b"ge HTTP/1.1\r", b"\nHost: x\r\n\r", b"\n"):
                client.sendall(part)
            assert received(client).endswith(b"\r\n\r\nfirst\n")


NO_HTTP = "this is no HTTP request; in an address, write letters such as é or 한 as %C3%A9 or %ED%95%9C\n"

# (the head of a request, the status of the answer, its text)
ROWS = [
    ("GET /page HTTP/1.1\r\nHost: x\r\n\r\n", 200, "한국어\n"),
    ("GET /page HTTP/1.1\r\nHost: monitor.svc:9877\r\n\r\n", 200, "한국어\n"),
    ("GET /page HTTP/1.0\n\n", 200, "한국어\n"),
    ("GET /page?a=b HTTP/1.1\r\nHost: x\r\n\r\n", 200, "한국어\n"),
    ("HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n", 200, ""),
    ("GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", 503, "paused: the disk is full\n"),
    ("GET /odd HTTP/1.1\r\nHost: x\r\n\r\n", 200, "a\\udc80b\n"),
    ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "there is /healthz, /page, /ready, /odd\n"),
    ("GET /page/../healthz HTTP/1.1\r\nHost: x\r\n\r\n", 404, "there is /healthz, /page, /ready, /odd\n"),
    ("POST /page HTTP/1.1\r\nHost: x\r\n\r\n", 405, "there is GET, HEAD\n"),
    ("POST /commands HTTP/1.1\r\nHost: x\r\n\r\n", 405, "there is GET, HEAD\n"),
    ("GET http://x/page HTTP/1.1\r\nHost: x\r\n\r\n", 400, "the address is not a path on this server\n"),
    ("GET /한국어 HTTP/1.1\r\nHost: x\r\n\r\n", 400, NO_HTTP),
    ("GET /page HTTP/2\r\nHost: x\r\n\r\n", 400, NO_HTTP),
    ("GET /page HTTP/1.1\r\n\r\n", 400, NO_HTTP),  # RFC 9112: without Host
    ("\x16\x03\x01\x02\r\n\r\n", 400, NO_HTTP),
]


def test_a_request_is_answered_in_full(health_server: HealthServer) -> None:
    health_server.routes = {
        **PAGES,
        "/ready": lambda: unready("paused: the disk is full"),
        "/odd": lambda: Answer("a\udc80b\n"),
    }
    health_server.listen(ANY)
    for sent, status, text in ROWS:
        answer = ask(health_server.port, sent.encode())
        assert (sent, answer.status, answer.body.decode()) == (sent, status, text)
        assert answer.headers["connection"] == "close"
        assert sent.startswith("HEAD") or int(answer.headers["content-length"]) == len(text.encode())
        assert answer.headers.get("allow") == ("GET, HEAD" if status == 405 else None)
        assert status != 200 or answer.headers["cache-control"] == "no-store"


def test_the_text_of_a_head_request_is_measured_and_left_out(health_server: HealthServer) -> None:
    health_server.routes = PAGES
    health_server.listen(ANY)
    answer = ask(health_server.port, b"HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (answer.body, answer.headers["content-length"], answer.headers["content-type"]) == (b"", "10", "text/x")


def test_whether_it_is_ready_is_said_by_the_status_and_why_not_by_the_text() -> None:
    well = HealthSnapshot(watcher=0.0, store=0.0, scheduler=0.0, watches={"motie": HEARD})
    assert ready(well) == Answer("ready\n")
    paused = HealthSnapshot(watcher=0.0, store=0.0, scheduler=0.0, watches={"motie": HEARD}, fault="the disk is full")
    assert (ready(paused).status, ready(paused).text) == (503, "paused: the disk is full\n")
