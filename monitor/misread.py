"""Read again what was read in the wrong encoding; `readable` loads it for a text that may have been."""

from __future__ import annotations

import re

# Programs that read CP1252 make a character of each byte. Five bytes have none there and become control characters.
_UNUSED = b"\x81\x8d\x8f\x90\x9d"
_BYTE_OF = {ord(bytes([byte]).decode("cp1252")): byte for byte in range(0x80, 0xA0) if byte not in _UNUSED}
_TAIL = "[\x80-\xbf" + "".join(map(chr, _BYTE_OF)) + "]"
# After a capital letter these occur in texts that are right: CAFÉ…, «É», NESTLÉ®.
_AFTER_LETTERS = "‘’‚“”„…–—•›»™©®°ª²³¹º·\xa0"
# What nobody writes: two or three signs after a letter, Â or Ã and a sign, a letter and a sign that follows none.
_MISREAD = re.compile(
    rf"[à-ï]{_TAIL}{{2}}|[ð-ô]{_TAIL}{{3}}"
    rf"|(?<![A-ZÀ-Þ])[ÂÃ]{_TAIL}|[ÂÃ]{_TAIL}(?=\w)|[Â-ß](?![{_AFTER_LETTERS}]){_TAIL}|â€|Â "
)
# What is left where the byte without a character was left out, and where a no-break space became a plain one.
_LOST_QUOTE = re.compile(rf"(?<=â€)(?!{_TAIL})")
_LOST_SPACE = re.compile(rf"(?<=[Â-ß]) |(?<=[à-ï]) (?={_TAIL})|(?<=[à-ï]{_TAIL}) ")
# The same by other codecs: three bytes that are one character of UTF-8. Mac Roman has "é" as "√©".
_OTHER_CODECS = tuple(
    (codec, re.compile(f"[{bytes(range(0xE0, 0xF0)).decode(codec)}][{re.escape(tail)}]{{2}}{more}"))
    for codec, more in (
        ("mac_roman", "|[√¬][Ä-ø©†°¢£§•¶®™´¨≠∞±≤≥¥µ∂∑∏π∫ªºΩ]"),
        ("cp1250", ""),
        ("cp1251", ""),
        ("cp437", ""),
    )
    for tail in (bytes(range(0x80, 0xC0)).decode(codec, "ignore"),)
)
# Korean in CP949 that was read so: no text has so many of these signs and letters in a row.
_MISREAD_KOREAN = re.compile("(?:[°-È][¡-þ]){2}")
_PAIRS = re.compile(rb"(?:[\x00-\x7f]+|(?:[\xa1-\xfe]{2})+)*+\Z")
_SYLLABLE, _LETTER = re.compile("[가-힣]"), re.compile("[가-힣一-鿿]")
_LOST_CHARACTERS, _MAX_LOST = re.compile(rf"[à-ï]{_TAIL}{{2}}"), 5
_CONTROL = re.compile("[\x80-\x84\x86-\x9f]")  # U+0085 is a line end


def read_again(line: str) -> str:
    """Return a line as its bytes were meant, however often they were misread; else the line itself."""
    result = line
    while again := _meant(result):
        result = again
    return line if _CONTROL.search(result) else result


def has_lost_bytes(text: str) -> bool:
    """Return whether a text has so many characters of which bytes are lost that nobody can read it."""
    return len(_LOST_CHARACTERS.findall(text)) >= _MAX_LOST


def _meant(line: str) -> str | None:
    """Return a line with one misreading less; None: nothing shows that there is one."""
    # A space at the end may be the last byte of a character.
    ends = (line.lstrip(), line.strip())
    if line.isascii():
        return None
    if _MISREAD.search(line):
        # "à " had two spaces in a row.
        lost = _LOST_SPACE.sub("\xa0", _LOST_QUOTE.sub("\x9d", ends[1]).replace("Ã ", "Ã\xa0 "))
        if found := next(filter(None, map(_decoded, (*ends, lost.strip()))), None):
            return found
    if _MISREAD_KOREAN.search(line) and (found := _decoded_korean(line.strip())):
        return found
    codecs = (codec for codec, sign in _OTHER_CODECS if sign.search(line))
    return next((found for codec in codecs for end in ends if (found := _decoded_as(codec, end))), None)


def _decoded(line: str) -> str | None:
    """Return the text of the bytes that these characters were made of; None: they are not UTF-8."""
    try:
        content = line.translate(_BYTE_OF).encode("latin-1")
    except UnicodeEncodeError:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError as fault:
        whole = content[: fault.start]
        is_cut = fault.reason == "unexpected end of data" and not whole[-1:].isalpha()  # else it may be a good "café"
        return whole.decode() if is_cut else None


def _decoded_as(codec: str, line: str) -> str | None:
    try:
        return line.encode(codec).decode()
    except UnicodeError:
        return None


def _decoded_korean(line: str) -> str | None:
    """Return the Korean text of these bytes; None: they are not pairs that are mostly syllables."""
    try:
        content = line.translate(_BYTE_OF).encode("latin-1")
        text = content.decode("cp949") if _PAIRS.match(content) else ""
    except UnicodeError:
        return None
    high = set(content).difference(range(0x80))
    if len(high) < 4 or min(high) >= 0xC0:  # a row of one sign, or of capital letters with accents
        return None
    return text if len(_SYLLABLE.findall(text)) * 5 > len(_LETTER.findall(text)) * 4 else None
