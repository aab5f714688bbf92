"""Send a message through one Apprise plugin, and derive the verdict from what was seen on the wire.

A plugin's True counts only where `wire_tap` saw that something was sent. Apprise and all it needs are loaded at first
use.
"""

from __future__ import annotations

import difflib
import functools
import html
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from monitor.model import Message, Outcome, Verdict
from monitor.notify.address_forms import form_of, missing_part
from monitor.notify.guard import SEND_TIMEOUT, attempt
from monitor.notify.html import fits_page, page
from monitor.notify.kept_connections import KeptConnections
from monitor.notify.message_limit import limit_of
from monitor.notify.mime import list_headers, thread_headers, with_alternatives, with_folded_subject
from monitor.notify.plain_text import plain
from monitor.notify.quiet_imports import quiet_imports
from monitor.notify.render import escape_chat_markup, subject
from monitor.notify.rendered_bodies import RenderedBodies
from monitor.notify.schemes import PLUGINS, ChannelUnusable, Html, scheme_of, webhook_scheme
from monitor.notify.send_notes import Tap
from monitor.notify.slack import fits_blocks, with_blocks
from monitor.notify.verdict import NO_RECIPIENT, NOTHING_SENT, SendFailure, WireTrace, verdict_of
from monitor.notify.webhook_fields import fields, fits_fields, flat_fields
from monitor.notify.wire_tap import capture
from monitor.secret import Secret

SOCKET_TIMEOUT = 10.0  # seconds to connect, and to wait for an answer; a shorter cto= or rto= in the url stays
# Seconds for all requests of a send: a server that answers a byte at a time never exceeds a socket's timeout. The last
# wait for a socket may come on top; together they end before a GuardedChannel gives the send up.
EXCHANGE_TIMEOUT = SEND_TIMEOUT - SOCKET_TIMEOUT

_MARKUP_ONLY = frozenset({"tgram", "pover"})  # their HTML is a handful of tags, not a page
_HTML_ESCAPED = "tgram"  # the service knows no plain text: what we send it must be escaped by us
_WITH_HEADERS = frozenset({"mailto", "json", "xml", "form"})  # plugins whose own header table goes out as it is
_WITH_BLOCKS = frozenset({"hook", "gov-hook", "bot"})  # modes of Slack; its workflows take the text as a variable
_WITH_FIELDS: Mapping[str, Callable[[Message, str], dict[str, Any]]] = {
    "json": fields, "form": flat_fields, "xml": flat_fields,
}  # fmt: skip
_BY_SMTP = frozenset({"mailto", "mailtos"})
_BY_MAIL = _BY_SMTP | {
    "azure", "brevo", "groundmail", "mailersend", "mailgun", "o365", "postmark", "resend",
    "sendgrid", "sendpulse", "ses", "smtp2go", "sparkpost",
}  # fmt: skip
# These read no markup in text, or escape it.
_VERBATIM = _BY_MAIL | {"json", "jsons", "xml", "xmls", "form", "forms", "slack"}
# They show something on this machine, through a library or a program: the plugin's word counts.
_LOCAL = frozenset({"blink1", "dbus", "glib", "gnome", "kde", "macosx", "qt", "windows"})
# They log in and report success where nobody is there to read; a message is a request with this in its path.
_MESSAGE_PATHS = dict.fromkeys(("emby", "jellyfin"), "/Message")


