"""Real servers on 127.0.0.1 for tests: what a sender does → what arrived, byte for byte.

    with http_server(Answer(status=503), Answer()) as server:      # the first request fails, the others succeed
        ... send something to server.url ...
        [first, second] = server.wait_for(2)                       # waits with a deadline, never sleeps
        assert second.json()["title"] == "…"

    with smtp_server(on_data="451 later") as server:               # also on_rcpt=; "" drops the connection
        ... send a mail to 127.0.0.1, server.port ...
        [mail] = server.wait_for(1)                                # what was handed over, whatever was answered

Both listen on a port of their own from the first moment on, run in threads, and are gone when the block ends.
`closed_port()` is a port on which nothing ever listens; `unused_port()` is one to listen on soon.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Generic, TypeVar

from aiosmtpd.smtp import SMTP

T = TypeVar("T")


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Name a place for a socket, which has room for 107 bytes, however deep its folder lies."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/{os.getpid()}/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Arrivals(Generic[T]):
    """A list that many threads add to and a test waits on."""

    def __init__(self) -> None:
        self._all: list[T] = []
        self._changed = threading.Condition()

    def add(self, one: T) -> int:
        """Its place, from 0."""
        with self._changed:
            self._all.append(one)
            self._changed.notify_all()
            return len(self._all) - 1

    def so_far(self) -> list[T]:
        with self._changed:
            return list(self._all)

    def wait_for(self, count: int, timeout: float = 30) -> list[T]:
        """Everything that arrived, as soon as that is at least `count`."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._all) >= count, timeout):
                raise AssertionError(f"{len(self._all)} of {count} arrived within {timeout} s")
            return list(self._all)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How the HTTP server treats one request."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0  # seconds before the answer
    is_hanging: bool = False  # no answer before the server closes
    is_reset: bool = False  # the connection is cut instead of an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class HttpServer:
    """Records every request before it answers; the n-th gets the n-th answer, later ones the last."""

    def __init__(self, answers: tuple[Answer, ...], port: int) -> None:
        self.answers = answers or (Answer(),)
        self.port = port
        self.closing = threading.Event()
        self._arrivals: Arrivals[Request] = Arrivals()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[Request]:
        return self._arrivals.so_far()

    def wait_for(self, count: int, timeout: float = 30) -> list[Request]:
        return self._arrivals.wait_for(count, timeout)

    def take(self, request: Request) -> Answer:
        place = self._arrivals.add(request)
        return self.answers[min(place, len(self.answers) - 1)]


@contextmanager
def http_server(*answers: Answer) -> Iterator[HttpServer]:
    """A server that answers 200 `ok`, or as told."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    listener.daemon_threads = True
    server = HttpServer(answers, listener.server_address[1])
    listener.RequestHandlerClass = _handler_for(server)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        listener.shutdown()
        listener.server_close()
        thread.join()


def _handler_for(server: HttpServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(method=self.command, path=self.path, headers=dict(self.headers), body=body)
            answer = server.take(request)
            server.closing.wait(answer.pause)
            if answer.is_hanging:
                server.closing.wait()
            if answer.is_hanging or answer.is_reset:
                # Linger 0: closing sends RST, not FIN.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            usual = {"Date": self.date_time_string(), "Content-Length": str(len(answer.body))}
            for name, value in {**usual, **answer.headers}.items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # the client was killed while it waited
                self.end_headers()
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815  names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
            """A test's output is its own."""

    return Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as it was handed over, dots unstuffed."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def parsed(self) -> EmailMessage:
        message = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


class SmtpServer:
    """Answers as told and records every mail whose data arrived, refused or not."""

    def __init__(self, on_rcpt: str, on_data: str | Sequence[str]) -> None:
        self.on_rcpt = on_rcpt
        self.answers = [on_data] if isinstance(on_data, str) else on_data
        self.port = 0
        self._arrivals: Arrivals[Mail] = Arrivals()

    @property
    def mails(self) -> list[Mail]:
        return self._arrivals.so_far()

    def wait_for(self, count: int, timeout: float = 30) -> list[Mail]:
        return self._arrivals.wait_for(count, timeout)

    async def handle_RCPT(  # noqa: N802  aiosmtpd calls it by this name
        self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if not self.on_rcpt:
            server.transport.abort()
        if self.on_rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.on_rcpt or "421 gone"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  as above
        mail = Mail(sender=envelope.mail_from, recipients=tuple(envelope.rcpt_tos), raw=envelope.original_content)
        place = self._arrivals.add(mail)
        answer = self.answers[min(place, len(self.answers) - 1)]
        if not answer:
            server.transport.abort()
        return answer or "421 gone"


@contextmanager
def smtp_server(*, on_rcpt: str = "250 OK", on_data: str | Sequence[str] = "250 OK") -> Iterator[SmtpServer]:
    """A mail server without TLS or login; an answer of "" drops the connection.

    Of several answers to data the n-th mail gets the n-th, later ones the last.
    """
    # Not aiosmtpd's Controller: it wants a port number before it listens, and then someone else may have it.
    server = SmtpServer(on_rcpt, on_data)
    loop = asyncio.new_event_loop()
    listener = loop.run_until_complete(
        loop.create_server(lambda: SMTP(server, hostname="localhost", loop=loop), "127.0.0.1", 0)
    )
    server.port = listener.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_wind_up(listener), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _wind_up(listener: asyncio.Server) -> None:
    listener.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@functools.cache
def closed_port() -> int:
    """A port that refuses connections: it is bound until this process ends, so no other test can listen on it."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    holder.detach()  # not closed, and no warning about it
    return port


def unused_port() -> int:
    """A port for a server to listen on: below those that Linux gives to servers and clients of other tests."""
    while True:
        port = random.randrange(10_000, 32_000)  # noqa: S311  another test must not draw the same
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server of one's own words: `talk` gets each connection, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ending = threading.Event()

        def serve() -> None:
            while not ending.is_set():
                connection, _ = listener.accept()
                with suppress(OSError), connection:  # the client has gone, or wakes us at the end
                    talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ending.set()
            with socket.create_connection(listener.getsockname(), timeout=30) as last:
                last.shutdown(socket.SHUT_RDWR)
            thread.join()


def read_request(connection: socket.socket) -> bytes:
    """Read one HTTP request and return its body."""
    with connection.makefile("rb") as reader:
        length = 0
        while (line := reader.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return reader.read(length)
