"""Leave out lines that a publisher prints into its records and that are no part of a release, such as hit counters.

They are left out before a record is hashed: a record of which only they differ is one that was seen before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache

from monitor.collect.formats.dash.splitter import Segment
from monitor.collect.globs import fits
from monitor.model import Release
from monitor.readable import readable
from monitor.text import fold


def without_lines(
    segments: Iterable[Segment], drop: tuple[str, ...], *, categories: Collection[str] = ()
) -> Iterator[Segment]:
    """Yield the segments without the lines that fit a glob; a declared category and a title are never left out."""
    for segment in segments:
        yield _without_lines(segment, drop, categories) if segment.is_whole and segment.line else segment


def without_text(release: Release, drop: tuple[str, ...]) -> Release:
    """Return a release as it would have been stored, had these lines always been left out."""
    return replace(release, body=kept_lines(release.body, drop))


def kept_lines(text: str, drop: tuple[str, ...]) -> str:
    """Return a text without the lines that fit a glob."""
    return "\n".join(line for line in text.split("\n") if not _fits(drop, line)).strip()


def _fits(drop: tuple[str, ...], line: str) -> bool:
    """Return whether a line fits a glob as it reads: whatever its spaces and typography, escaped or misread."""
    return fits(_folded(drop), fold(readable(line)))


@cache
def _folded(drop: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(fold, drop))


def _without_lines(segment: Segment, drop: tuple[str, ...], categories: Collection[str]) -> Segment:
    *lines, last = segment.lines
    text = last[: len(last) - segment.label.length].rstrip() if segment.label else last
    label = last[len(text) :]  # with the spaces before it
    filled = [line for line in (*lines, text) if line.strip()]
    kept = 2 if filled and filled[0].strip() in categories else 1  # the category, and the title
    if not any(_fits(drop, line) for line in filled[kept:]):
        return segment
    head = lines.index(filled[kept - 1]) + 1
    texts = [*lines[:head], *(line for line in (*lines[head:], text) if not _fits(drop, line))]
    if label and not _fits(drop, text):
        texts[-1:] = [text + label]
    elif label:  # as long as before: a space becomes the line end
        texts.append(label[1:] if label[0].isspace() else label)
    return segment._replace(lines=tuple(texts))
