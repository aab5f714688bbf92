"""Keep what is known of each source, where several monitors ingest it: each place has a baseline of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.ingest_values import BaselineCounts, CutOffBaseline
from monitor.store.handle import Handle
from monitor.store.source_states import SqlSourceStates
from monitor.store.stored_values import reports_damage


@reports_damage
class PostgresqlSourceStates(SqlSourceStates):
    """Implements `monitor.ports.SourceStates`."""

    def __init__(self, handle: Handle, *, place: str = "") -> None:
        super().__init__(handle)
        self._place = place

    def begin_baseline(self, source: str) -> bool:
        here = {"source": source, "here": self._place}
        with self._handle.transaction():
            row = self._handle.one("baseline_state", **here)
            if row is None and not self._handle.one("any_file", **here):
                self._handle.all("begin_baseline", **here)
                return True
        return row is not None and row["state"] == "open"

    def baseline(self, source: str) -> BaselineCounts:
        row = self._handle.one("baseline_state", source=source, here=self._place)
        return self._counts(source, self._place if row and row["is_later"] else "")

    def end_baseline(self, source: str) -> None:
        self._handle.all("end_baseline", source=source, here=self._place)

    def renamed(self) -> Mapping[str, str]:
        return {row["source"]: row["v"] for row in self._handle.all("renamed_sources")}

    def forget_rename(self, source: str) -> None:
        self._handle.all("delete_meta", k=f"renamed:{source}")

    def cut_off_baselines(self) -> Sequence[CutOffBaseline]:
        return [
            CutOffBaseline(source, place, name or "", self._counts(source, place if is_later else ""))
            for source, place, name, is_later in self._handle.all("cut_off_baselines")
        ]

    def note_baseline_reported(self, baseline: CutOffBaseline) -> None:
        self._handle.all("note_baseline_reported", source=baseline.source, here=baseline.place)

    def _counts(self, source: str, place: str) -> BaselineCounts:
        """Return what a place has recorded of a source; "": what all have."""
        if not place:
            return super().baseline(source)
        [row] = self._handle.all("baseline_of_place", source=source, here=place)
        return BaselineCounts(row["releases"], row["matched"], place)
