"""The laboratory as a fixture: one for each test, closed behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compare.scenario import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """An empty laboratory."""
    with Lab(tmp_path) as made:
        yield made
