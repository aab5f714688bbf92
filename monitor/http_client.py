"""Make one HTTP request as a whole: bounded in time, through the environment's proxy, without following a redirect."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any

from monitor import __version__

if TYPE_CHECKING:
    from urllib.request import OpenerDirector, Request

USER_AGENT = f"press-monitor/{__version__}"
MAX_RETRY_AFTER = 86_400.0  # a service that asks for more than a day means milliseconds, or nothing

Connect = Callable[..., socket.socket]  # as `socket.create_connection`


class Exchange:
    """The connections of one request, which are shut down when its time is over, whatever the server sends."""

    def __init__(self, timeout: float, connect: Connect = socket.create_connection) -> None:
        """connect: looks up a name and connects, as `socket.create_connection` does."""
        self.timeout = timeout  # seconds
        self.is_over = False
        self._connect = connect
        self._connections: list[socket.socket] = []  # second handles on them

    def close(self) -> None:
        """Close the second handles."""
        for connection in self._connections:
            connection.close()

    def connect(self, address: tuple[str, int], *options: Any) -> socket.socket:
        """Connect as `socket.create_connection` does."""
        connection = self._connect(address, *options)
        self._connections.append(connection.dup())
        if self.is_over:
            self.end()
        return connection

    def end(self) -> None:
        """Shut all connections down, later ones, too."""
        self.is_over = True
        for connection in self._connections:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)


def opener(exchange: Exchange) -> OpenerDirector:
    """Return an HTTP client that uses the proxy of the environment and follows no redirect."""
    from urllib import request

    def connection(kind: type[HTTPConnection], host: str, **options: Any) -> HTTPConnection:
        made = kind(host, **options)
        # http.client offers no other way to a socket before its TLS handshake or its tunnel.
        made._create_connection = exchange.connect  # type: ignore[attr-defined]  # noqa: SLF001 - as said
        return made

    class Http(request.HTTPHandler):
        def http_open(self, req: Request) -> HTTPResponse:
            return self.do_open(partial(connection, HTTPConnection), req)

    class Https(request.HTTPSHandler):
        def https_open(self, req: Request) -> HTTPResponse:
            return self.do_open(partial(connection, HTTPSConnection), req)

    opener = request.OpenerDirector()
    handlers = (request.ProxyHandler, request.UnknownHandler, Http, Https)
    for handler in (*handlers, request.HTTPErrorProcessor, request.HTTPDefaultErrorHandler):
        opener.add_handler(handler())
    return opener


def retry_after(value: str | None, sent: str | None) -> float | None:
    """Return the seconds to wait; a date is read against the service's own clock, so ours need not be right.

    Where the answer had several such headers, they arrive joined by commas; the first one counts.
    """
    if value is None:
        return None
    parts = [part.strip() for part in value.split(",")]
    try:
        if parts[0].isdigit():
            return min(float(parts[0]), MAX_RETRY_AFTER)
        asked = parsedate_to_datetime(", ".join(parts[:2]))  # a date has a comma, too
        seconds = (asked - parsedate_to_datetime(sent or "")).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
