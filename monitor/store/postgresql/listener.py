"""Hear what other monitors have stored: LISTEN on a connection of its own, believed only while it is proven."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import psycopg

from monitor.errors import StoreError
from monitor.store.postgresql.connection import Connection

PROVE_EVERY = 30.0  # seconds between two proofs that a notification arrives
_PROOF_WITHIN = 5.0  # seconds


class Listener:
    """One thread listens. A LISTEN may die without an error: behind a pooler, or where a connection is half open.

    So it notifies itself through another connection, which also shows that both lead to the same server.
    """

    def __init__(
        self,
        connect: Callable[[], Connection] | None,
        notify: Callable[[str, str], object],
        *,
        name: str,
        seconds: Callable[[], float],
    ) -> None:
        """connect: raises psycopg.Error; None: the address is a pooler, nothing is heard. notify: by name, a payload.

        name: of the notifications of this store.
        """
        self._lock = threading.Lock()
        self._connect, self._notify, self._seconds = connect, notify, seconds
        self.name, self._own = name, f"{name}_{uuid.uuid4().hex[:16]}"
        self._connection: Connection | None = None
        self._proof_sent = self._proof_seen = float("-inf")
        self._is_warned = False

    def listen(self, seconds: float) -> list[str] | None:
        """Return the payloads that have come, waiting at most so long for the first; None: nobody knows."""
        with self._lock:
            try:
                return self._heard(self._seconds() + seconds) if self._is_open() else None
            except (psycopg.Error, StoreError):  # the store says itself that it is down
                self._drop()
                return None

    def close(self) -> None:
        """Close the connection, once nobody listens."""
        with self._lock:
            self._connect = None
            self._drop()

    def _is_open(self) -> bool:
        """Return whether there was a connection already: what came before a new one listened is not known."""
        if self._connection is not None or self._connect is None:
            return self._connection is not None
        self._connection = self._connect()
        for name in (self.name, self._own):
            self._connection.execute(f"LISTEN {name}".encode())
        self._connection.patience = None  # from now on the server says nothing unless there is something
        self._proof_seen = float("-inf")
        self._prove()
        return False

    def _heard(self, until: float) -> list[str] | None:
        """Return the payloads that come until a time; None: the last proof has not arrived."""
        if self._seconds() - self._proof_sent >= PROVE_EVERY:
            self._prove()
        payloads = self._read(until - self._seconds())
        while not payloads and (left := until - self._seconds()) > 0:
            payloads = self._read(left)
        if self._proof_seen < self._proof_sent < self._seconds() - _PROOF_WITHIN:
            self._drop()
            self._warn()
        return payloads if self._proof_seen > float("-inf") and self._connection else None

    def _read(self, seconds: float) -> list[str]:
        """Return the payloads of the next notifications that come within so many seconds."""
        assert self._connection is not None  # noqa: S101 - the caller has opened it
        payloads = []
        for notification in self._connection.notifies(timeout=max(seconds, 0.0), stop_after=1):
            if notification.channel == self._own:
                self._proof_seen, self._is_warned = self._seconds(), False
            else:
                payloads.append(notification.payload)
        return payloads

    def _prove(self) -> None:
        self._proof_sent = self._seconds()
        self._notify(self._own, "")

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _warn(self) -> None:
        if not self._is_warned:
            from monitor.logs import warn

            self._is_warned = True
            cure = "the store is asked each second instead; for an address that is a pooler set `pooler: true`"
            warn("notifications_unproven", cure=cure)
