"""Hold the notes that `wire_tap` takes on one send while it runs."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.connection_errors import connect_reason, expects_tls, is_proxy, shown_peer
from monitor.notify.kept_connections import KeptConnections
from monitor.notify.verdict import SendFailure, WireTrace


@dataclass(slots=True)
class Tap:
    """The notes on one send while it runs."""

    deadline: float  # by the monotonic clock
    is_rehearsal: bool = False  # nothing may leave this process
    trace: WireTrace = field(default_factory=WireTrace)
    rewrite_mail: Callable[[str], str] = str  # makes the mail that is sent from the one the plugin built
    # Makes the JSON object that is posted from the one the plugin built; None: it stays.
    rewrite_json: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    connections: KeptConnections | None = None  # of the channel
    path: str = ""  # of the last HTTP request
    received: int = 0  # bytes
    received_before: int = 0  # the last HTTP request left
    hosts: dict[str, str] = field(default_factory=dict)  # names by the addresses that were found for them
    place: tuple[str, int] = ("", 0)  # the host and port of the last connection
    plain_place: tuple[str, int] | None = None  # those of the last HTTP request; None: it left with TLS
    certificate: bytes = b""  # the last one that a server showed
    is_connected: bool = False  # a connection was made for the next HTTP request
    is_kept: bool = False  # the last HTTP request went out on a connection on which others were answered
    is_plain: bool = False  # the last HTTP request went out without TLS
    has_left: bool = False  # bytes of a request are on their way, and its status line has not come yet

    def note(self, **changes: Any) -> None:
        """Add to the trace."""
        self.trace = replace(self.trace, **changes)

    def note_failure(self, failure: SendFailure, cause: str = "") -> None:
        """Note why no answer came, unless an earlier request is unanswered: that one may have arrived."""
        if not self.trace.is_unanswered:
            self.note(failure=failure, cause=cause)

    def note_not_connected(self, error: BaseException) -> None:
        """Note why there is no connection."""
        self.note_failure(SendFailure.NOT_CONNECTED, connect_reason(error, *self.place))

    def note_place(self, host: str, port: int) -> None:
        """Note where it connects to."""
        self.place = host, port

    def note_unanswered(self, error: BaseException) -> None:
        """Note what broke after a request had left."""
        self.has_left = False
        failure = _failure_after_request(error)
        is_cut = failure is SendFailure.CONNECTION_LOST
        is_silent = is_cut and self.is_plain and not self.is_kept and self.received == self.received_before
        self.note_failure(SendFailure.CUT_OR_TLS if is_silent else failure)

    def note_kept(self, host: str, port: int) -> None:
        """Note that the next HTTP request leaves on a connection of an earlier send or request."""
        self.note_place(host, port)
        self.note_failure(SendFailure.NONE)

    def note_request(self, *, is_plain: bool) -> None:
        """Note that an HTTP request leaves now."""
        self.is_kept, self.is_connected = not self.is_connected, False
        self.is_plain, self.received_before, self.has_left = is_plain, self.received, True
        self.plain_place = self.place if is_plain else None

    def note_not_understood(self) -> None:
        """Note that a port which expects TLS was sent plain text: the request left, and nobody read it."""
        self.has_left = False
        self.note_failure(SendFailure.EXPECTS_TLS, expects_tls(shown_peer(*self.place)))

    def note_code(self, code: int) -> None:
        """Note the status of an answer."""
        self.has_left = False
        self.note(codes=(*self.trace.codes, code))

    def note_socket(self) -> None:
        """Note that something is sent by a protocol that is neither HTTP nor SMTP."""
        if not self.trace.protocol:
            self.note(protocol="other")

    def rewrite_body(self, request: Any) -> None:
        """Put what we want to be posted in place of what the plugin built; the rest of its request stays."""
        if self.rewrite_json and request.body:
            request.prepare_body(json.dumps(self.rewrite_json(json.loads(request.body))), None)

    def ended(self, *, accepted: bool) -> WireTrace:
        """Return the trace; where the send failed, with what it was connected to.

        To tell a proxy from a server takes a look at the environment, which an accepted message does not need.
        """
        is_good = accepted and not self.trace.failure and all(200 <= code < 300 for code in self.trace.codes)
        if not is_good and self.place[0]:
            is_proxied = self.plain_place is not None and is_proxy(*self.plain_place)
            self.note(peer=shown_peer(*self.place), is_proxied=is_proxied)
        return self.trace

    def check_time(self) -> None:
        """Raise TimeoutError once the send has taken too long."""
        if time.monotonic() > self.deadline:
            raise TimeoutError("this send took too long")


def _failure_after_request(error: BaseException) -> SendFailure:
    if isinstance(error, TimeoutError):
        return SendFailure.READ_TIMEOUT
    is_end = isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return SendFailure.CONNECTION_LOST if is_end else SendFailure.UNREADABLE


def root_of(error: BaseException) -> BaseException:
    """Return the first error of a chain: libraries wrap it in their own."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
