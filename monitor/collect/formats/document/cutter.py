"""Cut a text that comes in chunks into its documents, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from monitor.collect.formats.json.buffer import Buffer

_LEAST = 1 << 16  # characters that are read at once
_BLANKS = "\ufeff \t\r\n\x0b\x0c"
_NEVER = re.compile(r"(?!)")
# What is left of a character whose last bytes are missing.
_CUT_CHARACTER = re.compile("[\udc80-\udcff\ufffd]{1,3}\\Z")


class Piece(NamedTuple):
    """The text of one document, from its first character that is no blank."""

    text: str  # with LF line ends
    line: int  # 1-based
    offset: int  # bytes of the file before it
    is_last: bool  # the file ends behind it, perhaps too early
    is_too_long: bool


def pieces(buffer: Buffer, *, between: str, max_length: int) -> Iterator[Piece]:
    """Yield the documents of a text; `between` is the line between two of them, "" where there is one. Linear."""
    between = between.strip()
    line = rf"^[^\S\n]*+{re.escape(between)}[^\S\n]*+(?:\n|\Z)"
    separator = re.compile(line, re.MULTILINE) if between else _NEVER
    while True:
        end = _next_separator(buffer, separator, max_length)
        text = buffer.text[buffer.at : end.start() if end else len(buffer.text)]
        is_too_long = len(text) > max_length
        is_last = end is None and buffer.is_whole
        content = _whole(text, between) if is_last else text
        blanks = len(content) - len(content.lstrip(_BLANKS))
        if blanks < len(content):
            place = buffer.place(buffer.at + blanks)
            yield Piece(content[blanks:].replace("\r\n", "\n"), *place, is_last=is_last, is_too_long=is_too_long)
        while end is None and not buffer.is_whole:  # what is behind a document that is too long
            buffer.at = max(len(buffer.text) - _LEAST, buffer.text.rfind("\n", buffer.at) + 1)
            end = _next_separator(buffer, separator, max_length)
        if end is None:
            return
        buffer.at = end.end()


def _next_separator(buffer: Buffer, separator: re.Pattern[str], max_length: int) -> re.Match[str] | None:
    """Read on until a separator is in the buffer, or more than a document may have; None: there is none."""
    begin = 0
    while True:
        match = separator.search(buffer.text, buffer.at + begin)
        if match and (match.end() < len(buffer.text) or buffer.is_whole):
            return match
        length = len(buffer.text) - buffer.at
        if buffer.is_whole or length > max_length:
            return None
        begin = max(begin, buffer.text.rfind("\n", buffer.at) + 1 - buffer.at)
        if match:
            begin = match.start() - buffer.at
        buffer.fill(max(length, _LEAST))


def _whole(text: str, between: str) -> str:
    """Return the last text of a file without half a character and half a separator."""
    text = _CUT_CHARACTER.sub("", text).rstrip("\r")
    begin = text.rfind("\n") + 1
    last = text[begin:].strip()
    return text[:begin] if last and last != between and between.startswith(last) else text
