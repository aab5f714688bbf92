"""A server that answers a byte at a time, each within the socket's timeout: the send ends all the same."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from monitor.model import Outcome
from monitor.notify.apprise_channel import EXCHANGE_TIMEOUT, SOCKET_TIMEOUT, AppriseChannel, build
from monitor.notify.console import PRINT_TIMEOUT
from monitor.notify.guard import SEND_TIMEOUT
from monitor.ports import LEASE
from monitor.secret import Secret
from tests.notify.facts import note

BETWEEN_BYTES = 0.05  # seconds
HTTP_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n"


@contextmanager
def dripping(greeting: bytes, answer: bytes) -> Iterator[int]:
    """The port of a server that says a greeting at once, waits for a request, says an answer and then drips."""
    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_drip, args=(listener, greeting, answer, ending))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ending.set()
            with suppress(OSError):  # a send that never came leaves the server waiting for one
                socket.create_connection(listener.getsockname(), timeout=1).close()
            thread.join()


def _drip(listener: socket.socket, greeting: bytes, answer: bytes, ending: threading.Event) -> None:
    connection, _ = listener.accept()
    with connection:
        try:
            connection.sendall(greeting)
            connection.recv(65536)
            connection.sendall(answer)
            while not ending.wait(BETWEEN_BYTES):
                connection.sendall(b"x")
        except OSError:
            return


@pytest.mark.parametrize(
    ("url", "greeting", "answer", "outcome"),
    [
        ("json://127.0.0.1:{}", b"", b"HTTP/1.1 ", Outcome.UNCERTAIN),
        ("json://127.0.0.1:{}", b"", HTTP_HEAD + b"\r\n", Outcome.OK),
        ("mailto://127.0.0.1:{}/?from=a@example.org&to=b@example.org&mode=insecure", b"220-", b"", Outcome.TRANSIENT),
    ],
    ids=["a status line without end", "a body without end", "a greeting without end"],
)
def test_a_far_side_that_drips_is_left(url: str, greeting: bytes, answer: bytes, outcome: Outcome) -> None:
    with dripping(greeting, answer) as port:
        channel = AppriseChannel("team", build(Secret(url.format(port))), timeout=0.5)
        assert channel.send(note("hello"), delivery="1").outcome is outcome


def test_a_lease_outlasts_the_longest_send() -> None:
    assert LEASE.total_seconds() >= 2 * SEND_TIMEOUT


def test_a_channel_ends_its_send_before_it_is_given_up() -> None:
    assert max(EXCHANGE_TIMEOUT + SOCKET_TIMEOUT, PRINT_TIMEOUT) <= SEND_TIMEOUT
