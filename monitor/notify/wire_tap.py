"""Record what happens on the wire during one send: status codes, Retry-After, and why no answer came.

Apprise plugins return only True or False and log whole webhook URLs. So functions of requests, smtplib and socket are
wrapped once per process, and their loggers are filtered. Outside `capture` the wrappers and the filter do nothing.
"""

from __future__ import annotations

import functools
import logging
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.notify.verdict import SendFailure, WireTrace, retry_after

_LOGGERS = ("apprise", "urllib3", "urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


@dataclass(slots=True)
class Tap:
    """The notes on one send while it runs."""

    trace: WireTrace = field(default_factory=WireTrace)
    rewrite_mail: Callable[[str], str] = str  # makes the mail that is sent from the one the plugin built
    connections: list[socket.socket] = field(default_factory=list)  # second handles on them
    is_aborted: bool = False  # the send took too long: no more connections

    def abort(self) -> None:
        """Shut all connections down; may be called from any thread."""
        self.is_aborted = True
        for connection in self.connections:
            with suppress(OSError):  # never connected, or closed already
                connection.shutdown(socket.SHUT_RDWR)


# A context variable, not an attribute: other users of requests in this process must see no difference.
_current: ContextVar[Tap | None] = ContextVar("monitor_tap", default=None)
_install_lock = threading.Lock()
_installed = threading.Event()


@contextmanager
def capture(timeout: float) -> Iterator[Tap]:
    """Note what this thread sends, and abort it after `timeout` seconds."""
    _install()
    tap = Tap()
    token = _current.set(tap)
    timer = threading.Timer(timeout, tap.abort)
    timer.daemon = True
    timer.start()
    try:
        yield tap
    finally:
        _current.reset(token)
        timer.cancel()
        timer.join()
        for connection in tap.connections:
            connection.close()


def _install() -> None:
    with _install_lock:
        if _installed.is_set():
            return
        # Loaded under the lock, for warning filters belong to the process. Apprise 2.2 imports the old imghdr.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from apprise.manager_plugins import NotificationManager

            NotificationManager().load_modules()  # type: ignore[no-untyped-call]
        _tap_http()
        _tap_smtp()
        _tap_connect()
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(lambda _record: _current.get() is None)
        _installed.set()


def _tap_http() -> None:
    import requests

    plain_send = requests.Session.send

    @functools.wraps(plain_send)
    def send(self: Any, request: Any, **options: Any) -> Any:
        tap = _current.get()
        if tap is None:
            return plain_send(self, request, **options)
        tap.trace = replace(tap.trace, protocol="http")
        try:
            response = plain_send(self, request, **options)
        except requests.RequestException as error:
            tap.trace = replace(tap.trace, failure=_http_failure(error))
            raise
        pause = retry_after(response.headers.get("Retry-After"), response.headers.get("Date"))
        tap.trace = replace(tap.trace, codes=(*tap.trace.codes, response.status_code), retry_after=pause)
        return response

    requests.Session.send = send  # type: ignore[method-assign]  # the tap itself


def _tap_smtp() -> None:
    import smtplib

    plain_getreply, plain_sendmail = smtplib.SMTP.getreply, smtplib.SMTP.sendmail

    @functools.wraps(plain_getreply)
    def getreply(self: smtplib.SMTP) -> tuple[int, bytes]:
        tap = _current.get()
        if tap is None:
            return plain_getreply(self)
        tap.trace = replace(tap.trace, protocol="smtp")
        reply = plain_getreply(self)
        tap.trace = replace(tap.trace, codes=(*tap.trace.codes, reply[0]))
        return reply

    @functools.wraps(plain_sendmail)
    def sendmail(self: smtplib.SMTP, from_addr: str, to_addrs: Any, msg: Any, *rest: Any, **options: Any) -> Any:
        tap = _current.get()
        mail = tap.rewrite_mail(msg) if tap is not None and isinstance(msg, str) else msg
        return plain_sendmail(self, from_addr, to_addrs, mail, *rest, **options)

    smtplib.SMTP.getreply = getreply  # type: ignore[method-assign]  # the tap itself
    smtplib.SMTP.sendmail = sendmail  # type: ignore[method-assign]  # the second tap


def _tap_connect() -> None:
    plain_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        tap = _current.get()
        if tap is not None:
            if tap.is_aborted:
                raise TimeoutError
            tap.connections.append(self.dup())
        plain_connect(self, address)

    socket.socket.connect = connect  # type: ignore[assignment, method-assign]  # the third tap; as C types it


def _http_failure(error: Exception) -> SendFailure:
    """Tell whether the request had left; requests hides that in the class of the error it wraps."""
    import requests
    from urllib3 import exceptions

    cause = error.args[0] if error.args else None
    if isinstance(getattr(cause, "reason", None), exceptions.NameResolutionError):
        return SendFailure.UNKNOWN_HOST
    if isinstance(error, requests.exceptions.SSLError):
        return SendFailure.TLS
    if isinstance(error, requests.ReadTimeout):
        return SendFailure.READ_TIMEOUT
    is_cut_off = isinstance(cause, exceptions.ProtocolError | exceptions.ReadTimeoutError)
    return SendFailure.CONNECTION_LOST if is_cut_off else SendFailure.NOT_CONNECTED
