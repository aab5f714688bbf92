"""An address to listen on → the pages of whichever daemon runs, for as long as the process does.

It outlives the daemons of one process: a reload moves it only where the address has changed. Nothing it answers with
waits for the store, so a monitor that hangs still says so.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from contextlib import suppress

from monitor.health.pages import Routes, answer
from monitor.logs import say, warn

OFF = "off"
LONGEST = 8 * 1024  # bytes of a request's head
PATIENCE = 1.0  # seconds that one client gets, whatever it does; they are answered one after the other
GRACE = 2.0  # seconds that the last client gets at the end
BACKLOG = 16  # clients that may wait


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
