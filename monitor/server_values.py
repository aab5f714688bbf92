"""Hold what is known of the database server of a shared store: what `status` shows, and what `doctor` checks."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from monitor.frozen import dataclass

_WAITS = ("on", "remote_apply", "remote_write")  # values of synchronous_commit for which a commit waits for a standby


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What a server says of itself."""

    version: str  # such as 15.18
    size: int  # bytes of all tables of the store
    commit: str  # its synchronous_commit for this user
    standbys: str  # its synchronous_standby_names; "": it waits for none
    followers: int  # servers that receive its log now

    @property
    def replication(self) -> str:
        """Return none, asynchronous or synchronous: with the last one a fail-over to a standby loses nothing."""
        if self.standbys and self.commit in _WAITS:
            return "synchronous"
        return "asynchronous" if self.followers else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerExam:
    """What was found out about a server and the way to it, by trying."""

    is_local: bool  # it is reached on this machine
    is_encrypted: bool
    verifies: str  # the sslmode of the connection
    lacking: tuple[str, ...]  # tables and sequences on which this user lacks a right
    grants: str  # who has to grant them, by which statements; "": none is lacking
    notifies: bool  # what one session is notified of reaches another
    has_pooler: bool  # sessions are not those of the server itself
    has_timeouts: bool  # the server ends a session that stands still or waits too long
    ahead: timedelta  # by how much the clock of this machine is ahead of the database's


class StoreServer(Protocol):
    """The database server of a shared store. Every method raises StoreError."""

    def facts(self) -> ServerFacts:
        """Return what the server says of itself: one statement."""

    def examine(self) -> ServerExam:
        """Try what the monitor needs of the server, on two connections of its own; it takes seconds at most."""
