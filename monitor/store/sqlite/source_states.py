"""When each source's newest file came, and what was told of sources that fell silent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitor.store.sqlite.database import Handle
from monitor.times import moment, read_moment


def last_dumps(handle: Handle) -> Mapping[str, datetime]:
    """When the newest file of each source was taken in, a copy of a known one too; reads the whole ledger."""
    return {row["source"]: read_moment(row["at"]) for row in handle.all("last_dumps")}


class Silences:
    """Since when a dump is expected of a source, and which silences were told: what outlives a restart."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def expected(self, source: str, *, now: datetime) -> datetime:
        """When a dump of this source was expected first: now, where nobody has asked before."""
        row = self._handle.one("meta", k=f"expected:{source}")
        if row:
            return read_moment(row["v"])
        with self._handle.transaction():
            self._handle.all("set_meta", k=f"expected:{source}", v=moment(now))
        return now

    def told(self) -> Mapping[str, datetime]:
        """The silences that were told and have not ended: by source, since when. Only reads."""
        return {row["source"]: read_moment(row["v"]) for row in self._handle.all("silences")}

    def begin(self, source: str, since: datetime) -> None:
        """This silence was told."""
        with self._handle.transaction():
            self._handle.all("set_meta", k=f"silent:{source}", v=moment(since))

    def end(self, source: str) -> None:
        """It is over, and that was told."""
        with self._handle.transaction():
            self._handle.all("forget_meta", k=f"silent:{source}")
