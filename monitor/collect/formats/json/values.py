"""Find the records in JSON text that comes in chunks, each with its place; a fault in one leaves the others whole.

Files hold a list, a value a line, values one behind another, or a list somewhere inside an envelope; a program that
appends to a list leaves `[…][…]`. One grammar takes them all: values in a row, with blanks and lone commas between
them; an object is a record, and so is each object of a list. A path leads to the records of an envelope; what lies
beside it is passed over by its tokens and never built.

The decoder of the standard library parses a value and finds its end at once, on a buffer that grows until the value is
whole. json.loads needs the whole file, ijson ends at the first fault, and orjson does not tell where a value ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from typing import Any, NamedTuple

from monitor.collect.formats.base import told_names, too_long
from monitor.collect.formats.json.buffer import Buffer
from monitor.collect.formats.json.resync import EndOfText, pass_broken, pass_doubtful_string, pass_string, pass_value
from monitor.text import escape

MAX_DEPTH = 64  # of objects and lists inside each other
MAX_DIGITS = 4_300  # of a number
MAX_NAMES = 20  # keys that a reject names
_EXCERPT = 400  # characters
_LEAST = 1 << 16  # characters that are read at once
_NEAR_END = 16  # characters; a fault so near the end of the buffer may be none once more is read

_NOT_VALID = "this is no valid JSON"
_TOO_DEEP = f"lists and objects are nested more than {MAX_DEPTH} levels deep"

_BLANK = re.compile(r"[\s,\ufeff]*+")
_SPACE = re.compile(r"\s*+")
_SCALAR = re.compile(r'[^\s,\[\]{}"]++')
_LINE_START = re.compile(r"^\ufeff?(?=[{\[])", re.MULTILINE)
_NESTING = (dict, list)
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity", ".", "e+", "E+", "e-", "E-")  # ends of numbers, too

Path = tuple[str, ...]


class Value(NamedTuple):
    """An object that may be a record."""

    value: dict[str, object]  # of numbers the text; NaN and infinity are None
    line: int  # 1-based
    offset: int  # bytes of the file before it
    text: str  # the buffer it stands in
    at: int
    end: int

    def excerpt(self) -> str:
        """Return the beginning of its text."""
        return self.text[self.at : min(self.end, self.at + _EXCERPT)]


class Fault(NamedTuple):
    """A place where no record can be read."""

    reason: str
    line: int  # 1-based; 0: the whole file
    offset: int
    text: str
    is_tail: bool = False  # the text was broken off here


def values(
    chunks: Iterable[str],
    *,
    path: Path = (),
    byte_count: Callable[[str], int] = len,
    start: int = 0,
    max_record: int = 1_000_000,
) -> Iterator[Value | Fault]:
    """Yield the records and the faults of a text in their order. Linear in the text; never raises by itself.

    path: the keys that lead to the records of an envelope. byte_count, start: as for Buffer.
    """
    return _Reader(Buffer(chunks, byte_count=byte_count, start=start), path, max_record).read()


class _TooManyDigits(ValueError):
    """A number is longer than any that means something."""


class _Broken(Exception):
    """The way to the records of an envelope is no JSON."""


@dataclass(frozen=True, slots=True)
class _Unparsed:
    """Why a value could not be parsed."""

    reason: str
    is_cut: bool = False  # the text ends inside it


def _digits(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise _TooManyDigits
    return text


_DECODER = JSONDecoder(parse_int=_digits, parse_float=str, parse_constant=lambda name: None, strict=False)


class _Reader:
    def __init__(self, buffer: Buffer, path: Path, max_record: int) -> None:
        self._buffer, self._path, self._max_record = buffer, path, max_record

    def read(self) -> Iterator[Value | Fault]:
        buffer, is_empty = self._buffer, True
        while char := buffer.skip(_BLANK):
            if char not in "{[":
                yield self._fault(f"this is no JSON: it begins with '{escape(char)}', and a record with '{{'")
                if (is_empty and char == "<") or not self._to_next_line():
                    return
                is_empty = False
                continue
            is_empty = False
            try:
                yield from self._value(char, self._path, depth=0)
            except EndOfText:
                line, offset = buffer.place(buffer.at)
                reason = "the file ends inside a list or an object: it is half written or was cut off"
                yield Fault(reason, line, offset, buffer.text[buffer.at : buffer.at + _EXCERPT], is_tail=True)
                return
            except _Broken as error:
                yield self._fault(str(error))
                if not self._to_next_line():
                    return
        if is_empty:
            yield Fault("the file holds no record", 0, 0, "", is_tail=True)

    def _value(self, char: str, path: Path, *, depth: int) -> Iterator[Value | Fault]:
        """Read the records of the value that begins here; path: of those keys that are left."""
        if depth > MAX_DEPTH:
            yield self._fault(_TOO_DEEP)
            pass_value(self._buffer)
        elif char == "[":
            yield from self._items(path, depth=depth)
        elif char == "{" and path:
            yield from self._members(path, depth=depth)
        elif char == "{":
            yield self._record(is_top=depth == 0)
        else:
            fault = self._fault("this is neither a list nor an object, so it holds no record")
            self._pass_over(char)
            if not self._buffer.skip(_BLANK):
                raise EndOfText
            if path or not fault.text.startswith("null"):  # a program that found nothing writes null for an empty list
                yield fault

    def _items(self, path: Path, *, depth: int) -> Iterator[Value | Fault]:
        buffer, is_told, number = self._buffer, False, -1
        buffer.at += 1
        wanted = int(path[0]) if path and path[0].isdecimal() and len(path[0]) < 9 else None
        while char := buffer.skip(_BLANK):
            if char == "]":
                buffer.at += 1
                return
            number += 1
            if wanted is not None:
                if number == wanted:
                    yield from self._value(char, path[1:], depth=depth + 1)
                else:
                    self._pass_over(char)
            elif path and char in "[{":
                yield from self._value(char, path, depth=depth + 1)
            elif char == "{" and not (is_told and _is_member(buffer)):
                is_told = False
                yield self._record()
            else:
                if not is_told:
                    yield self._fault("a list of records holds something that is not an object")
                is_told = True  # once for all that stand in a row
                self._pass_stray(char)
        raise EndOfText

    def _members(self, path: Path, *, depth: int) -> Iterator[Value | Fault]:
        buffer, names, is_found = self._buffer, list[str](), False
        missing = self._fault("")
        buffer.at += 1
        while char := buffer.skip(_BLANK):
            if char == "}":
                buffer.at += 1
                if not is_found:
                    there = told_names(names, most=MAX_NAMES)
                    reason = f"records: leads to '{path[0]}', which is not here; the keys here are: {there}"
                    yield missing._replace(reason=reason)
                return
            name = self._name(char)
            if name == path[0]:
                is_found = True
                yield from self._value(buffer.skip(_SPACE), path[1:], depth=depth + 1)
            else:
                if len(names) <= MAX_NAMES:
                    names.append(name)
                self._pass_over(buffer.skip(_SPACE))
        raise EndOfText

    def _name(self, char: str) -> str:
        """Read a key and the colon behind it. Raise EndOfText and _Broken."""
        found = self._parse() if char == '"' else _Unparsed("a key in quotes is missing")
        if isinstance(found, _Unparsed):
            if found.is_cut:
                raise EndOfText
            raise _Broken(found.reason)
        name, self._buffer.at = found
        colon = self._buffer.skip(_SPACE)
        if not colon:
            raise EndOfText
        if colon != ":":
            raise _Broken(f"{_NOT_VALID}: a colon is missing behind a key")
        self._buffer.at += 1
        return str(name)

    def _record(self, *, is_top: bool = False) -> Value | Fault:
        """Read the object that begins here, and move behind it. Raise EndOfText."""
        buffer = self._buffer
        line, offset = buffer.place(buffer.at)
        found = self._parse()
        if isinstance(found, _Unparsed):
            if found.is_cut:
                raise EndOfText
            fault = Fault(found.reason, line, offset, buffer.text[buffer.at : buffer.at + _EXCERPT])
            pass_broken(buffer, max_length=self._max_record, openers="{[" if is_top else "{")
            if is_top and buffer.skip(_BLANK) not in "{[":
                self._to_next_line()
            return fault
        value, end = found
        one = Value(value, line, offset, buffer.text, buffer.at, end)
        reason = self._reject_reason(value, end)
        buffer.at = end
        return Fault(reason, line, offset, one.excerpt()) if reason else one

    def _parse(self) -> tuple[Any, int] | _Unparsed:
        """Return the value that begins here and the place behind it; read on while it is not whole."""
        buffer = self._buffer
        while True:
            text, at = buffer.text, buffer.at
            try:
                return _DECODER.raw_decode(text, at)
            except RecursionError:
                return _Unparsed(_TOO_DEEP)
            except _TooManyDigits:
                return _Unparsed(f"the record has a number of more than {MAX_DIGITS:,} digits")
            except JSONDecodeError as error:
                length, is_open = len(text) - at, error.msg.startswith("Unterminated")
                if buffer.is_whole or not (is_open or error.pos > len(text) - _NEAR_END):
                    place = f"{error.msg}, at character {error.pos - at + 1:,} of it"
                    return _Unparsed(f"{_NOT_VALID}: {place}", is_cut=buffer.is_whole and _is_cut(error))
            if length > self._max_record + _NEAR_END:
                return _Unparsed(too_long(self._max_record))
            buffer.fill(max(length, _LEAST))

    def _reject_reason(self, value: dict[str, object], end: int) -> str:
        if end - self._buffer.at > self._max_record:
            return too_long(self._max_record)
        return _TOO_DEEP if _is_too_deep(value) else ""

    def _pass_over(self, char: str) -> None:
        """Move behind a value of any kind without building it. Raise EndOfText."""
        if char and char in "[{":
            pass_value(self._buffer)
        elif char == '"':
            pass_string(self._buffer)
        else:
            self._pass_scalar()

    def _pass_stray(self, char: str) -> None:
        """Move behind something in a list that is no record, and perhaps no JSON."""
        if char in "[{":
            pass_broken(self._buffer, max_length=self._max_record)
        elif char == '"':
            pass_doubtful_string(self._buffer, max_length=self._max_record)
        else:
            self._pass_scalar()

    def _pass_scalar(self) -> None:
        buffer = self._buffer
        match = _SCALAR.match(buffer.text, buffer.at)
        if match is None:  # a stray bracket, or the end of the text
            buffer.at = min(buffer.at + 1, len(buffer.text))
        while match:
            buffer.at = match.end()
            goes_on = buffer.at == len(buffer.text) and buffer.fill()
            match = _SCALAR.match(buffer.text, buffer.at) if goes_on else None

    def _to_next_line(self) -> bool:
        """Move to the next line that begins as a record or a list does; return whether there is one."""
        buffer = self._buffer
        while True:
            match = _LINE_START.search(buffer.text, buffer.at)
            if match:
                buffer.at = match.end()
                return True
            buffer.at = max(buffer.at, buffer.text.rfind("\n"))
            if not buffer.fill():
                buffer.at = len(buffer.text)
                return False

    def _fault(self, reason: str) -> Fault:
        """Return a fault at the current place."""
        buffer = self._buffer
        line, offset = buffer.place(buffer.at)
        return Fault(reason, line, offset, buffer.text[buffer.at : buffer.at + _EXCERPT])


def _is_member(buffer: Buffer) -> bool:
    """Return whether a colon stands before the current value."""
    return buffer.text[max(0, buffer.at - _EXCERPT) : buffer.at].rstrip().endswith(":")


def _is_cut(error: JSONDecodeError) -> bool:
    """Return whether a text that has a fault at its end may be the beginning of one that has none."""
    rest = error.doc[error.pos :].strip()
    is_half_escape = "escape" in error.msg and len(rest) < _NEAR_END and '"' not in rest
    return error.msg.startswith("Unterminated") or is_half_escape or any(word.startswith(rest) for word in _WORDS)


def _is_too_deep(value: dict[str, Any]) -> bool:
    level: list[Any] = [each for each in value.values() if type(each) in _NESTING]
    depth = 1
    while level and depth <= MAX_DEPTH:
        depth += 1
        inner = [each.values() if type(each) is dict else each for each in level]
        level = [each for members in inner for each in members if type(each) in _NESTING]
    return depth > MAX_DEPTH
