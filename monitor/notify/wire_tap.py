"""Record what happens on the wire during one send: status codes, Retry-After, and why no answer came.

Apprise plugins return only True or False and log whole webhook URLs. So functions of requests, http.client, smtplib,
ssl, socket and syslog are wrapped once per process, and their loggers are filtered. Outside `capture` the wrappers and
the filter do nothing. Inside it they also bound what one send may receive and how long it may take.
"""

from __future__ import annotations

import errno
import functools
import http.client
import logging
import os
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.http_client import retry_after
from monitor.notify.verdict import NO_REPLY, SendFailure, WireTrace

MAX_RECEIVED = 400_000  # bytes that all answers to one send may have, with their headers
MAX_EARLY_ANSWERS = 20  # such as 103 Early Hints
MAX_BODY = 65_536  # bytes of an answer's body, unpacked, that a plugin gets to see
BODY_TIME = 10.0  # seconds that an answer's body may take after its head
_LOGGERS = ("apprise", "urllib3", "urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")
_CERTIFICATE_FAILURES = {  # by OpenSSL's X509_V_ERR number
    9: SendFailure.CERTIFICATE_EARLY,
    10: SendFailure.CERTIFICATE_EXPIRED,
    62: SendFailure.CERTIFICATE_HOST,
    64: SendFailure.CERTIFICATE_HOST,  # the address is an IP
}
_NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


@dataclass(slots=True)
class Tap:
    """The notes on one send while it runs."""

    deadline: float  # by the monotonic clock
    is_rehearsal: bool = False  # nothing may leave this process
    trace: WireTrace = field(default_factory=WireTrace)
    rewrite_mail: Callable[[str], str] = str  # makes the mail that is sent from the one the plugin built
    path: str = ""  # of the last HTTP request
    received: int = 0  # bytes
    has_left: bool = False  # bytes of a request are on their way, and its status line has not come yet

    def note(self, **changes: Any) -> None:
        """Add to the trace."""
        self.trace = replace(self.trace, **changes)

    def note_failure(self, failure: SendFailure) -> None:
        """Note why no answer came, unless an earlier request is unanswered: that one may have arrived."""
        if not self.trace.is_unanswered:
            self.note(failure=failure)

    def note_unanswered(self, error: BaseException) -> None:
        """Note what broke after a request had left."""
        self.has_left = False
        self.note_failure(_failure_after_request(error))

    def note_code(self, code: int) -> None:
        """Note the status of an answer."""
        self.has_left = False
        self.note(codes=(*self.trace.codes, code))

    def note_socket(self) -> None:
        """Note that something is sent by a protocol that is neither HTTP nor SMTP."""
        if not self.trace.protocol:
            self.note(protocol="other")

    def check_time(self) -> None:
        """Raise TimeoutError once the send has taken too long."""
        if time.monotonic() > self.deadline:
            raise TimeoutError("this send took too long")


# A context variable, not an attribute: other users of requests in this process must see no difference.
_current: ContextVar[Tap | None] = ContextVar("monitor_tap", default=None)
_install_lock = threading.Lock()
_installed = threading.Event()


@contextmanager
def capture(timeout: float, *, is_rehearsal: bool = False) -> Iterator[Tap]:
    """Note what this thread sends, and end it after `timeout` seconds; a rehearsal sends nothing."""
    _install()
    tap = Tap(deadline=time.monotonic() + timeout, is_rehearsal=is_rehearsal)
    token = _current.set(tap)
    try:
        yield tap
    finally:
        _current.reset(token)


def _install() -> None:
    with _install_lock:
        if _installed.is_set():
            return
        # Loaded under the lock, for warning filters belong to the process. Apprise 2.2 imports the old imghdr.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from apprise.manager_plugins import NotificationManager

            NotificationManager().load_modules()  # type: ignore[no-untyped-call]
        for tap in (_tap_connections, _tap_received, _tap_tls, _tap_requests, _tap_answers, _tap_smtp, _tap_syslog):
            tap()
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(lambda _record: _current.get() is None)
        _installed.set()


def _wrap(owner: Any, name: str, tapped: Callable[..., Any]) -> None:
    """Call `tapped(tap, plain, …)` in place of a function, but only during a send."""
    plain = getattr(owner, name)

    @functools.wraps(plain)
    def call(*values: Any, **named: Any) -> Any:
        tap = _current.get()
        return plain(*values, **named) if tap is None else tapped(tap, plain, *values, **named)

    setattr(owner, name, call)


