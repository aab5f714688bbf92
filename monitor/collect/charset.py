"""Decode the bytes of a dump file, and detect their encoding, record by record where a file mixes several.

The order is BOM, then NUL bytes (UTF-16), then UTF-8, CP949 and CP1252. Libraries that guess assign a codec to any
bytes, and a wrong guess here is a release nobody can read. So bytes that do not look like text are refused, and what is
plainly none of these encodings is decoded as UTF-8 with escapes: such records are rejected.

The first bytes that are not ASCII decide what is expected. Decoding goes in chunks that end where a record may end, so
a file of any size needs little memory and the chunks do not change the result.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from monitor.collect.legacy_text import is_korean, is_paired, is_western, near_high, paired_text
from monitor.errors import NotReadable
from monitor.frozen import dataclass

SAMPLE_SIZE = 65_536  # bytes that decide the encoding
MAX_UNIT = 1_000_000  # bytes whose encoding is chosen at once
_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # it begins with the one of UTF-16
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# Codecs that remove a BOM, and the same codec without it.
_WITH_BOM = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_CURE = "set the source's `encoding:` to that of its files"
_WIDER = {"euc_kr": "cp949"}  # files named EUC-KR are usually CP949, which is a superset
_ESCAPING = frozenset({"utf-8", "cp949", "cp1252"})  # one byte that does not decode becomes one escape
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\x0b\x0c\x1b") + b"\x7f"
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # by some store
_BARE_CR = re.compile(r"\r(?!\n)")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_UTF8_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")


class DecodedText(str):
    """Text that stands in the file in another encoding than the rest."""

    codec: str

    __slots__ = ("codec",)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoding:
    """The encoding of one file."""

    name: str  # as configured, or as detected
    codec: str  # Python's name for the encoding of the bytes after the BOM
    bom: int  # length of the BOM in bytes
    is_detected: bool = False  # each record that is no UTF-8 is looked at
    is_known: bool = True  # False: the first bytes that are not ASCII are of none of the known encodings

    def decode(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """Yield the text with LF or CRLF line ends; bytes that do not decode are lone surrogates or U+FFFD."""
        if self.is_detected and self.codec in _ESCAPING:
            yield from _decode_records(chunks, self)
            return
        errors = "surrogateescape" if self.codec in _ESCAPING else "replace"
        # It never separates a CR from its LF.
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(self.codec)(errors), translate=False)
        skip = self.bom
        for chunk in chunks:
            yield _without_bare_cr(decoder.decode(chunk[skip:]))
            skip = max(0, skip - len(chunk))
        yield _without_bare_cr(decoder.decode(b"", final=True))

    def read(self, unit: bytes) -> tuple[str, str]:
        """Return the text of some records that are not UTF-8, and the codec it was read in."""
        if self.codec == "cp949" and (text := paired_text(unit)) is not None:  # the usual case
            return text, "cp949"
        codec = self._codec_of(unit)
        return unit.decode(codec, "surrogateescape"), codec

    def _codec_of(self, unit: bytes) -> str:
        """Return the codec of some records that are not UTF-8; UTF-8 where no other can be known."""
        is_korean_file = self.codec == "cp949"
        if is_korean_file and is_paired(unit):
            return "cp949"
        if self.codec == "cp1252" and not _UTF8_CHARACTER.search(near := near_high(unit)) and is_western(near):
            return "cp1252"
        if _utf8_share(unit) >= 0.5:
            return "utf-8"
        if is_korean(_from_high(unit), is_expected=is_korean_file, least=0 if self.is_known else 8):
            return "cp949"
        return "cp1252" if self.is_known and is_western(unit) else "utf-8"


class EncodingSample:
    """The first bytes of a file, and where these are ASCII, the first that are not."""

    def __init__(self) -> None:
        self.content = b""
        self._head = self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Add the next bytes of the file."""
        begin = 0
        if self._head < SAMPLE_SIZE:
            begin = SAMPLE_SIZE - self._head
            self.content += chunk[:begin]
            self._head = len(self.content)
        if self._size == 0:
            if not self.content.isascii() or chunk.isascii() or not (match := _HIGH_RUN.search(chunk, begin)):
                return
            begin = match.start()
        more = chunk[begin : begin + SAMPLE_SIZE - self._size]
        self.content += more
        self._size += len(more)


