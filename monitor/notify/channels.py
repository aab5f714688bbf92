"""Open the channel that a configured url names."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TextIO

from monitor.model import Message, Outcome, Verdict
from monitor.notify.address_forms import is_complete
from monitor.notify.console import ConsoleChannel
from monitor.notify.schemes import COMMON_SCHEMES, ChannelUnusable, Html, scheme_of
from monitor.ports import Channel
from monitor.secret import Secret

if TYPE_CHECKING:
    from monitor.notify.apprise_channel import AppriseChannel


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
        from monitor.notify.apprise_channel import check_url

        return check_url(url, html=html)
    return "console:// prints plain text; set html to auto" if html == "on" else None


def check_service(url: Secret, *, html: Html = "auto") -> str | None:
    """Check as `check_channel`, except what is common, so that most monitors load apprise at their first send."""
    return None if scheme_of(url) in COMMON_SCHEMES or is_complete(url) else check_channel(url, html=html)


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
        self._url = url
        self._html: Html = html
        self._store = store
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
        if self._channel is None:
            from monitor.notify.apprise_channel import open_apprise

            self._channel = open_apprise(self.name, self._url, html=self._html, store=self._store)
        return self._channel
