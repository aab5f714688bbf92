"""Show how a file would be read, and which configuration reads it so; nothing is stored."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.collect.formats.detect import HEAD, Look, look_of
from monitor.collect.formats.fields import FormatOptions
from monitor.collect.formats.registry import FORMATS, NAMES, canonical, default_files
from monitor.collect.formats.unpack import is_packed
from monitor.collect.globs import fits
from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder
from monitor.config.convert import sources_of
from monitor.errors import NotFound, UsageError
from monitor.inspect.survey import Survey, dump_head, read_file
from monitor.model import Dump, Reject
from monitor.text import escape, plural

if TYPE_CHECKING:
    from monitor.collect.formats.base import Entry
    from monitor.config import Config

MAX_REJECTS = 10  # that are kept to be shown
_BARE = re.compile(r"[A-Za-z0-9_/가-힣](?:[\w./@+|&%-]| (?!#))*(?<! )")
_WORDS = frozenset(("yes", "no", "on", "off", "true", "false", "null", "y", "n"))


@dataclass(slots=True, kw_only=True)
class Preview:
    """One file as a source would read it; all but the first five is known once its records have been read."""

    path: Path
    source: Source
    reason: str  # why it is read in this format
    timezone_reason: str
    survey: Survey
    size: int = 0  # bytes of the file as it is
    is_packed: bool = False
    encoding: str = ""  # "": none was recognised
    encoding_reason: str = ""
    rejects: list[Reject] = field(default_factory=list)  # the first ones

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects of the file. Raise MonitorError."""
        for entry in read_file(self.path, self.source, self.survey, on_dump=self._describe):
            if isinstance(entry, Reject) and len(self.rejects) < MAX_REJECTS:
                self.rejects.append(entry)
            yield entry

    @property
    def format(self) -> str:
        """Return the name of the format."""
        return self.source.options.format.format

    def _describe(self, dump: Dump) -> None:
        self.size = dump.signature.size
        with self.path.open("rb") as file:
            self.is_packed = is_packed(file.read(2))
        self.encoding = dump.encoding
        self.encoding_reason = _encoding_reason(dump, self.source)


def preview_of(path: Path, *, config: Config | None, source: str | None, format_name: str | None) -> Preview:
    """Return a preview that has not been read yet. Raise MonitorError.

    config: None where there is none. Without a source and a format the file says what it is.
    """
    zone = "as the configuration says" if config else "as no configuration says another"
    if config is not None and source is not None:
        found = next((one for one in sources_of(config) if one.name == source), None)
        if found is None:
            raise NotFound(f"there is no source {source!r}; the configuration has {', '.join(config.sources)}")
        reason = f"as the source {source} says"
    else:
        found, reason = _plain_source(path, config.timezone if config else FormatOptions().timezone), ""
    if format_name is not None:
        name = canonical(format_name)
        if name is None:
            raise UsageError(f"there is no format {format_name!r}; choose from {', '.join(NAMES)}")
        found, reason = _in_format(found, name), "as --format says"
    elif source is None:
        look = look_of(dump_head(path, _in_format(found, "auto"), HEAD))
        name, reason = _detected(look, path.name)
        found = _in_format(found, name, tuple(look.records.split(".")) if look.records else ())
    return Preview(
        path=path, source=found, reason=reason, timezone_reason=zone, survey=Survey(options=found.options.format)
    )


