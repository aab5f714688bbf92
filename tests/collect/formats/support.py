"""Make dumps of text, for the tests of formats."""

from __future__ import annotations

from hashlib import sha256

from monitor.model import Dump, FileSignature


def dump_of_text(text: str, *, size: int = 0, is_held: bool = True, name: str = "a.json") -> Dump:
    """Return a dump with this text in chunks of a size; 0: one chunk."""
    step = size or max(1, len(text))
    content = text.encode("utf-8", "surrogatepass")
    return Dump(
        source="m",
        name=name,
        path=f"/drops/{name}".encode(),
        signature=FileSignature(1, 1, len(content), 0, 0),
        sha256=sha256(content).digest(),
        text_chunks=lambda: (text[at : at + step] for at in range(0, len(text), step)),
        byte_chunks=lambda: iter((content,)),
        encoding="utf-8",
        is_held=is_held,
    )
