"""Read the rows that a decision is made on: heads, other versions, sketches."""

from __future__ import annotations

from typing import Any

from monitor.model import Head, PastVersion, Sketch
from monitor.store.rows import parse_day, parse_optional_timestamp, parse_timestamp, readings_of, release_of


def head_of(row: Any, past: set[PastVersion]) -> Head:
    """Return the head that a row holds; past: its other versions."""
    return Head(
        number=row["id"],
        version=row["seq"],
        last=row["last"],
        release=release_of(row),
        **age_of(row),
        withdrawn=parse_optional_timestamp(row["withdrawn"]),
        others=frozenset(past),
        readings=readings_of(row),
    )


def age_of(row: Any) -> dict[str, Any]:
    """Return what is known of the newest dump that showed a release, or of the newest one of a listing."""
    return {
        "confirmed": parse_timestamp(row["confirmed"]),
        "stamped": parse_optional_timestamp(row["stamped"]),
        "newest": parse_day(row["newest"]),
    }


def past_version(text_hash: bytes, day: str | None, category: str | None, was_current: int) -> PastVersion:
    """Return a version that is no head."""
    return PastVersion(text_hash, parse_day(day), category, bool(was_current))


def sketch_of(row: Any) -> Sketch | None:
    """Return the sketch that a row holds; None: an older version stored none."""
    if row["sample"] is None:
        return None
    return Sketch(title=row["title"], length=row["length"], sample=row["sample"], date=parse_day(row["date"]))
