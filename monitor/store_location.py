"""Say where a store is: in a state folder, or in a database that several monitors share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitor.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLocation:
    """Where a store is. Each monitor has a state folder of its own, also where it shares the store."""

    folder: Path
    url: Secret | None = None  # of the PostgreSQL database with the store; None: it is a SQLite file in the folder
    is_pooled: bool = False  # the URL is that of a pooler, which gives each transaction another session
