"""Compute the normal forms of a dump's records and of the heads around them once each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from monitor.compare.fingerprint import NormalForm, index_entries, normal_form
from monitor.model import Head, Record, Release


class FormCache:
    """The normal forms of a dump's records and of the heads around them, each computed once, at its first use."""

    def __init__(self, records: Iterable[Record], *, source: str) -> None:
        self.source = source
        self._records = {record.digest: record for record in records}
        self._record_forms: dict[bytes, NormalForm] = {}
        self._entries: dict[bytes, dict[str, bytes]] = {}
        self._head_forms: dict[int, NormalForm] = {}

    def of_record(self, digest: bytes) -> NormalForm:
        """Return the normal form of a record of the dump."""
        if digest not in self._record_forms:
            self._record_forms[digest] = normal_form(self._records[digest].release)
        return self._record_forms[digest]

    def entries(self, digest: bytes) -> dict[str, bytes]:
        """Return the index entries of a record of the dump, by what they index."""
        if digest not in self._entries:
            self._entries[digest] = index_entries(self.source, self.of_record(digest))
        return self._entries[digest]

    def of_head(self, head: Head) -> NormalForm:
        """Return the normal form of a known release."""
        if head.number not in self._head_forms:
            self._head_forms[head.number] = normal_form(head.release)
        return self._head_forms[head.number]

    def of_view(self, release: Release, record: Record) -> NormalForm:
        """Return the normal form of a merged view, which is often what the record of the dump shows."""
        shown = record.release
        is_same = release == shown and release.ref == shown.ref and release.is_day_of_update == shown.is_day_of_update
        return self.of_record(record.digest) if is_same else normal_form(release)

    def reading(self, digest: bytes) -> str | None:
        """Return how a record of the dump was read."""
        return self._records[digest].release.reading

    def day(self, digest: bytes) -> date | None:
        """Return the day of a record of the dump; None: it has none."""
        return self._records[digest].day

    def text_keys(self, digests: Iterable[bytes]) -> set[bytes]:
        """Return the title, body and id entries of these records."""
        return {key for digest in digests for by, key in self.entries(digest).items() if by != "day"}

    def id_keys(self, digests: Iterable[bytes]) -> set[bytes]:
        """Return the id entries of these records."""
        return {key for digest in digests if (key := self.entries(digest).get("id"))}
