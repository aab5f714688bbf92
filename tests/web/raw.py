"""Talk to a server on 127.0.0.1 byte by byte, as clients that speak badly do.

with serving(app, request=0.2) as port:         # limits as `Limits` has them
    answer = ask(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answer.status, answer.headers, answer.body  # one answer; `talk` returns all bytes until the connection ends
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from monitor.web.guard import Limits
from monitor.web.server import Server

DEADLINE = 30.0  # seconds that a test waits at most


@contextmanager
def serving(app: ASGIApp, *, buffer: int | None = None, **limits: Any) -> Iterator[int]:
    """Serve an application on a port of 127.0.0.1 until the block ends; buffer: bytes that the kernel keeps unread."""
    started = threading.Event()
    server = Server(app, limits=Limits(**limits), on_started=started.set)
    listener = socket.create_server(("127.0.0.1", 0))
    if buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    port: int = listener.getsockname()[1]
    thread = threading.Thread(target=server.serve_on, args=([listener],))
    thread.start()
    try:
        assert started.wait(DEADLINE)
        yield port
    finally:
        server.stop()
        thread.join(DEADLINE)
        assert not thread.is_alive()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """The first answer in what came back."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)


def talk(port: int, *parts: bytes) -> bytes:
    """Send these parts, and return everything until the connection ends."""
    with connected(port) as client:
        with suppress(ConnectionError):  # the server may refuse before it has all of it
            for part in parts:
                client.sendall(part)
        return received(client)


def received(client: socket.socket) -> bytes:
    """Everything until the connection ends."""
    found = bytearray()
    with suppress(ConnectionError):
        while part := client.recv(1 << 20):
            found += part
    return bytes(found)


def ask(port: int, *parts: bytes) -> RawAnswer:
    """Send these parts, and return the answer; the request asks to close the connection, or is refused."""
    return parsed(talk(port, *parts))


def parsed(answer: bytes) -> RawAnswer:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return RawAnswer(status=int(first.split(" ")[1]), headers=headers, body=body)


def request(method: str = "GET", path: str = "/", body: bytes = b"", /, **headers: str) -> bytes:
    """A whole request that closes the connection; a header such as Sec-Fetch-Site is written `sec_fetch_site`."""
    fields = {"host": "localhost", **headers, "connection": "close"}
    if body:
        fields["content-length"] = str(len(body))
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join((f"{method} {path} HTTP/1.1", *lines, "", "")).encode() + body
