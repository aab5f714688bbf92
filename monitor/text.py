"""Normalize text: these are the only normal forms, and every package uses them.

`raw` is the text of a dump. `fold` normalizes typography (quotes, dashes, spaces, widths, invisible characters).
`soft` also ignores letter case, punctuation that touches no digit, and spaces between a figure and its sign. Two texts
that differ in raw but not in soft differ only cosmetically; "8.2" and "82" always differ.
"""

from __future__ import annotations

import re
import unicodedata

NORM_VERSION = (
    4  # increase it when fold, soft or readable may give another result; the store then hashes its texts again
)

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
# The dots of Korean lists, bullets, tildes: they leave a text that `_fold_rare` has to read anyway. U+119E is what NFKC
# makes of U+318D; behind an initial consonant it is a vowel.
# The ligature U+FDFA gets its short form: NFKC makes 18 letters of it, of any other character 8 at most.
_PLAIN_RARE = tuple(
    (odd, plain) for plain, odds in (("·", "ㆍ・‧∙•⋅"), ("~", "∼〜˜⁓"), ("صلعم", "\ufdfa")) for odd in odds
)
_DOT_VOWEL = re.compile("(?<![\u1100-\u115f\ua960-\ua97c])\u119e")
_ASCII = re.compile(r"[\x00-\x7f]+")
# CPython sorts the combining marks behind a letter in quadratic time: 100,000 of them take minutes. No language needs
# more than 30 in a row (UAX #15, Stream-Safe Text Format). This class has all marks and a few other characters.
MAX_MARKS = 30
_MARK = r"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f])"
_ANY_MARK, _MANY_MARKS = re.compile(_MARK), re.compile(rf"{_MARK}{{{MAX_MARKS + 1},}}")
_EXTRA_SPACE = ("  ", "\n", "\t", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85")
_FEW_WORDS = 20  # characters
# Compatibility forms of digits: after a digit, plain NFKC would glue them to it (10² → 102).
_COMPAT_DIGIT = re.compile("[²³¹¼-¾⁰-⁹₀-₉⅐-⅟↉①-⒛⓪-⓿❶-➓]")
# Class first, then the look-behind over it: the other order checks every character (10 times slower).
_DROPPABLE = re.compile(r"""[.,;:!?'"()\[\]{}\-_*#·•。、「」『』【】《》〈〉](?<![0-9].)(?![0-9])""")
_DOT_IN_FIGURE = re.compile(r"(?<=\d)\s*·\s*(?=\d)")
_TERMINAL = ".!?\"')。」』"
CURRENCIES = "$€£¥₩¢₹"
# 2024.7.1, 2024.7. and 7.1., which Korean also writes with spaces behind the points
DATE = r"(?:{year}\.\s*{month}\.\s*{day}(?!\d)|(?:{year}\.\s*{month}|{month}\.\s*{day})(?=\.(?!\d)|\())".format(
    year=r"(?:19|20|['’])\d\d", month="(?:1[0-2]|0?[1-9])", day=r"(?:3[01]|[12]\d|0?[1-9])"
)
_SPACED_DATE = re.compile(rf"(?<![\d.,]){DATE}")
_POINT_SPACE_DIGIT = re.compile(r"\. \d")
# Spaces that mean nothing beside a figure. A pattern is tried where its sign is in the text: to look for one character
# is fifty times faster than for two, of which one is a space. A space between two digits always counts.
# Each pattern begins with letters of its own, which the engine finds at once, so the look-behind comes last.
_FIGURE_SPACES = tuple(
    (sign, re.compile(pattern), plain)
    for sign, pattern, plain in (
        *((sign, rf" {sign}(?<=\d {sign})", sign) for sign in "%‰°"),
        ("%", r"% p(?<=\d% p)(?![a-z])", "%p"),
        *((sign, rf"{re.escape(sign)} (?=\d)", sign) for sign in CURRENCIES),
        *((sign, rf" {re.escape(sign)}(?!\d)(?<=\d {re.escape(sign)})", sign) for sign in CURRENCIES),
        ("~", " ~", "~"),
        ("~", "~ ", "~"),
    )
)
# The same beside a mark that would be dropped: what is looked for first, and what the mark replaces.
_MARK_SPACES = tuple(
    (mark, re.compile(found), re.compile(pattern))
    for mark, found, pattern in (
        ("-", r"-(?= \d)(?<=\d -)", r" - (?=\d)(?<=\d - )"),
        (":", r":(?= \d)(?<=\d :)", r" : (?=\d)(?<=\d : )"),
        ("(", r"\((?= \d)", r"\( (?=\d)"),
        (")", r"\)(?<=\d \))", r" \)(?<=\d \))"),
    )
)
# All spaces with a figure on one side, and the point of "No.5"; not those of "8. 2" or "1 ,5".
_SPACE_AT_FIGURE = re.compile(
    r" (?=\d)(?<!\d )(?<!\d[.,] )| (?!\d|[.,]\d)(?<=\d )|\.(?=\d)(?<=[^\W\d_]\.)"
    rf"| (?=[{CURRENCIES}]\d)"
)
_ASCII_FIGURE_SPACES = tuple(one for one in _FIGURE_SPACES if one[0].isascii())
# As str.splitlines has them, which leaves out whether the last line ends.
_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACED_COMMA, _SPACED_THOUSANDS = re.compile(r",(?<=\d ,)\d{3}"), re.compile(r" (?=,\d{3}(?!\d))(?<=\d )")


def fold(text: str) -> str:
    """Normalize typography: NFKC, ASCII quotes and dashes, no format characters, single spaces, trimmed.

    Superscripts, subscripts, fractions and circled digits stay separate from a digit beside them: `10²` gives `10^2`,
    `1½` gives `1 1/2`. Of the combining marks in a row MAX_MARKS are kept. The result is idempotent.
    """
    return _single_spaces(_normalize(text))


def soft(text: str) -> str:
    """Fold and casefold, then remove what makes no other words to people: spaces at figures, free punctuation."""
    folded = _normalize(text).casefold()
    if "·" in folded:
        folded = _DOT_IN_FIGURE.sub("·", folded)
    for mark, found, pattern in _MARK_SPACES:
        if mark in folded and found.search(folded):
            folded = pattern.sub(mark, folded)
    dropped = _DROPPABLE.sub("", folded)
    normal = _nfkc(dropped)
    if normal != dropped:  # a mark now follows another base, or casefold separated them
        normal = normal.casefold()
    return close_figures(_single_spaces(normal))


def close_figures(text: str) -> str:
    """Remove the spaces from a folded text that mean nothing beside a figure, as in `5.2 %`, `$ 5` or `2024. 7. 1.`"""
    for sign, pattern, plain in _ASCII_FIGURE_SPACES if text.isascii() else _FIGURE_SPACES:
        if sign in text:
            text = pattern.sub(plain, text)
    if "," in text and _SPACED_COMMA.search(text):
        text = _SPACED_THOUSANDS.sub("", text)
    return _SPACED_DATE.sub(_without_spaces, text) if _POINT_SPACE_DIGIT.search(text) else text


def join_figures(text: str) -> str:
    """Remove from a soft text all spaces between a figure and what is none, as in `5 km` or `No 5`."""
    return _SPACE_AT_FIGURE.sub("", text)


def is_cut(body: str) -> bool:
    """Return whether a listing cut this body: it is empty, ends in three dots, or its last character ends no sentence.

    This is right for all bodies of the real dumps; a length test is not (cuts fall at 3,865 to 3,929 characters).
    """
    tail = fold(body[-40:])
    return not tail or tail[-1] not in _TERMINAL or tail.endswith("...")


def escape(text: str) -> str:
    r"""Make a text safe to print on one line: control, format and undecodable characters become `\xNN` or `\uNNNN`.

    Spaces of any width stay: texts of web pages are full of them.
    """
    if text.isprintable():  # the usual case
        return text
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else _escaped(c) for c in text)


