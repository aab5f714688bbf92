"""Keep what is known of each source: its last dump, its baseline, its silences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from monitor.ingest_values import BaselineCounts, CutOffBaseline
from monitor.store.handle import Handle
from monitor.store.rows import parse_timestamp, to_json
from monitor.store.stored_values import reports_damage
from monitor.times import timestamp

_LONGEST_INGEST: Final = timedelta(hours=1)  # after which a large dump that has not ended was cut off


@reports_damage
class SqlSourceStates:
    """Implements `monitor.ports.SourceStates`."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def last_dumps(self) -> Mapping[str, datetime]:
        return {row["source"]: parse_timestamp(row["at"]) for row in self._handle.all("last_dumps")}

    def begin_baseline(self, source: str) -> bool:
        with self._handle.transaction():
            mark = self._handle.one("meta", k=f"baseline:{source}")
            if mark is None and not self._handle.one("any_dump", source=source):
                self._set(f"baseline:{source}", "open")
                return True
        return mark is not None and mark["v"] == "open"

    def baseline(self, source: str) -> BaselineCounts:
        return BaselineCounts(*self._handle.all("baseline", source=source)[0])

    def end_baseline(self, source: str) -> None:
        self._set(f"baseline:{source}", "done")

    def cut_off_baselines(self) -> Sequence[CutOffBaseline]:
        return ()  # in a store of one folder the next process goes on

    def note_baseline_reported(self, baseline: CutOffBaseline) -> None:
        """See SourceStates; there is none."""

    def expected_since(self, source: str, *, now: datetime) -> datetime:
        row = self._handle.one("meta", k=f"expected:{source}")
        if row:
            return parse_timestamp(row["v"])
        self._set(f"expected:{source}", timestamp(now))
        return now

    def silences(self) -> Mapping[str, datetime]:
        return {row["source"]: parse_timestamp(row["v"]) for row in self._handle.all("silences")}

    def begin_silence(self, source: str, since: datetime) -> None:
        self._set(f"silent:{source}", timestamp(since))

    def end_silence(self, source: str) -> None:
        with self._handle.transaction():
            self._handle.all("delete_meta", k=f"silent:{source}")

    def renamed(self) -> Mapping[str, str]:
        return {}  # the only monitor of its store has one configuration

    def forget_rename(self, source: str) -> None:
        pass

    def unreported_rejects(self, *, now: datetime) -> Mapping[str, int]:
        since = timestamp(now - _LONGEST_INGEST)
        return {row["source"]: row["n"] for row in self._handle.all("unreported_rejects", since=since)}

    def take_unreported(self, source: str) -> int:
        with self._handle.transaction():
            return len(self._handle.all("take_unreported", source=source))

    def leave_unreported(self, rejects: Sequence[int]) -> None:
        with self._handle.transaction():
            self._handle.all("leave_unreported", rejects=to_json(rejects))

    def _set(self, name: str, value: str) -> None:
        with self._handle.transaction():
            self._handle.all("set_meta", k=name, v=value)
