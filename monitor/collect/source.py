"""Describe one source: where its dumps arrive and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from monitor.collect.watching.folder import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """How one source writes its dumps."""

    timezone: ZoneInfo
    categories: tuple[str, ...] = ()
    as_of: str = "auto"
    max_record: int = 1_000_000
    listings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # board → globs of its dumps' names

    def listing_of(self, name: str) -> str | None:
        """The declared listing whose globs fit a dump's name; None: it is of none."""
        name = name.rpartition("/")[2]
        return next((of for of, globs in self.listings.items() if any(fnmatchcase(name, g) for g in globs)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One publisher: where its dumps come in and how to read them."""

    folder: Folder
    options: SourceOptions
    encoding: str = "auto"
    max_file: int = 2_000_000_000
    wants_baseline: bool = False  # what its first scan finds is recorded and tells nobody

    @property
    def name(self) -> str:
        """The source's name in the configuration."""
        return self.folder.source
