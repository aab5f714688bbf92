"""Serve the health routes over HTTP, for as long as the process runs.

The server outlives the daemons of one process: a reload moves it only where the address has changed. No route waits
for the store, so a monitor that hangs still answers. One request a connection; HEAD is answered like GET, without
the text; everything else is refused.
"""

from __future__ import annotations

import os
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from monitor.health.liveness import HealthSnapshot, not_ready_reason
from monitor.logs import say, warn

OFF = "off"
MAX_REQUEST = 8 * 1024  # bytes of a request line and its headers
CLIENT_TIMEOUT = 1.0  # seconds for one client, whatever it does; clients are answered one after the other
STOP_TIMEOUT = 2.0  # seconds for the last client at the end
BACKLOG = 16  # clients that may wait
_REQUEST_LINE = re.compile(rb"([A-Z]{1,10}) (/[!-~]*) HTTP/1\.[01]\r?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer to one request."""

    text: str
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/plain; charset=utf-8"


Routes = Mapping[str, Callable[[], Response]]  # by path


class HealthServer:
    """Answers in one thread of its own; set `routes` and call `listen` from the main thread only."""

    def __init__(self, *, timeout: float = CLIENT_TIMEOUT) -> None:
        self._timeout = timeout
        self._address = OFF
        self._thread: threading.Thread | None = None  # None: no socket is open
        self.routes: Routes = {}  # for all requests from now on
        self.port = 0  # of the open socket; 0: no socket is open

    def listen(self, address: str) -> str:
        """Listen on this address only (as `health.listen`). Return why that fails, which is logged; "": it works.

        A socket that is open on this address already stays open.
        """
        if address == self._address and (self._thread or address == OFF):
            return ""
        self.close()
        self._address = address
        if address == OFF:
            return ""
        host, _, port = address.rpartition(":")
        family = socket.AF_INET6 if address.startswith("[") else socket.AF_INET
        try:
            listening = socket.create_server((host.strip("[]"), int(port)), family=family, backlog=BACKLOG)
        except OSError as error:
            reason = os.strerror(error.errno or 0)  # the library's text would repeat the address
            warn("health_unavailable", address=address, reason=reason, instead="the monitor goes on without its pages")
            return reason
        self.port = listening.getsockname()[1]
        listening.setblocking(False)  # noqa: FBT003 - socket's own signature
        self._wake_writer, wake_reader = socket.socketpair()  # ends the wait for clients
        self._thread = threading.Thread(target=self._serve, args=(listening, wake_reader), name="health", daemon=True)
        self._thread.start()
        say("health_listening", address=f"{host}:{self.port}")
        return ""

    def close(self) -> None:
        """Stop listening; a client that is being answered still gets its answer."""
        if self._thread:
            self._wake_writer.send(b"\0")
            self._thread.join(STOP_TIMEOUT)
            self._wake_writer.close()
        self._thread, self.port = None, 0

    def _serve(self, listening: socket.socket, wake_reader: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, listening, wake_reader:
            selector.register(listening, selectors.EVENT_READ)
            selector.register(wake_reader, selectors.EVENT_READ)
            while wake_reader not in [key.fileobj for key, _ in selector.select()]:
                self._serve_one(listening)

    def _serve_one(self, listening: socket.socket) -> None:
        """Answer one client; one that hangs or disconnects affects no other."""
        try:
            client, _ = listening.accept()
        except BlockingIOError:  # the client disconnected before it was accepted
            return
        except OSError as error:  # no file descriptor is free
            warn("health_failed", reason=error.strerror)
            time.sleep(CLIENT_TIMEOUT)
            return
        with client, suppress(OSError):
            request = _read_head(client, self._timeout)
            client.settimeout(self._timeout)
            client.sendall(answer(request, self.routes))
            client.shutdown(socket.SHUT_WR)


def _read_head(client: socket.socket, timeout: float) -> bytes:
    """Return the head of a request; empty: it is too long. Raises OSError when none comes."""
    until = time.monotonic() + timeout
    head = b""
    while b"\n\r\n" not in head and b"\n\n" not in head and len(head) <= MAX_REQUEST:
        client.settimeout(max(until - time.monotonic(), 0.001))
        part = client.recv(MAX_REQUEST)
        if not part:
            raise ConnectionError("the other side went away")
        head += part
    return head if len(head) <= MAX_REQUEST else b""


def answer(request: bytes, routes: Routes) -> bytes:
    """Return the whole answer to the head of a request; only its first line counts."""
    found = _REQUEST_LINE.fullmatch(request.partition(b"\n")[0])
    if not found:
        return _encode(Response(status=HTTPStatus.BAD_REQUEST, text="this is no HTTP request"))
    method, path = found[1], found[2].partition(b"?")[0].decode()
    if method not in (b"GET", b"HEAD"):
        return _encode(Response(status=HTTPStatus.METHOD_NOT_ALLOWED, text="these pages can only be read"))
    if path not in routes:
        return _encode(Response(status=HTTPStatus.NOT_FOUND, text=f"there is {', '.join(routes)}"))
    return _encode(routes[path](), has_text=method == b"GET")


def alive() -> Response:
    """Return a fixed answer: a process that can send it is alive."""
    return Response(text="alive")


def ready(snapshot: HealthSnapshot) -> Response:
    """Return whether the daemon is ready, or the first reason why not."""
    reason = not_ready_reason(snapshot)
    return Response(text=reason, status=HTTPStatus.SERVICE_UNAVAILABLE) if reason else Response(text="ready")


def _encode(response: Response, *, has_text: bool = True) -> bytes:
    text = response.text.encode("utf-8", "backslashreplace") + b"\n" * (not response.text.endswith("\n"))
    head = (
        f"HTTP/1.1 {response.status.value} {response.status.phrase}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(text)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        *(["Allow: GET, HEAD"] if response.status is HTTPStatus.METHOD_NOT_ALLOWED else []),
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + text * has_text