def _tap_connections() -> None:
    def getaddrinfo(tap: Tap, plain: Any, *values: Any, **named: Any) -> Any:
        if tap.is_rehearsal:
            tap.note_socket()
            raise socket.gaierror(socket.EAI_NONAME, "a rehearsal asks nobody")
        try:
            return plain(*values, **named)
        except socket.gaierror:
            tap.note_socket()
            tap.note_failure(SendFailure.UNKNOWN_HOST)
            raise

    def connect(tap: Tap, plain: Any, connection: socket.socket, address: Any) -> None:
        tap.note_socket()
        if tap.is_rehearsal:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "a rehearsal connects to nobody")
        try:
            tap.check_time()
            if (limit := connection.gettimeout()) != 0:  # 0: an event loop's; None: it would wait forever
                left = tap.deadline - time.monotonic()
                connection.settimeout(left if limit is None else min(limit, left))
            plain(connection, address)
        except BlockingIOError:
            raise  # not a failure: an event loop waits for it
        except OSError as error:
            tap.note_failure(_connect_failure(error))
            raise
        tap.note_failure(SendFailure.NONE)

    def sendto(tap: Tap, plain: Any, connection: socket.socket, *values: Any) -> Any:
        tap.note_socket()
        return len(values[0]) if tap.is_rehearsal else plain(connection, *values)

    _wrap(socket, "getaddrinfo", getaddrinfo)
    _wrap(socket.socket, "connect", connect)
    _wrap(socket.socket, "sendto", sendto)


def _tap_received() -> None:
    """Bound all answers: a server may drip, each byte within the socket's timeout, and never come to an end."""

    def readinto(tap: Tap, plain: Any, stream: Any, buffer: Any) -> Any:
        tap.check_time()
        if tap.received > MAX_RECEIVED:
            return 0  # as if the server had ended here
        count = plain(stream, buffer)
        tap.received += count or 0
        return count

    _wrap(socket.SocketIO, "readinto", readinto)


def _tap_tls() -> None:
    def do_handshake(tap: Tap, plain: Any, connection: ssl.SSLSocket, *values: Any) -> None:
        try:
            plain(connection, *values)
        except OSError as error:
            code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None
            failure = SendFailure.TLS if code is None else _CERTIFICATE_FAILURES.get(code, SendFailure.CERTIFICATE)
            tap.note_failure(failure)
            raise

    _wrap(ssl.SSLSocket, "do_handshake", do_handshake)


def _tap_requests() -> None:
    """Note what requests does; HTTPAdapter is its lowest level, below redirects and the reading of bodies."""
    from requests import ConnectionError as NotConnected
    from requests.adapters import HTTPAdapter

    def send(tap: Tap, plain: Any, adapter: Any, request: Any, *values: Any, **named: Any) -> Any:
        tap.note(protocol="http", is_cut=False)
        tap.path = request.path_url
        if tap.is_rehearsal:
            raise NotConnected("a rehearsal connects to nobody")
        answered = len(tap.trace.codes)
        try:
            response = plain(adapter, request, *values, **named)
        except (OSError, ValueError) as error:
            if len(tap.trace.codes) > answered:
                return _status_alone(tap, request)
            if tap.has_left:
                tap.note_unanswered(_root(error))
            elif not tap.trace.failure:
                tap.note_failure(_connect_failure(_root(error)))
            raise
        headers = response.headers
        tap.note(retry_after=retry_after(headers.get("Retry-After"), headers.get("Date")))
        if 300 <= response.status_code < 400:
            headers.pop("Location", None)  # nobody follows it, and requests fails on one that it cannot parse
        _read_body(tap, response)
        return response

    def endheaders(tap: Tap, plain: Any, connection: Any, *values: Any, **named: Any) -> None:
        if connection.sock is None and connection.auto_open:
            connection.connect()  # what it would do by itself, but then nobody could tell how far it came
        tap.has_left = True
        plain(connection, *values, **named)

    _wrap(HTTPAdapter, "send", send)
    _wrap(http.client.HTTPConnection, "endheaders", endheaders)


def _status_alone(tap: Tap, request: Any) -> Any:
    """Return an answer of which only the status line could be read."""
    from requests import Response
    from urllib3 import HTTPResponse

    answer = Response()
    answer.status_code, answer.url, answer.request = tap.trace.codes[-1], request.url, request
    answer.raw, answer._content, answer._content_consumed = HTTPResponse(), b"", True  # noqa: SLF001  as if read
    tap.note(is_cut=True)
    return answer


