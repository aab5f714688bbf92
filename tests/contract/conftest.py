"""What the suite runs against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.pairs import ARCHIVED, PAIRS, Pair


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with PAIRS[request.param](tmp_path / "state") as made:
        yield made


@pytest.fixture(params=ARCHIVED)
def archived(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Those with a read side."""
    with PAIRS[request.param](tmp_path / "state") as made:
        yield made
