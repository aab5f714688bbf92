"""Find the end of a JSON value that cannot be parsed, so that a fault in one record leaves the next one whole.

The walk goes by tokens and believes few of them: behind a string stands one of `, : ] }`, or its quote is a stray one;
a closing bracket closes all that was opened inside; where an object would begin among the members of another, or a line
begins as that of the record did, the next record begins. A sign is read twice at most, so the walk is linear.
"""

from __future__ import annotations

import re
from contextlib import suppress

from monitor.collect.formats.json.buffer import Buffer

_KNOWN_DEPTH = 1_000  # brackets of which the kind is remembered
_LEAD = 101  # characters before a value in which the beginning of its line is looked for
_SIGN = re.compile(r'["\[\]{}]|\\.', re.DOTALL)
# Possessive: any other form of it takes for ever on an open string.
_STRING = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_NEXT = re.compile(r"\s*+(\S?)")
_BEHIND_STRING = frozenset((",", ":", "]", "}", ""))  # "": the end of the text
_LEAST = 1 << 16  # characters that are read at once


class EndOfText(Exception):
    """The text ends inside a value."""


def line_start(buffer: Buffer) -> str | None:
    """Return what stands before the current value on its line, a line end first; None: more than blanks."""
    before = buffer.text[max(0, buffer.at - _LEAD) : buffer.at]
    _, end, blanks = before.rpartition("\n")
    is_first = not end and len(before) == buffer.at and buffer.place(0)[0] == 1
    return "\n" + blanks if (end or is_first) and not blanks.strip("\ufeff \t\r") else None


def pass_string(buffer: Buffer) -> None:
    """Move from its first quote behind a string, however long. Raise EndOfText."""
    buffer.at += 1
    while True:
        match = _STRING.match(buffer.text, buffer.at)
        buffer.at = match.end() if match else buffer.at
        if buffer.text[buffer.at : buffer.at + 1] == '"':
            buffer.at += 1
            return
        if not buffer.fill():
            raise EndOfText


def pass_value(buffer: Buffer) -> None:
    """Move from its first character behind an object, a list or a string that is whole. Raise EndOfText."""
    depth = 0
    while True:
        sign = next_sign(buffer)
        if sign == '"':
            pass_string(buffer)
        else:
            buffer.at += len(sign)
            depth += (sign in "[{") - (sign in "]}")
        if not depth:
            return


def pass_broken(buffer: Buffer, *, max_length: int, openers: str = "{") -> None:
    """Move behind an object or a list with a fault, to where something else may begin; at most to the end of the text.

    max_length: characters of the longest string that is looked at as a whole. openers: of these one that begins a line
    as the value did begins the next value.
    """
    walk = _Walk(buffer, max_length, openers)
    while walk.goes_on():
        pass


def pass_doubtful_string(buffer: Buffer, *, max_length: int) -> None:
    """Move behind a string, or behind its first quote where that is a stray one."""
    _Walk(buffer, max_length, "").pass_string()


class _Walk:
    """A walk through a value with a fault."""

    def __init__(self, buffer: Buffer, max_length: int, openers: str) -> None:
        self._buffer, self._max_length, self._openers = buffer, max_length, openers
        self._line_start = line_start(buffer) if openers else None
        self._opened, self._beyond = "", 0  # brackets; how many more there are
        self._before = ""  # the last character that is no blank
        self._is_first = True

    def goes_on(self) -> bool:
        """Move behind the next sign or string; return False where the value ends or another may begin."""
        buffer = self._buffer
        try:
            sign = next_sign(buffer)
        except EndOfText:
            return False
        gap = buffer.text[max(0, buffer.at - _LEAD) : buffer.at].rstrip()
        self._before = gap[-1:]
        if sign == '"':
            return not self.pass_string()
        if sign in "[{" and not self._is_first and self._begins_next(sign):
            return False
        is_end = self._count(sign)
        self._is_first = False
        return not is_end

    def pass_string(self) -> bool:
        """Move behind a string, behind a stray quote, or to a line that begins the next value; return if the last."""
        buffer, begin, end = self._buffer, 0, -1
        while True:
            begin = buffer.at + 1
            match = _STRING.match(buffer.text, begin)
            end = match.end() if match else begin
            is_closed = buffer.text[end : end + 1] == '"'
            following = _NEXT.match(buffer.text, end + 1) if is_closed else None
            length = len(buffer.text) - buffer.at
            if buffer.is_whole or (following and following[1]) or length > self._max_length:
                break
            buffer.fill(max(length, _LEAST))
        found = self._next_line(begin, end)
        if found >= 0:
            buffer.at = found
            return True
        if not is_closed and not buffer.is_whole:  # too long to be looked at again
            with suppress(EndOfText):
                pass_string(buffer)
            return False
        buffer.at = end + 1 if following and following[1] in _BEHIND_STRING else begin
        return False

    def _next_line(self, begin: int, end: int) -> int:
        """Return the first place of a part of the text where a line begins as the value did, or -1."""
        start, text = self._line_start, self._buffer.text
        if start is None:
            return -1
        found = [text.find(start + opener, begin, end) for opener in self._openers]
        return min((place + len(start) for place in found if place >= 0), default=-1)

    def _begins_next(self, sign: str) -> bool:
        if sign == "{" and self._before == "," and self._opened.endswith("{"):
            return True
        start, buffer = self._line_start, self._buffer
        return start is not None and sign in self._openers and buffer.text.endswith(start, 0, buffer.at)

    def _count(self, sign: str) -> bool:
        """Move behind a sign and note what it opens or closes; return whether the value ends with it."""
        if sign == "]" and "[" not in self._opened and not self._beyond:
            return True  # the end of the list around the value
        self._buffer.at += len(sign)
        if sign in "[{":
            if len(self._opened) < _KNOWN_DEPTH:
                self._opened += sign
            else:
                self._beyond += 1
        elif sign in "]}":
            if self._beyond:
                self._beyond -= 1
            else:
                self._opened = self._opened[: max(0, self._opened.rfind("[" if sign == "]" else "{"))]
        return not self._opened


def next_sign(buffer: Buffer) -> str:
    """Move to the next bracket, quote or escape and return it. Raise EndOfText."""
    while True:
        match = _SIGN.search(buffer.text, buffer.at)
        if match:
            buffer.at = match.start()
            return match.group()
        buffer.at = max(buffer.at, len(buffer.text) - buffer.text.endswith("\\"))
        if not buffer.fill():
            buffer.at = len(buffer.text)
            raise EndOfText
