"""Decode the bytes of a dump file, and detect their encoding.

The order is BOM, then NUL bytes (UTF-16), then UTF-8, CP949 and CP1252. Libraries that guess assign a codec to any
bytes, and a wrong guess here is a release nobody can read, so bytes that do not look like text are refused. The first
bytes decide; the rest is decoded in chunks, so a file of any size needs little memory.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from monitor.errors import NotReadable

SAMPLE_SIZE = 65_536  # bytes that decide the encoding
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_WITH_BOM = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}  # codecs that remove a BOM, and the same codec without it
_WIDER = {"euc_kr": "cp949"}  # files named EUC-KR are usually CP949, which is a superset
_ESCAPING = frozenset({"utf-8", "cp949", "cp1252"})  # one byte that does not decode becomes one escape
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\x0b\x0c\x1b") + b"\x7f"
_SURROGATE = re.compile("[\ud800-\udfff]")
_BARE_CR = re.compile(r"\r(?!\n)")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoding:
    """The encoding of one file."""

    name: str  # as configured, or as detected
    codec: str  # Python's name for the encoding of the bytes after the BOM
    bom: int  # length of the BOM in bytes

    def decode(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """Yield the text with LF or CRLF line ends; bytes that do not decode are lone surrogates or U+FFFD."""
        errors = "surrogateescape" if self.codec in _ESCAPING else "replace"
        # It never separates a CR from its LF.
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(self.codec)(errors), translate=False)
        skip = self.bom
        for chunk in chunks:
            yield _without_bare_cr(decoder.decode(chunk[skip:]))
            skip = max(0, skip - len(chunk))
        yield _without_bare_cr(decoder.decode(b"", final=True))


def detect_encoding(sample: bytes, encoding: str = "auto") -> TextEncoding:
    """Return the encoding of a file by its first SAMPLE_SIZE bytes. Raise NotReadable for bytes that are not text."""
    bom, marked = next(((bom, name) for bom, name in _BOMS.items() if sample.startswith(bom)), (b"", ""))
    if encoding == "auto":
        name = codec = marked or _detect(sample[:SAMPLE_SIZE])
    else:
        found = codecs.lookup(encoding).name
        name, codec = (_WIDER[found],) * 2 if found in _WIDER else (encoding, found)
    if codec in _WITH_BOM:
        codec = marked if marked.startswith(codec[:6]) else _WITH_BOM[codec]
    return TextEncoding(name=name, codec=codec, bom=len(bom) if marked == codec else 0)


def decode(content: bytes, encoding: str = "auto") -> str:
    """Return a file's text with LF line ends; bytes that do not decode are U+FFFD. Raise NotReadable."""
    chunks = detect_encoding(content[:SAMPLE_SIZE], encoding).decode((content,))
    return printable("".join(chunks)).replace("\r\n", "\n")


def printable(text: str) -> str:
    """Return text that can be stored and printed: lone surrogates become U+FFFD."""
    if text.isascii():  # the usual case, and a hundred times faster
        return text
    return _SURROGATE.sub("\ufffd", text)


def byte_counter(encoding: str) -> Callable[[str], int]:
    """Return a function that tells how many bytes of the file a text from `TextEncoding.decode` was."""
    codec = codecs.lookup(encoding).name if encoding else "utf-8"
    codec = _WITH_BOM.get(codec, codec)
    is_utf16 = codec.startswith("utf-16")
    is_wide = is_utf16 or codec.startswith("utf-32")
    errors = "surrogateescape" if codec == "utf-8" else "surrogatepass" if is_utf16 else "replace"

    def width(text: str) -> int:
        if text.isascii() and not is_wide:
            return len(text)
        try:
            return len(text.encode(codec, errors))
        except UnicodeError:  # text that no file of this encoding can contain
            return len(text.encode("utf-8", "surrogatepass"))

    return width


def _without_bare_cr(text: str) -> str:
    """Replace each CR that ends a line alone with a LF, which is as long."""
    return _BARE_CR.sub("\n", text) if "\r" in text else text


def _detect(sample: bytes) -> str:
    if utf16 := _utf16_codec(sample):
        return utf16
    if len(sample.translate(None, _CONTROLS)) < len(sample) * 0.99:
        raise NotReadable("the file is not text: of its first bytes more than 1 % are control characters")
    if sample.isascii() or _utf8_share(sample) >= 0.5:
        return "utf-8"
    return "cp949" if _is_cp949(sample[:4096]) else "cp1252"


def _utf16_codec(sample: bytes) -> str:
    """Return the UTF-16 codec of a sample whose NUL bytes are on one side of each pair, else ""."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    # Even pure Hangul has spaces and line ends; but some common syllables (가, 글, 저) have a NUL on the other side.
    if max(even, odd) * 50 < len(sample) or min(even, odd) * 2 > max(even, odd) or even == odd:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _utf8_share(sample: bytes) -> float:
    """Return the share of the runs of non-ASCII bytes that are valid UTF-8; the last run may be cut off.

    One bad byte spoils only its own run, while text in an older encoding hardly ever gives a valid run.
    """
    runs = list(_HIGH_RUN.finditer(sample))
    return sum(_is_utf8(run.group(), is_cut_off=run.end() == len(sample)) for run in runs) / len(runs)


def _is_utf8(run: bytes, *, is_cut_off: bool) -> bool:
    try:
        codecs.utf_8_decode(run, "strict", not is_cut_off)
    except UnicodeDecodeError:
        return False
    return True


def _is_cp949(sample: bytes) -> bool:
    """Return whether the non-ASCII bytes are pairs typical of Korean text; nearly any bytes decode as *something*.

    Quotes and other signs do not depend on the language: as pairs they are CP949, as single bytes CP1252.
    """
    text = codecs.getincrementaldecoder("cp949")("surrogateescape").decode(sample, final=False)
    kinds = [_cp949_kind(char) for char in text if not char.isascii()]
    letters = len(kinds) - kinds.count("bad") - kinds.count("sign")
    is_paired = (kinds.count("bad") + kinds.count("rare")) * 5 < len(kinds) * 2
    return is_paired and kinds.count("bad") * 5 < len(kinds) and kinds.count("hanja") * 5 <= letters * 2


def _cp949_kind(char: str) -> str:
    """Classify a character decoded as CP949; the second byte of a rare syllable may be an ASCII letter."""
    if _SURROGATE.match(char):
        return "bad"
    lead, trail = char.encode("cp949")
    if lead < 0xA1 or trail < 0xA1:
        return "rare"
    return "sign" if lead < 0xB0 else "hangul" if lead < 0xC9 else "hanja"
