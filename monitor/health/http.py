"""Serve the health routes over HTTP, for as long as the process runs.

The server outlives the daemons of one process: a reload moves it only where the address has changed. No route waits
for the store, so a monitor that hangs still answers. HEAD is answered like GET, without the text; everything else is
refused.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from monitor.health.liveness import HealthSnapshot, not_ready_reason
from monitor.health.request_server import BACKLOG, RequestServer
from monitor.logs import say, warn

OFF = "off"
MAX_REQUEST = 8 * 1024  # bytes of a request line and its headers
CLIENT_TIMEOUT = 1.0  # seconds for the request of one client, and again for its answer
STOP_TIMEOUT = 2.0  # seconds for the thread at the end
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
        self._server = RequestServer(
            listener=listening,
            answer=lambda request: answer(request, self.routes) if _is_complete(request) else None,
            timeout=self._timeout,
            on_accept_error=lambda error: warn("health_failed", reason=error.strerror),
        )
        self._thread = threading.Thread(target=self._server.serve, name="health", daemon=True)
        self._thread.start()
        say("health_listening", address=f"{host}:{self.port}")
        return ""

    def close(self) -> None:
        """Stop listening."""
        if self._thread:
            self._server.stop()
            self._thread.join(STOP_TIMEOUT)
        self._thread, self.port = None, 0


def _is_complete(request: bytes) -> bool:
    return b"\n\r\n" in request or b"\n\n" in request or len(request) > MAX_REQUEST


def answer(request: bytes, routes: Routes) -> bytes:
    """Return the whole answer to the head of a request; only its first line counts."""
    found = _REQUEST_LINE.fullmatch(request.partition(b"\n")[0]) if len(request) <= MAX_REQUEST else None
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
    return unready(reason) if reason else Response(text="ready")


def unready(reason: str) -> Response:
    """Return that the daemon is not ready, and why."""
    return Response(text=reason, status=HTTPStatus.SERVICE_UNAVAILABLE)


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