def detect_encoding(sample: bytes, encoding: str = "auto") -> TextEncoding:
    """Return the encoding of a file by its EncodingSample. Raise NotReadable for bytes that are not text in it."""
    bom, marked = next(((bom, name) for bom, name in _BOMS.items() if sample.startswith(bom)), (b"", ""))
    if encoding == "auto":
        found = marked or _detect(sample)
        if found.startswith("utf-32"):
            raise NotReadable(f"the file is not text in a known encoding, it looks like UTF-32: {_CURE}")
        codec = found or "utf-8"
        return TextEncoding(name=codec, codec=codec, bom=len(bom), is_detected=True, is_known=bool(found))
    found = codecs.lookup(encoding).name
    name, codec = (_WIDER[found],) * 2 if found in _WIDER else (encoding, found)
    if codec in _WITH_BOM:
        codec = marked if marked.startswith(codec[:6]) else _WITH_BOM[codec]
    if actual := _contradiction(sample, marked, codec):
        raise NotReadable(f"the file looks like {actual}, not like {encoding}: {_CURE}, or to auto")
    return TextEncoding(name=name, codec=codec, bom=len(bom) if marked == codec else 0)


def decode(content: bytes, encoding: str = "auto") -> str:
    """Return a file's text with LF line ends; bytes that do not decode are U+FFFD. Raise NotReadable."""
    sample = EncodingSample()
    sample.feed(content)
    chunks = detect_encoding(sample.content, encoding).decode((content,))
    return _SURROGATE.sub("\ufffd", "".join(chunks)).replace("\r\n", "\n")


def printable(text: str) -> str:
    """Return text that any store can hold and that can be printed: NUL and lone surrogates become U+FFFD."""
    if text.isascii() and "\0" not in text:  # the usual case, and a hundred times faster
        return text
    return _UNSTORABLE.sub("\ufffd", text)


@lru_cache(maxsize=64)
def byte_counter(encoding: str) -> Callable[[str], int]:
    """Return a function that tells how many bytes of the file a text from `TextEncoding.decode` was."""
    codec = codecs.lookup(encoding).name if encoding else "utf-8"
    codec = _WITH_BOM.get(codec, codec)
    is_utf16 = codec.startswith("utf-16")
    is_wide = is_utf16 or codec.startswith("utf-32")
    errors = "surrogateescape" if codec == "utf-8" else "surrogatepass" if is_wide else "replace"

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
    if is_korean(_from_high(sample)):
        return "cp949"
    return "cp1252" if is_western(sample) else _detect_mixed(sample)


def _detect_mixed(sample: bytes) -> str:
    """Return the encoding of most records where at least half of them have a known one, else ""."""
    units = [sample[at:end] for at, end in pairwise([0, *_unit_ends(sample), len(sample)])]
    found = [_detect_unit(unit) for unit in units if not unit.isascii()][:100]
    known = Counter(filter(None, found))
    return known.most_common(1)[0][0] if known.total() * 2 >= len(found) > 0 else ""


def _detect_unit(unit: bytes) -> str:
    if _utf8_share(unit) == 1:
        return "utf-8"
    return "cp949" if is_korean(_from_high(unit)) else "cp1252" if is_western(unit) else ""


def _contradiction(sample: bytes, marked: str, codec: str) -> str:
    """Return the encoding that a sample plainly has instead of the configured one, or ""."""
    is_wide = codec.startswith(("utf-16", "utf-32"))
    nuls = sample.count(0)
    if not is_wide and (marked.startswith(("utf-16", "utf-32")) or (len(sample) > 16 and nuls * 4 > len(sample))):
        return marked or _utf16_codec(sample) or "UTF-16"
    if is_wide and len(sample) > 16 and not nuls and sample.lstrip(codecs.BOM_UTF8).startswith((b"-\n", b"-\r")):
        return "text of one byte a letter"
    runs = [run.group() for run in _HIGH_RUN.finditer(sample)]
    if not runs or is_wide or codec == "utf-8":
        return ""
    is_long = len(runs) > 2 or any(len(run) > 2 and _is_utf8(run, is_cut_off=False) for run in runs)
    if is_long and _utf8_share(sample) >= 0.9:
        return "UTF-8"
    return "cp949" if codec != "cp949" and is_korean(_from_high(sample), least=20) else ""


