"""A dump file's bytes → text and the encoding it was in: a short ladder of our own.

BOM, then NUL bytes (UTF-16), then UTF-8, then CP949, then CP1252. Libraries that guess assign a codec to garbage;
a wrong guess here would be a release nobody can read, so what looks like no text is refused. The choice is made on the
first bytes; the rest is decoded as it comes, so a file of any size is read in little memory.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from monitor.errors import NotReadable

SAMPLE_SIZE = 65_536  # bytes that the choice is made on
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITH_BOM = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}  # codecs that take a BOM off → what they are without one
_WIDER = {"euc_kr": "cp949"}  # what calls itself EUC-KR is CP949 as a rule, which holds all of it
_ESCAPING = frozenset({"utf-8", "cp949", "cp1252"})  # one byte that does not decode becomes one escape
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\x0b\x0c\x1b") + b"\x7f"
_SURROGATE = re.compile("[\ud800-\udfff]")
_BARE_CR = re.compile(r"\r(?!\n)")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A file's text with LF line ends and without BOM; what did not decode is U+FFFD."""

    text: str
    encoding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoding:
    """How one file's bytes are read as text."""

    name: str  # as the source or the ladder calls it
    codec: str  # Python's name of what follows the BOM
    bom: int  # bytes before the text

    def decode(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """The text in stretches with LF or CRLF line ends; what did not decode is a lone surrogate or U+FFFD."""
        errors = "surrogateescape" if self.codec in _ESCAPING else "replace"
        decoder = codecs.getincrementaldecoder(self.codec)(errors)
        return _without_lone_cr(_decoded(decoder, chunks, skip=self.bom))


def detect_encoding(sample: bytes, encoding: str = "auto") -> TextEncoding:
    """Choose by a file's first SAMPLE bytes; raises NotReadable for what is no text in any encoding of the ladder."""
    bom = next(((mark, name) for mark, name in _BOMS if sample.startswith(mark)), None)
    if encoding == "auto":
        name = codec = bom[1] if bom else _choose(sample[:SAMPLE_SIZE])
    else:
        found = codecs.lookup(encoding).name
        name, codec = (_WIDER[found],) * 2 if found in _WIDER else (encoding, found)
    if codec in _WITH_BOM:
        is_marked = bom is not None and bom[1].startswith(codec[:6])
        codec = bom[1] if bom and is_marked else _WITH_BOM[codec]
    return TextEncoding(name=name, codec=codec, bom=len(bom[0]) if bom and bom[1] == codec else 0)


def decode(content: bytes, encoding: str = "auto") -> Decoded:
    """Decode a whole file; raises NotReadable for what is no text in any encoding of the ladder."""
    coding = detect_encoding(content[:SAMPLE_SIZE], encoding)
    text = "".join(coding.decode((content,)))
    return Decoded(text=printable(text).replace("\r\n", "\n"), encoding=coding.name)


def printable(text: str) -> str:
    """Text that can be stored and shown: what did not decode is U+FFFD."""
    if text.isascii():  # the usual case, at a hundredth of the cost
        return text
    return _SURROGATE.sub("\ufffd", text)


def byte_counter(encoding: str) -> Callable[[str], int]:
    """How many bytes of the file a stretch of text, as `Coding.read` gives it, was."""
    codec = codecs.lookup(encoding).name if encoding else "utf-8"
    codec = _WITH_BOM.get(codec, codec)
    errors = {"utf-8": "surrogateescape", "utf-16-le": "surrogatepass", "utf-16-be": "surrogatepass"}.get(
        codec, "replace"
    )
    is_wide = codec.startswith(("utf-16", "utf-32"))

    def width(text: str) -> int:
        if text.isascii() and not is_wide:
            return len(text)
        try:
            return len(text.encode(codec, errors))
        except UnicodeError:  # text that never was in a file of this encoding
            return len(text.encode("utf-8", "surrogatepass"))

    return width


def _decoded(decoder: codecs.IncrementalDecoder, chunks: Iterable[bytes], *, skip: int) -> Iterator[str]:
    for chunk in chunks:
        yield decoder.decode(chunk[skip:])
        skip = max(0, skip - len(chunk))
    yield decoder.decode(b"", final=True)


def _without_lone_cr(stretches: Iterable[str]) -> Iterator[str]:
    """A CR alone ends a line as well; it becomes a LF, which is as long."""
    held = ""  # a CR at the end of a stretch may be the first half of a CRLF
    for stretch in stretches:
        if held or "\r" in stretch:
            text = held + stretch
            held = "\r" if text.endswith("\r") else ""
            yield _BARE_CR.sub("\n", text[: len(text) - len(held)])
        else:
            yield stretch
    if held:
        yield "\n"


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
    """Whether what is not ASCII are pairs as Korean texts have them; nearly any bytes decode as *something*.

    Quotes and other signs tell nothing of the language: in a pair they are CP949, for CP1252 has them in one byte.
    """
    text = codecs.getincrementaldecoder("cp949")("surrogateescape").decode(sample, final=False)
    kinds = [_kind(char) for char in text if not char.isascii()]
    letters = len(kinds) - kinds.count("bad") - kinds.count("sign")
    is_paired = (kinds.count("bad") + kinds.count("rare")) * 5 < len(kinds) * 2
    return is_paired and kinds.count("bad") * 5 < len(kinds) and kinds.count("hanja") * 5 <= letters * 2


def _kind(char: str) -> str:
    """What a character read as CP949 is; rare are syllables whose second byte may be a letter of an English word."""
    if _SURROGATE.match(char):
        return "bad"
    lead, trail = char.encode("cp949")
    if lead < 0xA1 or trail < 0xA1:
        return "rare"
    return "sign" if lead < 0xB0 else "hangul" if lead < 0xC9 else "hanja"
