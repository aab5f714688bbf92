"""Measured figures → a markdown table; each with the floor it is held against, from the same run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table."""

    what: str
    value: float
    unit: str
    floor: str = ""  # what it is compared with
    floor_value: float = 0.0  # in the same unit; 0: nothing to compare with

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text; machines differ, so the ratio is the figure to remember."""
        if not self.floor_value:
            return self.what, f"{self.value:,.2f} {self.unit}", self.floor or "—", "—"
        times = self.value / self.floor_value
        ratio = f"{times:.1f} ×" if times >= 1 else f"1/{1 / times:.1f}"
        return self.what, f"{self.value:,.2f} {self.unit}", f"{self.floor}: {self.floor_value:,.2f} {self.unit}", ratio


def table(figures: Sequence[Figure]) -> str:
    """All rows under one head."""
    rows = [("what", "measured", "floor in the same run", "ratio"), ("---",) * 4, *(figure.cells for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of all values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def resident() -> float:
    """Megabytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