class AppriseChannel:
    """An Apprise service, made by `build`, used from one thread at a time."""

    def __init__(
        self, name: str, service: Any, *, html: Html = "auto", timeout: float = EXCHANGE_TIMEOUT, store: str = ""
    ) -> None:
        self.name = name
        self._service = service
        self._store = store or name
        self._timeout = timeout
        self._connections = KeptConnections()
        self._bodies = RenderedBodies()
        self._schemes = _schemes(service)
        self.supports_pages = supports_pages(service)
        self._sends_pages = self.supports_pages and (
            html == "on" or (html == "auto" and bool(self._schemes & _BY_MAIL))
        )
        self._sends_blocks = "slack" in self._schemes and getattr(service, "mode", "") in _WITH_BLOCKS
        self._url_headers = dict(getattr(service, "headers", None) or {})
        self._url_fields = dict(getattr(service, "payload_extras", None) or {})
        self._fields = next((_WITH_FIELDS[name] for name in _WITH_FIELDS if name in self._schemes), None)
        if "form" in self._schemes and service.method == "GET":
            self._fields = None  # an address has no room for them
        self._limit = limit_of(service, self._schemes, is_mail=bool(self._schemes & _BY_SMTP))

    def send(self, message: Message, *, delivery: str) -> Verdict:
        """Send within the timeout; an error that the plugin raises becomes a verdict, one of the message is raised.

        Blocks that Slack refuses, because a limit of theirs has changed, are sent once more as text.
        """
        trace, accepted = self._notify(message, delivery)
        verdict = verdict_of(trace, accepted=accepted)
        if self._sends_blocks and verdict.outcome is Outcome.REFUSED:
            trace, accepted = self._notify(message, delivery, is_text=True)
            return verdict_of(trace, accepted=accepted)
        return verdict

    def fits(self, message: Message) -> bool:
        """Return whether one message of the service shows all items in full, as its plugin will write it."""
        if self._sends_blocks:
            return fits_blocks(message)
        if self._fields and not fits_fields(message):
            return False
        if self._sends_pages:
            return fits_page(message)
        body = plain(message)
        is_accepted = self._accepts(self._text(message, body))
        if is_accepted:
            self._bodies.keep(message, body)
        return is_accepted

    def unusable_reason(self) -> str | None:
        """Return why this plugin cannot send a plain message; None: it would try. Nothing leaves this process."""
        if self._schemes & _LOCAL:
            return None
        sample = Message(channel=self.name, kind="test", source="", text="A sample that is not sent.")
        trace, accepted = self._notify(sample, "0", is_rehearsal=True)
        if trace.error:
            return f"its plugin fails for every message ({trace.error}); use another service"
        if trace.protocol:
            return None
        return NOTHING_SENT if accepted else NO_RECIPIENT

    def _notify(
        self, message: Message, delivery: str, *, is_rehearsal: bool = False, is_text: bool = False
    ) -> tuple[WireTrace, bool]:
        """Return what was seen of one send, and whether the plugin reported success."""
        content = self._content(message)
        rewrite_mail: Callable[[str], str] = with_folded_subject
        if self._sends_pages and self._schemes & _BY_SMTP:
            rewrite_mail = functools.partial(with_alternatives, text=plain(message), page=page(message))
        with capture(self._timeout, is_rehearsal=is_rehearsal, connections=self._connections) as tap:
            tap.rewrite_mail = rewrite_mail
            if self._sends_blocks and not is_text:
                tap.rewrite_json = functools.partial(with_blocks, message=message)
            self._add_facts(message, delivery)
            result = attempt(lambda: self._call_plugin(tap, content))
            if self._schemes & _LOCAL:
                tap.note_socket()
            if isinstance(result, BaseException):
                tap.note(failure=tap.trace.failure or SendFailure.PLUGIN, error=type(result).__name__)
        is_message = all(path in tap.path for scheme, path in _MESSAGE_PATHS.items() if scheme in self._schemes)
        accepted = result is True and is_message
        return tap.ended(accepted=accepted), accepted

    def _call_plugin(self, tap: Tap, content: dict[str, str]) -> object:
        """Call the plugin itself, not Apprise.notify(): that one hands the call to a pool shared by all channels.

        Opsgenie and Jira open an alert for a warning only; anything less is a note on one that is open.
        """
        from apprise import NotifyType

        result = self._service.notify(**content, notify_type=NotifyType.INFO)
        if result is True and not tap.trace.protocol and not self._schemes & _LOCAL:
            return self._service.notify(**content, notify_type=NotifyType.WARNING)
        return result

    def _add_facts(self, message: Message, delivery: str) -> None:
        """Hand over what title and body do not hold, where a plugin takes more; what the url adds to it stays."""
        if self._schemes & _WITH_HEADERS:
            self._service.headers = self._url_headers | self._headers(message, delivery)
        if self._fields:
            self._service.payload_extras = self._fields(message, delivery) | self._url_fields
            self._service.xsd_url = None  # of XML: as the plugin itself, which has no schema for further elements

    def _headers(self, message: Message, delivery: str) -> dict[str, str]:
        """Return headers to filter and to join by; without a Message-ID, for the plugin writes one."""
        headers = {"X-Monitor-Delivery": delivery}
        if self._schemes & _BY_SMTP:
            headers |= list_headers(self.name) | thread_headers(message, self._store)
        return headers

    def _content(self, message: Message) -> dict[str, str]:
        """Return the most that the service accepts after escaping; hostile text grows, so less of it fits."""
        if self._sends_pages and not self._schemes & _BY_SMTP:
            return {"title": subject(message), "body": page(message), "body_format": "html"}
        body = self._bodies.take(message)
        if body is None or not self._accepts(self._text(message, body)):
            body = plain(message, fits=lambda text: self._accepts(self._text(message, text)))
        return self._text(message, body)

    def _text(self, message: Message, body: str) -> dict[str, str]:
        """Return title and body, escaped; escaping must not make a title longer than the service allows."""
        escape: Callable[[str], str] = str if self._schemes & _VERBATIM else escape_chat_markup
        body_format = "text"
        if _HTML_ESCAPED in self._schemes:
            escape, body_format = html.escape, "html"
        titles = (escape(subject(message, most=most)) for most in range(self._limit.title, 0, -1))
        title = next((one for one in titles if len(one) <= self._limit.title), "")
        return {"title": title, "body": escape(body), "body_format": body_format}

    def _accepts(self, content: dict[str, str]) -> bool:
        """Return whether the service accepts what its plugin makes of this, joined and in the service's own markup."""
        if content["body"].count("\n") >= self._limit.lines:
            return False
        # Apprise has no public way to ask for it.
        calls = attempt(lambda: list(self._service._build_send_calls(**content)))  # noqa: SLF001
        (sent,) = calls if isinstance(calls, list) else (content,)  # a plugin that breaks here breaks at its send, too
        return self._limit.accepts(sent["title"], sent["body"])