def neutralise(text: str) -> str:
    r"""Return one harmless line: no control, invisible or direction character, no @ that a chat could resolve.

    Spaces and line ends of any kind become one space; lone surrogates become U+FFFD. Idempotent.

    >>> neutralise("Talks\r\nBcc: x\u202e @here").encode("ascii", "backslashreplace")
    b'Talks Bcc: x @\\u200bhere'
    """
    if text.isprintable():  # the usual case: its only space is the plain one
        return " ".join(text.split()).replace("@", "@\u200b")
    return " ".join("".join(map(_neutral, text)).split()).replace("@", "@\u200b")


def spaced(text: str) -> str:
    """Neutralise a text that is joined to others: one space at each edge stays.

    >>> spaced(" rose ")
    ' rose '
    """
    return keep_edge_spaces(neutralise(text), text)


def spaced_lines(text: str) -> str:
    r"""Neutralise a text of several lines: line ends of any kind stay, as `\n`, and one space at each edge of a line.

    >>> spaced_lines("Talks \r\n\n @here\u2028")
    'Talks \n\n @\u200bhere\n'
    """
    return "\n".join(map(spaced, _LINE_END.split(text)))


def keep_edge_spaces(inner: str, text: str) -> str:
    """Return `inner` with one space at each edge where `text` has any, so that it can be joined to other texts."""
    if not inner:
        return " " if text else ""
    return (" " if text[0].isspace() else "") + inner + (" " if text[-1].isspace() else "")


