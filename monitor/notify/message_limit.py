"""State how much one message of a service may hold, in the unit in which that service counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

_NO_LIMIT = 1_000_000_000
_MAX_TITLE = 160
_NTFY_LENGTH = 3_800  # ntfy makes a file of what reaches 4,096 bytes of UTF-8
# Their plugins state a limit in characters, the services themselves count bytes of UTF-8.
_COUNTED_IN_BYTES = frozenset(
    {
        "dingtalk",
        "feishu",
        "gorush",
        "irc",
        "lark",
        "matrix",
        "pushy",
        "spush",
        "threema",
        "viber",
        "wechat",
        "wecombot",
    }
)


def utf16_units(text: str) -> int:
    """Return the length as most services count it; those that count characters count an emoji once instead of twice."""
    return len(text) + sum(char > "\uffff" for char in text) if not text.isascii() else len(text)


def utf8_bytes(text: str) -> int:
    """Return the length in bytes of UTF-8."""
    return len(text.encode("utf-8", "replace"))


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
    if "ntfy" in schemes:
        return MessageLimit(length=min(length, _NTFY_LENGTH), title=title, lines=lines, size=_ntfy_size)
    size = utf8_bytes if not _COUNTED_IN_BYTES.isdisjoint(schemes) else utf16_units
    return MessageLimit(length=length, title=title, lines=lines, size=size)


def _ntfy_size(text: str) -> int:
    """Return bytes of UTF-8, or half of the JSON: beyond 8,000 bytes of that the plugin uploads the text as a file."""
    return max(utf8_bytes(text), len(json.dumps(text)) // 2)
