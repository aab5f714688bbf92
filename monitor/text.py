"""Any text → its normal forms: the only ones there are, shared by every station.

`raw` is what a dump shows. `fold` levels typography (quotes, dashes, blanks, widths, invisible characters).
`soft` also levels letter case and punctuation that touches no digit. Two texts that differ in raw but not in soft
differ only cosmetically; "8.2" and "82" always differ.
"""

from __future__ import annotations

import re
import unicodedata

NORM_VERSION = 1  # goes up when fold or soft may give another result: the store then hashes its texts anew

# The replacements that real dumps need, as literal pairs: guarded `str.replace` is 30 to 50 times faster than a table.
_PLAIN = tuple(
    (odd, plain)
    for plain, odds in (
        ("'", "’‘‚‛′`´"),
        ('"', "“”„‟″«»"),
        ("-", "–—‐‑‒―−"),
        ("/", "\u2044"),  # what NFKC makes of the bar in ½
        (" ", "\u00a0"),
        ("", "\u200b\u00ad\ufeff"),
    )
    for odd in odds
)
_ASCII = re.compile(r"[\x00-\x7f]+")
_SUSPICIOUS_BLANKS = ("  ", "\n", "\t", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85")
# Compatibility forms of digits: after a digit, plain NFKC would glue them to it (10² → 102).
_COMPAT_DIGIT = re.compile("[²³¹¼-¾⁰-⁹₀-₉⅐-⅟↉①-⒛⓪-⓿❶-➓]")
# Class first, then the look-behind over it: the other order costs a look at every character (10 times slower).
_DROPPABLE = re.compile(r"""[.,;:!?'"()\[\]{}\-_*#·•。、「」『』【】《》〈〉](?<![0-9].)(?![0-9])""")
_TERMINAL = ".!?\"')。」』"


def fold(text: str) -> str:
    """Level typography: NFKC, ASCII quotes and dashes, no format characters, single blanks, trimmed.

    Superscripts, subscripts, fractions and circled digits beside a digit stay apart from it: `10²` gives `10^2`,
    `1½` gives `1 1/2`. Idempotent.
    """
    return _single_blanks(_level(text))


def soft(text: str) -> str:
    """`fold`, then casefold and drop punctuation that touches no digit; what people would call the same words."""
    dropped = _DROPPABLE.sub("", _level(text).casefold())
    if not unicodedata.is_normalized("NFKC", dropped):  # a mark now stands beside another base, or casefold parted them
        dropped = unicodedata.normalize("NFKC", dropped).casefold()
    return _single_blanks(dropped)


def is_cut(body: str) -> bool:
    """Whether a listing cut this body: it is empty, or its last character ends no sentence, or three dots say so.

    Separates cut from whole without error on all real dumps; a length test does not (cuts fall at 3,865 to 3,929).
    """
    tail = fold(body[-40:])
    return not tail or tail[-1] not in _TERMINAL or tail.endswith("...")


def escape(text: str) -> str:
    r"""One line safe to print: control, format and undecodable characters become `\xNN` or `\uNNNN`."""
    if text.isprintable():  # the usual case
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _level(text: str) -> str:
    """All that `fold` does but for the blanks."""
    if text.isascii():
        return text
    for odd, plain in _PLAIN:
        if odd in text:
            text = text.replace(odd, plain)
    return text if text.isascii() else _fold_rare(text)


def _single_blanks(text: str) -> str:
    """Nothing is replaced unless there is something to replace."""
    for blank in _SUSPICIOUS_BLANKS:
        if blank in text:
            return " ".join(text.split())
    return text.strip(" ")


def _fold_rare(text: str) -> str:
    """The slow way for what the literal pairs leave: other widths, compositions, invisible and blank characters."""
    if not unicodedata.is_normalized("NFKC", text):
        if _COMPAT_DIGIT.search(text):
            text = _part_compat_digits(text)
        text = unicodedata.normalize("NFKC", text)
        for odd, plain in _PLAIN:
            text = text.replace(odd, plain)
    for char in set(_ASCII.sub("", text)):
        category = unicodedata.category(char)
        if category == "Cf":
            text = text.replace(char, "")
        elif category[0] == "Z":
            text = text.replace(char, " ")
    # Taking an invisible character out can bring a base and its mark together.
    return text if unicodedata.is_normalized("NFKC", text) else unicodedata.normalize("NFKC", text)


def _part_compat_digits(text: str) -> str:
    sign = {"<super>": "^", "<sub>": "_"}

    def part(match: re.Match[str]) -> str:
        at, char = match.start(), match.group()
        before = at > 0 and text[at - 1].isdecimal()
        after = match.end() < len(text) and text[match.end()].isdecimal()
        if not before and not after:
            return char
        tag = unicodedata.decomposition(char).partition(" ")[0]
        plain = unicodedata.normalize("NFKC", char).replace("\u2044", "/")
        return (sign.get(tag, " ") if before else "") + plain + (" " if after else "")

    return _COMPAT_DIGIT.sub(part, text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not decodable, as os.fsdecode keeps it
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
