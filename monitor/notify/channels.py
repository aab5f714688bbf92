"""A configured channel url → something messages can be sent to."""

from __future__ import annotations

from typing import TextIO

from monitor.model import Message, Outcome, Rate, Verdict
from monitor.notify.apprise_channel import AppriseChannel, ChannelUnusable, Html, build, check_url, scheme_of
from monitor.notify.compose import USUAL, Bound
from monitor.notify.console import ConsoleChannel
from monitor.ports import Channel
from monitor.secret import Secret

# Services that refuse what our usual part would hold: the longest message they take, in characters.
_NARROW = {
    "discord": 2_000,
    "gchat": 4_000,
    "mmost": 4_000,
    "mmosts": 4_000,
    "ntfy": 7_800,
    "ntfys": 7_800,
    "tgram": 4_096,
}
_RATES = {
    "console": None,
    "json": Rate(per_second=10, burst=10),
    "jsons": Rate(per_second=10, burst=10),
    "mailto": Rate(per_second=10 / 60, burst=10),
    "mailtos": Rate(per_second=10 / 60, burst=10),
}
COMMON = frozenset(
    {"console", "discord", "form", "forms", "gchat", "gotify", "gotifys", "json", "jsons", "mailto", "mailtos",
     "matrix", "matrixs", "mmost", "mmosts", "ntfy", "ntfys", "pover", "signal", "signals", "slack", "tgram",
     "workflows", "xml", "xmls"}
)  # fmt: skip
_USUAL_RATE = Rate(per_second=1, burst=3)  # what Slack bears; few services bear less
_FACTS = 0.6  # their share of a rendered message; layout, subject and escaping take the rest


def open_channel(name: str, url: Secret, *, stream: TextIO, color: bool, html: Html = "auto") -> Channel:
    """Costs nothing and cannot fail: an Apprise service is built at the first send."""
    if is_console(url):
        return ConsoleChannel(name, stream, color=color)
    return LateChannel(name, url, html=html)


def check_channel(url: Secret, *, html: Html = "auto") -> str | None:
    """What is wrong with the url, in one sentence without secrets; None: nothing. Loads apprise unless console."""
    if not is_console(url):
        return check_url(url, html=html)
    return "console:// prints plain text; leave html at auto" if html == "on" else None


def check_service(url: Secret, *, html: Html = "auto") -> str | None:
    """The same, but of the common services nothing is asked: most monitors load no apprise before their first send."""
    return None if scheme_of(url) in COMMON else check_channel(url, html=html)


def is_console(url: Secret) -> bool:
    """Whether messages of this url are printed."""
    return scheme_of(url) == "console"


def bound_of(url: Secret) -> Bound:
    """How much one message of this channel may hold, so that `compose` splits where the service would refuse."""
    longest = _NARROW.get(scheme_of(url))
    return Bound(items=USUAL.items, characters=int(longest * _FACTS)) if longest else USUAL


def rate_of(url: Secret) -> Rate | None:
    """How fast the service of this channel may be told; None: as fast as it goes."""
    return _RATES.get(scheme_of(url), _USUAL_RATE)


class LateChannel:
    """Builds its Apprise service at the first send; as long as that fails, it answers like a far side that refuses."""

    def __init__(self, name: str, url: Secret, *, html: Html = "auto") -> None:
        self.name = name
        self._url = url
        self._html: Html = html
        self._built: AppriseChannel | None = None

    def send(self, message: Message, *, delivery: int) -> Verdict:
        """As AppriseChannel, and CHANNEL_REFUSED where no service can be built."""
        try:
            self._built = self._built or AppriseChannel(self.name, build(self._url), html=self._html)
        except ChannelUnusable as error:
            return Verdict(outcome=Outcome.CHANNEL_REFUSED, reason=error.message)
        return self._built.send(message, delivery=delivery)
