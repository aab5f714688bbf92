"""A message → one call of an Apprise plugin → a verdict told from what was seen on the wire.

The only door to apprise, and with it to requests and smtplib. All three are loaded at first use: apprise alone costs
about half a second and 47 MB. Plugins tell only True or False and log whole webhook URLs, so while one of them works
for us a tap notes every answer it gets, and its loggers are shut.
"""

from __future__ import annotations

import difflib
import functools
import html
import logging
import re
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from monitor.errors import MonitorError
from monitor.model import Message, Verdict
from monitor.notify.html import page
from monitor.notify.mime import with_readings
from monitor.notify.render import disarm, plain, subject
from monitor.notify.verdict import Breakdown, Wire, retry_after, verdict_of
from monitor.secret import Secret

SOCKET_LONGEST = 10.0  # seconds to connect, and to wait for an answer; a shorter cto= or rto= in the url stands
SEND_LONGEST = 60.0  # seconds for all of it: who answers a byte at a time never exceeds a socket's patience
Html = Literal["auto", "on", "off"]  # a channel's `html`: auto sends pages by mail and plain text elsewhere

_MARKUP_ONLY = frozenset({"tgram", "pover"})  # their HTML is a handful of tags, not a page
_ESCAPED_BY_US = "tgram"  # the service knows no plain text: what we send it must be escaped by us
_WITH_HEADERS = frozenset({"mailto", "json", "xml", "form"})  # plugins whose own header table goes out as it is
_BY_SMTP = frozenset({"mailto", "mailtos"})
_BY_MAIL = _BY_SMTP | {
    "azure", "brevo", "groundmail", "mailersend", "mailgun", "o365", "postmark", "resend",
    "sendgrid", "sendpulse", "ses", "smtp2go", "sparkpost",
}  # fmt: skip
_VERBATIM = _BY_MAIL | {
    "json",
    "jsons",
    "xml",
    "xmls",
    "form",
    "forms",
    "slack",
}  # read no markup in text, or escape it
_ROOMS = (1.0, 0.5, 0.25, 0.125)  # of the usual room: text full of what must be escaped grows up to sixfold
_LOGGERS = ("apprise", "urllib3", "urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


class ChannelUnusable(MonitorError):
    """A channel's url names no service that can be used; the text names the scheme and nothing else of the url."""

    exit_code = 78


class AppriseChannel:
    """One Apprise service, built by `build`, spoken to from one thread at a time."""

    def __init__(self, name: str, service: Any, *, html: Html = "auto", longest: float = SEND_LONGEST) -> None:
        self.name = name
        self._service = service
        self._longest_send = longest
        self._schemes = _schemes(service)
        self._is_paged = takes_pages(service) and (html == "on" or (html == "auto" and bool(self._schemes & _BY_MAIL)))
        # Markup that plugins add while escaping counts too; what does not fit is shortened between items.
        self._longest = service.body_maxlen
        self._room = max(200, int((self._longest - 200) * 0.9))

    def send(self, message: Message, *, delivery: int) -> Verdict:
        """Bounded by the socket timeouts and SEND_LONGEST; whatever the plugin raises becomes a verdict."""
        if self._schemes & _WITH_HEADERS:
            self._service.headers.update(self._headers(delivery))
        _install()
        with _listening() as tap, _ended_after(self._longest_send, tap):
            if self._is_paged and self._schemes & _BY_SMTP:
                tap.reading = functools.partial(with_readings, text=plain(message, room=self._room), page=page(message))
            # The plugin itself, not Apprise.notify(): that one hands the call to a pool shared by all channels.
            said = _contained(lambda: self._service.notify(**self._content(message)))
        if said is None:
            tap.breakdown = Breakdown.PLUGIN
        return verdict_of(tap.wire(), accepted=bool(said))

    def _headers(self, delivery: int) -> dict[str, str]:
        """What a receiver can file and filter by; a Message-ID of ours would be a second one."""
        told = {"X-Monitor-Delivery": str(delivery)}
        if self._schemes & _BY_SMTP:
            name = re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-") or "channel"
            told |= {"List-Id": f"<{name}.press-monitor.localhost>", "Auto-Submitted": "auto-generated"}
        return told

    def _content(self, message: Message) -> dict[str, str]:
        if self._is_paged and not self._schemes & _BY_SMTP:
            return {"title": subject(message), "body": page(message), "body_format": "html"}
        if _ESCAPED_BY_US in self._schemes:
            return self._fitting(message, html.escape, "html")
        return self._fitting(message, str if self._schemes & _VERBATIM else disarm, "text")

    def _fitting(self, message: Message, armour: Callable[[str], str], body_format: str) -> dict[str, str]:
        """The most that the service still takes once it is escaped; of hostile text that is less."""
        title = armour(subject(message))
        bodies = (armour(plain(message, room=int(self._room * share))) for share in _ROOMS)
        body = next((text for text in bodies if len(title) + len(text) <= self._longest), "")
        return {"title": title, "body": body or armour(plain(message, room=200)), "body_format": body_format}


def build(url: Secret) -> Any:
    """The service a url names, tamed: no retries, redirects, throttle or extra requests of its own.

    Raises ChannelUnusable with the next step, never with a part of the url beyond its scheme.
    """
    _install()
    from apprise import Apprise, AppriseAsset, PersistentStoreMode

    scheme = scheme_of(url)
    asset = AppriseAsset(
        http_redirects=False,  # a login page reached by redirect answers 200
        service_timeout=0,  # a positive one runs the call in a pool of six shared by all channels
        allow_templates=False,
        storage_mode=PersistentStoreMode.MEMORY,
        pgp_autogen=False,
        pem_autogen=False,
        app_id="press-monitor",
        app_desc="press release monitor",
        app_url="",
    )
    with _listening():
        _refuse_list(url, scheme)
        service = _contained(lambda: Apprise.instantiate(url.reveal(), asset=asset))
        if service is None:
            raise ChannelUnusable(_why_unusable(url, scheme))
    _tame(service)
    _refuse_many(service, scheme)
    return service


def check_url(url: Secret, *, html: Html = "auto") -> str | None:
    """What is wrong with a channel's url, in one sentence; None: a service can be built from it. Sends nothing."""
    try:
        service = build(url)
    except ChannelUnusable as error:
        return error.message
    if html == "on" and not takes_pages(service):
        return f"{scheme_of(url)}:// takes no HTML pages; leave html at auto"
    return None


def takes_pages(service: Any) -> bool:
    """Whether a whole HTML page arrives there as one."""
    formats = getattr(service, "notify_format", ())
    known = formats if isinstance(formats, tuple | list) else (formats,)
    return "html" in [getattr(one, "value", one) for one in known] and not _schemes(service) & _MARKUP_ONLY


def scheme_of(url: Secret) -> str:
    """What stands before `://`, or `""`; the only part of a url that may be shown."""
    match = re.match(r"\s*([A-Za-z][A-Za-z0-9]{0,19})://", url.reveal())
    return match[1].lower() if match else ""


def _contained(call: Callable[[], Any]) -> Any:
    """What the call gives; None where it breaks. The one border to 175 plugins, each with bugs of its own.

    What they raise is dropped, not shown: its text may hold the url.
    """
    try:
        return call()
    except Exception:  # noqa: BLE001  the border per message; see above
        return None


def _schemes(service: Any) -> frozenset[str]:
    """All schemes a plugin goes by: one it was built from is not kept, and some have a pair of either kind."""
    both = (getattr(service, "protocol", None), getattr(service, "secure_protocol", None))
    return frozenset(name for one in both for name in ((one,) if isinstance(one, str) else one or ()))


def _tame(service: Any) -> None:
    """Settings that a url could have set otherwise, or that plugins switch on by themselves."""
    from apprise import OverflowMode

    service.retry = 0
    service.redirects = False
    service.request_rate_per_sec = 0
    service.overflow_mode = OverflowMode.UPSTREAM  # a split message fails as a whole
    service.socket_connect_timeout = min(service.socket_connect_timeout, SOCKET_LONGEST)
    service.socket_read_timeout = min(service.socket_read_timeout, SOCKET_LONGEST)
    for extra in ("include_image", "include_footer", "use_blocks", "avatar"):
        if hasattr(service, extra):
            setattr(service, extra, False)


def _refuse_list(url: Secret, scheme: str) -> None:
    """Apprise takes `json://a,json://b` for one url with an odd path, and would send to a wrong place."""
    from apprise.utils.parse import parse_urls

    if len(parse_urls(url.reveal())) > 1:  # type: ignore[no-untyped-call]  # it returns a list of str
        raise ChannelUnusable(f"this {scheme}:// url holds several urls; give each its own channel")


def _refuse_many(service: Any, scheme: str) -> None:
    """One failure of many recipients fails the send, and the retry tells those again who were told."""
    copies = [*(getattr(service, "cc", None) or ()), *(getattr(service, "bcc", None) or ())]
    count = len(service) + len(copies)
    if count > 1:
        raise ChannelUnusable(
            f"this {scheme}:// url names {count} recipients; give each its own channel, "
            "so that a retry never tells anyone twice"
        )
    if scheme.startswith("mailto") and not service.targets:
        raise ChannelUnusable(f"this {scheme}:// url names no valid recipient; add one, as in ?to=desk@example.org")


def _why_unusable(url: Secret, scheme: str) -> str:
    from apprise.manager_plugins import NotificationManager

    plugins: Any = NotificationManager()  # type: ignore[no-untyped-call]  # a singleton, loaded by now
    if not scheme:
        return "this url has no scheme; write it as scheme://…, for example slack://, mailto:// or json://"
    if scheme not in plugins:
        near = difflib.get_close_matches(scheme, plugins.schemas(), n=1)
        return f"no service is called {scheme}://" + (f"; did you mean {near[0]}://?" if near else "")
    if not plugins[scheme].enabled:
        return f"{scheme}:// needs a Python package that is not installed; see the Apprise page of this service"
    return f"this {scheme}:// url is incomplete or malformed; compare it with the Apprise page of this service"


@dataclass(slots=True)
class _Tap:
    """Notes of one send while it runs."""

    protocol: str = ""
    codes: list[int] = field(default_factory=list)
    retry_after: float | None = None
    breakdown: Breakdown = Breakdown.NONE
    reading: Callable[[str], str] = str  # what the mail server is to get instead of what the plugin built
    connections: list[socket.socket] = field(default_factory=list)  # second handles on them
    is_over: bool = False  # it took too long: no more connections

    def wire(self) -> Wire:
        return Wire(
            protocol=self.protocol, codes=tuple(self.codes), retry_after=self.retry_after, breakdown=self.breakdown
        )

    def end(self) -> None:
        """Break off what is under way; from any thread."""
        self.is_over = True
        for connection in self.connections:
            with suppress(OSError):  # never connected, or gone already
                connection.shutdown(socket.SHUT_RDWR)


# A context variable, not an attribute: other users of requests in this process must see no difference.
_tap: ContextVar[_Tap | None] = ContextVar("monitor_tap", default=None)
_installing = threading.Lock()
_installed = threading.Event()


@contextmanager
def _listening() -> Iterator[_Tap]:
    tap = _Tap()
    token = _tap.set(tap)
    try:
        yield tap
    finally:
        _tap.reset(token)


@contextmanager
def _ended_after(longest: float, tap: _Tap) -> Iterator[None]:
    timer = threading.Timer(longest, tap.end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        for connection in tap.connections:
            connection.close()


def _install() -> None:
    """Load the plugins, put the taps in and shut the loggers, once; the last two do nothing outside `_listening`."""
    with _installing:
        if _installed.is_set():
            return
        _load_plugins()
        _tap_http()
        _tap_smtp()
        _tap_connect()
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_is_not_ours)
        _installed.set()


def _load_plugins() -> None:
    """Under a lock, for filters of warnings are the process's; Apprise 2.2 imports imghdr, which Python 3.11 rues."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from apprise.manager_plugins import NotificationManager

        NotificationManager().load_modules()  # type: ignore[no-untyped-call]


def _is_not_ours(_record: logging.LogRecord) -> bool:
    return _tap.get() is None


def _tap_http() -> None:
    import requests

    plain_send = requests.Session.send

    @functools.wraps(plain_send)
    def send(self: Any, request: Any, **options: Any) -> Any:
        tap = _tap.get()
        if tap is None:
            return plain_send(self, request, **options)
        tap.protocol = "http"
        try:
            response = plain_send(self, request, **options)
        except requests.RequestException as error:
            tap.breakdown = _http_breakdown(error)
            raise
        tap.codes.append(response.status_code)
        tap.retry_after = retry_after(response.headers.get("Retry-After"), response.headers.get("Date"))
        return response

    requests.Session.send = send  # type: ignore[method-assign]  # the tap itself


def _tap_smtp() -> None:
    import smtplib

    plain_getreply = smtplib.SMTP.getreply

    @functools.wraps(plain_getreply)
    def getreply(self: smtplib.SMTP) -> tuple[int, bytes]:
        tap = _tap.get()
        if tap is not None:
            tap.protocol = "smtp"
        reply = plain_getreply(self)
        if tap is not None:
            tap.codes.append(reply[0])
        return reply

    plain_sendmail = smtplib.SMTP.sendmail

    @functools.wraps(plain_sendmail)
    def sendmail(self: smtplib.SMTP, from_addr: str, to_addrs: Any, msg: Any, *rest: Any, **options: Any) -> Any:
        tap = _tap.get()
        read = tap.reading(msg) if tap is not None and isinstance(msg, str) else msg
        return plain_sendmail(self, from_addr, to_addrs, read, *rest, **options)

    smtplib.SMTP.getreply = getreply  # type: ignore[method-assign]  # the tap itself
    smtplib.SMTP.sendmail = sendmail  # type: ignore[method-assign]  # the second tap


def _tap_connect() -> None:
    plain_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        tap = _tap.get()
        if tap is not None:
            if tap.is_over:
                raise TimeoutError
            tap.connections.append(self.dup())
        plain_connect(self, address)

    socket.socket.connect = connect  # type: ignore[assignment, method-assign]  # the third tap; as C types it


def _http_breakdown(error: Exception) -> Breakdown:
    """Whether the request had left: requests hides that in the class of what it wraps."""
    import requests
    from urllib3 import exceptions

    cause = error.args[0] if error.args else None
    if isinstance(getattr(cause, "reason", None), exceptions.NameResolutionError):
        return Breakdown.NAMELESS
    if isinstance(error, requests.exceptions.SSLError):
        return Breakdown.TLS
    if isinstance(error, requests.ReadTimeout):
        return Breakdown.SILENT
    is_cut_off = isinstance(cause, exceptions.ProtocolError | exceptions.ReadTimeoutError)
    return Breakdown.BROKEN if is_cut_off else Breakdown.UNREACHED
