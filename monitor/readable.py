"""Undo the two faults by which a program that fetches pages spoils their text: too much escaping, the wrong encoding.

It is applied where a text enters: a record of a dump, a stored text, a keyword, a test. What follows sees one text.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

# With its semicolon, however often its ampersand was escaped: &rsquo; &#8217; &#x2019; &amp;amp;rsquo;
_ENTITY = re.compile(
    r"&(?:amp;|AMP;|#38;|#[xX]26;)*(#\d{1,10}|#[xX][\da-fA-F]{1,8}|[A-Za-z][\dA-Za-z]{1,31});", re.ASCII
)
_MAX_NESTED = 5  # entities spelled by entities; a text with more stays as it is

# Programs that read CP1252 make a character of each byte. Five bytes have none there and become control characters.
_UNUSED = b"\x81\x8d\x8f\x90\x9d"
_BYTE_OF = {ord(bytes([byte]).decode("cp1252")): byte for byte in range(0x80, 0xA0) if byte not in _UNUSED}
_TAIL = "[\x80-\xbf" + "".join(map(chr, _BYTE_OF)) + "]"
# After a capital letter these occur in texts that are right: CAFÉ…, «É», NESTLÉ®.
_AFTER_LETTERS = "‘’‚“”„…–—•›»™©®°ª²³¹º·\xa0"
# What nobody writes: two or three signs after a letter, Â or Ã and a sign, a letter and a sign that follows none.
_MISREAD = re.compile(
    rf"[à-ï]{_TAIL}{{2}}|[ð-ô]{_TAIL}{{3}}"
    rf"|(?<![A-ZÀ-Þ])[ÂÃ]{_TAIL}|[ÂÃ]{_TAIL}(?=\w)|[Â-ß](?![{_AFTER_LETTERS}]){_TAIL}"
)
_CONTROL = re.compile("[\x80-\x84\x86-\x9f]")  # U+0085 is a line end


def readable(text: str) -> str:
    """Resolve HTML entities, and read UTF-8 again that was read as CP1252 or Latin-1. The result is idempotent.

    Entities need their semicolon and may be escaped repeatedly; an escaped line end becomes a space. A line is read
    again only if all of it can be and no correct text looks so; half a character at its end is left out. The result is
    as hostile as any text of a dump.
    """
    if "&" in text:
        text = _resolved(text)
    if text.isascii() or b"\xc3" not in text.encode("utf-8", "surrogatepass"):  # in UTF-8 all from À to ÿ begin so
        return text
    return "\n".join(map(_read_again, text.split("\n")))


def _resolved(text: str) -> str:
    now = text
    for _ in range(_MAX_NESTED):
        before, now = now, _ENTITY.sub(_character, now)
        if now == before:
            return now
    return text


def _character(entity: re.Match[str]) -> str:
    name = entity[1]
    found = unescape(f"&{name};") if name[0] == "#" else html5.get(f"{name};", "")
    if found.isspace():
        return " "
    return found if found and found != "\ufffd" else entity[0]


def _read_again(line: str) -> str:
    """Return a line as its bytes were meant, however often they were misread; else the line itself."""
    again: str | None = line
    result = line
    while again and _MISREAD.search(again):
        again = _decoded(again.lstrip()) or _decoded(again.strip())
        result = again or result
    return line if _CONTROL.search(result) else result


def _decoded(line: str) -> str | None:
    """Return the text of the bytes that these characters were made of; None: they are not UTF-8."""
    try:
        content = line.translate(_BYTE_OF).encode("latin-1")
    except UnicodeEncodeError:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError as fault:
        whole = content[: fault.start]
        is_cut = fault.reason == "unexpected end of data" and not whole[-1:].isalpha()  # else it may be a good "café"
        return whole.decode() if is_cut else None
