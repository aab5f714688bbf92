"""The ledger → when each source's newest file came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitor.store.database import Handle
from monitor.store.rows import read_moment


def last_dumps(handle: Handle) -> Mapping[str, datetime]:
    """When the newest file of each source was taken in, a copy of a known one too; reads the whole ledger."""
    return {row["source"]: read_moment(row["at"]) for row in handle.all("last_dumps")}
