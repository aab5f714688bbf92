"""Read an open file as a dump: hash it, unpack it, detect its encoding, and decide whether it is kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from monitor.collect.charset import EncodingSample, TextEncoding, detect_encoding
from monitor.collect.file_reader import LARGE_SIZE, MAX_IN_MEMORY, File, FileContent, read_content
from monitor.collect.formats.unpack import Unpacker, is_packed, unpacked
from monitor.collect.source import Source
from monitor.errors import NotReadable
from monitor.frozen import dataclass
from monitor.model import Dump, Reject

_DECLARING = ("feed", "xml", "auto")  # a file says its encoding in an XML declaration
_DECODED_BY_PART = ("mail",)  # and may hold any bytes beside its texts
_DECODED_BY_RECORD = ("text", "auto")  # in files of other formats all records have one encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """What one pass through a file tells of its content."""

    sha256: bytes  # of the file as it is
    size: int  # of the content, unpacked
    sample: bytes
    content: FileContent | None  # None: it is too large to be kept
    is_packed: bool = False
    fault: str = ""
    tail: Reject | None = None


def read_dump(
    file: File,
    source: Source,
    *,
    opened_at: int,
    pause: Callable[[], None] = lambda: None,
    max_records: Callable[[], int] | None = None,
) -> Dump:
    """Return the dump in a file. Raise FileChanged.

    opened_at: as for File.lasting_signature. pause, max_records: called between the chunks and the parts of a large
    dump; without max_records it is one part.
    """
    if LARGE_SIZE < file.signature.size <= source.max_file:
        file.pause = pause
    survey = _survey(file, source, pause)
    coding, fault = None, survey.fault
    try:
        coding = _encoding(survey.sample, source)
    except NotReadable as error:
        fault = fault or error.message

    def byte_chunks() -> Iterator[bytes]:
        chunks = survey.content.chunks() if survey.content else file.verified_chunks(survey.sha256)
        return _with_pauses(unpacked(chunks), pause) if survey.is_packed else chunks

    def text_chunks() -> Iterator[str]:
        if coding is None or fault:
            return iter((survey.sample.decode(coding.codec if coding else "ascii", "replace"),))
        return coding.decode(byte_chunks())

    is_unread = bool(survey.content and survey.content.fault)
    return Dump(
        source=source.name,
        name=source.folder.name_of(file.path),
        path=file.path,
        signature=file.signature if is_unread else file.lasting_signature(opened_at=opened_at),
        sha256=survey.sha256,
        text_chunks=text_chunks,
        byte_chunks=byte_chunks,
        encoding=coding.name if coding else "",
        fault=fault,
        bom=coding.bom if coding else 0,
        max_records=max_records if survey.size > LARGE_SIZE and not fault else None,
        is_held=survey.size <= MAX_IN_MEMORY or bool(fault),
        tail=survey.tail,
    )


def _encoding(sample: bytes, source: Source) -> TextEncoding:
    name = source.options.format.format
    try:
        coding = detect_encoding(sample, source.encoding)
    except NotReadable:
        if name not in _DECODED_BY_PART:
            raise
        return TextEncoding(name="utf-8", codec="utf-8", bom=0)
    if name not in _DECODED_BY_RECORD:
        coding = replace(coding, is_detected=False)
    if name in _DECLARING and source.encoding == "auto" and b"<?xml" in sample[:1_000]:
        from monitor.collect.formats.xml.encoding import declared_encoding  # only sources that may have it need it

        return declared_encoding(sample, coding)
    return coding


def _survey(file: File, source: Source, pause: Callable[[], None]) -> _Survey:
    size, sample = file.signature.size, EncodingSample()
    is_kept = size <= MAX_IN_MEMORY or size > source.max_file  # of the latter nothing is read
    content = read_content(file, max_file=source.max_file) if is_kept else None
    if is_packed(content.content if content else file.first_bytes(2)):
        return _survey_packed(file, content, source.max_file, pause)
    if content is None:
        return _Survey(sha256=file.sha256(sample.feed), size=size, sample=sample.content, content=None)
    sample.feed(content.content)
    read = 0 if content.fault else size
    return _Survey(sha256=content.sha256, size=read, sample=sample.content, content=content, fault=content.fault)


def _survey_packed(file: File, content: FileContent | None, max_file: int, pause: Callable[[], None]) -> _Survey:
    """Unpack all of a file once, to know the size of its content and whether its end is there."""
    unpacker, sample = Unpacker(), EncodingSample()

    def feed(chunk: bytes) -> None:
        if unpacker.size > max_file:
            return
        for piece in _with_pauses(unpacker.feed(chunk), pause):
            sample.feed(piece)
            if unpacker.size > max_file:
                return

    for chunk in content.chunks() if content else ():
        feed(chunk)
    sha256 = content.sha256 if content else file.sha256(feed)
    fault, size = "", unpacker.size
    if size > max_file:
        fault, size = f"the file unpacks to more than max_file ({max_file:,} bytes)", 0
    return _Survey(
        sha256=sha256,
        size=size,
        sample=sample.content,
        content=content if size <= MAX_IN_MEMORY else None,
        is_packed=True,
        fault=fault,
        tail=_tail(unpacker),
    )


def _with_pauses(pieces: Iterator[bytes], pause: Callable[[], None]) -> Iterator[bytes]:
    """Yield the pieces, and pause between them where they are many: a small file may hold a large dump."""
    size = 0
    for piece in pieces:
        yield piece
        size += len(piece)
        if size > LARGE_SIZE:
            pause()


def _tail(unpacker: Unpacker) -> Reject | None:
    if unpacker.is_complete:
        return None
    if unpacker.fault:
        reason = f"{unpacker.fault}, so what follows here is lost: write the file again"
        return Reject(reason=reason, line=0, offset=unpacker.size, text="")
    reason = "the packed file ends too early: it is half written or was cut off"
    return Reject(reason=reason, line=0, offset=unpacker.size, text="", is_tail=True)
