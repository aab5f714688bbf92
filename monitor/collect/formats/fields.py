"""Say which fields of a record a source reads: parse and evaluate the expressions of `map:`, and know the usual names.

    expression = "none" | term , { "|" , term } | term , { "+" , term } ;
    term       = ( "$name" | "$path" | path , [ "@" , name ] ) , [ "&" , name ] ;
    path       = name , { "." , name } ;
    name       = quoted | bare ;
    quoted     = '"' , { any character but '"' } , '"' | "'" , { any character but "'" } , "'" ;
    bare       = characters but . | + & @ and quotes, with blanks inside but not around it ;

`|` takes the first term that is not empty, `+` takes all. A path leads through objects, elements or a row's columns; a
number picks from a list, and other lists are gone through. `@` reads an attribute of an element, `&` a parameter of a
link. `$name` and `$path` are the name and the path of the file, and `none` is nothing at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from monitor.frozen import dataclass

FIELDS = ("id", "title", "body", "date", "url", "category")
# Names that programs give to a field, in the order in which they are tried; case, blanks, `-` and `_` do not count.
# An id may be a row number, and most other dates are those of a program: these are never read unless they are mapped.
USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "headline", "subject", "제목"),
    "body": (
        "content", "body", "text", "content_text", "content_html", "full_text", "description", "summary", "abstract",
        "내용", "본문",
    ),
    "date": (
        "date", "published", "published_at", "publication_date", "date_published", "pubdate", "publish_date",
        "published_date", "posted_at", "등록일", "게시일", "작성일", "배포일",
    ),
    "url": ("url", "link", "permalink", "href", "html_url", "링크"),
    "category": ("category", "categories", "section", "분류"),
}  # fmt: skip
MAX_LAYOUTS = 1_000  # sets of names that are remembered
_FILE_NAMES = ("$name", "$path")
_TOKEN = re.compile(r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<sign>[.|+&@])|(?P<bare>[^.|+&@"']+)|(?P<open>["']))""")
_NEEDS_QUOTES = re.compile(r"""[.|+&@"']|^\s|\s$|^\$|^none\Z|^\Z""")


class ExpressionFault(ValueError):
    """A fault in an expression, as the end of a sentence about it; the column is a character, from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


class Term(NamedTuple):
    """One place of a record, or of the file's name."""

    path: tuple[str, ...]
    attribute: str = ""  # of the element at the path
    parameter: str = ""  # of the link that stands there
    file_name: str = ""  # $name or $path; then there is no path

    @property
    def name(self) -> str:
        """Return the path as one name, as the columns of a table have it."""
        return ".".join(self.path)

    def __str__(self) -> str:
        place = self.file_name or ".".join(map(_quoted, self.path))
        signs = (("@", self.attribute), ("&", self.parameter))
        return place + "".join(f"{sign}{_quoted(name)}" for sign, name in signs if name)


@dataclass(frozen=True, slots=True)
class Expression:
    """What one field of a release is read from; without terms it is read from nothing."""

    terms: tuple[Term, ...]
    takes_all: bool = False  # the terms are joined by `+`; else the first that is not empty counts

    def __str__(self) -> str:
        return (" + " if self.takes_all else " | ").join(map(str, self.terms)) or "none"


class Node(Protocol):
    """A record as expressions see it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its fields, in their order."""

    def text(self, name: str) -> str:
        """Return the text of a field where it is a single one, else ""."""

    def texts(self, path: tuple[str, ...], attribute: str = "") -> Sequence[str]:
        """Return the texts at a path; none where nothing stands there."""


class FileName(NamedTuple):
    """The name of the file that a record stands in, as `$name` and `$path` read it."""

    path: str  # relative to the source's folder

    def text(self, which: str) -> str:
        """Return the whole path for `$path`, and its last part for `$name`."""
        return self.path if which == "$path" else self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatOptions:
    """How the files of one source are written, and where the fields of a release are in them."""

    format: str = "text"
    records: tuple[str, ...] = ()  # where the records are: the keys that lead there, or an element's name
    map: Mapping[str, Expression] = field(default_factory=dict)  # field → what it is read from; by default usual names
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))  # the publisher's
    dates: str = "auto"  # auto | mdy | dmy | a strptime format
    html: str = "auto"  # auto | yes | no
    base: str = ""  # the address that relative links start from
    empty: tuple[str, ...] = ()  # texts that stand for nothing
    delimiter: str = "auto"
    columns: tuple[str, ...] = ()  # names of the columns of a table without a header
    between: str = ""  # the line between two releases of one document

    def fingerprint(self, version: int, *more: object) -> str:
        """Return a short text that differs where the same bytes may be read as another release.

        version: of the format's parser. Links are left out: another one is no other text.
        """
        read = {name: str(expression) for name, expression in sorted(self.map.items()) if name != "url"}
        shape = (self.format, version, self.records, read, self.timezone.key, self.dates, self.html, self.empty)
        return sha256(repr((*shape, self.delimiter, self.columns, self.between, *more)).encode()).hexdigest()[:16]


