"""A proxy passes on, holds back and cuts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.servers import raw_server
from tests.tcp_proxy import TcpProxy, tcp_proxy


def echo(connection: socket.socket) -> None:
    while data := connection.recv(1 << 16):
        connection.sendall(data.upper())


@contextmanager
def echo_through_proxy() -> Iterator[TcpProxy]:
    with raw_server(echo) as port, tcp_proxy(port) as proxy:
        yield proxy


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=30)


def is_reset(proxy: TcpProxy) -> bool:
    """Return whether a new connection is reset before anything arrives."""
    try:
        with connect(proxy) as client:
            client.recv(10)
    except ConnectionResetError:
        return True
    return False


def test_a_wire_that_was_dead_passes_on_what_was_held_back() -> None:
    with echo_through_proxy() as proxy, connect(proxy) as client:
        client.sendall(b"one")
        assert client.recv(10) == b"ONE"
        proxy.go_dead()
        client.sendall(b"two")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(10)
        client.settimeout(30)
        proxy.heal()
        assert client.recv(10) == b"TWO"


def test_round_trips_are_counted() -> None:
    with echo_through_proxy() as proxy, connect(proxy) as client:
        for word in (b"one", b"two", b"three"):
            client.sendall(word)
            assert client.recv(10) == word.upper()
        assert proxy.round_trips == 3


def test_a_cut_wire_resets_what_is_connected_and_whoever_comes() -> None:
    with echo_through_proxy() as proxy:
        with connect(proxy) as client:
            client.sendall(b"one")
            assert client.recv(10) == b"ONE"
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                client.recv(10)
        assert is_reset(proxy)
        proxy.heal()
        with connect(proxy) as client:
            client.sendall(b"three")
            assert client.recv(10) == b"THREE"


def test_an_end_is_passed_on() -> None:
    with raw_server(lambda connection: None) as port, tcp_proxy(port) as proxy:
        assert is_reset(proxy)