def _decode_records(chunks: Iterable[bytes], coding: TextEncoding) -> Iterator[str]:
    """Yield the text of a file, each record in its own encoding."""
    held, skip = b"", coding.bom
    for chunk in chunks:
        data = held + chunk[skip:] if held else chunk[skip:]
        skip = max(0, skip - len(chunk))
        while end := _end_of_records(data):  # what is behind it waits for the next chunk
            yield from _decoded(data, end, coding)
            data = data[end:]
        held = data
    yield from _decoded(held, len(held), coding)


def _end_of_records(data: bytes) -> int:
    """Return how many bytes can be decoded before the next chunk is known."""
    for mark in (b"-\n", b"-\r\n"):
        if (at := data.rfind(mark)) >= 0:
            return at + len(mark)
    if len(data) <= MAX_UNIT:
        return 0
    ends = [end for end in _unit_ends(data) if end < len(data)]  # at the end a LF may follow
    if ends:
        return ends[-1]
    # A record that is too long for any use: cut behind a character that is none's second byte.
    return max(data.rfind(b"\n", 0, MAX_UNIT), data.rfind(b" ", 0, MAX_UNIT)) + 1 or MAX_UNIT


def _decoded(data: bytes, end: int, coding: TextEncoding) -> Iterator[str]:
    """Yield the text of the first bytes."""
    try:
        text = str(memoryview(data)[:end], "utf-8")  # to copy the bytes costs more than to decode them
    except UnicodeDecodeError:
        yield from _decoded_units(data[:end], coding)
        return
    yield _text(text, "utf-8", coding)


def _decoded_units(data: bytes, coding: TextEncoding) -> Iterator[str]:
    """Yield texts of one encoding each; what lies between two ends of records is decoded as one."""
    texts, codec, at = list[str](), coding.codec, 0
    for end in (*_unit_ends(data), len(data)):
        unit, at = data[at:end], end
        try:
            text, found = unit.decode("utf-8"), codec if unit.isascii() else "utf-8"
        except UnicodeDecodeError:
            text, found = coding.read(unit)
        if found != codec:
            yield _text("".join(texts), codec, coding)
            texts, codec = [], found
        texts.append(text)
    yield _text("".join(texts), codec, coding)


def _unit_ends(data: bytes) -> list[int]:
    """Return where a record may end: behind a line that ends in "-", or in a digit before a line that begins so."""
    ends, at, is_dated = list[int](), 0, False
    for line in data.splitlines(keepends=True):
        if is_dated and line[:1] == b"-":
            ends.append(at)
        at += len(line)
        last = line.rstrip(b" \t\r\n")[-1:]
        is_dated = last.isdigit() and line[-1:] == b"\n"
        if last == b"-" and line[-1:] in (b"\n", b"\r"):
            ends.append(at)
    return ends


def _text(text: str, codec: str, coding: TextEncoding) -> str:
    text = _without_bare_cr(text)
    if codec == coding.codec:
        return text
    decoded = DecodedText(text)
    decoded.codec = codec
    return decoded


def _from_high(content: bytes) -> bytes:
    """Return some bytes from the first one on that is not ASCII."""
    match = _HIGH_RUN.search(content)
    return content[match.start() : match.start() + 4096] if match else b""


def _utf16_codec(sample: bytes) -> str:
    """Return the UTF-16 codec of a sample whose NUL bytes are on one side of each pair, else ""; or that of UTF-32."""
    if len(sample) >= 16 and sample.count(0) * 2 > len(sample):
        first, last = sample[0::4].count(0), sample[3::4].count(0)
        if max(first, last) * 10 > len(sample) * 2 and min(first, last) * 4 < max(first, last):
            return "utf-32-be" if first > last else "utf-32-le"
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
