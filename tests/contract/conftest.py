"""What the suite runs against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.records import Archive
from tests.contract.filled import fill
from tests.contract.pairs import OUTBOXES, PAIRS, Pair


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with OUTBOXES[request.param](tmp_path / "state") as made:
        yield made


@pytest.fixture
def archive(pair: Pair) -> Archive:
    """One of a filled store; `pair` is its store."""
    fill(pair)
    return pair.archive
