"""Choose the encoding of XML: by the bytes where they tell, else by what its declaration says.

Expat knows no encoding of several bytes but UTF-8 and UTF-16, so a dump is decoded before it is parsed.
"""

from __future__ import annotations

import codecs
import re

from monitor.collect.charset import TextEncoding

_DECLARED = re.compile(rb"""^[\s\xef\xbb\xbf]*<\?xml\s[^<>]{0,200}?encoding\s*=\s*["']([A-Za-z][\w.:-]{0,39})["']""")
# Names as they are meant: what is written under them is a superset.
_MEANT = {
    **dict.fromkeys(("euc_kr", "ks_c_5601", "ks_c_5601_1987", "ksc5601", "euckr", "x_windows_949"), "cp949"),
    **dict.fromkeys(("gb2312", "gbk", "x_gbk", "hz"), "gb18030"),
    **dict.fromkeys(("shift_jis", "sjis", "x_sjis", "windows_31j"), "cp932"),
    **dict.fromkeys(("iso_8859_1", "iso8859_1", "latin1", "us_ascii", "ascii"), "cp1252"),
}
_CODECS = ("iso8859", "cp", "koi8", "euc_", "big5", "gb", "iso2022", "tis_620", "mac_", "johab", "shift_jis", "ptcp")


def declared_codec(head: bytes) -> str:
    """Return the codec that the declaration of an XML file names; "" for none, for UTF-8, and for no known one."""
    match = _DECLARED.match(head)
    return named_codec(match[1].decode("ascii")) if match else ""


def named_codec(name: str) -> str:
    """Return the codec that a file means by a name; "" for none, for UTF-8, and for no known one."""
    name = name.lower().replace("-", "_")
    try:
        codec = codecs.lookup(_MEANT.get(name, name or "utf-8")).name
    except (LookupError, ValueError):  # also a name that was torn
        return ""
    return codec if codec.startswith(_CODECS) else ""


def declared_encoding(sample: bytes, detected: TextEncoding) -> TextEncoding:
    """Return the encoding of an XML file by its EncodingSample: the declared one, unless the bytes tell otherwise.

    UTF-8 and UTF-16 are known by their bytes. Many programs declare ISO-8859-1 whatever they write; Korean is not that.
    """
    codec = declared_codec(sample[:1_000])
    is_unicode = detected.is_known and detected.codec.startswith("utf") and b"\x1b" not in sample
    if not codec or detected.bom or is_unicode or (codec, detected.codec) == ("cp1252", "cp949"):
        return detected
    return TextEncoding(name=codec, codec=codec, bom=0)