def _read_body(tap: Tap, response: Any) -> None:
    """Read some of the answer's body, whatever is wrong with it: its status counts, and the plugin may look at it."""
    from urllib3.exceptions import HTTPError

    body, end_of_send = bytearray(), tap.deadline
    tap.deadline = min(end_of_send, time.monotonic() + BODY_TIME)
    try:
        for part in response.raw.stream(8192, decode_content=True):
            body += part
            if len(body) > MAX_BODY:
                break
        is_cut = len(body) > MAX_BODY or tap.received > MAX_RECEIVED
    except (HTTPError, http.client.HTTPException, OSError, ValueError):
        is_cut = True
    tap.deadline = end_of_send
    if is_cut:
        response.raw.close()
        tap.note(is_cut=True)
    response._content, response._content_consumed = bytes(body[:MAX_BODY]), True  # noqa: SLF001  as if it had read it


def _tap_answers() -> None:
    def begin(tap: Tap, plain: Any, answer: http.client.HTTPResponse) -> None:
        try:
            for _ in range(MAX_EARLY_ANSWERS):
                plain(answer)
                if not _is_early(answer):
                    break
                answer.headers = None  # type: ignore[assignment]  # an early hint: read on, as after 100 Continue
        except (http.client.HTTPException, OSError, ValueError) as error:
            status: object = answer.status  # a word until the status line was read
            if not isinstance(status, int) or status < 200:
                tap.note_unanswered(error)
            else:
                tap.note_code(status)
            raise
        if _is_early(answer):
            tap.note_failure(SendFailure.UNREADABLE)
            raise http.client.BadStatusLine("only early answers")
        tap.note_code(answer.status)

    _wrap(http.client.HTTPResponse, "begin", begin)


def _is_early(answer: http.client.HTTPResponse) -> bool:
    return 100 <= answer.status < 200 and answer.status != http.client.SWITCHING_PROTOCOLS


def _tap_smtp() -> None:
    import smtplib

    def getreply(tap: Tap, plain: Any, client: smtplib.SMTP) -> tuple[int, bytes]:
        tap.note(protocol="smtp")
        is_after_text = tap.trace.codes[-1:] == (354,)
        try:
            reply: tuple[int, bytes] = plain(client)
        except (OSError, smtplib.SMTPException) as error:
            if is_after_text:
                tap.note_unanswered(_root(error))
                tap.note_code(NO_REPLY)
            elif not tap.trace.failure and all(code < 400 for code in tap.trace.codes):  # else a refusal is the reason
                is_late = isinstance(_root(error), TimeoutError)
                tap.note_failure(SendFailure.MAIL_TIMEOUT if is_late else SendFailure.MAIL_CUT)
            raise
        is_reply = 200 <= reply[0] < 600
        if not is_reply:
            tap.note_failure(SendFailure.UNREADABLE if is_after_text else SendFailure.NO_MAIL_SERVER)
        if is_reply or is_after_text:  # smtplib goes on after it, and gets replies to other commands
            tap.note_code(reply[0] if is_reply else NO_REPLY)
        return reply

    def starttls(tap: Tap, plain: Any, client: smtplib.SMTP, *values: Any, **named: Any) -> Any:
        try:
            return plain(client, *values, **named)
        except smtplib.SMTPNotSupportedError:
            tap.note_failure(SendFailure.NO_STARTTLS)
            raise

    def sendmail(tap: Tap, plain: Any, client: smtplib.SMTP, sender: str, to: Any, mail: Any, *rest: Any) -> Any:
        return plain(client, sender, to, tap.rewrite_mail(mail) if isinstance(mail, str) else mail, *rest)

    _wrap(smtplib.SMTP, "getreply", getreply)
    _wrap(smtplib.SMTP, "starttls", starttls)
    _wrap(smtplib.SMTP, "sendmail", sendmail)


def _tap_syslog() -> None:
    """Note messages to the system's log, which confirms nothing; where there is none they would be lost."""
    try:
        import syslog
    except ImportError:
        return

    def write(tap: Tap, plain: Any, *values: Any) -> None:
        if os.path.exists("/dev/log") or os.path.exists("/var/run/syslog"):  # noqa: PTH110
            tap.note_socket()
        if not tap.is_rehearsal:
            plain(*values)

    _wrap(syslog, "syslog", write)


def _connect_failure(error: BaseException) -> SendFailure:
    if isinstance(error, ConnectionRefusedError):
        return SendFailure.CONNECTION_REFUSED
    if isinstance(error, TimeoutError):
        return SendFailure.CONNECT_TIMEOUT
    is_full = isinstance(error, OSError) and error.errno in _NO_DESCRIPTOR
    return SendFailure.NO_DESCRIPTOR if is_full else SendFailure.NOT_CONNECTED


def _failure_after_request(error: BaseException) -> SendFailure:
    if isinstance(error, TimeoutError):
        return SendFailure.READ_TIMEOUT
    is_end = isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return SendFailure.CONNECTION_LOST if is_end else SendFailure.UNREADABLE


def _root(error: BaseException) -> BaseException:
    """Return the first error of a chain: libraries wrap it in their own."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
