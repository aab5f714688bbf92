"""Serve many clients at once: the idle, slow and dripping ones delay no other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from monitor.health.request_server import RequestServer

LARGE = 50_000_000  # bytes; more than the system keeps for a client that does not read
HELLO = b"hello\n"


def answer(request: bytes) -> bytes | None:
    if not request.endswith(b"\n"):
        return None
    return b"x" * LARGE if request == b"large\n" else request


@contextmanager
def serving(*, timeout: float = 30.0, max_clients: int = 64) -> Iterator[int]:
    errors: list[OSError] = []
    server = RequestServer(
        listener=socket.create_server(("127.0.0.1", 0), backlog=128),
        answer=answer,
        timeout=timeout,
        on_accept_error=errors.append,
        max_clients=max_clients,
    )
    port = server.listener.getsockname()[1]
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield port
    finally:
        server.stop()
        thread.join(30)
    assert errors == []


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def asked(port: int, request: bytes = HELLO) -> bytes:
    with connected(port) as client:
        client.sendall(request)
        return read_all(client)


def read_all(client: socket.socket) -> bytes:
    got = bytearray()
    while part := client.recv(1 << 20):
        got += part
    return bytes(got)


def is_ended(client: socket.socket) -> bool:
    with suppress(ConnectionError):
        return client.recv(100) == b""
    return True


def test_a_request_is_answered_beside_many_idle_clients() -> None:
    with serving() as port, ExitStack() as stack:
        idle = [stack.enter_context(connected(port)) for _ in range(200)]
        assert [asked(port) for _ in range(3)] == [HELLO] * 3
        assert is_ended(idle[0]), "the oldest made room"
        idle[-1].sendall(HELLO)
        assert read_all(idle[-1]) == HELLO, "the newest are still served"


def test_a_request_is_answered_beside_clients_that_send_a_byte_at_a_time_or_never_read() -> None:
    with serving() as port, connected(port) as slow, connected(port) as deaf:
        deaf.sendall(b"large\n")
        for at in range(len(HELLO) - 1):
            slow.sendall(HELLO[at : at + 1])
            assert asked(port) == HELLO
        slow.sendall(HELLO[-1:])
        assert read_all(slow) == HELLO
        assert len(read_all(deaf)) == LARGE


def test_a_client_has_only_so_much_time_for_its_request_and_to_read_its_answer() -> None:
    with serving(timeout=0.05) as port, connected(port) as idle, connected(port) as deaf:
        deaf.sendall(b"large\n")
        assert is_ended(idle)
        assert len(asked(port, b"large\n")) <= LARGE
        with suppress(ConnectionError):
            assert len(read_all(deaf)) < LARGE


def test_the_newest_client_takes_the_place_of_the_oldest() -> None:
    with serving(max_clients=2) as port, connected(port) as first, connected(port) as second, connected(port) as third:
        assert is_ended(first)
        for client in (second, third):
            client.sendall(HELLO)
            assert read_all(client) == HELLO
