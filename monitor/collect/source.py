"""Describe one source: where its dumps arrive and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.collect.formats.fields import FormatOptions
from monitor.collect.globs import fits
from monitor.collect.watching.folder import Folder
from monitor.frozen import dataclass

if TYPE_CHECKING:
    from monitor.collect.fetching.fetcher import FetchOptions
    from monitor.collect.formats.mapped import MappedFields


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """The options of one source that say how its dumps are written."""

    timezone: ZoneInfo  # the publisher's
    format: FormatOptions = field(default_factory=FormatOptions)
    categories: tuple[str, ...] = ()
    as_of: str = "auto"  # as collect.as_of
    believes_file_times: bool = True
    max_record: int = 1_000_000
    drop: tuple[str, ...] = ()  # globs of whole lines that are no part of a release
    listings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # listing → globs of the names of its dumps
    # Called with what a mapping reads of each record; None: nobody asks.
    observe: Callable[[MappedFields], None] | None = field(default=None, compare=False, repr=False)

    def without_file_times(self) -> SourceOptions:
        """Return the options for a time at which the wall clock, and so the age of a file, cannot be believed."""
        return replace(self, believes_file_times=False)

    def listing_of(self, name: str) -> str | None:
        """Return the declared listing whose globs match a dump's name; None: no listing does."""
        name = name.rpartition("/")[2]
        return next((each for each, globs in self.listings.items() if fits(globs, name)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A publisher: the folder where its dumps arrive, and how to read them."""

    folder: Folder
    options: SourceOptions
    encoding: str = "auto"
    max_file: int = 2_000_000_000
    wants_baseline: bool = False  # what its first scan finds is recorded without alerts
    fetch: FetchOptions | None = None  # None: other programs drop its files

    @property
    def name(self) -> str:
        """Return the source's name in the configuration."""
        return self.folder.source
