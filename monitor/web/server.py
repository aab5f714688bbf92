"""Serve an ASGI application on sockets that are bound already: the door to uvicorn and h11.

uvicorn lets a client take as long as it likes. Here a request has a deadline and so has each part of an answer, the
number of connections is bounded, and what is no HTTP is refused with the same headers as everything else.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import sys
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from monitor.logs import warn
from monitor.web.guard import Guard, Limits, usual_headers

if TYPE_CHECKING:
    from types import FrameType

    from starlette.types import ASGIApp

BACKLOG = 64  # connections that the kernel holds; with many more, a flood of silent ones blocks for 15 s
GRACE = 1  # seconds that open answers get at the end
_MAX_IGNORED = 2_000_000  # bytes that a client may still send before it must have seen that it was refused
_NO_HTTP = "this is no HTTP request; in an address, write letters such as é or 한 as %C3%A9 or %ED%95%9C"
_SILENT = logging.CRITICAL + 1  # uvicorn logs nothing; what matters is logged by `Guard` and by the loop's handler


class Server(uvicorn.Server):
    """A server that does nothing while nothing is asked of it; `stop` ends it from any thread."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
        connection: type[Connection] | None = None,
        on_started: Callable[[], None] = lambda: None,
        on_ending: Callable[[], None] = lambda: None,
        on_failure: Callable[[str], None] = lambda reason: warn("web_failed", reason=reason),
    ) -> None:
        """connection: speaks with a client.

        on_ending: called before open answers are waited for; it ends those that have no end.
        on_failure: logs why no client can be accepted.
        """
        super().__init__(_Config(Guard(app, limits), limits, connection or Connection))
        self._on_started, self._on_ending, self._on_failure = on_started, on_ending, on_failure
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, with errors of the loop in our log."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._note_loop_error)
        await super().startup(sockets)

    async def main_loop(self) -> None:
        """Wait until `stop`, without uvicorn's ten ticks a second; their only use here, Date, is written by `Guard`."""
        self._on_started()
        await self._wake.wait()
        self._on_ending()

    def _note_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what asyncio would log: no free descriptor for a client, or an error in a callback."""
        error = context.get("exception")
        reason = error.strerror if isinstance(error, OSError) else None
        self._on_failure(reason or f"{context['message']}: {error!r}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End at once by a signal; uvicorn raises it again once the server has ended."""
        super().handle_exit(sig, frame)
        self.stop()

    def stop(self) -> None:
        """End the server; any thread may call it."""
        self.should_exit = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def serve_on(self, listeners: Sequence[socket.socket]) -> None:
        """Serve until `stop` or a signal, and close the listeners."""
        for listener in listeners:
            if listener.family in (socket.AF_INET, socket.AF_INET6):
                # Connections inherit it. asyncio sets it for sockets of its own alone; without it the body of an answer
                # waits 40 ms for the acknowledgement of its head.
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.run(sockets=list(listeners))


class _Config(uvicorn.Config):
    def __init__(self, app: ASGIApp, limits: Limits, connection: type[Connection]) -> None:
        super().__init__(
            app,
            http=connection,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            log_level=_SILENT,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=BACKLOG,
            h11_max_incomplete_event_size=limits.head,
            timeout_graceful_shutdown=GRACE,
        )
        self.limits = limits


class Connection(H11Protocol):
    """One connection: a client that is too slow, or that sends no HTTP, is cut off."""

    config: _Config

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline: asyncio.TimerHandle | None = None  # None: no request is awaited
        self._send_deadline: asyncio.TimerHandle | None = None  # None: everything is sent
        self._is_refused = False  # what still comes is ignored
        self._ignored = 0  # bytes of it
        self.has_begun = False  # the client has sent something

    @property
    def awaits_request(self) -> bool:
        """Return whether the client still owes a part of its request, or of its next one."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    @property
    def ends_at(self) -> float:
        """The time of the loop at which this connection is cut off or closed, as long as the client sends nothing."""
        timers = (self._deadline, self.timeout_keep_alive_task)
        return min((timer.when() for timer in timers if timer), default=math.inf)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Accept a client."""
        self._is_refused = not self._has_room()
        super().connection_made(transport)
        if self._is_refused:
            transport.abort()
            return
        transport.set_write_buffer_limits(high=0)  # so that `pause_writing` tells of every byte that is not sent yet
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._disarm()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        self.has_begun = True
        if self._is_refused:
            self._ignored += len(data)
            if self._ignored > _MAX_IGNORED:
                self.transport.abort()
            return
        self._arm()
        super().data_received(data)
        self._settle()

    def on_response_complete(self) -> None:
        """Go on with the request that the client may have sent already."""
        super().on_response_complete()
        self._settle()
        if self.awaits_request and self.conn.trailing_data[0]:
            self._arm()

    def pause_writing(self) -> None:
        """Give the client time to take what is sent."""
        super().pause_writing()
        if self._send_deadline is None:
            self._send_deadline = self.loop.call_later(self.config.limits.send, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that the client has taken everything."""
        super().resume_writing()
        if self._send_deadline:
            self._send_deadline.cancel()
            self._send_deadline = None

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, and read on until the client has seen why; called while the error is handled."""
        cycle: RequestResponseCycle | None = self.cycle  # None: there was no request yet
        if (cycle and not cycle.response_complete) or self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        status = HTTPStatus(hint if hint in list(HTTPStatus) else 400)
        text = f"{_NO_HTTP if status == HTTPStatus.BAD_REQUEST else status.phrase}\n".encode()
        headers = [
            *usual_headers(),
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(text)),
            (b"connection", b"close"),
        ]
        response = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
        for event in (response, h11.Data(data=text), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self._is_refused = True
        if self.transport.can_write_eof():
            self.transport.write_eof()  # a close would reset the connection while the client still sends
        self._arm()

    def _has_room(self) -> bool:
        """Return whether there may be one more connection, if need be in the place of one that owes its request."""
        others = cast("set[Connection]", self.connections)
        if len(others) < self.config.limits.connections:
            return True
        waiting = [other for other in others if other.awaits_request]
        if waiting:
            oldest = min(waiting, key=lambda other: other.ends_at)
            others.discard(oldest)
            oldest.transport.abort()
        return bool(waiting)

    def _settle(self) -> None:
        """End the time of a request that is here as a whole."""
        if not self.awaits_request and not self._is_refused:
            self._disarm()

    def _arm(self) -> None:
        """Begin the time of a request, unless it has begun."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.config.limits.request, self.transport.abort)

    def _disarm(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