def build(url: Secret, *, plugins: Mapping[str, tuple[str, str]] = PLUGINS) -> Any:
    """Return the service of a url, without retries, redirects, throttle or extra requests of its own.

    plugins: the module and the class of common schemes; where one is not there, all plugins are searched. Raises
    ChannelUnusable with the next step; its text shows nothing of the url but the scheme.
    """
    scheme = scheme_of(url)
    with capture(EXCHANGE_TIMEOUT):
        from apprise import Apprise, AppriseAsset, PersistentStoreMode
        from apprise.utils.parse import parse_urls

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
        # Apprise reads `json://a,json://b` as one url with an odd path, and would send to a wrong place.
        if len(parse_urls(url.reveal())) > 1:  # type: ignore[no-untyped-call]  # it returns a list of str
            raise ChannelUnusable(f"this {scheme}:// url holds several urls; give each its own channel")
        service = attempt(lambda: _common_service(url, asset, plugins))
        if service is None or isinstance(service, BaseException):
            load_all_plugins()
            service = attempt(lambda: Apprise.instantiate(url.reveal(), asset=asset))
        if service is None or isinstance(service, BaseException):
            raise ChannelUnusable(_unusable_reason(url, scheme))
        _configure(service)
        _reject_recipients(service, scheme)
    return service


def _common_service(url: Secret, asset: Any, plugins: Mapping[str, tuple[str, str]]) -> Any:
    """Return what Apprise.instantiate would make of a common service's url, or None; no other plugin is loaded."""
    scheme = scheme_of(url)
    native = webhook_scheme(url)
    if "\n" in url.reveal() or not (scheme in plugins or native):
        return None
    module, name = plugins[native or scheme]
    with quiet_imports():
        plugin = getattr(import_module(f"apprise.plugins.{module}"), name)
    written = url.reveal().replace("/#", "/%23")  # as Apprise does
    parsed = plugin.parse_native_url(written) if native else plugin.parse_url(written)
    if not (parsed and plugin.enabled):
        return None
    service = plugin(**{**parsed, "asset": asset, "tag": set()})
    return service if service.enabled else None


def load_all_plugins() -> None:
    """Load every plugin, so that Apprise finds the one of any url; this takes 0.2 s and 15 MB."""
    with quiet_imports():
        from apprise.manager_plugins import NotificationManager

        NotificationManager().load_modules()  # type: ignore[no-untyped-call]


