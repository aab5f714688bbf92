"""Name the records of a dump on which there is to be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from monitor.compare.form_cache import FormCache
from monitor.dump_age import Age
from monitor.model import Record, SeenRecord


@dataclass(frozen=True, kw_only=True)  # without slots: cached properties need a dict
class OpenRecords:
    """The records of one part of a dump that are not as seen before, and what is known of them beforehand."""

    records: Sequence[Record]
    seen_records: Mapping[bytes, SeenRecord]  # by digest, those that were seen as an earlier text, or withdrawn since
    age: Age  # of the dump
    form_cache: FormCache

    @cached_property
    def never_seen(self) -> list[bytes]:
        """The digests of the records that no dump has shown before."""
        return [record.digest for record in self.records if record.digest not in self.seen_records]

    @cached_property
    def not_current(self) -> list[bytes]:
        """The digests of the records that are not the current text of a release."""
        seen = self.seen_records
        return [r.digest for r in self.records if r.digest not in seen or not seen[r.digest].is_current]
