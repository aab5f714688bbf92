"""Show every version of one release, each with what it changed, for `show`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from monitor.inspect.redlines import Comparison, compare
from monitor.inspect.rows import version_row
from monitor.model import Kind
from monitor.ports import Row
from monitor.records import Archive, VersionRecord, read_all


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedVersion:
    """One version of a release, and how it differs from the text that was current before."""

    before: VersionRecord | None  # None: there was none
    version: VersionRecord
    changes: Comparison


def compared_versions(archive: Archive, release: int) -> Iterator[ComparedVersion]:
    """Yield each version, oldest first; a stale version is never the current one. Raises NotFound."""
    head = None
    for version in read_all(partial(archive.versions, release)):
        yield ComparedVersion(before=head, version=version, changes=compare(head, version))
        head = head if version.kind is Kind.STALE else version


def version_rows(archive: Archive, release: int) -> Iterator[Row]:
    """Yield a line of `show` for each version, oldest first. Raises NotFound."""
    for one in compared_versions(archive, release):
        yield version_row(one.version, one.changes.edits, one.changes.numbers)
