"""Dumps taken in as large ones, whatever their size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from monitor.collect.charset import SAMPLE_SIZE, detect_encoding
from monitor.collect.file_reader import open_file
from monitor.model import Dump
from monitor.testing import dump_of


def large(
    text: str, *, name: str = "dump.txt", most: Callable[[], int] = lambda: 3, size: int = 50, is_held: bool = False
) -> Dump:
    """A dump as `dump_of` makes it, but to be gone through in stretches of `size` characters, `most` records a part."""
    plain = dump_of(text, name=name)

    def stretches() -> Iterator[str]:
        return (text[at : at + size] for at in range(0, len(text), size))

    return Dump(
        source=plain.source,
        name=name,
        path=plain.path,
        signature=plain.signature,
        sha256=sha256(text.encode()).digest(),
        text_chunks=stretches,
        encoding="utf-8",
        max_records=most,
        is_held=is_held,
    )


@contextmanager
def large_file(path: Path, *, most: Callable[[], int], is_held: bool = False) -> Iterator[Dump]:
    """A file as a large dump, whatever its size."""
    with open_file(os.fsencode(path)) as file:
        content = file.sha256()
        coding = detect_encoding(file.first_bytes(SAMPLE_SIZE))
        yield Dump(
            source="motie",
            name=path.name,
            path=os.fsencode(path),
            signature=file.signature,
            sha256=content,
            text_chunks=lambda: coding.decode(file.verified_chunks(content)),
            encoding=coding.name,
            bom=coding.bom,
            max_records=most,
            is_held=is_held,
        )
