"""Read mail: a message is a release, with its subject, its text and the day it was sent.

A Message-ID is the id of a message, and a release that is sent again has another one: so there is no id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from monitor.collect.charset import printable
from monitor.collect.formats.base import EXCERPT_LENGTH, Entry, few_in_a_row, too_long, unreadable, without_repeats
from monitor.collect.formats.fields import Expression, Term
from monitor.collect.formats.mail.charsets import Refused, decoded, unpacked
from monitor.collect.formats.mail.headers import Header
from monitor.collect.formats.mail.messages import CUT_OFF, Message, Part, messages
from monitor.collect.formats.mapped import RecordMapper
from monitor.collect.formats.markup import Markup, Plain
from monitor.collect.source import SourceOptions
from monitor.model import Dump, Reject

PARSER_VERSION = 1  # increased when the same bytes may give other records

_TEXT = "text"  # what an expression calls the text of a message; other names are those of its header
_DEFAULT = {
    "id": Expression(()),
    "title": Expression((Term(("subject",)),)),
    "body": Expression((Term((_TEXT,)),)),
    "date": Expression((Term(("date",)),)),
}
_MAX_WRITTEN = 9  # bytes that one character may take: three in UTF-8, each in quoted-printable
# What is left of a character, an entity or a tag whose end is missing.
_CUT_CHARACTER = re.compile("[\udc80-\udcff\ufffd]{1,3}\\Z")
_CUT_MARKUP = re.compile(r"(?:&[#\w]{0,32}|<[^<>]*+)\Z")


class MailReading:
    """A dump of one or several messages."""

    def __init__(self, dump: Dump, options: SourceOptions) -> None:
        self._dump, self._options = dump, options
        self.kept: tuple[Entry, ...] | None = None
        if dump.fault:
            self.kept = (unreadable(dump),)
        elif dump.is_held:
            self.kept = without_repeats(few_in_a_row(self._entries()))

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects in their order."""
        return few_in_a_row(self._entries()) if self.kept is None else iter(self.kept)

    def _entries(self) -> Iterator[Entry]:
        # Each text is decoded by itself, so the encoding of the file says nothing about what it could not decode.
        dump = replace(self._dump, encoding="utf-8")
        mapper, is_empty = RecordMapper(dump, self._options, version=PARSER_VERSION, default=_DEFAULT), True
        for message in messages(_bytes_of(self._dump), max_part=_MAX_WRITTEN * self._options.max_record):
            is_empty = False
            yield self._entry(message, mapper)
        if is_empty:
            yield Reject(reason="the file holds no record", line=0, offset=0, text="", is_tail=True)

    def _entry(self, message: Message, mapper: RecordMapper) -> Entry:
        if message.fault:
            return _reject(message, message.fault, is_tail=message.is_tail)
        try:
            text = self._text(message)
            node = MailNode(message.header, type(text)(text.strip("\n")))  # an mbox has more of them than a message
            is_title_open = message.is_open and "\n" not in text.lstrip()
            if is_title_open and not "".join(node.texts(("subject",))).strip():
                reason = f"the file ends before the line end of the title: {CUT_OFF}"
                return _reject(message, reason, is_tail=True)
            return mapper.entry(
                node, line=message.line, offset=message.offset, excerpt=lambda: _beginning(message.beginning)
            )
        except Refused as error:
            return _reject(message, str(error))
        except _TooLong:
            return _reject(message, too_long(self._options.max_record))

    def _text(self, message: Message) -> str:
        """Return the text of a message: what is plain, else what is HTML. Raise Refused and _TooLong."""
        parts = sorted(message.parts, key=lambda part: part.type.name, reverse=True)  # plain before html
        texts = (_text_of(part, is_cut=message.is_open) for part in parts)
        return next((text for text in texts if text.strip()), "")


def reading(dump: Dump, options: SourceOptions) -> MailReading:
    """Return a dump of mail as it is read."""
    return MailReading(dump, options)


class MailNode:
    """A message as expressions see it: the names are those of its header, and `text`."""

    __slots__ = ("_header", "body")

    def __init__(self, header: Header, body: str) -> None:
        self._header, self.body = header, body

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its fields."""
        return (*self._header.fields, _TEXT)

    def text(self, name: str) -> str:
        """Return the text of a field where it is a single one, else "". Raise Refused."""
        found = self.texts((name,))
        return found[0] if len(found) == 1 else ""

    def texts(self, path: tuple[str, ...], attribute: str = "") -> list[str]:
        """Return the texts of the fields with a name; they have no attributes and nothing inside. Raise Refused."""
        if attribute or len(path) > 1:
            return []
        return [self.body] if path[0] == _TEXT else self._header.texts(path[0])


class _TooLong(Exception):
    """A text is longer than a record may be."""


def _text_of(part: Part, *, is_cut: bool) -> str:
    if part.is_too_long:
        raise _TooLong
    text = decoded(unpacked(bytes(part.content), part.type.encoding), part.type.charset)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    is_markup = part.type.name == "text/html"
    if is_cut:
        text = _CUT_CHARACTER.sub("", text)
        text = _CUT_MARKUP.sub("", text) if is_markup else text
    return Markup(text) if is_markup else Plain(text)


def _bytes_of(dump: Dump) -> Iterator[bytes]:
    """Return the bytes of a file; of one in UTF-16, which some programs export, those of UTF-8."""
    if dump.encoding.lower().startswith("utf-16") and (dump.bom or b"\0" in next(dump.byte_chunks(), b"")[:2]):
        return (chunk.encode("utf-8", "surrogatepass") for chunk in dump.text_chunks())
    return dump.byte_chunks()


def _beginning(content: bytes) -> str:
    return printable(content.decode("utf-8", "replace")[:EXCERPT_LENGTH])


def _reject(message: Message, reason: str, *, is_tail: bool = False) -> Reject:
    text = _beginning(message.beginning)
    return Reject(reason=reason, line=message.line, offset=message.offset, text=text, is_tail=is_tail)
