"""Keep what is known of each source, where several monitors ingest it: each place has a baseline of its own."""

from __future__ import annotations

from collections.abc import Mapping

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
                self._handle.all("set_baseline", **here, state="open")
                return True
        return row is not None and row["state"] == "open"

    def end_baseline(self, source: str) -> None:
        self._handle.all("set_baseline", source=source, here=self._place, state="done")

    def renamed(self) -> Mapping[str, str]:
        return {row["source"]: row["v"] for row in self._handle.all("renamed_sources")}

    def forget_rename(self, source: str) -> None:
        self._handle.all("delete_meta", k=f"renamed:{source}")

    def cut_off_baselines(self) -> Mapping[str, str]:
        return {row["source"]: row["name"] or "" for row in self._handle.all("cut_off_baselines")}

    def note_baseline_reported(self, source: str) -> None:
        self._handle.all("note_baseline_reported", source=source)
