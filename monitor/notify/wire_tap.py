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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from monitor.certificate import watch_certificates
from monitor.connection_errors import is_plain_to_tls, is_tls_alert, shown_host, shown_peer, tls_reason
from monitor.http_client import retry_after
from monitor.notify.kept_connections import KeptConnections
from monitor.notify.quiet_imports import quiet_imports
from monitor.notify.send_notes import Tap, root_of
from monitor.notify.verdict import NO_REPLY, SendFailure

MAX_RECEIVED = 400_000  # bytes that all answers to one send may have, with their headers
MAX_EARLY_ANSWERS = 20  # such as 103 Early Hints
MAX_BODY = 65_536  # bytes of an answer's body, unpacked, that a plugin gets to see
BODY_TIME = 10.0  # seconds that an answer's body may take after its head
_LOGGERS = ("apprise", "urllib3", "urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


# A context variable, not an attribute: other users of requests in this process must see no difference.
_current: ContextVar[Tap | None] = ContextVar("monitor_tap", default=None)
_install_lock = threading.Lock()
_installed = threading.Event()


@contextmanager
def capture(timeout: float, *, is_rehearsal: bool = False, connections: KeptConnections | None = None) -> Iterator[Tap]:
    """Note what this thread sends, and end it after `timeout` seconds; a rehearsal sends nothing.

    connections: what HTTP requests go through; None: each opens a connection of its own.
    """
    _install()
    tap = Tap(deadline=time.monotonic() + timeout, is_rehearsal=is_rehearsal, connections=connections)
    token = _current.set(tap)
    try:
        yield tap
    finally:
        _current.reset(token)
        if connections:
            connections.release()


def _install() -> None:
    with _install_lock:
        if _installed.is_set():
            return
        with quiet_imports():
            import apprise  # noqa: F401 - with the libraries that the taps are for
        for tap in (
            _tap_names,
            _tap_connections,
            _tap_datagrams,
            _tap_received,
            _tap_tls,
            _tap_environment,
            _tap_requests,
            _tap_request_heads,
            _tap_answers,
            _tap_smtp_replies,
            _tap_smtp_calls,
            _tap_syslog,
        ):
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


def _tap_names() -> None:
    def getaddrinfo(tap: Tap, plain: Any, *values: Any, **named: Any) -> Any:
        if tap.is_rehearsal:
            tap.note_socket()
            raise socket.gaierror(socket.EAI_NONAME, "a rehearsal asks nobody")
        host, port = _host_and_port(*values, **named)
        try:
            found = plain(*values, **named)
        except socket.gaierror as error:
            tap.note_socket()
            tap.note_place(host, port)
            tap.note_not_connected(error)
            raise
        tap.hosts |= {str(each[4][0]): host for each in found}
        return found

    _wrap(socket, "getaddrinfo", getaddrinfo)


def _tap_connections() -> None:
    def connect(tap: Tap, plain: Any, connection: socket.socket, address: Any) -> None:
        tap.note_socket()
        if tap.is_rehearsal:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "a rehearsal connects to nobody")
        if isinstance(address, tuple):
            number, port = str(address[0]), int(address[1])
            tap.note_place(tap.hosts.get(number, number), port)
        try:
            tap.check_time()
            if (limit := connection.gettimeout()) != 0:  # 0: an event loop's; None: it would wait forever
                left = tap.deadline - time.monotonic()
                connection.settimeout(left if limit is None else min(limit, left))
            plain(connection, address)
            tap.is_connected = True
        except BlockingIOError:
            raise  # not a failure: an event loop waits for it
        except OSError as error:
            tap.note_not_connected(error)
            raise
        tap.note_failure(SendFailure.NONE)

    _wrap(socket.socket, "connect", connect)


def _tap_datagrams() -> None:
    def sendto(tap: Tap, plain: Any, connection: socket.socket, *values: Any) -> Any:
        tap.note_socket()
        if tap.is_rehearsal:
            return len(values[0])
        try:
            return plain(connection, *values)
        except OSError as error:
            if isinstance(values[-1], tuple):  # the system looks its host up by itself
                tap.note_place(str(values[-1][0]), int(values[-1][1]))
            tap.note_not_connected(error)
            raise

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
    def wrap_socket(tap: Tap, plain: Any, context: ssl.SSLContext, *values: Any, **named: Any) -> Any:
        tap.certificate = b""
        watch_certificates(context, _note_certificate)  # of the handshakes that begin from now on
        return plain(context, *values, **named)

    def do_handshake(tap: Tap, plain: Any, connection: ssl.SSLSocket, *values: Any) -> None:
        try:
            plain(connection, *values)
        except OSError as error:
            host = connection.server_hostname or tap.place[0]  # behind a proxy not the one that it is connected to
            peer = shown_peer(host, tap.place[1]) if host == tap.place[0] else shown_host(host)
            tap.note_failure(SendFailure.NOT_CONNECTED, tls_reason(error, host, peer, tap.certificate))
            raise

    _wrap(ssl.SSLContext, "wrap_socket", wrap_socket)
    _wrap(ssl.SSLSocket, "do_handshake", do_handshake)


def _note_certificate(der: bytes) -> None:
    """Note a server's certificate; a context may serve several threads, each with a send of its own."""
    if (tap := _current.get()) is not None:
        tap.certificate = der


