"""Decode XML: by the bytes where they tell, else by what its declaration says.

Expat knows no encoding of several bytes but UTF-8 and UTF-16, so a dump is decoded before it is parsed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace

from monitor.collect.charset import EncodingSample, detect_encoding
from monitor.errors import NotReadable
from monitor.model import Dump

_DECLARED = re.compile(rb"""^[\s\xef\xbb\xbf]*<\?xml\s[^<>]{0,200}?encoding\s*=\s*["']([A-Za-z][\w.:-]{0,39})["']""")
# Names as they are meant: what is written under them is a superset.
_MEANT = {
    **dict.fromkeys(("euc_kr", "ks_c_5601", "ks_c_5601_1987", "ksc5601", "euckr", "x_windows_949"), "cp949"),
    **dict.fromkeys(("gb2312", "gbk", "x_gbk", "hz"), "gb18030"),
    **dict.fromkeys(("shift_jis", "sjis", "x_sjis", "windows_31j"), "cp932"),
    **dict.fromkeys(("iso_8859_1", "iso8859_1", "latin1", "us_ascii", "ascii"), "cp1252"),
}
_CODECS = ("iso8859", "cp", "koi8", "euc_", "big5", "gb", "iso2022", "tis_620", "mac_", "johab", "shift_jis", "ptcp")
_ESCAPING = frozenset(("cp949", "cp1252"))  # as for collect.charset


def declared_codec(head: bytes) -> str:
    """Return the codec that the declaration of an XML file names; "" for none, for UTF-8, and for no known one."""
    match = _DECLARED.match(head)
    name = match[1].decode("ascii").lower().replace("-", "_") if match else ""
    try:
        codec = codecs.lookup(_MEANT.get(name, name or "utf-8")).name
    except LookupError:  # also a name that was torn
        return ""
    return codec if codec.startswith(_CODECS) else ""


def decoded(dump: Dump) -> Dump:
    """Return a dump whose text is decoded as the file declares it, unless its bytes or its source tell otherwise."""
    if dump.fault or dump.bom or not (codec := declared_codec(next(dump.byte_chunks(), b"")[:1_000])):
        return dump
    sample = EncodingSample()
    for chunk in dump.byte_chunks():
        sample.feed(chunk)
        if not sample.content.isascii():
            break
    if _is_sure(sample.content, dump.encoding, declared=codec):
        return dump
    errors = "surrogateescape" if codec in _ESCAPING else "replace"

    def text_chunks() -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(codec)(errors)
        for chunk in dump.byte_chunks():
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)

    return replace(dump, encoding=codec, text_chunks=text_chunks)


def _is_sure(sample: bytes, encoding: str, *, declared: str) -> bool:
    """Return whether the bytes are UTF-8 or UTF-16, or the source names their encoding.

    Many programs declare ISO-8859-1 whatever they write; Korean bytes are no western text.
    """
    try:
        found = detect_encoding(sample)
    except NotReadable:
        return True
    if found.name != encoding:  # it is configured
        return True
    if found.codec == "cp949" and declared == "cp1252":
        return True
    return found.is_known and found.codec.startswith("utf") and b"\x1b" not in sample
