"""Cut mail that comes in chunks of bytes into messages, line by line, and keep of each only what may be its text.

    file    = message | mbox ;
    mbox    = "From " line , message , { blank line , "From " line , message } ;
    message = header , blank line , ( content | { "--" , boundary , line end , header , blank line , content } ) ;

The parser of the standard library holds whole messages with their attachments, and takes quadratic time for parts that
lie levels deep. This one is a walk through the lines: each is looked at once, attachments are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple

from monitor.collect.formats.mail.headers import ContentType, Header, content_type_of, header_of

MAX_HEADER = 256_000  # bytes of one header
MAX_DEPTH = 64  # of parts inside each other
_MAX_LINE = 1 << 16  # bytes; a longer one comes in pieces
_BOM = b"\xef\xbb\xbf"
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_ENVELOPE = re.compile(rb"From \S+.{0,200}\d\d:\d\d.{0,40}\d{4}")
_QUOTED_FROM = re.compile(rb">+From ")

CUT_OFF = "it is half written or was cut off"


@dataclass(slots=True)
class Part:
    """A part of a message that may be its text."""

    type: ContentType
    content: bytearray  # as it is written
    is_too_long: bool = False


class Message(NamedTuple):
    """One message, as far as it is needed."""

    header: Header
    parts: tuple[Part, ...]  # the first one that is plain, and the first of HTML
    line: int  # 1-based
    offset: int  # bytes of the file before it
    beginning: bytes
    fault: str = ""  # why it cannot be read
    is_tail: bool = False  # the file ends inside it
    is_open: bool = False  # the file may have been cut off in its text


def messages(chunks: Iterable[bytes], *, max_part: int) -> Iterator[Message]:
    """Yield the messages of a file in their order, in linear time; max_part: bytes of a text, as they are written."""
    builder: _Builder | None = None
    is_mbox, is_behind_blank, is_start, number, offset = False, True, True, 1, 0
    for line, following in pairwise(chain(_lines(chunks), (None,))):
        if line is None:
            break
        if builder is None and offset == 0 and line.startswith(_BOM):
            line, offset = line[len(_BOM) :], len(_BOM)  # noqa: PLW2901 - the mark is no part of it
        is_blank = is_start and not line.strip()
        if builder is None and not is_blank:
            is_mbox = line.startswith(b"From ")
        if is_mbox and is_start and is_behind_blank and _is_envelope(line, following):
            if builder:
                yield builder.message(is_last=False)
            builder = _Builder(number, offset, max_part, is_mbox=True)
        elif builder or not is_blank:
            builder = builder or _Builder(number, offset, max_part, is_mbox=False)
            if not (is_mbox and is_behind_blank and following is None and b"From ".startswith(line)):
                builder.feed(line, is_start=is_start)
        is_start = line.endswith((b"\n", b"\r"))
        is_behind_blank, number, offset = is_blank, number + is_start, offset + len(line)
    if builder:
        yield builder.message(is_last=True)


def _is_envelope(line: bytes, following: bytes | None) -> bool:
    """Return whether a line begins a message of an mbox; not every program that writes one quotes other such lines."""
    if not line.startswith(b"From "):
        return False
    return following is None or _ENVELOPE.match(line) is not None or _FIELD.match(following) is not None


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        for at in range(0, len(chunk), _MAX_LINE):
            lines = (held + chunk[at : at + _MAX_LINE]).splitlines(keepends=True)
            held = lines.pop() if lines and not (lines[-1].endswith(b"\n") or len(lines[-1]) > _MAX_LINE) else b""
            yield from lines
    if held:
        yield held


class _Builder:
    """One message while its lines are read."""

    def __init__(self, line: int, offset: int, max_part: int, *, is_mbox: bool) -> None:
        self._place, self._max_part, self._is_mbox = (line, offset), max_part, is_mbox
        self._beginning = b""
        self._fault = ""
        self._written: bytearray | None = bytearray()  # the header that is being read; None: a content is
        self._header: Header | None = None  # of the message; None: it has no end yet
        self._is_multipart = self._is_closed = False
        self._open = list[bytes]()  # boundaries, the outermost first
        self._boundary_lines = dict[bytes, int]()  # the lines with these, each with its place among them
        self._part: Part | None = None  # whose content is being read; None: nobody needs it
        self._parts = dict[str, Part]()

    def feed(self, line: bytes, *, is_start: bool) -> None:
        """Add a line, or the rest of one."""
        if len(self._beginning) < _MAX_LINE // 64:
            self._beginning += line[: _MAX_LINE // 64]
        if self._fault:
            return
        if is_start and self._open and line.startswith(b"--") and self._at_boundary(line.rstrip()):
            return
        if self._written is not None:
            self._add_to_header(self._written, line, is_start=is_start)
        elif part := self._part:
            unquoted = line[1:] if self._is_mbox and is_start and _QUOTED_FROM.match(line) else line
            if len(part.content) + len(unquoted) > self._max_part:
                part.is_too_long = True
                part.content.clear()
                self._part = None
            else:
                part.content += unquoted

    def message(self, *, is_last: bool) -> Message:
        """Return the message; is_last: the file ends behind it."""
        fault, is_tail = self._fault, False
        if not fault and self._header is None:
            what = "the file ends before the header does" if is_last else "its header has no end"
            fault, is_tail = f"{what}: {CUT_OFF if is_last else 'an empty line is missing behind it'}", is_last
        elif not fault and self._is_multipart and not self._is_closed:
            what = "the file ends before the last part does" if is_last else "the message is broken"
            fault, is_tail = f"{what}: {CUT_OFF if is_last else 'its closing boundary is missing'}", is_last
        self._settle()
        return Message(
            self._header or Header({}),
            tuple(self._parts.values()),
            *self._place,
            self._beginning,
            fault,
            is_tail,
            is_open=is_last and not self._is_multipart,
        )

    def _add_to_header(self, written: bytearray, line: bytes, *, is_start: bool) -> None:
        if is_start and not line.rstrip(b"\r\n"):  # a line of blanks goes on with the field above it
            self._begin_content()
        elif len(written) + len(line) > MAX_HEADER:
            self._fault = f"the message has a header of more than {MAX_HEADER:,} bytes"
        elif not written and self._header is None and line.endswith(b"\n") and not _FIELD.match(line):
            self._fault = "this is no mail: it does not begin with a header field such as Subject:"
        else:
            written += line

    def _begin_content(self) -> None:
        header, self._written = header_of(bytes(self._written or b"")), None
        type_ = content_type_of(header)
        if self._header is None:
            self._header, self._is_multipart = header, type_.is_multipart
        if type_.is_multipart:
            self._open_parts(type_.boundary)
        elif type_.is_text and type_.name not in self._parts and "text/plain" not in self._parts:
            self._part = self._parts[type_.name] = Part(type_, bytearray())

    def _open_parts(self, boundary: bytes) -> None:
        if not boundary:
            self._fault = "the message is broken: it has parts, and no boundary between them"
        elif len(self._open) >= MAX_DEPTH:
            self._fault = f"the parts of the message are nested more than {MAX_DEPTH} levels deep"
        else:
            self._set_open([*self._open, boundary])

    def _at_boundary(self, line: bytes) -> bool:
        """Return whether a line is an open boundary; then the part before it ends, and perhaps another begins."""
        depth = self._boundary_lines.get(line)
        if depth is None:
            return False
        is_closing = line != b"--" + self._open[depth]
        if self._written:
            self._begin_content()  # a part that is a header alone
        self._set_open(self._open[: depth + (not is_closing)])
        self._written = None if is_closing else bytearray()
        self._is_closed = self._is_closed or not self._open
        self._settle()
        return True

    def _set_open(self, boundaries: list[bytes]) -> None:
        if len(boundaries) != len(self._open):
            self._open = boundaries
            ends = (b"", b"--")
            self._boundary_lines = {b"--" + each + end: n for n, each in enumerate(boundaries) for end in ends}

    def _settle(self) -> None:
        """End the part that is being read; an empty one makes way for the next."""
        part, self._part = self._part, None
        if part and not part.content.strip():
            del self._parts[part.type.name]
