"""Undo the two faults by which a program that fetches pages spoils their text: too much escaping, the wrong encoding.

It is applied where a text enters: a record of a dump, a stored text, a keyword, a test. What follows sees one text.
"""

from __future__ import annotations

import re

# With its semicolon, however often its ampersand was escaped: &rsquo; &#8217; &#x2019; &amp;amp;rsquo;
# As in a browser, a decimal number needs none: Korea&#8217s.
_ENTITY = re.compile(
    r"&(?:amp;|AMP;|#38;|#[xX]26;)*"
    r"(?:(#0{0,10}\d{1,10}|#[xX][\da-fA-F]{1,8}|[A-Za-z][\dA-Za-z]{1,31});|(#\d{2,7})(?![\d;]))",
    re.ASCII,
)
_MAX_NESTED = 5  # entities spelled by entities; a text with more stays as it is
_HINTS = "‚√ЂΓ"  # one is in a text misread by another codec than CP1252 without a letter from À to ÿ


def readable(text: str) -> str:
    """Resolve HTML entities, and read UTF-8 or CP949 again that was read in another encoding. The result is idempotent.

    Entities need their semicolon and may be escaped repeatedly; an escaped line end becomes a space. A line is read
    again only if all of it can be and no correct text looks so; half a character at its end is left out. The result is
    as hostile as any text of a dump.
    """
    if "&" in text:
        text = _resolved(text)
    if text.isascii():
        return text
    # In UTF-8 all from À to ÿ begin with this byte.
    if b"\xc3" in text.encode("utf-8", "surrogatepass") or any(map(text.__contains__, _HINTS)):
        from monitor.misread import read_again

        return "\n".join(map(read_again, text.split("\n")))
    return text


def is_misread(text: str) -> bool:
    """Return whether a text is UTF-8 that was read in another encoding and lost bytes, so nobody can read it."""
    from monitor.misread import has_lost_bytes

    return has_lost_bytes(readable(text))


def _resolved(text: str) -> str:
    now = text
    for _ in range(_MAX_NESTED):
        before, now = now, _ENTITY.sub(_character, now)
        if now == before:
            return now
    return text


def _character(entity: re.Match[str]) -> str:
    from html import unescape
    from html.entities import html5

    name = entity[1] or entity[2]
    found = unescape(f"&{name};") if name[0] == "#" else html5.get(f"{name};", "")
    if found.isspace():
        return " "
    return found if found and found != "\ufffd" else entity[0]
