"""Bound what a request may be, and give every answer its headers: the outermost part of every application here.

Behind it a handler meets whole, small and well-formed requests only. An error in a handler is logged and answered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import NamedTuple

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.logs import fail

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types monitor",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer our own forms send `Origin: null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-cache",
}
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
PART = 64 * 1024  # bytes of an answer that are sent at once; each part has its own deadline
_SINGLE = (b"host", b"authorization", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a server bears; sizes in bytes, times in seconds."""

    connections: int = 256
    request: float = 5.0  # for the head and the body, from the connect or the first byte on a kept connection
    send: float = 10.0  # for a client to take one PART of an answer
    head: int = 16 * 1024
    path: int = 2 * 1024
    body: int = 16 * 1024
    methods: tuple[str, ...] = ("GET", "HEAD", "POST")


class Refusal(NamedTuple):
    """Why a request is not answered as it wants to be."""

    status: int
    message: str
    headers: Mapping[str, str] = {}


FAILED = Refusal(500, "the monitor failed to answer this; its log says why")


class _RefusedError(Exception):
    """A request is beyond the limits."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class _ClientGoneError(Exception):
    """The client disconnected before its request was complete."""


class Guard:
    """ASGI middleware that refuses requests beyond the limits, and answers an error with 500."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._serve_lifespan(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            body = await _whole_body(scope, receive, self._limits)
            await self._app(scope, _replayed(body, receive), answer)
        except _RefusedError as error:
            closing = {**error.refusal.headers, "Connection": "close"}  # the rest is not read as another request
            await refuse(error.refusal._replace(headers=closing), scope)(scope, receive, answer)
        except _ClientGoneError:
            return
        except Exception as error:  # noqa: BLE001 - the border of a request: it fails alone
            fail("web_failed", error, path=scope["path"])
            if not answer.has_started:
                await refuse(FAILED, scope)(scope, receive, answer)

    async def _serve_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            fail("web_failed", error)
            raise


class _Answer:
    """Sends an answer with the headers that it lacks, in parts."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            given = {name.lower() for name, _ in message["headers"]}
            missing = [pair for pair in usual_headers() if pair[0] not in given]
            await self._send({**message, "headers": [*message["headers"], *missing]})
            return
        body: bytes = message.get("body", b"")
        rest = range(0, max(len(body), 1), PART)
        for start in rest:
            is_last = start == rest[-1]
            part = body[start : start + PART]
            await self._send({**message, "body": part, "more_body": not is_last or message.get("more_body", False)})


def usual_headers() -> Sequence[tuple[bytes, bytes]]:
    """Return the headers that every answer has, encoded."""
    return [(b"date", formatdate(usegmt=True).encode()), *_ENCODED]


def malformed(scope: Scope, limits: Limits) -> Refusal | None:
    """Return why a request is beyond the limits; the first reason wins."""
    if scope["method"] not in limits.methods:
        allowed = ", ".join(limits.methods)
        return Refusal(405, f"there is {allowed}", {"Allow": allowed})
    if len(scope["raw_path"]) > limits.path:
        return Refusal(414, f"the path is longer than {limits.path} bytes")
    if not scope["path"].startswith("/") or _CONTROL.search(scope["path"]):
        return Refusal(400, "the address is not a path on this server")
    names = [name for name, _ in scope["headers"]]
    if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) + len(scope["query_string"]) > limits.head:
        return Refusal(431, f"the head of the request is longer than {limits.head} bytes")
    if twice := next((name for name in _SINGLE if names.count(name) > 1), None):
        return Refusal(400, f"the request has two headers {twice.decode()}")
    if b"content-length" in names and b"transfer-encoding" in names:
        return Refusal(400, "the request has both Content-Length and Transfer-Encoding")
    return None


def refuse(refusal: Refusal, scope: Scope) -> Response:
    """Return the answer to a request that is refused: text, or an error object where JSON is served."""
    if "/api/" in scope["path"]:  # behind a prefix, too
        error = {"code": 1, "message": refusal.message, "where": None}
        content = {"schema_version": 1, "error": error}
        return JSONResponse(content, status_code=refusal.status, headers=dict(refusal.headers))
    return PlainTextResponse(f"{refusal.message}\n", status_code=refusal.status, headers=dict(refusal.headers))


async def _whole_body(scope: Scope, receive: Receive, limits: Limits) -> bytes:
    """Return the whole body of a request within the limits."""
    too_large = Refusal(413, f"the body of the request is longer than {limits.body} bytes")
    headers = dict(scope["headers"])
    is_large = int(headers.get(b"content-length", b"0")) > limits.body
    if refusal := malformed(scope, limits) or (too_large if is_large else None):
        raise _RefusedError(refusal)
    body, is_whole = bytearray(), False
    while not is_whole:
        message = await receive()
        if message["type"] != "http.request":
            raise _ClientGoneError
        body += message.get("body", b"")
        is_whole = not message.get("more_body")
        if len(body) > limits.body:
            raise _RefusedError(too_large)
    return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body at once, and after it what else the client does."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return parts.pop() if parts else await receive()

    return replay
