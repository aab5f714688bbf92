"""Make one HTTP request as a whole: bounded in time, through the environment's proxy, without following a redirect."""

from __future__ import annotations

import os
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from http.client import BadStatusLine, HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote

from monitor import __version__
from monitor.certificate import watch_certificates
from monitor.connection_errors import (
    answer_status,
    connect_reason,
    expects_tls,
    is_plain_to_tls,
    is_proxy,
    is_tls_alert,
    is_tunnel_failure,
    shown_host,
    shown_peer,
    tls_reason,
)

if TYPE_CHECKING:
    from urllib.error import HTTPError
    from urllib.request import OpenerDirector, Request

USER_AGENT = f"press-monitor/{__version__}"
MAX_RETRY_AFTER = 86_400.0  # a service that asks for more than a day means milliseconds, or nothing

_LOGIN_REASONS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: ": login refused; check the user and the password or token",
    HTTPStatus.FORBIDDEN: ": it refuses this login or token, or this address",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: ": the proxy refuses the login; check HTTP_PROXY and HTTPS_PROXY",
}
_ANSWER_READ = 4096  # bytes of a refusal that are looked at

Connect = Callable[..., socket.socket]  # as `socket.create_connection`


class Exchange:
    """The connections of one request, which are shut down when its time is over, whatever the server sends."""

    def __init__(self, timeout: float, connect: Connect = socket.create_connection) -> None:
        """connect: looks up a name and connects, as `socket.create_connection` does."""
        self.timeout = timeout  # seconds
        self.is_over = False
        self.is_connected = False  # else it looks up a name or connects
        self.secured_host = ""  # while a TLS handshake or a proxy's tunnel goes on: whose; else empty
        self.certificate = b""  # the one that the server showed in its handshake
        self._place: tuple[str, int] = ("", 0)  # host and port of the last connection
        self._connect = connect
        self._connections: list[socket.socket] = []  # second handles on them

    def close(self) -> None:
        """Close the second handles."""
        for connection in self._connections:
            connection.close()

    def connect(self, address: tuple[str, int], *options: Any) -> socket.socket:
        """Connect as `socket.create_connection` does."""
        self._place, self.is_connected = address, False
        connection = self._connect(address, *options)
        self.is_connected = True
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

    def note_certificate(self, der: bytes) -> None:
        """Keep the certificate that a server shows."""
        self.certificate = der

    def failure_reason(self, error: Exception) -> str:
        """Return why the request failed, with host and port, and nothing else of its address or of the answer."""
        cause = getattr(error, "reason", None) if not isinstance(error, ssl.SSLError) else None  # of a URLError
        cause = TimeoutError() if self.is_over else cause if isinstance(cause, Exception) else error
        peer = shown_peer(*self._place)
        if not isinstance(cause, OSError | HTTPException):
            return "the address cannot be read" if isinstance(cause, ValueError) else type(cause).__name__
        if isinstance(cause, TimeoutError) and not self._place[0]:
            return f"no answer within {self.timeout:g} s"
        if not self.is_connected or is_tunnel_failure(cause):
            return connect_reason(cause, *self._place)
        if self.secured_host and isinstance(cause, OSError):
            is_direct = self.secured_host == self._place[0]
            if is_direct or self.certificate or not isinstance(cause, TimeoutError):
                server = peer if is_direct else shown_host(self.secured_host)
                return tls_reason(cause, self.secured_host, server, self.certificate)
        if isinstance(cause, TimeoutError):
            return f"no whole answer from {peer} within {self.timeout:g} s"
        return _broken_answer(cause, peer, is_plain=not self.certificate)

    def refusal_reason(self, error: HTTPError) -> str:
        """Return what a server answered instead of 2xx, in the standard's words."""
        with suppress(OSError, HTTPException, ValueError):
            if error.code == HTTPStatus.BAD_REQUEST and is_plain_to_tls(error.code, error.read(_ANSWER_READ)):
                return expects_tls(shown_peer(*self._place))
        is_proxied = not self.certificate and is_proxy(*self._place)  # a tunnel's proxy answers before the request
        origin = f" from the server or {shown_peer(*self._place)}" if is_proxied else ""
        return answer_status(error.code) + origin + _LOGIN_REASONS.get(error.code, "")


def _broken_answer(error: OSError | HTTPException, peer: str, *, is_plain: bool) -> str:
    if isinstance(error, BadStatusLine) and is_tls_alert(str(error.args[0])):
        return expects_tls(peer)
    if isinstance(error, ConnectionError):
        hint = "; check whether that port expects TLS" if is_plain else ""
        return f"{peer} cut the connection before it had answered{hint}"
    if isinstance(error, ssl.SSLError):
        return f"the TLS connection to {peer} broke"
    if isinstance(error, HTTPException):
        return f"what came from {peer} is no HTTP answer, or was cut"
    return os.strerror(error.errno) if error.errno else type(error).__name__


class _SecureConnection(HTTPSConnection):
    """A connection that tells its exchange of its handshake."""

    def __init__(self, host: str, *, exchange: Exchange, **options: Any) -> None:
        super().__init__(host, **options)
        self._exchange = exchange
        # http.client offers no other way to the context that it makes.
        watch_certificates(self._context, exchange.note_certificate)  # type: ignore[attr-defined]

    def connect(self) -> None:
        self._exchange.secured_host = self._tunnel_host or self.host  # type: ignore[attr-defined]
        super().connect()
        self._exchange.secured_host = ""


def opener(exchange: Exchange) -> OpenerDirector:
    """Return an HTTP client that uses the proxy of the environment and follows no redirect."""
    from urllib import request

    def connection(kind: Callable[..., HTTPConnection], host: str, **options: Any) -> HTTPConnection:
        made = kind(host, **options)
        # http.client offers no other way to a socket before its TLS handshake or its tunnel.
        made._create_connection = exchange.connect  # type: ignore[attr-defined]  # noqa: SLF001 - as said
        return made

    class Http(request.HTTPHandler):
        def http_open(self, req: Request) -> HTTPResponse:
            return self.do_open(partial(connection, HTTPConnection), req)

    class Https(request.HTTPSHandler):
        def https_open(self, req: Request) -> HTTPResponse:
            return self.do_open(partial(connection, partial(_SecureConnection, exchange=exchange)), req)

    opener = request.OpenerDirector()
    handlers = (request.ProxyHandler, request.UnknownHandler, Http, Https)
    for handler in (*handlers, request.HTTPErrorProcessor, request.HTTPDefaultErrorHandler):
        opener.add_handler(handler())
    return opener


def login_header(url: SplitResult) -> dict[str, str]:
    """Return the header that carries the name and password of an address; empty: it has none."""
    if not url.username:
        return {}
    named = f"{unquote(url.username)}:{unquote(url.password or '')}"
    return {"Authorization": f"Basic {b64encode(named.encode()).decode()}"}


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