def _normalize(text: str) -> str:
    """Do all that `fold` does, except for spaces."""
    if text.isascii():
        return text
    for odd, plain in _PLAIN:
        if odd in text:
            text = text.replace(odd, plain)
    return text if text.isascii() else _fold_rare(text)


def _single_spaces(text: str) -> str:
    """Split and join only if needed, because most texts have single spaces already; a few words cost less than that."""
    if len(text) < _FEW_WORDS:
        return " ".join(text.split())
    for space in _EXTRA_SPACE:
        if space in text:
            return " ".join(text.split())
    return text.strip(" ")


def _without_spaces(match: re.Match[str]) -> str:
    return match[0].replace(" ", "")


def _fold_rare(text: str) -> str:
    """Normalize what the literal pairs leave: other widths, compositions, invisible characters and spaces."""
    text = _plain_rare(_few_marks(text))
    if not unicodedata.is_normalized("NFKC", text):
        text = _nfkc(_COMPAT_DIGIT.sub(_separate_compat_digit, text))
        for odd, plain in _PLAIN:
            text = text.replace(odd, plain)
        text = _plain_rare(text)
    for char in set(_ASCII.sub("", text)):
        category = unicodedata.category(char)
        if category == "Cf":
            text = text.replace(char, "")
        elif category[0] == "Z":
            text = text.replace(char, " ")
    return _nfkc(text)  # removing an invisible character can join a base and its mark


def _plain_rare(text: str) -> str:
    for odd, plain in _PLAIN_RARE:
        if odd in text:
            text = text.replace(odd, plain)
    return _DOT_VOWEL.sub("·", text) if "\u119e" in text else text


def _nfkc(text: str) -> str:
    """Return a text in NFKC with at most MAX_MARKS combining marks in a row."""
    if text.isascii():
        return text
    text = _few_marks(text)
    # Some marks are two in NFKC, so there may be more of them again.
    return text if unicodedata.is_normalized("NFKC", text) else _few_marks(unicodedata.normalize("NFKC", text))


def _few_marks(text: str) -> str:
    # Of too many marks in a row one stands at such a place: the search through the whole text is rarely needed.
    return _MANY_MARKS.sub(_first_marks, text) if _ANY_MARK.search(text[:: MAX_MARKS + 1]) else text


def _first_marks(match: re.Match[str]) -> str:
    kept, in_row = [], 0
    for char in match.group():
        in_row = in_row + 1 if unicodedata.combining(unicodedata.normalize("NFKD", char)[0]) else 0
        if in_row <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def _separate_compat_digit(match: re.Match[str]) -> str:
    text, char, (start, end) = match.string, match.group(), match.span()
    before, after = text[max(0, start - 1) : start].isdecimal(), text[end : end + 1].isdecimal()
    if not before and not after:
        return char
    tag = unicodedata.decomposition(char).partition(" ")[0]
    plain = unicodedata.normalize("NFKC", char).replace("\u2044", "/")
    return ({"<super>": "^", "<sub>": "_"}.get(tag, " ") if before else "") + plain + (" " if after else "")


def _neutral(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Zs", "Zl", "Zp") or char in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85":
        return " "
    if category in ("Cc", "Cf"):
        return ""
    return "\ufffd" if category == "Cs" else char


def plural(count: int, noun: str) -> str:
    """Return `1 dump` or `2,000 dumps`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # an undecodable byte, as os.fsdecode keeps it
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def columns(text: str) -> int:
    """Return the width of printable text in terminal columns: a wide character takes two, a combining mark none."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in ("W", "F")) for char in text
    )
