"""Clean the link of a record, which its publisher may have written in any way, so that a message can show it."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit

MAX_LENGTH = 2_000  # characters; what a mail client or a chat still opens

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HOST = re.compile(r"(?:[\w-][\w.-]*|\[[\da-f:.]+\])(?::\d*)?", re.IGNORECASE)
_UNSAFE = frozenset(' <>|"@')  # they end a link, or begin a mention, in some mail program or chat


def url_of(text: str, base: str | None = None) -> str | None:
    """Return an absolute link that is safe to show; None: it is none, or not one of http or https.

    A relative one is resolved against the base. User names and passwords are dropped, spaces and `<>|"@` encoded.
    """
    text = text.strip().replace("&amp;", "&")  # escaped once too often
    if not text or text.startswith("#") or len(text) > MAX_LENGTH or _CONTROL.search(text):
        return None
    try:
        parts = urlsplit(text)
        if base and not parts.scheme:
            parts = urlsplit(urljoin(base, text))
        host = _host(parts)
    except ValueError:  # brackets that hold no address, a port that is none
        return None
    if not host:
        return None
    url = parts._replace(
        netloc=host, **{name: _encoded(getattr(parts, name)) for name in ("path", "query", "fragment")}
    )
    return shown if len(shown := url.geturl()) <= MAX_LENGTH else None


def _host(parts: SplitResult) -> str:
    """Return the host and the port without a user's name; "": this is no link to follow. Raise ValueError."""
    if parts.scheme not in ("http", "https") or (parts.port is not None and not parts.hostname):
        return ""
    host = parts.netloc.rpartition("@")[2]
    return host if _HOST.fullmatch(host) else ""


def _encoded(text: str) -> str:
    if text.isprintable() and _UNSAFE.isdisjoint(text):
        return text
    return "".join(quote(each) if each in _UNSAFE or not each.isprintable() else each for each in text)
