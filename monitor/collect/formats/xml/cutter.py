"""Cut the records out of XML text that comes in chunks, each with its place; a fault in one leaves the others whole.

    file     = { document } ;
    document = [ declaration ] , [ doctype ] , root , { what is no record | record } , end of the root ;
    record   = its start tag , { text | CDATA section | comment | other tag } , its end tag ;

A record is found by its tags alone, so that no parser sees the rest: one that reads a whole document ends at its first
fault, may expand entities that the file declares, and before expat 2.6 takes quadratic time for a long token. A program
that appends to a file leaves several documents in a row; all are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto
from functools import cached_property, lru_cache
from html import unescape
from typing import NamedTuple

from monitor.collect.formats.base import too_long
from monitor.collect.formats.json.buffer import Buffer

MAX_NAMES = 20  # element names that a reject lists
_EXCERPT = 400  # characters
_LEAST = 1 << 16  # characters that are read at once
_MAX_TAG = 1 << 16  # characters; what is longer is no tag
_MAX_NAME = 250  # characters of a name; longer ones are cut
_NEAR_END = _MAX_NAME + 16  # characters; a sign so near the end of the buffer may not be whole

_NAME = rf"[^\W\d][\w:.-]{{0,{_MAX_NAME}}}"
_SIGN = re.compile(
    rf"<(?:(?P<close>!--|!\[CDATA\[|\?)|(?P<doctype>!DOCTYPE\b)|(?P<end>/?)(?P<name>{_NAME}))", re.IGNORECASE
)
# No attribute holds a "<", so an open quote harms nothing behind the next tag.
_TAG_END = re.compile(r"""(?:[^<>"']|"[^<"]*"|'[^<']*')*+>""")
_ATTRIBUTE = re.compile(r"""([^\W\d][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_DECLARATION = re.compile(r"<\?xml\s", re.IGNORECASE)
_DOCTYPE = re.compile(r"""<!DOCTYPE\s*+([\w:.-]*+)(?:[^\["'<>]|"[^"<]*"|'[^'<]*')*+([\[>])""", re.IGNORECASE)
_PAGE_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_BLANK = re.compile(r"[\s\ufeff]*+")
_CLOSINGS: Mapping[str, str] = {"!--": "-->", "![CDATA[": "]]>", "?": "?>"}

CUT_OFF = "it is half written or was cut off"


class Tag(NamedTuple):
    """A start tag."""

    name: str
    length: int
    inside: str = ""  # its attributes, as they are written
    is_empty: bool = False

    @property
    def attributes(self) -> dict[str, str]:
        """Return its attributes."""
        found = _ATTRIBUTE.findall(self.inside)
        return {name: unescape(double or single) for name, double, single in found}


class Document:
    """What is known of a document by its beginning."""

    def __init__(self, root: Tag) -> None:
        self.root = root
        self.names = dict[str, None]()  # of elements that are no records, in their order, at most MAX_NAMES
        self.link = ""  # the text of the first `link` in it: the page it is about
        self.record = ""  # the name of its records
        self.has_records = False

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Return the namespaces that its root declares: prefix → address; the prefix "" is the default one's."""
        found = self.root.attributes.items()
        return {name.partition(":")[2]: value for name, value in found if name.partition(":")[0] == "xmlns"}

    @cached_property
    def base(self) -> str:
        """Return the address that its root says relative links start from, or ""."""
        return self.root.attributes.get("xml:base", "")


class Piece(NamedTuple):
    """The text of one record, from its start tag to its end tag."""

    text: str
    line: int  # 1-based
    offset: int  # bytes of the file before it
    document: Document


class Fault(NamedTuple):
    """A place where no record can be read."""

    reason: str
    line: int  # 1-based; 0: the whole file
    offset: int
    text: str
    is_tail: bool = False  # the text was broken off here


class NotExpected(Exception):
    """A document has no records for the reader; the message says what it is."""


def pieces(
    chunks: Iterable[str],
    *,
    record_of: Callable[[Document], str],
    byte_count: Callable[[str], int] = len,
    start: int = 0,
    max_record: int = 1_000_000,
    needs_records: bool = False,
) -> Iterator[Piece | Fault]:
    """Yield the records and the faults of a text in their order. Linear in the text; never raises by itself.

    record_of: returns the name of a document's records, or raises NotExpected. byte_count, start: as for Buffer.
    needs_records: a document with other elements and none of them is a fault.
    """
    buffer = Buffer(chunks, byte_count=byte_count, start=start)
    return _Cutter(buffer, record_of, max_record, needs_records=needs_records).read()


class _Stop(Exception):
    """Nothing more can be read; the fault says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


class _End(Enum):
    """What ends a record."""

    TAG = auto()
    NEXT = auto()  # another record, document, or the end of the root
    OPEN = auto()  # a CDATA section or a comment that has no end
    TOO_LONG = auto()
    TEXT = auto()  # the end of the text


class _Cutter:
    def __init__(
        self, buffer: Buffer, record_of: Callable[[Document], str], max_record: int, *, needs_records: bool
    ) -> None:
        self._buffer, self._record_of, self._max_record = buffer, record_of, max_record
        self._needs_records = needs_records
        self._document: Document | None = None  # None: no root is open
        self._roots = 0  # elements with the root's name that are open
        self._root_place = (0, 0)
        self._is_first = True  # no root was seen yet

    def read(self) -> Iterator[Piece | Fault]:
        first = self._buffer.skip(_BLANK)
        if not first:
            yield Fault("the file holds no record", 0, 0, "", is_tail=True)
            return
        if first != "<":
            yield self._fault(f"this is no XML: it begins with '{first}', and XML with '<'")
            return
        try:
            while sign := self._next_sign():
                yield from self._at_sign(sign)
        except _Stop as stop:
            yield stop.fault
            return
        if self._is_first or (self._document and self._document.record):
            name = f"</{self._document.root.name}>" if self._document else "its first element"
            yield self._fault(f"the file ends before {name}: {CUT_OFF}", is_tail=True)

    def _at_sign(self, sign: re.Match[str]) -> Iterator[Piece | Fault]:
        """Read what begins with the sign at which the buffer stands, and move behind it."""
        buffer, document = self._buffer, self._document
        if sign["doctype"]:
            self._pass_doctype()
        elif sign["close"]:
            if document and _DECLARATION.match(buffer.text, buffer.at):
                yield self._fault(f"</{document.root.name}> is missing before the next document begins")
                self._document = None
            self._pass(_CLOSINGS[sign["close"].upper()])
        elif sign["end"]:
            buffer.at = sign.end()
            if document and sign["name"] == document.root.name:
                yield from self._close_root(document)
        elif document is None:
            yield from self._open_root(self._tag(sign))
        elif sign["name"] == document.record:
            yield self._record(document, self._tag(sign))
        else:
            self._note(document, self._tag(sign))

    def _open_root(self, tag: Tag) -> Iterator[Piece | Fault]:
        """Begin a document. Raise _Stop for an HTML page, which is no XML."""
        if tag.name.lower() == "html":
            raise _Stop(self._page())
        document = Document(tag)
        self._is_first, self._root_place = False, self._buffer.place(self._buffer.at)
        try:
            document.record = self._record_of(document)
        except NotExpected as error:
            yield self._fault(str(error))
        if document.record == tag.name:  # a document that is one record
            yield self._record(document, tag)
            return
        self._buffer.at += tag.length
        self._document, self._roots = document, 1
        if tag.is_empty:
            yield from self._close_root(document)

    def _close_root(self, document: Document) -> Iterator[Fault]:
        self._roots -= 1
        if self._roots:
            return
        self._document = None
        if self._needs_records and document.record and document.names and not document.has_records:
            line, offset = self._root_place
            reason = f"records: is '{document.record}', and no element has that name; there are: "
            yield Fault(reason + ", ".join(document.names), line, offset, f"<{document.root.name}>")

    def _note(self, document: Document, tag: Tag) -> None:
        """Note what a tag that is no record's tells of the document, and move behind it."""
        buffer = self._buffer
        buffer.at += tag.length
        if tag.name == document.root.name and not tag.is_empty:
            self._roots += 1
        if len(document.names) < MAX_NAMES:
            document.names[tag.name] = None
        if tag.name == "link" and not document.link and not document.has_records:
            text = buffer.text[buffer.at : buffer.at + _EXCERPT].partition("<")[0]
            document.link = tag.attributes.get("href") or unescape(text.strip())

    def _record(self, document: Document, tag: Tag) -> Piece | Fault:
        """Read the record whose start tag stands here, and move behind it. Raise _Stop at the end of the text."""
        buffer = self._buffer
        document.has_records = True
        (line, offset), name = buffer.place(buffer.at), document.record
        end, length = (_End.TAG, tag.length) if tag.is_empty else self._find_end(document, tag.length)
        text = buffer.text[buffer.at : buffer.at + (length if end is _End.TAG else _EXCERPT)]
        buffer.at += length
        if end is _End.TEXT:
            raise _Stop(Fault(f"the file ends before </{name}>: {CUT_OFF}", line, offset, text, is_tail=True))
        if end is _End.TOO_LONG:
            self._pass_record(document)
        if end is _End.TOO_LONG or length > self._max_record:
            return Fault(too_long(self._max_record), line, offset, text[:_EXCERPT])
        if end is _End.TAG:
            return Piece(text, line, offset, document)
        what = f"</{name}> is missing" if end is _End.NEXT else "a CDATA section or a comment in it has no end"
        return Fault(f"the record is broken: {what}", line, offset, text)

    def _find_end(self, document: Document, begin: int) -> tuple[_End, int]:
        """Return what ends the record that begins here, and how far from here; begin: the length of its start tag."""
        buffer, pattern = self._buffer, _inside(document.record, document.root.name)
        while True:
            text, at = buffer.text, buffer.at
            match = pattern.search(text, at + begin)
            if match is None or (match.end() == len(text) and not buffer.is_whole):
                begin = max(begin, (match.start() if match else len(text) - _NEAR_END) - at)
                if (end := self._grow()) is not None:
                    return end, 0
                continue
            if match["close"] is None:
                return (_End.TAG, match.end() - at) if match["end"] else (_End.NEXT, match.start() - at)
            end, begin = self._find_closing(match["close"], match.end() - at, pattern)
            if end is not _End.TAG:
                return end, begin

    def _find_closing(self, opening: str, begin: int, pattern: re.Pattern[str]) -> tuple[_End, int]:
        """Return where a CDATA section or a comment ends, from here; if it has none, what the record ends with.

        One that lacks its end would reach to that of another, and take the beginning of the next record in.
        """
        buffer, closing, search, end = self._buffer, _CLOSINGS[opening], begin, None
        while end is None:
            text, at = buffer.text, buffer.at
            other = text.find(f"<{opening}", at + search)
            limit = other if other >= 0 else len(text)
            if (found := text.find(closing, at + search, limit)) >= 0:
                return _End.TAG, found - at + len(closing)
            if other < 0:
                search = max(search, len(text) - at - _NEAR_END)
                end = self._grow()
            if (other >= 0 or end) and (following := _next_start(pattern, text, at + begin, limit)) >= 0:
                return _End.OPEN, following - at
            if other >= 0:
                search = begin = other - at + len(opening) + 1
        return end, 0

    def _grow(self) -> _End | None:
        """Read on; return why not."""
        buffer, length = self._buffer, len(self._buffer.text) - self._buffer.at
        if length > self._max_record + _NEAR_END:
            return _End.TOO_LONG
        if buffer.is_whole:
            return _End.TEXT
        buffer.fill(max(length, _LEAST))
        return None

    def _pass_record(self, document: Document) -> None:
        """Move behind a record that is too long, or to what follows where it has no end."""
        buffer, pattern = self._buffer, _inside(document.record, document.root.name)
        buffer.at = max(buffer.at + 1, len(buffer.text) - _NEAR_END)  # up to there nothing follows
        while True:
            for match in pattern.finditer(buffer.text, buffer.at):
                if match["close"] is None and (match.end() < len(buffer.text) or buffer.is_whole):
                    buffer.at = match.end() if match["end"] else match.start()
                    return
            buffer.at = max(buffer.at, len(buffer.text) - _NEAR_END)
            if buffer.is_whole:
                buffer.at = len(buffer.text)
                return
            buffer.fill()

    def _next_sign(self) -> re.Match[str] | None:
        """Move to the next tag, comment, CDATA section, instruction or DOCTYPE."""
        buffer = self._buffer
        while True:
            match = _SIGN.search(buffer.text, buffer.at)
            if match and (match.end() < len(buffer.text) or buffer.is_whole):
                buffer.at = match.start()
                return match
            buffer.at = match.start() if match else max(buffer.at, len(buffer.text) - _NEAR_END)
            if buffer.is_whole:
                buffer.at = len(buffer.text)
                return None
            buffer.fill()

    def _tag(self, sign: re.Match[str]) -> Tag:
        """Return the tag that begins here. Raise _Stop where the text ends inside it."""
        buffer, name, begin = self._buffer, sign["name"], sign.end() - sign.start()
        while True:
            text, at = buffer.text, buffer.at
            if match := _TAG_END.match(text, at + begin):
                inside = text[at + begin : match.end() - 1]
                return Tag(name, match.end() - at, inside.removesuffix("/"), inside.endswith("/"))
            if text.find("<", at + begin, at + _MAX_TAG) >= 0 or len(text) - at > _MAX_TAG:
                return Tag(name, begin)  # it is broken
            if buffer.is_whole:
                raise _Stop(self._fault(f"the file ends inside <{name}>: {CUT_OFF}", is_tail=True))
            buffer.fill()

    def _pass(self, closing: str) -> None:
        """Move behind the next closing sign, or to the end of the text."""
        buffer = self._buffer
        while (found := buffer.text.find(closing, buffer.at)) < 0:
            buffer.at = len(buffer.text) if buffer.is_whole else max(buffer.at, len(buffer.text) - len(closing) + 1)
            if buffer.is_whole:
                return
            buffer.fill()
        buffer.at = found + len(closing)

    def _pass_doctype(self) -> None:
        """Move behind a DOCTYPE. Raise _Stop for one that declares entities, and for that of an HTML page."""
        buffer = self._buffer
        while not (match := _DOCTYPE.match(buffer.text, buffer.at)):
            if buffer.is_whole or len(buffer.text) - buffer.at > _MAX_TAG:
                is_tail = buffer.is_whole and "<" not in buffer.text[buffer.at + 1 :]
                raise _Stop(self._fault("the DOCTYPE of the file has no end", is_tail=is_tail))
            buffer.fill()
        if match[1].lower() == "html":
            raise _Stop(self._page())
        if match[2] == "[":
            reason = (
                "its DOCTYPE declares entities or elements, which is refused: a few lines could unpack to gigabytes"
            )
            raise _Stop(self._fault(reason))
        buffer.at = match.end()

    def _page(self) -> Fault:
        buffer = self._buffer
        if len(buffer.text) - buffer.at < _MAX_TAG and not buffer.is_whole:
            buffer.fill()
        match = _PAGE_TITLE.search(buffer.text, buffer.at, buffer.at + _MAX_TAG)
        title = " ".join(unescape(match[1]).split())[:100] if match else ""
        name = f", '{title}'" if title else ""
        return self._fault(f"this is an HTML page{name}: the program that wrote the file was given no data")

    def _fault(self, reason: str, *, is_tail: bool = False) -> Fault:
        """Return a fault at the current place."""
        buffer = self._buffer
        line, offset = buffer.place(buffer.at)
        return Fault(reason, line, offset, buffer.text[buffer.at : buffer.at + _EXCERPT], is_tail)


@lru_cache(maxsize=64)
def _inside(record: str, root: str) -> re.Pattern[str]:
    """Return the pattern of what matters inside a record: its end, what cannot be in it, and what hides such signs."""
    name, end = re.escape(record), re.escape(root)
    following = rf"{name}(?=[\s/>])|\?xml\s" + ("" if root == record else rf"|/{end}(?=[\s>])")
    return re.compile(rf"<(?:(?P<close>!--|!\[CDATA\[)|(?P<end>/{name}\s*>)|(?:{following}))")


def _next_start(pattern: re.Pattern[str], text: str, begin: int, limit: int) -> int:
    """Return where a record, a document or the end of the root begins in a part of a text, or -1."""
    found = (match.start() for match in pattern.finditer(text, begin, limit) if not (match["close"] or match["end"]))
    return next(found, -1)