def parse(text: str) -> Expression:
    """Parse an expression. Raise ExpressionFault."""
    return _Parser(text).expression()


def parse_path(text: str) -> tuple[str, ...]:
    """Parse names joined by dots. Raise ExpressionFault."""
    terms = parse(text).terms
    if len(terms) != 1 or terms[0] != Term(terms[0].path) or not terms[0].path:
        raise ExpressionFault("is not a place of records: write names joined by dots, for example data.results", 1)
    return terms[0].path


def evaluate(expression: Expression, node: Node, file: FileName, *, empty: Sequence[str] = ()) -> list[list[str]]:
    """Return the texts of each term that has any: of one term at most, unless all are taken.

    empty: texts that count as nothing, as blanks do.
    """
    found = []
    for term in expression.terms:
        texts = [text for text in _texts(term, node, file) if (words := text.strip()) and words not in empty]
        if texts:
            found.append(texts)
            if not expression.takes_all:
                break
    return found


class UsualNames:
    """Finds the usual names among those of a record; records of one file mostly have the same."""

    def __init__(self, fields: Sequence[str]) -> None:
        """fields: those to find; one without usual names is never found."""
        self._fields = fields
        self._known: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}

    def among(self, names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """Return for each field the names to try, in order."""
        found = self._known.get(names)
        if found is None:
            if len(self._known) >= MAX_LAYOUTS:
                self._known.clear()
            by_plain: dict[str, str] = {}
            for name in names:
                by_plain.setdefault(plain_name(name), name)
            usual = (map(plain_name, USUAL_NAMES.get(field_, ())) for field_ in self._fields)
            found = tuple(tuple(by_plain[name] for name in each if name in by_plain) for each in usual)
            self._known[names] = found
        return found


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a name as it is compared with usual ones."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def _texts(term: Term, node: Node, file: FileName) -> Sequence[str]:
    texts = (file.text(term.file_name),) if term.file_name else node.texts(term.path, term.attribute)
    return [_parameter(text, term.parameter) for text in texts] if term.parameter else texts


def _parameter(link: str, name: str) -> str:
    try:
        return (parse_qs(urlsplit(link).query, max_num_fields=1_000).get(name) or [""])[0]
    except ValueError:  # brackets without an IPv6 address
        return ""


def _quoted(name: str) -> str:
    if not _NEEDS_QUOTES.search(name):
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


class _Token(NamedTuple):
    kind: str  # quoted | sign | bare | end
    text: str
    column: int


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def expression(self) -> Expression:
        first = self._next
        if first.kind == "end":
            raise ExpressionFault("is empty: write the name of a field, or none", 1)
        if first.kind == "bare" and first.text == "none":
            self._take()
            if self._next.kind != "end":
                raise ExpressionFault("has something beside none, which stands alone", self._next.column)
            return Expression(())
        terms, sign = [self._term()], ""
        while self._next.kind != "end":
            if self._next.text not in ("|", "+") or self._next.kind != "sign":
                raise ExpressionFault("has no sign between two names: write one of . | + & @", self._next.column)
            if sign and self._next.text != sign:
                raise ExpressionFault("has both '|' and '+' in one expression: keep one", self._next.column)
            sign = self._take().text
            terms.append(self._term())
        return Expression(tuple(terms), takes_all=sign == "+")

    def _term(self) -> Term:
        file_name, path, attribute = "", [], ""
        if self._next.kind == "bare" and self._next.text.startswith("$"):
            token = self._take()
            file_name = token.text
            if file_name not in _FILE_NAMES:
                raise ExpressionFault("has an unknown name after '$': write $name or $path", token.column)
        else:
            path.append(self._name())
            while self._takes("."):
                path.append(self._name())
            if self._takes("@"):
                attribute = self._name()
        return Term(tuple(path), attribute, self._name() if self._takes("&") else "", file_name)

    def _name(self) -> str:
        token = self._take()
        if token.kind not in ("quoted", "bare"):
            raise ExpressionFault("lacks a name at this place", token.column)
        if token.kind == "bare" and (token.text == "none" or token.text.startswith("$")):
            raise ExpressionFault("has a word that stands alone: put it in quotes if it is a name", token.column)
        return token.text

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _takes(self, sign: str) -> bool:
        if self._next.kind != "sign" or self._next.text != sign:
            return False
        self._take()
        return True


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None:  # of this pattern any character is one
            raise ExpressionFault("cannot be read from here on", at + 1)
        kind = str(match.lastgroup)
        start = match.start(kind) + 1
        if kind == "open":
            raise ExpressionFault("has a quote that is not closed", start)
        found = match[kind]
        found = found[1:-1] if kind == "quoted" else found.strip()
        if kind == "quoted" and not found:
            raise ExpressionFault("has an empty name in quotes", start)
        yield _Token(kind, found, start)
        at = match.end()
    yield _Token("end", "", end + 1)
