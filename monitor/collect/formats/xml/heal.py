"""Repair the faults that programs leave in one record of XML, so that a parser reads it. Linear in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5

# Stands for a byte that did not decode, in a text that a parser takes; such a character is never written.
UNDECODED = "\ufdd0"

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_AMPERSAND = re.compile(r"&(#\d{1,7};|#[xX][\da-fA-F]{1,6};|[A-Za-z][\dA-Za-z]{1,31};)?", re.ASCII)
_XML_ENTITIES = frozenset(("amp;", "lt;", "gt;", "quot;", "apos;"))
_HIDING = re.compile(r"<!\[CDATA\[|<!--")


def without_surrogates(text: str) -> str:
    """Return a text with UNDECODED for each byte that did not decode."""
    return _SURROGATE.sub(UNDECODED, text)


def healed(text: str) -> str:
    """Return a record with spaces for control characters, with bare ampersands escaped and HTML's entities resolved."""
    return "".join(_healed_parts(_CONTROL.sub(" ", text)))


def _healed_parts(text: str) -> Iterator[str]:
    """Yield the parts of a text; those that a CDATA section or a comment hides are right as they are."""
    at = 0
    while match := _HIDING.search(text, at):
        closing = "]]>" if match[0].endswith("[") else "-->"
        end = text.find(closing, match.end())
        if end < 0:
            break
        yield _AMPERSAND.sub(_entity, text[at : match.start()])
        at = end + len(closing)
        yield text[match.start() : at]
    yield _AMPERSAND.sub(_entity, text[at:])


def _entity(match: re.Match[str]) -> str:
    name = match[1] or ""
    if name in _XML_ENTITIES:
        return match[0]
    if name.startswith("#"):
        code = int(name[2:-1], 16) if name[1] in "xX" else int(name[1:-1])
        return match[0] if _is_character(code) else " "
    if found := html5.get(name):
        return found if found not in "&<" else f"&#{ord(found)};"
    return f"&amp;{name}"


def _is_character(code: int) -> bool:
    """Return whether XML knows a character of this number."""
    return code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