def open_apprise(name: str, url: Secret, *, html: Html = "auto", store: str = "") -> AppriseChannel:
    """Return the channel of a url. Raises ChannelUnusable, also where its plugin fails while it is set up."""
    channel = attempt(lambda: AppriseChannel(name, build(url), html=html, store=store))
    if isinstance(channel, ChannelUnusable | OSError | MemoryError):
        raise channel
    if isinstance(channel, BaseException):
        fault = f"fails while it is set up ({type(channel).__name__})"
        raise ChannelUnusable(f"the plugin of {scheme_of(url)}:// {fault}; use another service")
    return channel


def check_url(url: Secret, *, html: Html = "auto") -> str | None:
    """Return what is wrong with a channel's url, in one sentence, without sending; None: a message would be tried."""
    try:
        channel = open_apprise("check", url, html=html)
    except ChannelUnusable as error:
        return error.message
    if html == "on" and not channel.supports_pages:
        return f"{scheme_of(url)}:// does not accept HTML pages; set html to auto"
    problem = missing_part(url) or channel.unusable_reason()
    return (form_of(url) if problem in (NOTHING_SENT, NO_RECIPIENT) else None) or problem


def supports_pages(service: Any) -> bool:
    """Return whether a whole HTML page arrives there as one."""
    formats = getattr(service, "notify_format", ())
    known = formats if isinstance(formats, tuple | list) else (formats,)
    return "html" in [getattr(one, "value", one) for one in known] and not _schemes(service) & _MARKUP_ONLY


def _schemes(service: Any) -> frozenset[str]:
    """Return all schemes of a plugin: it does not keep the one it was built from, and some have several.

    They are read from the class: Kodi's instances have a number of that name.
    """
    both = (getattr(type(service), "protocol", None), getattr(type(service), "secure_protocol", None))
    return frozenset(name for one in both for name in ((one,) if isinstance(one, str) else one or ()))


def _configure(service: Any) -> None:
    """Override settings that a url could have changed, or that plugins switch on by themselves."""
    from apprise import OverflowMode

    service.retry = 0
    service.redirects = False
    service.request_rate_per_sec = 0
    service.overflow_mode = OverflowMode.UPSTREAM  # a split message fails as a whole
    service.socket_connect_timeout = min(service.socket_connect_timeout, SOCKET_TIMEOUT)
    service.socket_read_timeout = min(service.socket_read_timeout, SOCKET_TIMEOUT)
    for extra in ("include_image", "include_footer", "use_blocks", "avatar"):
        if hasattr(service, extra):
            setattr(service, extra, False)


def _reject_recipients(service: Any, scheme: str) -> None:
    """Accept exactly one: if one of several fails, the send fails, and a retry reaches the others twice."""
    count = len(service) + sum(len(getattr(service, copies, None) or ()) for copies in ("cc", "bcc"))
    if count > 1:
        raise ChannelUnusable(
            f"this {scheme}:// url names {count} recipients; give each its own channel, "
            "so that a retry never reaches anyone twice"
        )
    if scheme.startswith("mailto") and not service.targets:
        raise ChannelUnusable(f"this {scheme}:// url names no valid recipient; add one, as in ?to=desk@example.org")


def _unusable_reason(url: Secret, scheme: str) -> str:
    from apprise.manager_plugins import NotificationManager

    plugins: Any = NotificationManager()  # type: ignore[no-untyped-call]  # a singleton, loaded by now
    if not scheme:
        return "this url has no scheme; write it as scheme://…, for example slack://, mailto:// or json://"
    form = form_of(url)
    if scheme not in plugins:
        near = difflib.get_close_matches(scheme, plugins.schemas(), n=1)
        return form or f"no service is called {scheme}://" + (f"; did you mean {near[0]}://?" if near else "")
    if not plugins[scheme].enabled:
        return f"{scheme}:// needs a Python package that is not installed; see the Apprise page of this service"
    incomplete = f"this {scheme}:// url is incomplete or malformed"
    return f"{incomplete}: {form}" if form else f"{incomplete}; compare it with the Apprise page of this service"