def configuration(preview: Preview) -> str:
    """Return the lines of a configuration that reads such files in the same way, with hints as comments.

    "": nothing in the file can be read, and nobody says how.
    """
    if preview.format == "auto" and not preview.survey.records and not preview.source.name:
        return ""
    source, options, survey = preview.source, preview.source.options, preview.survey
    read, usual = options.format, FormatOptions()
    files = source.folder.files
    if not source.name and not fits(files, preview.path.name):
        files = ("*" if read.format == "mail" or not preview.path.suffix else f"*{preview.path.suffix}",)
    settings: dict[str, object] = {
        "path": os.fsdecode(source.folder.path),
        "format": read.format,
        "files": () if files == default_files(read.format) else files,
        "recursive": "yes" if source.folder.is_recursive else "",
        "encoding": "" if source.encoding == "auto" else source.encoding,
        "categories": options.categories,
        "records": ".".join(read.records),
        "map": {name: str(expression) for name, expression in read.map.items()},
        "timezone": "" if read.timezone.key == usual.timezone.key else read.timezone.key,
        **{name: _unless_usual(read, usual, name) for name in ("dates", "html", "base", "empty", "delimiter")},
        **{name: getattr(read, name) for name in ("columns", "between")},
        "drop": options.drop,
    }
    lines = [f"{name}: {_value(value)}" for name, value in settings.items() if value]
    hints = [f"# {line}" for line in _hints(survey)]
    return "\n".join(["sources:", f"  {_name_of(preview)}:", *(f"    {line}" for line in (*lines, *hints))]) + "\n"


def _plain_source(path: Path, zone: ZoneInfo) -> Source:
    folder = Folder(source="", path=os.fsencode(path.absolute().parent))
    return Source(folder=folder, options=SourceOptions(timezone=zone, format=FormatOptions(timezone=zone)))


def _in_format(source: Source, name: str, records: Sequence[str] = ()) -> Source:
    read = replace(source.options.format, format=name, records=tuple(records) or source.options.format.records)
    folder = source.folder if source.folder.source else replace(source.folder, files=default_files(name))
    return replace(source, folder=folder, options=replace(source.options, format=read))


def _detected(look: Look, file_name: str) -> tuple[str, str]:
    """Return the format of a file and why: by what it looks like, else by its name."""
    if look.format in FORMATS or look.is_page:
        return (look.format or "auto"), f"it looks like {look.what}"
    named = next((name for name in FORMATS if name != "auto" and fits(default_files(name), file_name)), None)
    return (named, "by the end of its name") if named else ("auto", "nothing in it says how it is read")


def _encoding_reason(dump: Dump, source: Source) -> str:
    if source.encoding != "auto":
        return "as the source says"
    if dump.bom:
        return "by its byte order mark"
    head = next(dump.byte_chunks(), b"")[:1_000]
    is_declared = b"encoding" in head.partition(b"?>")[0] and b"<?xml" in head and not dump.encoding.startswith("utf")
    return "as the file declares" if is_declared else "by its bytes"


def _hints(survey: Survey) -> Iterator[str]:
    if survey.ambiguous.filled:
        yield "dates: mdy  # or dmy: which of the two numbers is the month?"
    if survey.relative.filled:
        yield "base: https://…  # the page that relative links start from"
    is_mail = survey.options.format == "mail"  # an id in a header is that of a message, or of a list
    if survey.mapped and not survey.fields["id"].filled and not is_mail:
        likely = [name for name, sample in survey.unused().items() if sample and _is_id(name)]
        if likely:
            yield f"map: {{id: {escape(likely[0])}}}  # if the publisher never changes it and never uses it again"


def _is_id(name: str) -> bool:
    return re.search(r"(?:^|[._\s-])(?:id|guid|number|no|uuid)\W?\Z|[a-z]Id\Z", name) is not None


def _unless_usual(options: FormatOptions, usual: FormatOptions, name: str) -> object:
    value = getattr(options, name)
    return "" if value == getattr(usual, name) else value


def _name_of(preview: Preview) -> str:
    if preview.source.name:
        return preview.source.name
    name = re.sub(r"[^\w-]+", "-", preview.path.absolute().parent.name).strip("-_")
    return name if re.fullmatch(r"[A-Za-z0-9가-힣][\w-]{0,62}", name) and name.lower() not in _WORDS else "press"


def _value(value: object) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_value(text)}" for name, text in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    text = str(value).replace("$$", "$$$$").replace("${", "$${")
    if _BARE.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return escape(json.dumps(text, ensure_ascii=False))


def summary_of(preview: Preview) -> str:
    """Return how many records there are, in one sentence."""
    survey = preview.survey
    days = f", dated {survey.days}" if survey.first else ""
    return f"{plural(survey.records, 'record')}{days}, {plural(survey.rejects, 'reject')}"
