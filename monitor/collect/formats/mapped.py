"""Make records of what a mapping reads: hashed at once, and turned into a release only when somebody needs it.

The hash covers what the mapping reads of id, title, body, date and category, before it is converted. The rest of a
record, such as counters, times of fetching and the order of keys, would make every fetch look new; so do links, which
may hold tokens.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from monitor.collect.charset import printable
from monitor.collect.formats.base import EXCERPT_LENGTH, Entry, too_long
from monitor.collect.formats.dash.dropped_lines import kept_lines
from monitor.collect.formats.days import day_of
from monitor.collect.formats.fields import (
    FIELDS,
    MAX_LAYOUTS,
    Expression,
    FileName,
    FormatOptions,
    Node,
    Term,
    UsualNames,
    evaluate,
)
from monitor.collect.formats.file_days import DatedName
from monitor.collect.formats.links import url_of
from monitor.collect.formats.markup import Markup, Plain, looks_like_markup, text_of, title_of
from monitor.collect.source import SourceOptions
from monitor.model import Dump, Record, Reject, Release
from monitor.readable import readable

MAX_TITLE_LINE = 100  # characters of a first line that stands for a title
_BETWEEN_TEXTS, _BETWEEN_FIELDS = "\x1e", "\x1f"  # a text that holds them is refused
_CONTROLS = bytes([*range(9), *range(0x0E, 0x20), 0x7F])
_UNDECODED = re.compile("[\x00-\x08\x0e-\x1d\x7f\udc00-\udfff]")
_HALF_PAIR = re.compile("[\ud800-\udbff]")  # a program cut an escaped pair in two
_ESCAPING = ("utf-8", "cp949", "cp1252")  # in these a byte that does not decode is no U+FFFD
_DATE_LENGTH = 100  # characters of a date that cannot be read
_DATE_PLACE = FIELDS.index("date")
_NOTHING: tuple[tuple[str, ...], ...] = ((),) * len(FIELDS)
_SINGLE = ("id", "date", "url")  # of a list in one of these the first counts


class RawFields(NamedTuple):
    """What a mapping reads of one record, before anything is converted."""

    id: tuple[str, ...]
    title: tuple[str, ...]
    body: tuple[str, ...]
    date: tuple[str, ...]
    url: tuple[str, ...]
    category: tuple[str, ...]


class _Place(NamedTuple):
    """One field of a release that a record may have."""

    place: int  # in FIELDS
    expression: Expression | None  # None: usual names
    is_single: bool
    usual: tuple[str, ...]  # those that the record has


class MappedFields(NamedTuple):
    """What a mapping reads of one record, and where it found it."""

    node: Node
    raw: RawFields
    base: str  # the address that its links start from; "": none is known
    used: tuple[str, ...]  # for each of FIELDS the expression of the places it was found at; "": nothing was found


class RecordMapper:
    """Reads the records of one dump by the `map:` of its source, and by usual names where that has none."""

    def __init__(
        self,
        dump: Dump,
        options: SourceOptions,
        *,
        version: int,
        default: Mapping[str, Expression] | None = None,
        updated: Expression | None = None,
    ) -> None:
        """version: of the format's parser. default: what a format reads where the source maps nothing.

        updated: where a format tells when a record was last changed; it dates one that has no date, and is not hashed.
        """
        self._options, self._format = options, options.format
        self._file = FileName(dump.name)
        expressions = {**(default or {}), **self._format.map}
        self._plan = tuple((expressions.get(name), name in _SINGLE) for name in FIELDS)
        self._date_file = self._file if "%" in self._format.dates else DatedName(dump.name)
        self._usual = UsualNames([name if name not in expressions else "" for name in FIELDS])
        self._layouts: dict[tuple[str, ...], list[_Place]] = {}
        self._updated = updated
        self.reading = f"{self._format.format}:{self._format.fingerprint(version, options.drop)}"
        self._start = sha256(f"{dump.source}{_BETWEEN_FIELDS}{self.reading}{_BETWEEN_FIELDS}".encode())
        self._refuses_replacements = dump.encoding != "" and codecs.lookup(dump.encoding).name not in _ESCAPING

    def entry(self, node: Node, *, line: int, offset: int, excerpt: Callable[[], str], base: str = "") -> Entry:
        """Return a record, or a reject where it is no release.

        excerpt: returns the beginning of the record as it is written. base: the address that its links start from.
        """
        raw = self._read(node)
        if self._options.observe:
            self._options.observe(self._observed(node, raw, base or self._format.base))
        fields = (raw.id, raw.title, raw.body, raw.date, raw.category)
        hashed = _BETWEEN_FIELDS.join(map(_BETWEEN_TEXTS.join, fields))
        separators = len(fields) - 1
        if max(map(len, fields)) > 1:
            separators += sum(map(len, fields)) - sum(map(bool, fields))
        content = hashed.encode("utf-8", "surrogatepass")
        reason = self._reject_reason(raw, hashed, content, separators)
        if reason:
            return Reject(reason=reason, line=line, offset=offset, text=printable(excerpt()[:EXCERPT_LENGTH]))
        digest = self._start.copy()
        digest.update(content)
        day, is_updated = self._day(" ".join(raw.date)), False
        if not raw.date and self._updated:
            texts = evaluate(self._updated, node, self._file)
            day, is_updated = self._day(texts[0][0] if texts else ""), True
        read = partial(
            release_of,
            raw,
            day,
            options=self._options,
            base=base or self._format.base,
            reading=self.reading,
            is_updated=is_updated,
        )
        return Record(
            digest=digest.digest(),
            day=day,
            line=line,
            offset=offset,
            read=read,
            ref=_id(raw),
            unread_date=" ".join(raw.date)[:_DATE_LENGTH] if raw.date and day is None else "",
        )

    def _day(self, text: str) -> date | None:
        return day_of(text, timezone=self._format.timezone, dates=self._format.dates) if text else None

    def has_day(self, node: Node) -> bool:
        """Return whether a record has a day that can be read."""
        return self._day(" ".join(self._read(node).date)) is not None

    def names_in(self, names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """Return for each field which of these names it is read from; `$name` and `$path` are always among them."""
        found = {}
        for field, (expression, _), usual in zip(FIELDS, self._plan, self._usual.among(names), strict=True):
            terms = expression.terms if expression else ()
            mapped = (term.file_name or term.name for term in terms if term.file_name or term.name in names)
            found[field] = usual if expression is None else tuple(mapped)
        return found

    @property
    def mapped_names(self) -> frozenset[str]:
        """The names that the source maps."""
        return frozenset(term.name for expression, _ in self._plan if expression for term in expression.terms)

    def _read(self, node: Node) -> RawFields:
        found, empty = list[tuple[str, ...]](_NOTHING), self._format.empty
        for place, expression, is_single, names in self._layout(node.names):
            text = node.text(names[0]) if names and not empty else ""
            if text and not text.isspace():  # the usual case
                found[place] = (text,)
            elif expression is None:
                found[place] = self._first(node, names, is_single=is_single)
            else:
                file = self._date_file if place == _DATE_PLACE else self._file
                terms = evaluate(expression, node, file, empty=empty)
                found[place] = tuple(text for texts in terms for text in (texts[:1] if is_single else texts))
        return RawFields._make(found)

    def _layout(self, names: tuple[str, ...]) -> Sequence[_Place]:
        """Return what is read of a record with these names; records of one file mostly have the same."""
        layout = self._layouts.get(names)
        if layout is None:
            if len(self._layouts) >= MAX_LAYOUTS:
                self._layouts.clear()
            planned = enumerate(zip(self._plan, self._usual.among(names), strict=True))
            places = (_Place(place, *plan, usual) for place, (plan, usual) in planned)
            layout = [each for each in places if each.expression is not None or each.usual]
            self._layouts[names] = layout
        return layout

    def _observed(self, node: Node, raw: RawFields, base: str) -> MappedFields:
        used = dict(zip(FIELDS, self._used(node), strict=True))
        if not raw.date and self._updated and (texts := evaluate(self._updated, node, self._file)):
            raw, used["date"] = raw._replace(date=tuple(texts[0][:1])), str(self._updated)
        return MappedFields(node, raw, base, tuple(used.values()))

    def _used(self, node: Node) -> Iterator[str]:
        """Yield for each field the term that gave it, the whole expression where that takes all, or ""."""
        empty = self._format.empty
        for place, ((expression, _), usual) in enumerate(zip(self._plan, self._usual.among(node.names), strict=True)):
            file = self._date_file if place == _DATE_PLACE else self._file
            terms = [Term((name,)) for name in usual] if expression is None else expression.terms
            found = [term for term in terms if evaluate(Expression((term,)), node, file, empty=empty)]
            takes_all = expression is not None and expression.takes_all
            yield (str(expression) if takes_all else str(found[0])) if found else ""

    def _first(self, node: Node, names: Sequence[str], *, is_single: bool) -> tuple[str, ...]:
        """Return the texts of the first field that is not empty."""
        for name in names:
            found = [text for text in node.texts((name,)) if text.strip() and text.strip() not in self._format.empty]
            if found:
                return tuple(found[:1] if is_single else found)
        return ()

    def _reject_reason(self, raw: RawFields, hashed: str, content: bytes, separators: int) -> str:
        """Return why a record is no release, or "" if it is one."""
        if content.isascii():  # the usual case
            is_damaged = len(content.translate(None, _CONTROLS)) + separators != len(content)
        else:
            found = hashed.count(_BETWEEN_TEXTS) + hashed.count(_BETWEEN_FIELDS)
            is_damaged = found != separators or _UNDECODED.search(hashed) is not None
            is_damaged = is_damaged or (self._refuses_replacements and "\ufffd" in hashed)
        if is_damaged:
            return (
                "the record has control characters, or bytes that are not text in this file's encoding; "
                "if they are of another, set the source's `encoding:` to it"
            )
        if len(hashed) > self._options.max_record:
            return too_long(self._options.max_record)
        title = raw.title[0] if len(raw.title) == 1 else "&"
        is_plain = "<" not in title and "&" not in title  # the usual case
        if is_plain or title_and_body(raw, self._options)[0]:
            return ""
        return "the record has no title and no text: say with map: which of its fields they are"


def release_of(
    raw: RawFields, day: date | None, *, options: SourceOptions, base: str, reading: str, is_updated: bool = False
) -> Release:
    """Return the release that a record shows. is_updated: the day is that of its last change."""
    title, body = title_and_body(raw, options)
    categories = {name for text in raw.category if (name := _one_line(title_of(text)))}
    return Release(
        title=title,
        body=body,
        date=day,
        category=", ".join(sorted(categories)) or None,
        url=url_of(" ".join(raw.url), base) if raw.url else None,
        ref=_id(raw),
        reading=reading,
        is_day_of_update=is_updated and day is not None,
    )


def _id(raw: RawFields) -> str | None:
    return " ".join(raw.id).strip() or None


def title_and_body(raw: RawFields, options: SourceOptions) -> tuple[str, str]:
    """Return the title, or else the first line of the text, and the text."""
    body = "\n\n".join(filter(None, (_body(text, options.format) for text in raw.body)))
    if options.drop:
        body = kept_lines(body, options.drop)
    title = _one_line(" ".join(_title(text, options.format) for text in raw.title))
    return title or body.partition("\n")[0][:MAX_TITLE_LINE].strip(), body


def _body(text: str, options: FormatOptions) -> str:
    if options.html == "auto":
        is_markup = isinstance(text, Markup) or (not isinstance(text, Plain) and looks_like_markup(text))
    else:
        is_markup = options.html == "yes"
    plain = readable(_whole_pairs(text_of(text) if is_markup else text))
    return "\n".join(line.rstrip() for line in plain.splitlines()).strip()


def _title(text: str, options: FormatOptions) -> str:
    is_plain = options.html == "no" or (options.html == "auto" and isinstance(text, Plain))
    return text if is_plain else title_of(text)


def _one_line(text: str) -> str:
    return " ".join(readable(_whole_pairs(text)).split())


def _whole_pairs(text: str) -> str:
    return text if text.isascii() else _HALF_PAIR.sub("\ufffd", text)
