"""Provide a lab for each test and close it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compare.scenario import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """An empty lab."""
    with Lab(tmp_path) as made:
        yield made
