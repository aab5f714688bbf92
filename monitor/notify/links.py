"""Make a scraped link safe to print in a message: a plain http(s) address in ASCII, or none at all.

A link is hostile text like any other. What a chat would take for markup, a mention or the end of the link is
percent-encoded, which leads to the same page.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

MAX_LINK = 2_000  # characters; a longer one is refused by some services, and never the address of a page

_PARTS = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_AS_THEY_ARE = "!#$%&'()+,/:;=?"  # beside letters, digits and `_.-`
_REFUSED = ("Cc", "Cs")  # controls, and surrogates


def safe_link(url: str | None) -> str:
    r"""Return a link as it may stand in a message, without the name and password in it; "": there is none.

    >>> safe_link("HTTPS://user:pw@Example.org/a b|c?to=<x>@y")
    'https://Example.org/a%20b%7Cc?to=%3Cx%3E%40y'
    >>> [safe_link(url) for url in ("javascript:alert(1)", "https://example.org/a\nb", "http://good\\@evil/")]
    ['', '', '']
    """
    url = (url or "").strip(" ")
    parts = _PARTS.fullmatch(url)
    if parts is None or len(url) > MAX_LINK or any(unicodedata.category(char) in _REFUSED for char in url):
        return ""
    scheme, authority, rest = parts.groups()
    host = _ascii_host(authority.rpartition("@")[2])
    # A browser takes a backslash for a slash: what stands behind it would be no part of the host.
    if "\\" in authority or "__" in host or not _HOST.fullmatch(host):
        return ""
    path = quote(rest, safe=_AS_THEY_ARE).replace("~", "%7E")
    link = f"{scheme.lower()}://{host}{re.sub('_(?=_)', '%5F', path)}"  # two of them are markup in some chats
    return link if len(link) <= MAX_LINK else ""


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:  # an empty or overlong label, or a character that no host has
        return ""
