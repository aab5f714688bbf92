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
LONGEST = 8 * 1024  # bytes of a request's head
PATIENCE = 1.0  # seconds that one client gets, whatever it does; they are answered one after the other
GRACE = 2.0  # seconds that the last client gets at the end
BACKLOG = 16  # clients that may wait
_REQUEST = re.compile(rb"([A-Z]{1,10}) (/[!-~]*) HTTP/1\.[01]\r?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer."""

    text: str
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/plain; charset=utf-8"


Routes = Mapping[str, Callable[[], Response]]  # by path


class HealthServer:
    """Answers in one thread of its own; `show` and `listen` belong to the main thread."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._pages: Routes = {}
        self._address = OFF
        self._listener: _Listener | None = None  # None: nothing is listened on
        self.port = 0  # the one that is listened on; 0: none is

    def set_routes(self, pages: Routes) -> None:
        """From now on answer with these."""
        self._pages = pages

    def listen(self, address: str) -> str:
        """Be found at an address, as `health.listen`, and nowhere else; why that cannot be, which is logged, or "".

        Where it is found there already, nobody notices.
        """
        if address == self._address and (self._listener or address == OFF):
            return ""
        self.close()
        self._address = address
        if address == OFF:
            return ""
        try:
            listener = socket.create_server(_place(address), family=_family(address), backlog=BACKLOG)
        except OSError as error:
            reason = os.strerror(error.errno or 0)  # the library adds the address, which stands beside it
            warn("health_unavailable", address=address, reason=reason, instead="the monitor goes on without its pages")
            return reason
        self.port = listener.getsockname()[1]
        self._listener = _Listener(listener, self)
        say("health_listening", address=f"{address.rpartition(':')[0]}:{self.port}")
        return ""

    def close(self) -> None:
        """Listen no longer; a client that is being answered is answered."""
        if self._listener:
            self._listener.close()
        self._listener, self.port = None, 0

    def receive(self, client: socket.socket) -> None:
        """Answer one client; one that hangs, or has gone, harms nobody."""
        with client, suppress(OSError):
            request = _head(client, self._patience)
            client.settimeout(self._patience)
            client.sendall(answer(request, self._pages))
            client.shutdown(socket.SHUT_WR)


class _Listener:
    """One listening socket and the thread behind it."""

    def __init__(self, listening: socket.socket, health_server: HealthServer) -> None:
        self._socket = listening
        self._reception = health_server
        self._waker, self._waiter = socket.socketpair()  # what ends the wait for clients
        listening.setblocking(False)  # noqa: FBT003 - socket's own signature
        self._thread = threading.Thread(target=self._serve, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._waker.send(b"\0")
        self._thread.join(GRACE)
        self._waker.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector, self._socket, self._waiter:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._waiter, selectors.EVENT_READ)
            while self._waiter not in [key.fileobj for key, _ in selector.select()]:
                self._serve_one()

    def _serve_one(self) -> None:
        try:
            client, _ = self._socket.accept()
        except BlockingIOError:  # it had gone before it was its turn
            return
        except OSError as error:  # no descriptor to be had
            warn("health_failed", reason=error.strerror)
            time.sleep(PATIENCE)
            return
        self._reception.receive(client)


def _head(client: socket.socket, patience: float) -> bytes:
    """A request to the end of its head, or what there is of one that is too long. Raises OSError where none came."""
    until = time.monotonic() + patience
    head = b""
    while b"\n\r\n" not in head and b"\n\n" not in head and len(head) <= LONGEST:
        client.settimeout(max(until - time.monotonic(), 0.001))
        part = client.recv(LONGEST)
        if not part:
            raise ConnectionError("the other side went away")
        head += part
    return head if len(head) <= LONGEST else b""


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if address.startswith("[") else socket.AF_INET


def answer(request: bytes, pages: Routes) -> bytes:
    """The whole answer to the head of a request; of the head only the first line counts."""
    found = _REQUEST.fullmatch(request.partition(b"\n")[0])
    if not found:
        return _written(Response(status=HTTPStatus.BAD_REQUEST, text="this is no HTTP request"))
    method, path = found[1], found[2].partition(b"?")[0].decode()
    if method not in (b"GET", b"HEAD"):
        return _written(Response(status=HTTPStatus.METHOD_NOT_ALLOWED, text="these pages can only be read"))
    if path not in pages:
        return _written(Response(status=HTTPStatus.NOT_FOUND, text=f"there is {', '.join(pages)}"))
    return _written(pages[path](), has_text=method == b"GET")


def alive() -> Response:
    """Whoever can say this lives; nothing else is asked."""
    return Response(text="alive")


def ready(snapshot: HealthSnapshot) -> Response:
    """Whether the daemon does its work, or the first reason why not."""
    reason = not_ready_reason(snapshot)
    return Response(text=reason, status=HTTPStatus.SERVICE_UNAVAILABLE) if reason else Response(text="ready")


def _written(page: Response, *, has_text: bool = True) -> bytes:
    text = page.text.encode("utf-8", "backslashreplace") + b"\n" * (not page.text.endswith("\n"))
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(text)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        *(["Allow: GET, HEAD"] if page.status is HTTPStatus.METHOD_NOT_ALLOWED else []),
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + text * has_text
