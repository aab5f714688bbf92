"""Read the header of a message: its fields, their encoded words, and what is said of the content.

The standard library reads the words and the parameters, under its old policy: the default one raises an IndexError on
`From: a@`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

from monitor.collect.formats.mail.charsets import decoded

_MAX_VALUE = 4_096  # bytes that are looked at for parameters, which costs quadratic time
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
# Possessive and with few question marks: each character is looked at a bounded number of times.
_WORD = r"=\?[^?\s=]{1,80}+\?[bBqQ]\?[^?]*+(?:\?(?!=)[^?]*+){0,8}\?="
_ONE_WORD = re.compile(_WORD)
_WORDS = re.compile(rf"{_WORD}(?:\s*+{_WORD})*+")


class Header(NamedTuple):
    """The fields of a header, by name in small letters."""

    fields: Mapping[str, list[bytes]]  # on one line, else as they are written

    def texts(self, name: str) -> list[str]:
        """Return the texts of the fields with a name. Raise Refused."""
        return [text_of(value) for value in self.fields.get(name.lower(), ())]


class ContentType(NamedTuple):
    """What a header says of the content behind it."""

    name: str  # such as text/plain
    charset: str
    boundary: bytes  # between its parts
    encoding: str  # such as base64
    is_attachment: bool

    @property
    def is_multipart(self) -> bool:
        """Return whether the content is parts."""
        return self.name.startswith("multipart/")

    @property
    def is_text(self) -> bool:
        """Return whether the content may be the text of the message."""
        return self.name in ("text/plain", "text/html") and not self.is_attachment


def header_of(content: bytes) -> Header:
    """Return the header in these lines; a line that is no field is passed over."""
    fields, parts = dict[str, list[bytes]](), list[bytes]()
    for line in (*content.splitlines(), b"-:"):
        if line[:1] in (b" ", b"\t"):
            parts.append(line)
            continue
        if parts:
            name, colon, value = parts[0].partition(b":")
            if colon:
                value = b" ".join((value, *parts[1:])).strip()
                fields.setdefault(name.strip().decode("ascii", "replace").lower(), []).append(value)
        parts = [line]
    return Header(fields)


def content_type_of(header: Header) -> ContentType:
    """Return what a header says of the content; without a word it is plain text."""
    names = ("content-type", "content-disposition", "content-transfer-encoding")
    values = (header.fields.get(name, [b""])[0][:_MAX_VALUE] for name in names)
    return _content_type(*values)


@lru_cache(maxsize=256)  # the messages of a program have the same ones
def _content_type(type_: bytes, disposition: bytes, encoding: bytes) -> ContentType:
    message = Message()
    for name, value in (("content-type", type_), ("content-disposition", disposition)):
        if value:
            message[name] = _CONTROLS.sub(" ", value.decode("utf-8", "replace"))
    try:
        return ContentType(
            name=message.get_content_type(),
            charset=_parameter(message.get_param("charset")),
            boundary=(message.get_boundary() or "").strip().encode("utf-8", "replace"),
            encoding=encoding.decode("ascii", "replace").partition(";")[0].strip().lower(),
            is_attachment=message.get_content_disposition() == "attachment" or message.get_filename() is not None,
        )
    except (ValueError, LookupError):  # parameters in a charset that is none
        return ContentType("application/octet-stream", "", b"", "", is_attachment=True)


def text_of(value: bytes) -> str:
    """Return the text of a field with its encoded words decoded; one that is torn stays as it stands. Raise Refused."""
    text = decoded(value, "")
    return _WORDS.sub(_decoded_words, text) if "=?" in text else text


def _decoded_words(match: re.Match[str]) -> str:
    """Return the text of words in a row; a character may lie in two of them."""
    pairs = chain.from_iterable(map(_bytes_of, _ONE_WORD.findall(match[0])))
    return "".join(
        decoded(b"".join(content for content, _ in group), charset) for charset, group in groupby(pairs, itemgetter(1))
    )


def _bytes_of(word: str) -> list[tuple[bytes, str]]:
    """Return what a word stands for, and the charset of it."""
    try:
        pairs = decode_header(word)
    except (HeaderParseError, ValueError):
        pairs = [(word, None)]
    return [
        (text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text, charset or "")
        for text, charset in pairs
    ]


def _parameter(value: object) -> str:
    """Return a parameter, which may be a text, or a charset, a language and a text."""
    return str(value[2] if isinstance(value, tuple) else value or "")
