"""The server over raw sockets: clients that are slow, many, or speak badly harm nobody."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from contextlib import ExitStack, suppress

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from monitor.web.guard import HEADERS
from monitor.web.server import Server
from tests.waiting import wait_until
from tests.web.raw import DEADLINE, ask, connected, parsed, received, request, serving, talk

HELLO = request()
KEPT = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class App:
    """Answers with the method, the path and the body; keeps the paths it was asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.may_answer = threading.Event()  # for /slow
        self.is_left = threading.Event()  # the client of /large has gone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.paths.append(scope["path"])
        if scope["path"] == "/broken":
            raise ZeroDivisionError
        if scope["path"] == "/slow":
            await asyncio.to_thread(self.may_answer.wait, DEADLINE)
        if scope["path"] in ("/large", "/endless"):
            await self._send_much(scope, receive, send)
            return
        if scope["path"] == "/medium":
            await PlainTextResponse(b"x" * 60_000)(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        await PlainTextResponse(f"{scope['method']} {scope['path']} {body!r}")(scope, receive, send)

    async def _send_much(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # the body
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/large":
            await send({"type": "http.response.body", "body": b"x" * 8_000_000})
        assert (await receive())["type"] == "http.disconnect"
        self.is_left.set()


def test_a_request_is_answered_with_the_headers_of_all_answers() -> None:
    with serving(App()) as port:
        answer = ask(port, request("POST", "/a?b=c", b"d"))
    assert (answer.status, answer.body) == (200, b"POST /a b'd'")
    assert answer.headers.items() >= {name.lower(): value for name, value in HEADERS.items()}.items()
    assert "server" not in answer.headers


def test_two_requests_on_one_connection_are_answered_in_order() -> None:
    with serving(App()) as port:
        answers = talk(port, KEPT.replace(b"/", b"/first", 1) + request("GET", "/second"))
    assert answers.index(b"GET /first") < answers.index(b"GET /second")


@pytest.mark.parametrize(
    "start",
    [b"", b"GET / HT", KEPT[:-2], b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"],
    ids=["silence", "a part of the first line", "a part of the head", "a part of the body"],
)
def test_a_request_that_is_not_whole_in_time_is_cut_off_and_delays_nobody(start: bytes) -> None:
    app = App()
    with serving(app, request=0.2) as port, connected(port) as slow:
        slow.sendall(start)
        assert ask(port, HELLO).status == 200
        assert received(slow) == b""
    assert app.paths == ["/"]


def test_a_client_that_drips_gets_no_more_time_than_one_that_is_silent() -> None:
    with serving(App(), request=0.3) as port, connected(port) as slow:
        stop = threading.Event()

        def drip() -> None:
            with suppress(OSError):
                while not stop.wait(0.02):
                    slow.sendall(b"a")

        thread = threading.Thread(target=drip)
        thread.start()
        assert received(slow) == b""
        stop.set()
        thread.join()


def test_the_time_of_a_further_request_begins_with_its_first_byte() -> None:
    with serving(App(), request=0.2) as port, connected(port) as client:
        for sent in (KEPT, KEPT, b"GET"):
            client.sendall(sent)
            answer = b""
            while sent == KEPT and not answer.endswith(b"GET / b''"):
                answer += client.recv(10_000)
        assert received(client) == b""


def test_a_request_that_is_whole_has_as_much_time_as_its_answer_takes() -> None:
    app = App()
    with serving(app, request=0.1) as port, connected(port) as client, connected(port) as silent:
        client.sendall(request("GET", "/slow"))
        assert received(silent) == b"", "its time is over"
        app.may_answer.set()
        assert parsed(received(client)).body == b"GET /slow b''"


def test_three_hundred_silent_connections_keep_nobody_out() -> None:
    with serving(App(), request=4 * DEADLINE) as port, ExitStack() as stack:
        silent = []
        for _ in range(6):  # the kernel holds 64 that are not accepted yet
            silent += [stack.enter_context(connected(port)) for _ in range(50)]
            assert ask(port, HELLO).status == 200
        assert received(silent[0]) == b"", "the oldest made room"
        silent[-1].sendall(HELLO)
        assert parsed(received(silent[-1])).status == 200


def test_a_connection_that_is_answered_is_never_cut_off_for_a_new_one() -> None:
    app = App()
    with serving(app, connections=1) as port, connected(port) as client:
        client.sendall(request("GET", "/endless"))
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        assert talk(port, HELLO) == b""
        client.close()
        assert app.is_left.wait(DEADLINE)
        assert ask(port, HELLO).status == 200


def test_a_client_that_does_not_read_is_cut_off() -> None:
    app = App()
    with serving(app, send=0.2) as port, connected(port) as deaf:
        deaf.sendall(request("GET", "/large"))
        assert app.is_left.wait(DEADLINE)
        assert len(received(deaf)) < 8_000_000


def test_a_client_that_does_not_read_the_end_of_an_answer_is_cut_off_too() -> None:
    with serving(App(), send=0.2, connections=1, buffer=4096) as port, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(DEADLINE)
        deaf.connect(("127.0.0.1", port))
        deaf.sendall(request("GET", "/medium"))
        assert deaf.recv(1)
        wait_until(lambda: talk(port, HELLO))  # as long as the other is there, this one is refused
        assert len(received(deaf)) < 60_000


def test_a_client_may_send_the_rest_of_what_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    with serving(App()) as port, connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000)
        assert client.recv(13) == b"HTTP/1.1 431 "
        for _ in range(10):
            client.sendall(b"a" * 100_000)
        assert received(client).endswith(b"Request Header Fields Too Large\n")
    assert caplog.records == []


def test_a_client_that_reads_gets_a_large_answer_as_a_whole() -> None:
    with serving(App()) as port, connected(port) as client:
        client.sendall(request("GET", "/large"))
        found = bytearray()
        while found.count(b"x") < 8_000_000:
            part = client.recv(1 << 20)
            assert part
            found += part


# what is sent, and the status of the answer
REFUSED = {
    "a head of 1 MB": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000, 431),
    "a whole head that is too long": (request(x="a" * 17_000), 431),
    "a query that is too long": (request("GET", "/?q=" + "a" * 17_000), 431),
    "a path that is too long": (request("GET", "/" + "a" * 3_000), 414),
    "a body that is announced too long": (request("POST", content_length="20000"), 413),
    "a body that becomes too long": (
        request("POST", transfer_encoding="chunked") + b"ffff\r\n" + b"a" * 0xFFFF + b"\r\n0\r\n\r\n",
        413,
    ),
    "two lengths": (request("POST", content_length="4", transfer_encoding="chunked") + b"0\r\n\r\n", 400),
    "lengths that differ": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "an unknown encoding": (request("POST", transfer_encoding="gzip"), 501),
    "a chunk without a size": (request("POST", transfer_encoding="chunked") + b"x\r\n", None),
    "a path with a NUL": (request("GET", "/a%00"), 400),
    "a path with line ends": (request("GET", "/a%0d%0aSet-Cookie:b=c"), 400),
    "a path with bare line ends": (b"GET /a\r\nb HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "an address of another server": (request("GET", "http://evil.example/"), 400),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
    "two Origins": (b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: a\r\nOrigin: b\r\n\r\n", 400),
    "no HTTP": (b"\x16\x03\x01\x02\r\n\r\n", 400),
    "CONNECT": (request("CONNECT", "evil.example:443"), 405),
    "DELETE": (request("DELETE"), 405),
    "TRACE": (request("TRACE"), 405),
    "OPTIONS": (request("OPTIONS", "*"), 405),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_no_browser_sends_is_refused_and_nothing_is_read_after_it(
    sent: bytes, status: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    app = App()
    with serving(app, request=5.0) as port:
        answer = talk(port, sent, HELLO)
    assert answer.count(b"HTTP/1.1 ") == (status is not None)
    assert app.paths == []
    assert caplog.records == []
    if status:
        found = parsed(answer)
        assert found.status == status
        assert found.headers["connection"] == "close"
        assert found.headers.items() >= {name.lower(): value for name, value in HEADERS.items()}.items()
        assert found.headers.get("allow") == ("GET, HEAD, POST" if status == 405 else None)


def test_a_wish_to_speak_another_protocol_is_overheard(caplog: pytest.LogCaptureFixture) -> None:
    with serving(App()) as port:
        sent = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\n\r\n"
        assert ask(port, sent).status == 200
    assert caplog.records == []


def test_an_error_of_ours_is_logged_and_answered_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    with serving(App()) as port:
        answer = ask(port, request("GET", "/broken"))
        assert ask(port, HELLO).status == 200
    assert (answer.status, b"its log says why" in answer.body, b"ZeroDivision" in answer.body) == (500, True, False)
    assert answer.headers["x-frame-options"] == "DENY"
    assert [(record.name, record.getMessage()) for record in caplog.records] == [("monitor", "web_failed")]


def test_an_answer_without_end_ends_with_the_server() -> None:
    app, started = App(), threading.Event()
    server = Server(app, on_started=started.set)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.serve_on, args=([listener],))
        port = listener.getsockname()[1]
        thread.start()
        assert started.wait(DEADLINE)
        with connected(port) as client:
            client.sendall(request("GET", "/endless"))
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
            server.stop()
            thread.join(DEADLINE)
            assert not thread.is_alive()
            assert received(client) in (b"", b"0\r\n\r\n")


def test_the_body_of_an_answer_does_not_wait_for_the_acknowledgement_of_its_head() -> None:
    server = Server(App())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept = socket.socket(fileno=os.dup(listener.fileno()))
        thread = threading.Thread(target=server.serve_on, args=([listener],))
        thread.start()
        with kept:
            status = ask(kept.getsockname()[1], HELLO).status
            is_sent_at_once = kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        server.stop()
        thread.join(DEADLINE)
    assert status == 200
    assert is_sent_at_once
