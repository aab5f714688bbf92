"""Warn about files that a source is configured to read otherwise than they are written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from monitor.collect.formats.base import told_names
from monitor.collect.formats.fields import Expression, Term
from monitor.collect.source import Source
from monitor.config import Config, Diagnostics
from monitor.config.convert import sources_of
from monitor.errors import NotFound, NotReadable
from monitor.inspect.survey import Survey, dump_head, read_file
from monitor.model import Reject
from monitor.text import escape, plural

FILES = 3  # of each source, the newest ones
MAX_SIZE = 1_000_000  # bytes, also unpacked; larger ones would take too long
_HEAD = 200  # bytes of a file that is to be text
_MIN_RECORDS = 4  # of fewer, as many ids mean nothing


class Finding(NamedTuple):
    """What a file shows about its source."""

    key: str  # of the source that it is about; "": the source itself
    message: str


def check_files(config: Config, diagnostics: Diagnostics) -> None:
    """Add a warning for each way in which the newest files of a source are not as its settings say."""
    for source in sources_of(config):
        if diagnostics.has_error(f"sources.{source.name}"):  # then it is not known how its files are read
            continue
        bounded = replace(source, max_file=min(source.max_file, MAX_SIZE))
        told = dict[str, str]()  # the first message of each key
        for path in _newest(source):
            for found in _warnings_or_none(path, bounded):
                told.setdefault(found.key, found.message)
        for key, message in told.items():
            diagnostics.warning(f"sources.{source.name}.{key}".rstrip("."), message)


def _newest(source: Source) -> list[Path]:
    """Return the newest files that are small enough, the newest first."""
    try:
        dumps = source.folder.scan().dumps
    except OSError:  # `check_folders` tells of it
        return []
    small = [path for path, signature in reversed(dumps) if signature.size <= MAX_SIZE]
    return [Path(os.fsdecode(path)) for path in small[:FILES]]


def _warnings_or_none(path: Path, source: Source) -> list[Finding]:
    with suppress(NotFound, NotReadable):  # it was deleted or is being written
        return list(_warnings(path, source))
    return []


def _warnings(path: Path, source: Source) -> Iterator[Finding]:
    if source.options.format.format == "text":
        yield from _of_layout(path, source)
        return
    survey, first = Survey(options=source.options.format), None
    for entry in read_file(path, source, survey):
        first = first or entry
    if isinstance(first, Reject) and not survey.records:
        if not first.is_tail:
            yield _of_unread(path, source, first.reason)
        return
    name = escape(path.name)
    yield from _of_map(name, survey)
    yield from _of_dates(survey)
    if survey.relative.filled:
        yield Finding("base", f"links are relative ('{escape(survey.relative.examples[0])}'): write base:")
    ids, records = len(survey.ids), len(survey.with_ids)
    if records >= _MIN_RECORDS and 2 * ids <= records:
        yield Finding(
            "map.id", f"{plural(ids, 'id')} for {records} records of {name}: read what only one release has, or none"
        )


def _of_layout(path: Path, source: Source) -> Iterator[Finding]:
    """Yield a warning about a file that plainly is not written in our text layout."""
    with suppress(OSError), path.open("rb") as file:
        if file.read(_HEAD).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{", b"["):
            found = _of_unread(path, source, "")
            if found.message:
                yield found


def _of_unread(path: Path, source: Source, reason: str) -> Finding:
    """Return a warning about a file in which nothing can be read; reason: that of its reject."""
    from monitor.collect.formats.detect import HEAD, look_of

    options, name = source.options.format, escape(path.name)
    look = look_of(dump_head(path, source, HEAD))
    if look.is_page:
        return Finding("", f"{name} is {look.what}: no release is read from it")
    if look.format and look.format != options.format and options.format != "auto":
        return Finding("format", f"{name} looks like {look.what}: write {look.lines}")
    if look.records and not options.records:
        return Finding("records", f"the records of {name} are inside something: write records: {look.records}")
    return Finding("records" if options.records else "", f"nothing in {name} can be read: {reason}" if reason else "")


def _of_map(name: str, survey: Survey) -> Iterator[Finding]:
    """Yield a warning for each field that is mapped to what no record has."""
    there = survey.top_names
    for field, expression in survey.options.map.items():
        missing = _missing(expression, there, is_found=survey.fields[field].filled > 0)
        if missing and survey.mapped:
            message = f"no record of {name} has '{escape(str(missing))}'; they have {told_names(there)}"
            yield Finding(f"map.{field}", message)


def _missing(expression: Expression, there: tuple[str, ...], *, is_found: bool) -> Term | None:
    """Return a term of an expression that no record has; None: each has what is needed."""
    if is_found and not expression.takes_all:
        return None
    terms = [term for term in expression.terms if not term.file_name]
    absent = (term for term in terms if term.path[0] not in there and term.name not in there)
    is_empty = terms and not is_found and not expression.takes_all
    return next(absent, terms[0] if is_empty and len(terms[0].path) > 1 else None)


def _of_dates(survey: Survey) -> Iterator[Finding]:
    count = survey.fields["date"].filled
    for found, why in ((survey.ambiguous, "could be two days"), (survey.unread, "cannot be read")):
        if found.filled:
            example = escape(found.examples[0])
            step = "write dates: mdy or dmy" if found is survey.ambiguous else "write dates: as a strptime format"
            yield Finding("dates", f"{found.filled} of {count} dates {why} ('{example}'): {step}")
