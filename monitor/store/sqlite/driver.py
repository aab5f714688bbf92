"""Choose the SQLite of this process: pysqlite3 where it is installed, as sqlite-utils does, which loads far more."""

from __future__ import annotations

try:
    import pysqlite3 as sqlite3  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    import sqlite3

__all__ = ["sqlite3"]
