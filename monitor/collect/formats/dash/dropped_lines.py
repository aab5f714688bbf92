"""Leave out lines that a publisher prints into its records and that are no part of a release, such as hit counters.

They are left out before a record is hashed: a record of which only they differ is one that was seen before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from monitor.collect.formats.dash.splitter import Segment
from monitor.collect.globs import fits
from monitor.model import Release


def without_lines(
    segments: Iterable[Segment], drop: tuple[str, ...], *, categories: Collection[str] = ()
) -> Iterator[Segment]:
    """Yield the segments without the lines that fit a glob; a declared category and a title are never left out."""
    for segment in segments:
        yield _without_lines(segment, drop, categories) if segment.is_whole and segment.line else segment


def without_text(release: Release, drop: tuple[str, ...]) -> Release:
    """Return a release as it would have been stored, had these lines always been left out."""
    kept = [line for line in release.body.split("\n") if not fits(drop, line.strip())]
    return replace(release, body="\n".join(kept).strip())


def _without_lines(segment: Segment, drop: tuple[str, ...], categories: Collection[str]) -> Segment:
    *lines, last = segment.lines
    text, label = _parted(last) if segment.has_date else (last, "")
    filled = [line for line in (*lines, text) if line.strip()]
    kept = 2 if filled and filled[0].strip() in categories else 1  # the category, and the title
    if not any(fits(drop, line.strip()) for line in filled[kept:]):
        return segment
    head = lines.index(filled[kept - 1]) + 1
    texts = [*lines[:head], *(line for line in (*lines[head:], text) if not fits(drop, line.strip()))]
    if label and texts[-1] == text:
        texts[-1:] = [text + label]
    elif label:  # as long as before: a space becomes the line end
        texts.append(label[1:] if label[0].isspace() else label)
    return segment._replace(lines=tuple(texts))


def _parted(line: str) -> tuple[str, str]:
    """Part a line that ends in a date label from it; the spaces before the label stay with it."""
    text = line[: line.casefold().rindex("date")].rstrip()
    return text, line[len(text) :]
