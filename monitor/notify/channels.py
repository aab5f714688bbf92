"""Open the channel that a configured url names."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TextIO

from monitor.model import Message, Outcome, Rate, Verdict
from monitor.notify.address_forms import is_complete
from monitor.notify.apprise_channel import AppriseChannel, ChannelUnusable, Html, check_url, open_apprise, scheme_of
from monitor.notify.console import ConsoleChannel
from monitor.ports import Channel
from monitor.secret import Secret

_WEBHOOK_RATE, _MAIL_RATE = Rate(per_second=10, burst=10), Rate(per_second=10 / 60, burst=10)
_RATES = {
    "console": None, "json": _WEBHOOK_RATE, "jsons": _WEBHOOK_RATE, "mailto": _MAIL_RATE, "mailtos": _MAIL_RATE,
}  # fmt: skip
COMMON_SCHEMES = frozenset(
    {"console", "discord", "form", "forms", "gchat", "gotify", "gotifys", "json", "jsons", "mailto", "mailtos",
     "matrix", "matrixs", "mmost", "mmosts", "ntfy", "ntfys", "pover", "signal", "signals", "slack", "tgram",
     "workflows", "xml", "xmls"}
)  # fmt: skip
_DEFAULT_RATE = Rate(per_second=1, burst=3)  # the limit of Slack; few services allow less


def open_channel(  # noqa: PLR0913  of one entry of the configuration, and where it is used
    name: str,
    url: Secret,
    *,
    stream: TextIO,
    color: bool,
    html: Html = "auto",
    page: str = "",
    language: str = "en",
    store: str = "",
) -> Channel:
    """Return the channel at once; an Apprise service is built at the first send.

    page, language: as `Message` has them. store: the identity of the store that its releases are numbered in.
    """
    if scheme_of(url) == "console":
        return LocalizedChannel(ConsoleChannel(name, stream, color=color), page, language)
    return LocalizedChannel(LazyChannel(name, url, html=html, store=store), page, language)


def check_channel(url: Secret, *, html: Html = "auto") -> str | None:
    """Return what is wrong with the url, in one sentence without secrets; None: nothing. May load apprise."""
    if scheme_of(url) != "console":
        return check_url(url, html=html)
    return "console:// prints plain text; set html to auto" if html == "on" else None


def check_service(url: Secret, *, html: Html = "auto") -> str | None:
    """Check as `check_channel`, except what is common, so that most monitors load apprise at their first send."""
    return None if scheme_of(url) in COMMON_SCHEMES or is_complete(url) else check_channel(url, html=html)


def rate_of(url: Secret) -> Rate | None:
    """Return the default rate of the service; None: no limit."""
    return _RATES.get(scheme_of(url), _DEFAULT_RATE)


class LocalizedChannel:
    """A channel whose messages lead to the page and speak the language of its readers."""

    def __init__(self, channel: Channel, page: str, language: str) -> None:
        self.name = channel.name
        self._channel = channel
        self._localized = partial(replace, page=page, language=language)

    def send(self, message: Message, *, delivery: str) -> Verdict:
        """Send it with the addresses of its releases."""
        return self._channel.send(self._localized(message), delivery=delivery)

    def fits(self, message: Message) -> bool:
        """Return whether the service shows all of it, with these addresses."""
        return self._channel.fits(self._localized(message))


class LazyChannel:
    """A channel that builds its Apprise service at the first send; while that fails, it refuses every message."""

    def __init__(self, name: str, url: Secret, *, html: Html = "auto", store: str = "") -> None:
        self.name = name
        self._open = partial(open_apprise, name, url, html=html, store=store)
        self._channel: AppriseChannel | None = None

    def send(self, message: Message, *, delivery: str) -> Verdict:
        """Send as AppriseChannel; CHANNEL_REFUSED where no service can be built."""
        try:
            channel = self._opened()
        except ChannelUnusable as error:
            return Verdict(outcome=Outcome.CHANNEL_REFUSED, reason=error.message)
        except (OSError, MemoryError) as error:
            reason = f"the service could not be set up now ({type(error).__name__})"
            return Verdict(outcome=Outcome.TRANSIENT, reason=reason)
        return channel.send(message, delivery=delivery)

    def fits(self, message: Message) -> bool:
        """Return whether the service shows all of a message. Raises ChannelUnusable where none can be built."""
        return self._opened().fits(message)

    def _opened(self) -> AppriseChannel:
        self._channel = self._channel or self._open()
        return self._channel
