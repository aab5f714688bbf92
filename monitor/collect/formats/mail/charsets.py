"""Decode the content of mail: by its bytes where they tell, else by the charset that the message names.

Many programs name one and write another. UTF-8 is known by its bytes; a name that nobody knows counts as none.
"""

from __future__ import annotations

import binascii
import codecs
import quopri
import re

from monitor.collect.charset import detect_encoding
from monitor.collect.formats.xml.encoding import named_codec
from monitor.errors import NotReadable

_SAMPLE_SIZE = 65_536
_ESCAPING = ("iso2022", "hz")  # codecs whose text is ASCII to the eye
_MANY = 4  # characters of two bytes that no other encoding gives by chance
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]*+(={0,2})")
_LETTERS = re.compile(rb"[A-Za-z0-9+/\s]++")
_PACKED_LINES = re.compile(rb"(?:[A-Za-z0-9+/\s]++={0,2})*+")
_BLANK = re.compile(rb"\s+")
_CUT_ESCAPE = re.compile(rb"=[0-9A-Fa-f\r]?\Z")
_AS_WRITTEN = ("", "7bit", "8bit", "binary")


class Refused(Exception):
    """A text is packed or encoded in a way that is not read; the message says how."""


def unpacked(content: bytes, encoding: str) -> bytes:
    """Return the bytes that a transfer encoding stands for, as far as they are there. Raise Refused."""
    if encoding == "base64":
        return _from_base64(content)
    if encoding == "quoted-printable":
        return quopri.decodestring(_CUT_ESCAPE.sub(b"", content))
    if encoding.startswith(("uu", "x-uu")):
        raise Refused("the text is packed with uuencode, which is not read")
    return content


def decoded(content: bytes, charset: str) -> str:
    """Return the text of some bytes; those that do not decode are lone surrogates. Raise Refused."""
    name = charset.partition("*")[0].strip(" \t\"'").lower()
    if name.replace("-", "").replace("_", "") in ("utf7", "unicode11utf7"):
        raise Refused("the text is written in UTF-7, which is not read")
    codec = "hz" if name.startswith("hz") else named_codec(name)
    if name.startswith(("utf-16", "utf16")):
        found = _detected(content)
        return _text(content, found if found.startswith("utf-16") else "utf-16-le")
    if content.isascii() and not codec.startswith(_ESCAPING):
        return content.decode("ascii")
    whole, length = _utf8(content)
    if not whole.isascii() and (not codec or max(whole) >= "\u0800" or length - len(whole) >= _MANY):
        return _text(content, "utf-8")
    found = "utf-8" if b"\0" in content else _detected(content)  # a NUL byte is a fault, where none declares UTF-16
    return _text(content, found if not codec or (codec, found) == ("cp1252", "cp949") else codec)


def _text(content: bytes, codec: str) -> str:
    try:
        text = content.decode(codec, "surrogateescape")
    except UnicodeError:  # a codec of several bytes has no escape for an ASCII byte
        text = content.decode(codec, "replace").replace("\ufffd", "\udcff")
    return text.removeprefix("\ufeff")


def _utf8(content: bytes) -> tuple[str, int]:
    """Return the text of UTF-8 without a character that is cut off, and how many bytes it is; of other bytes none."""
    try:
        return codecs.utf_8_decode(content, "strict", False)  # noqa: FBT003 - it takes no names
    except UnicodeDecodeError:
        return "", 0


def _detected(content: bytes) -> str:
    try:
        return detect_encoding(content[:_SAMPLE_SIZE]).codec
    except NotReadable:
        return "utf-8"


def _from_base64(content: bytes) -> bytes:
    """Return what base64 stands for; some programs pack each line alone, and a list may write lines behind it."""
    if _PACKED_LINES.fullmatch(content):
        return b"".join(map(_from_letters, _LETTERS.findall(content)))
    match = _BASE64.match(content)
    end = match.end() if match else 0
    if not (match and match[1]) and content[end - 1 : end] != b"\n":
        raise Refused("the text is packed with base64, and damaged")
    return _from_letters(content[:end].rstrip(b"="))


def _from_letters(packed: bytes) -> bytes:
    letters = _BLANK.sub(b"", packed)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]  # a single one is of a byte that is cut off
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
