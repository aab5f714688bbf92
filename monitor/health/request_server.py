"""Answer one request a connection, on one thread that reads and writes all connections side by side.

Every connection has a deadline, and their number is bounded: a new client takes the place of the oldest. So idle, slow
and dripping clients delay nobody else.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

MAX_CLIENTS = 64
BACKLOG = 128  # clients that the system accepts before us
ACCEPT_PAUSE = 1.0  # seconds after the system could give no connection
_PART = 64 * 1024  # bytes


@dataclass(eq=False, slots=True, kw_only=True)
class _Client:
    connection: socket.socket
    until: float  # monotonic; when the client has had its time
    request: bytes = b""  # as far as it has come
    answer: bytes = b""  # what is not sent yet


@dataclass(eq=False, kw_only=True)
class RequestServer:
    """Serves a listening socket, which it owns, until `stop`.

    answer: takes what a client has sent and returns the whole answer; None: the request is not complete yet.
    timeout: seconds for the request of a client, and again for its answer.
    """

    listener: socket.socket
    answer: Callable[[bytes], bytes | None]
    timeout: float
    on_accept_error: Callable[[OSError], None]
    max_clients: int = MAX_CLIENTS
    _clients: dict[socket.socket, _Client] = field(default_factory=dict)  # oldest first
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def __post_init__(self) -> None:
        self._waker, self._waiter = socket.socketpair()  # end the wait for clients
        self.listener.setblocking(False)  # noqa: FBT003 - socket's own signature
        for end in (self.listener, self._waiter):
            self._selector.register(end, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until `stop`; then close every socket."""
        try:
            while True:
                ready = [key.fileobj for key, _ in self._selector.select(self._time_left())]
                if self._waiter in ready:
                    break
                for end in ready:
                    if end in self._clients:
                        self._go_on(self._clients[end])
                if self.listener in ready:
                    self._accept()
                self._end_late_clients()
        finally:
            self.close()

    def stop(self) -> None:
        """End `serve`; any thread may call it."""
        with suppress(OSError):  # `serve` has ended already
            self._waker.send(b"\0")

    def close(self) -> None:
        """Close every socket; only for a server that does not serve."""
        for end in (*self._clients, self.listener, self._waker, self._waiter):
            end.close()
        self._clients.clear()
        self._selector.close()

    def _accept(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:  # the client disconnected before it was accepted
            return
        except OSError as error:  # no file descriptor is free
            if self._clients:
                self._end(next(iter(self._clients.values())))
            else:
                self.on_accept_error(error)
                time.sleep(ACCEPT_PAUSE)
            return
        if len(self._clients) >= self.max_clients:
            self._end(next(iter(self._clients.values())))
        connection.setblocking(False)  # noqa: FBT003 - socket's own signature
        client = _Client(connection=connection, until=time.monotonic() + self.timeout)
        self._clients[connection] = client
        self._selector.register(connection, selectors.EVENT_READ)
        self._go_on(client)

    def _go_on(self, client: _Client) -> None:
        """Read and write what is possible now; end a client that is answered or has gone."""
        try:
            is_over = self._send(client) if client.answer else self._receive(client)
        except BlockingIOError:
            return
        except OSError:
            is_over = True
        if is_over:
            self._end(client)

    def _receive(self, client: _Client) -> bool:
        part = client.connection.recv(_PART)
        client.request += part
        answer = self.answer(client.request) if part else None
        if answer is None:
            return not part
        client.answer, client.until = answer, time.monotonic() + self.timeout
        self._selector.modify(client.connection, selectors.EVENT_WRITE)
        return self._send(client)

    def _send(self, client: _Client) -> bool:
        client.answer = client.answer[client.connection.send(client.answer) :]
        if not client.answer:
            client.connection.shutdown(socket.SHUT_WR)
        return not client.answer

    def _time_left(self) -> float | None:
        """Return the seconds until the next client has had its time; None: there is no client."""
        first = min((client.until for client in self._clients.values()), default=None)
        return None if first is None else max(first - time.monotonic(), 0.0)

    def _end_late_clients(self) -> None:
        now = time.monotonic()
        for client in [client for client in self._clients.values() if client.until <= now]:
            self._end(client)

    def _end(self, client: _Client) -> None:
        del self._clients[client.connection]
        self._selector.unregister(client.connection)
        client.connection.close()
