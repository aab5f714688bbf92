"""One channel's HTTP connection: kept from send to send, closed once idle, replaced when its server has closed it."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from monitor.model import Outcome, Verdict
from monitor.notify.apprise_channel import AppriseChannel, build
from monitor.notify.kept_connections import KeptConnections
from monitor.secret import Secret
from tests.notify.facts import note

LONG, SHORT = 600.0, 0.05  # seconds
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Talk = Callable[[socket.socket], None]


class Server:
    """A server that talks as told with each connection; counts them and the requests, and notes those that ended."""

    def __init__(self, *talks: Talk) -> None:
        self.talks = talks
        self.connections = 0
        self.requests = 0
        self.ended = threading.Semaphore(0)  # released when the other side has closed
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            if self.connections == len(self.talks):
                connection.close()
                return
            self.connections += 1
            with connection:
                self.talks[self.connections - 1](connection)
            self.ended.release()

    def read(self, connection: socket.socket) -> bool:
        """Read one request; False: the other side has closed."""
        text = b""
        while b"\r\n\r\n" not in text:
            if not (more := connection.recv(65536)):
                return False
            text += more
        head, _, body = text.partition(b"\r\n\r\n")
        [length] = [
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        ]
        while len(body) < length:
            body += connection.recv(65536)
        self.requests += 1
        return True

    def answer(self, connection: socket.socket) -> None:
        """Answer every request until the other side closes."""
        while self.read(connection):
            connection.sendall(OK)

    def answer_twice(self, connection: socket.socket) -> None:
        """Answer the first request with one answer too many."""
        self.read(connection)
        connection.sendall(OK + OK.replace(b"200 OK", b"500 Late"))
        self.answer(connection)

    def answer_one(self, connection: socket.socket) -> None:
        """Answer one request and close, without a word of it in the answer."""
        self.read(connection)
        connection.sendall(OK)

    def say_close(self, connection: socket.socket) -> None:
        """Answer one request, with the word that the connection ends."""
        self.read(connection)
        connection.sendall(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))

    def cut_second(self, connection: socket.socket) -> None:
        """Answer one request; read the second and reset the connection."""
        self.answer_one(connection)
        self.read(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def serving(*names: str) -> Iterator[Server]:
    """A server whose n-th connection is treated as the n-th name says."""
    server = Server()
    server.talks = tuple(getattr(server, name) for name in names)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.talks = ()
        server.connections = 0
        with socket.create_connection(("127.0.0.1", server.port)):
            thread.join(30)
        server.listener.close()


@contextmanager
def channel(server: Server, *, idle: float = LONG) -> Iterator[AppriseChannel]:
    opened = AppriseChannel("hook", build(Secret(f"json://127.0.0.1:{server.port}")))
    opened._connections = KeptConnections(idle=idle)
    try:
        yield opened
    finally:
        opened._connections.close()


def outcomes(*verdicts: Verdict) -> list[Outcome]:
    return [verdict.outcome for verdict in verdicts]


def test_messages_that_follow_each_other_share_one_connection_that_can_be_closed() -> None:
    with serving("answer") as server, channel(server) as hook:
        sent = [hook.send(note("Talks went on."), delivery=str(number)) for number in range(3)]
        assert (outcomes(*sent), server.connections, server.requests) == ([Outcome.OK] * 3, 1, 3)
        hook._connections.close()
        assert server.ended.acquire(timeout=30)


def test_a_connection_is_closed_after_a_while_without_a_message_and_the_next_one_gets_a_new_one() -> None:
    with serving("answer", "answer") as server, channel(server, idle=SHORT) as hook:
        for number in range(2):
            assert hook.send(note("Talks went on."), delivery=str(number)).outcome is Outcome.OK
            assert server.ended.acquire(timeout=30), "nobody has closed it"
        assert (server.connections, server.requests) == (2, 2)


def test_a_server_that_closes_after_each_answer_leaves_nothing_open_and_no_thread_that_waits() -> None:
    with serving("say_close", "say_close") as server, channel(server) as hook:
        for number in range(2):
            assert hook.send(note("Talks went on."), delivery=str(number)).outcome is Outcome.OK
            assert hook._connections._closer is None
        assert (server.connections, server.requests) == (2, 2)


def test_a_connection_that_the_server_has_closed_is_replaced_before_anything_is_sent_on_it() -> None:
    with serving("answer_one", "answer_one") as server, channel(server) as hook:
        for number in range(2):
            assert hook.send(note("Talks went on."), delivery=str(number)).outcome is Outcome.OK
            assert server.ended.acquire(timeout=30)
        assert (server.connections, server.requests) == (2, 2)


def test_a_kept_connection_that_breaks_after_the_request_left_is_uncertain_and_nothing_is_sent_twice() -> None:
    with serving("cut_second", "answer") as server, channel(server) as hook:
        first, second = (hook.send(note("Talks went on."), delivery=str(number)) for number in range(2))
        assert outcomes(first, second) == [Outcome.OK, Outcome.UNCERTAIN]
        assert second.reason == (
            f"the connection to 127.0.0.1:{server.port} broke before the answer; it may have been accepted"
        ), "it spoke plain HTTP before: no word of TLS"
        assert (server.connections, server.requests) == (1, 2)


def test_what_a_server_says_unasked_answers_no_later_message() -> None:
    with serving("answer_twice", "answer") as server, channel(server) as hook:
        sent = [hook.send(note("Talks went on."), delivery=str(number)) for number in range(2)]
        assert (outcomes(*sent), server.requests) == ([Outcome.OK, Outcome.OK], 2)


def test_a_kept_connection_needs_no_look_at_the_environment_for_a_proxy() -> None:
    with serving("answer", "answer") as server, channel(server) as hook:
        looks = [looks_for_a_proxy(lambda: hook.send(note("Talks went on."), delivery="1")) for _ in range(3)]
        assert (looks[0] > 0, looks[1:]) == (True, [0, 0])
        hook._connections.close()
        assert looks_for_a_proxy(lambda: hook.send(note("Talks went on."), delivery="2")) == looks[0]


def looks_for_a_proxy(send: Callable[[], Verdict]) -> int:
    """Return how often a send searches the environment for the addresses of proxies."""
    looks = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal looks
        looks += event == "call" and frame.f_code.co_name == "getproxies_environment"

    sys.setprofile(count)
    try:
        assert send().outcome is Outcome.OK
    finally:
        sys.setprofile(None)
    return looks
