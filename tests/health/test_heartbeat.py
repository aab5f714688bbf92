"""The ping that goes out: real requests, what it says of failures, and that its address stands nowhere."""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest

from monitor.health.heartbeat import Heartbeat, Pinger, ping_url
from monitor.secret import Secret
from tests.servers import Answer, closed_port, http_server

TOKEN = "Ka4narieN"
SOON = timedelta(milliseconds=10)


@contextmanager
def running_heartbeat(url: str, unready: Callable[[], str]) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(
        target=Heartbeat(url=Secret(url), every=SOON, not_ready_reason=unready, timeout=30).run, args=(stop,)
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


@pytest.mark.parametrize(
    ("url", "failing"),
    [
        ("https://h/uuid", "https://h/uuid/fail"),
        ("https://h/uuid/", "https://h/uuid/fail"),
        ("https://h:8000/ping/a%20b?x=1&y=/", "https://h:8000/ping/a%20b/fail?x=1&y=/"),
        ("https://h", "https://h/fail"),
    ],
)
def test_it_fails_below_its_address(url: str, failing: str) -> None:
    assert ping_url(Secret(url), is_ready=True).reveal() == url
    assert ping_url(Secret(url), is_ready=False).reveal() == failing


def test_it_goes_out_while_ready_and_to_fail_while_not() -> None:
    reasons = iter(["", "", "paused: the disk is full", ""])
    with http_server() as server, running_heartbeat(f"{server.url}/{TOKEN}", lambda: next(reasons, "")):
        paths = [request.path for request in server.wait_for(4)[:4]]
    assert paths == [f"/{TOKEN}", f"/{TOKEN}", f"/{TOKEN}/fail", f"/{TOKEN}"]
    assert server.requests[0].method == "GET"
    assert server.requests[0].headers["User-Agent"].startswith("press-monitor/")


def test_a_ping_that_fails_is_told_once_and_when_it_is_accepted_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    busy = Answer(status=503, body=TOKEN.encode())
    answers = (Answer(), busy, busy, Answer(status=404), Answer())
    with http_server(*answers) as server, running_heartbeat(f"{server.url}/{TOKEN}", lambda: ""):
        server.wait_for(7)
    told = [(line.getMessage(), vars(line)["fields"].get("reason")) for line in caplog.records]
    assert told == [
        ("heartbeat_failed", "503 Service Unavailable"),
        ("heartbeat_failed", "404 Not Found"),
        ("heartbeat_accepted", None),
    ]


# (what the far side does, what is said of it)
FAILURES = [
    (Answer(status=302, headers={"Location": f"/{TOKEN}/elsewhere"}), "302 Found"),
    (Answer(status=301, headers={"Location": f"file:///{TOKEN}"}), "301 Moved Permanently"),
    (
        Answer(status=401, headers={"WWW-Authenticate": f"Basic realm={TOKEN}"}),
        "401 Unauthorized: login refused; check the user and the password or token",
    ),
    (Answer(status=799), "799"),
    (
        Answer(is_reset=True),
        "{peer} cut the connection before it had answered; check whether that port expects TLS",
    ),
    (
        Answer(status=400, body=b"<h1>The plain HTTP request was sent to HTTPS port</h1>"),
        "{peer} expects TLS; use the form of the url with TLS, such as https://, jsons:// or mailtos://",
    ),
]


@pytest.mark.parametrize(("answer", "reason"), FAILURES, ids=[row[1][:20] for row in FAILURES])
def test_a_failure_is_said_in_our_own_words_and_nothing_is_followed(answer: Answer, reason: str) -> None:
    with http_server(answer) as server:
        said = Pinger(timeout=30).ping(Secret(f"{server.url}/{TOKEN}"))
        assert said == reason.format(peer=f"127.0.0.1:{server.port}")
    assert len(server.requests) == 1


def test_a_service_that_does_not_answer_is_given_up() -> None:
    with http_server(Answer(is_hanging=True)) as server:
        said = Pinger(timeout=0.05).ping(Secret(f"{server.url}/{TOKEN}"))
        assert re.match(
            rf"((no whole answer from|timed out connecting to) 127\.0\.0\.1:{server.port}|no answer)\b", said
        )


def test_a_service_that_is_away_is_named_with_its_port() -> None:
    port = closed_port()
    said = Pinger(timeout=30).ping(Secret(f"http://me:{TOKEN}@127.0.0.1:{port}/{TOKEN}?{TOKEN}"))
    assert said == f"connection refused by 127.0.0.1:{port}; check host and port, and whether the service runs"


def test_a_service_that_speaks_no_tls_is_said_without_its_address() -> None:
    with http_server() as server:
        said = Pinger(timeout=30).ping(Secret(f"https://127.0.0.1:{server.port}/{TOKEN}"))
    assert said.startswith(f"127.0.0.1:{server.port} does not speak TLS")
    assert TOKEN not in said


@pytest.mark.parametrize(
    "url", [f"http://127.0.0.1/{TOKEN} x", f"http://127.0.0.1/{TOKEN}한", f"odd://127.0.0.1/{TOKEN}"]
)
def test_an_address_that_cannot_be_asked_for_is_not_repeated(url: str) -> None:
    said = Pinger(timeout=30).ping(Secret(url))
    assert said
    assert TOKEN not in said


def test_a_name_and_password_in_the_address_are_sent() -> None:
    with http_server() as server:
        assert Pinger(timeout=30).ping(Secret(f"http://me:pa%20ss@127.0.0.1:{server.port}/{TOKEN}")) == ""
    assert server.requests[0].headers["Authorization"] == "Basic bWU6cGEgc3M="


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert Pinger(timeout=30).ping(Secret(f"http://press.example/{TOKEN}")) == ""
    assert proxy.requests[0].path == f"http://press.example/{TOKEN}"


def test_an_answer_that_may_be_the_proxys_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_server(Answer(status=502)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        said = Pinger(timeout=30).ping(Secret(f"http://press.example/{TOKEN}"))
    assert said == f"502 Bad Gateway from the server or the proxy 127.0.0.1:{proxy.port}"


DRIP = 0.01  # seconds between two bytes
# (the scheme, what comes before the server drips, and what it drips)
DRIPS = {
    "a status line that never ends": ("http", b"HTTP/1.1 ", b"2"),
    "headers that never end": ("http", b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "interim answers without an end": ("http", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a TLS handshake that never ends": ("https", b"", b"\x16\x03\x03\x3f\xff"),
}


@contextmanager
def dripping_server(head: bytes, drip: bytes) -> Iterator[int]:
    """A server that sends a little, again and again, until the client goes."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(head)
            while not ending.wait(DRIP):
                connection.sendall(drip)

    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ending.set()
            thread.join(30)


@pytest.mark.parametrize(("scheme", "head", "drip"), DRIPS.values(), ids=DRIPS)
def test_a_server_that_drips_is_given_up(scheme: str, head: bytes, drip: bytes) -> None:
    with dripping_server(head, drip) as port:
        said = Pinger(timeout=0.3).ping(Secret(f"{scheme}://127.0.0.1:{port}/{TOKEN}"))
    # On a machine that is busy it may not even have connected, or not have begun to.
    assert re.match(
        rf"((no whole answer|no answer|timed out connecting) (from|to) 127\.0\.0\.1:{port}|no answer)\b", said
    )


def test_a_proxy_whose_tunnel_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with dripping_server(b"HTTP/1.1 200 OK\r\nX: ", b"x") as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        said = Pinger(timeout=0.3).ping(Secret(f"https://press.example/{TOKEN}"))
    assert re.match(rf"((no whole answer from|timed out connecting to) the proxy 127\.0\.0\.1:{port}|no answer) ", said)


def test_a_body_without_an_end_is_not_read() -> None:
    with dripping_server(b"HTTP/1.1 200 OK\r\n\r\n", b"x") as port:
        assert Pinger(timeout=30).ping(Secret(f"http://127.0.0.1:{port}/{TOKEN}")) == ""


def test_a_name_that_nobody_resolves_is_given_up_and_not_looked_up_twice_at_once() -> None:
    ending, asked = threading.Event(), list[object]()

    def connect(*names: object) -> socket.socket:
        asked.append(names)
        ending.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    pinger = Pinger(timeout=0.05, connect=connect)
    said = pinger.ping(Secret(f"http://press.example/{TOKEN}"))
    assert re.match(r"timed out connecting to press\.example:80;|no answer within 0\.05 s$", said)  # begun, or not yet
    assert pinger.ping(Secret(f"http://press.example/{TOKEN}")) == "an earlier ping has not ended yet"
    assert len(asked) == 1
    ending.set()


def test_a_system_without_threads_fails_the_ping_alone() -> None:
    before = threading.stack_size(2**46)  # more than any machine has
    try:
        assert Pinger(timeout=30).ping(Secret("http://127.0.0.1/")) == "the system had no thread left for it"
    finally:
        threading.stack_size(before)