def _tap_environment() -> None:
    """Look proxies and certificates up once while a connection is kept: the environment of a process never changes."""
    from requests import Session

    def merge(tap: Tap, plain: Any, session: Any, *values: Any) -> Any:
        look_up = functools.partial(plain, session, *values)
        return tap.connections.settings(session, values, look_up) if tap.connections else look_up()

    _wrap(Session, "merge_environment_settings", merge)


def _tap_requests() -> None:
    """Note what requests does; HTTPAdapter is its lowest level, below redirects and the reading of bodies."""
    from requests import ConnectionError as NotConnected
    from requests.adapters import HTTPAdapter

    def send(tap: Tap, plain: Any, adapter: Any, request: Any, *values: Any, **named: Any) -> Any:
        tap.note(protocol="http", is_cut=False)
        tap.path = request.path_url
        if tap.is_rehearsal:
            raise NotConnected("a rehearsal connects to nobody")
        tap.rewrite_body(request)
        answered = len(tap.trace.codes)
        try:
            response = plain(_kept(tap, adapter), request, *values, **named)
        except (OSError, ValueError) as error:
            if len(tap.trace.codes) > answered:
                return _status_alone(tap, request)
            if tap.has_left:
                tap.note_unanswered(root_of(error))
            elif not tap.trace.failure:
                tap.note_not_connected(root_of(error))
            raise
        headers = response.headers
        tap.note(retry_after=retry_after(headers.get("Retry-After"), headers.get("Date")))
        if 300 <= response.status_code < 400:
            headers.pop("Location", None)  # nobody follows it, and requests fails on one that it cannot parse
        _read_body(tap, response)
        return response

    _wrap(HTTPAdapter, "send", send)


def _tap_request_heads() -> None:
    def endheaders(tap: Tap, plain: Any, connection: Any, *values: Any, **named: Any) -> None:
        if connection.sock is None and connection.auto_open:
            connection.connect()  # what it would do by itself, but then nobody could tell how far it came
        if not tap.is_connected:
            tap.note_kept(connection.host, connection.port)
        tap.note_request(is_plain=not isinstance(connection.sock, ssl.SSLSocket))
        plain(connection, *values, **named)

    _wrap(http.client.HTTPConnection, "endheaders", endheaders)


def _kept(tap: Tap, adapter: Any) -> Any:
    """Return the channel's adapter in place of a plain one, of which requests makes a new one for each request."""
    kind = type(adapter)
    is_plain = kind.__module__ == "requests.adapters"  # not a plugin's own, which may check where it connects to
    return tap.connections.adapter(kind) if tap.connections and is_plain else adapter


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
    if is_plain_to_tls(response.status_code, bytes(body)):
        tap.note_not_understood()


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
            if isinstance(error, http.client.BadStatusLine) and is_tls_alert(str(error.args[0])):
                tap.note_not_understood()
            elif not isinstance(status, int) or status < 200:
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


def _tap_smtp_replies() -> None:
    import smtplib

    def getreply(tap: Tap, plain: Any, client: smtplib.SMTP) -> tuple[int, bytes]:
        tap.note(protocol="smtp")
        is_after_text = tap.trace.codes[-1:] == (354,)
        try:
            reply: tuple[int, bytes] = plain(client)
        except (OSError, smtplib.SMTPException) as error:
            if is_after_text:
                tap.note_unanswered(root_of(error))
                tap.note_code(NO_REPLY)
            elif not tap.trace.failure and all(code < 400 for code in tap.trace.codes):  # else a refusal is the reason
                late = SendFailure.MAIL_TIMEOUT if tap.trace.codes else SendFailure.MAIL_SILENT
                tap.note_failure(late if isinstance(root_of(error), TimeoutError) else SendFailure.MAIL_CUT)
            raise
        is_reply = 200 <= reply[0] < 600
        if not is_reply:
            tap.note_failure(SendFailure.UNREADABLE if is_after_text else SendFailure.NO_MAIL_SERVER)
        if is_reply or is_after_text:  # smtplib goes on after it, and gets replies to other commands
            tap.note_code(reply[0] if is_reply else NO_REPLY)
        return reply

    _wrap(smtplib.SMTP, "getreply", getreply)


def _tap_smtp_calls() -> None:
    import smtplib

    def starttls(tap: Tap, plain: Any, client: smtplib.SMTP, *values: Any, **named: Any) -> Any:
        try:
            return plain(client, *values, **named)
        except smtplib.SMTPNotSupportedError:
            tap.note_failure(SendFailure.NO_STARTTLS)
            raise

    def login(tap: Tap, plain: Any, client: smtplib.SMTP, *values: Any, **named: Any) -> Any:
        try:
            return plain(client, *values, **named)
        except smtplib.SMTPAuthenticationError:
            raise  # its code is noted
        except smtplib.SMTPException:
            if not tap.trace.failure:
                tap.note_failure(SendFailure.NO_LOGIN)
            raise

    def sendmail(tap: Tap, plain: Any, client: smtplib.SMTP, sender: str, to: Any, mail: Any, *rest: Any) -> Any:
        return plain(client, sender, to, tap.rewrite_mail(mail) if isinstance(mail, str) else mail, *rest)

    _wrap(smtplib.SMTP, "starttls", starttls)
    _wrap(smtplib.SMTP, "login", login)
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


def _host_and_port(host: Any, port: Any, *_: Any, **__: Any) -> tuple[str, int]:
    """Return the first arguments of `getaddrinfo` as text and number; a port may be a service's name."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host or ""
    return str(text), int(port) if str(port).isdigit() else 0
