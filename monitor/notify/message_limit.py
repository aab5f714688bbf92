"""State how much one message of a service may hold, in the unit in which that service counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from monitor.frozen import dataclass

_NO_LIMIT = 1_000_000_000
_MAX_TITLE = 160
SLACK_LENGTH = 12_000  # of all blocks as JSON; it refuses a message near 13,200, which no page of it states
_NTFY_LENGTH = 3_800  # ntfy makes a file of what reaches 4,096 bytes of UTF-8
# Their limit is one of bytes of UTF-8. Apprise says so of all but Pushy, Threema and Webex, whose own pages do.
_COUNTED_IN_BYTES = frozenset(
    {"gorush", "irc", "matrix", "pushy", "spush", "threema", "vapid", "viber", "webex", "wechat", "wecombot"}
)
# They count the bytes of a request, whose JSON has six for a Korean letter. A tenth is left for the rest of it.
_COUNTED_AS_REQUEST = frozenset({"dingtalk", "feishu", "lark", "pinglet", "squadcast"})
_X = "x"  # it counts a Korean letter twice


def utf16_units(text: str) -> int:
    """Return the length as most services count it; those that count characters count an emoji once instead of twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """Return the length in bytes of UTF-8."""
    return len(text.encode("utf-8", "replace"))


def json_bytes(text: str) -> int:
    """Return the length in bytes of JSON in ASCII, with its quotes."""
    return len(json.dumps(text))


def x_units(text: str) -> int:
    """Return the length as X counts it: letters beyond the alphabets of Europe and the Near East count twice."""
    return len(text) + sum(char > "\u10ff" for char in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLimit:
    """The most that a service accepts in one message, as its plugin hands it over."""

    length: int  # of title and body together: many services join them
    title: int  # characters
    lines: int  # of the body; a plugin drops the others
    size: Callable[[str], int] = utf16_units

    def accepts(self, title: str, body: str) -> bool:
        """Return whether the service takes a title and a body whole."""
        return len(title) <= self.title and self.size(title) + self.size(body) <= self.length


def limit_of(service: Any, schemes: Collection[str], *, is_mail: bool) -> MessageLimit:
    """Return the limit of a built Apprise service. A mail has none; its parts are bounded as all are."""
    length = _NO_LIMIT if is_mail else service.body_maxlen
    title = min(_MAX_TITLE, getattr(service, "title_maxlen", 0) or max(20, length // 3))
    lines = getattr(service, "body_max_line_count", 0) or _NO_LIMIT
    size: Callable[[str], int] = utf16_units
    if "slack" in schemes:
        length = min(length, SLACK_LENGTH)
    elif "ntfy" in schemes:
        length, size = min(length, _NTFY_LENGTH), _ntfy_size
    elif not _COUNTED_AS_REQUEST.isdisjoint(schemes):
        length, size = length * 9 // 10, json_bytes
    elif not _COUNTED_IN_BYTES.isdisjoint(schemes):
        size = utf8_bytes
    elif _X in schemes:
        size = x_units
    return MessageLimit(length=length, title=title, lines=lines, size=size)


def _ntfy_size(text: str) -> int:
    """Return bytes of UTF-8, or half of the JSON: beyond 8,000 bytes of that the plugin uploads the text as a file."""
    return max(utf8_bytes(text), json_bytes(text) // 2)
