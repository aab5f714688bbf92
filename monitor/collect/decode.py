"""A dump file's bytes → text and the encoding it was in: a short ladder of our own.

BOM, then NUL bytes (UTF-16), then UTF-8, then CP949, then CP1252. Libraries that guess assign a codec to garbage;
a wrong guess here would be a release nobody can read, so what looks like no text is refused.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from monitor.errors import NotReadable

SAMPLE = 65_536  # bytes that the choice is made on
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\x0b\x0c\x1b") + b"\x7f"
_SURROGATE = re.compile("[\ud800-\udfff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_HANGUL = re.compile("[가-힣]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A file's text with LF line ends and without BOM; what did not decode is U+FFFD."""

    text: str
    encoding: str


def decode(content: bytes, encoding: str = "auto") -> Decoded:
    """Decode a whole file; raises NotReadable for what is no text in any encoding of the ladder."""
    bom = next(((mark, name) for mark, name in _BOMS if content.startswith(mark)), None)
    if encoding != "auto":
        chosen = encoding
    elif bom:
        chosen = bom[1]
    else:
        chosen = _choose(content[:SAMPLE])
    if bom and codecs.lookup(bom[1]).name == codecs.lookup(chosen).name:
        content = content[len(bom[0]) :]
    text = content.decode(chosen, "replace")
    text = _SURROGATE.sub("\ufffd", text)  # some codecs, such as utf-7, let them through; nothing can store them
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text=text, encoding=chosen)


def _choose(sample: bytes) -> str:
    utf16 = _utf16_order(sample)
    if utf16:
        return utf16
    if len(sample.translate(None, _CONTROLS)) < len(sample) * 0.99:
        raise NotReadable("these bytes are no text: more than 1 % are control characters")
    if sample.isascii() or _share_of_utf8(sample) >= 0.5:
        return "utf-8"
    if _is_cp949(sample[:4096]):
        return "cp949"
    return "cp1252"


def _utf16_order(sample: bytes) -> str:
    """UTF-16 text has its NUL bytes on one side of each pair; a text of Hangul alone still has blanks and line ends."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    # Some of the commonest syllables (가, 글, 저) have a NUL of their own, on the other side.
    if max(even, odd) * 50 < len(sample) or min(even, odd) * 2 > max(even, odd) or even == odd:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _share_of_utf8(sample: bytes) -> float:
    """Share of the runs of non-ASCII bytes that are valid UTF-8; the sample or the writer may have torn the last one.

    One bad byte spoils its run and no other, while text in an older encoding hardly ever gives a valid run.
    """
    runs = list(_HIGH_RUN.finditer(sample))
    return sum(_is_utf8(run.group(), is_torn=run.end() == len(sample)) for run in runs) / len(runs)


def _is_utf8(run: bytes, *, is_torn: bool) -> bool:
    try:
        codecs.utf_8_decode(run, "strict", not is_torn)
    except UnicodeDecodeError:
        return False
    return True


def _is_cp949(sample: bytes) -> bool:
    """Whether it decodes strictly and what is not ASCII is mostly Hangul; nearly any bytes decode as *something*."""
    try:
        text = codecs.getincrementaldecoder("cp949")("strict").decode(sample, final=False)
    except UnicodeDecodeError:
        return False
    others = sum(not char.isascii() for char in text)
    return bool(others) and len(_HANGUL.findall(text)) >= others * 0.6
