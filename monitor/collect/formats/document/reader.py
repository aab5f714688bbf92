"""Read documents: Markdown or plain text, one release a file or several with a line between them."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.collect.charset import byte_counter, printable
from monitor.collect.formats.base import EXCERPT_LENGTH, Entry, few_in_a_row, too_long, unreadable, without_repeats
from monitor.collect.formats.document.cutter import Piece, pieces
from monitor.collect.formats.document.front_matter import MAX_LENGTH
from monitor.collect.formats.document.layout import Broken, Fields, Unfinished, heading_of, layout_of
from monitor.collect.formats.fields import USUAL_NAMES, Expression, FileName, Term, evaluate, plain_name
from monitor.collect.formats.file_days import last_day_in
from monitor.collect.formats.json.buffer import Buffer
from monitor.collect.formats.json.reader import ObjectNode
from monitor.collect.formats.mapped import RecordMapper
from monitor.collect.source import SourceOptions
from monitor.model import Dump, Reject

PARSER_VERSION = 1  # increased when the same bytes may give other records

# Beside the fields that a document names itself, an expression may read these.
_TITLE, _TEXT, _DATE = "title", "text", "date"
_PLAIN_NAMES = {field: frozenset(map(plain_name, names)) for field, names in USUAL_NAMES.items()}


class DocumentReading:
    """A dump of one or several documents."""

    def __init__(self, dump: Dump, options: SourceOptions) -> None:
        self._dump, self._options, self._format = dump, options, options.format
        self._file = FileName(dump.name)
        self.kept: tuple[Entry, ...] | None = None
        if dump.fault:
            self.kept = (unreadable(dump),)
        elif dump.is_held:
            self.kept = without_repeats(few_in_a_row(self._entries()))

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects in their order."""
        return few_in_a_row(self._entries()) if self.kept is None else iter(self.kept)

    def _entries(self) -> Iterator[Entry]:
        dump, options = self._dump, self._options
        default = {"body": Expression((Term((_TEXT,)),))}
        mapper, is_empty = RecordMapper(dump, options, version=PARSER_VERSION, default=default), True
        buffer = Buffer(dump.text_chunks(), byte_count=byte_counter(dump.encoding), start=dump.bom)
        for piece in pieces(buffer, between=self._format.between, max_length=options.max_record + MAX_LENGTH):
            is_empty = False
            yield self._entry(piece, mapper)
        if is_empty:
            yield Reject(reason="the file holds no record", line=0, offset=0, text="", is_tail=True)

    def _entry(self, piece: Piece, mapper: RecordMapper) -> Entry:
        if piece.is_too_long:
            return _reject(piece, too_long(self._options.max_record))
        try:
            node = ObjectNode(self._fields(piece))
        except Broken as error:
            return _reject(piece, str(error), is_tail=isinstance(error, Unfinished))
        return mapper.entry(node, line=piece.line, offset=piece.offset, excerpt=lambda: piece.text)

    def _fields(self, piece: Piece) -> Fields:
        """Return the fields of a document, with its text, its heading and the day of its file. Raise Broken."""
        has_fences = self._format.between.strip() != "---"
        fields, text = layout_of(piece.text, is_last=piece.is_last, is_title=self._is_title, has_fences=has_fences)
        fields = dict(fields)
        if not self._is_found("title", fields):
            heading, rest = heading_of(text, is_last=piece.is_last)
            if heading and self._reads("title", _TITLE):
                text = rest
                _put(fields, "title", _TITLE, heading)
        day = last_day_in(self._dump.name)
        if day and "date" not in self._format.map and not self._is_found("date", fields):
            dates = self._format.dates
            _put(fields, "date", _DATE, day.strftime(dates) if "%" in dates else day.isoformat())
        text = text.strip("\n")
        if text:
            fields[_TEXT] = text
        return fields

    def _is_title(self, name: str) -> bool:
        mapped = self._format.map.get("title")
        return any(name == term.name for term in mapped.terms) if mapped else plain_name(name) in _PLAIN_NAMES["title"]

    def _is_found(self, field: str, fields: Fields) -> bool:
        """Return whether a field of the release stands among those of a document."""
        names = (name for name in fields if plain_name(name) in _PLAIN_NAMES[field])
        expression = self._format.map.get(field) or Expression(tuple(Term((name,)) for name in names))
        return bool(evaluate(expression, ObjectNode(fields), self._file, empty=self._format.empty))

    def _reads(self, field: str, name: str) -> bool:
        mapped = self._format.map.get(field)
        return mapped is None or Term((name,)) in mapped.terms


def reading(dump: Dump, options: SourceOptions) -> DocumentReading:
    """Return a dump of documents as it is read."""
    return DocumentReading(dump, options)


def _put(fields: Fields, field: str, name: str, text: str) -> None:
    """Give a field of the release a text; usual names that are there and empty make way for it."""
    for other in [each for each in fields if plain_name(each) in _PLAIN_NAMES[field]]:
        del fields[other]
    fields[name] = text


def _reject(piece: Piece, reason: str, *, is_tail: bool = False) -> Reject:
    text = printable(piece.text[:EXCERPT_LENGTH])
    return Reject(reason=reason, line=piece.line, offset=piece.offset, text=text, is_tail=is_tail)
