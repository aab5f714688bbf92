"""What the suite runs against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.records import Archive
from tests.contract.filled import fill
from tests.contract.pairs import OUTBOXES, PAIRS, Pair, Place


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Callable[[Path], Place]:
    """Where the store of a folder is; a database is made once one is asked for."""

    def place_of(folder: Path) -> Place:
        return Place(folder, lambda: request.getfixturevalue("databases").url(folder))

    return place_of


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest, tmp_path: Path, place: Callable[[Path], Place]) -> Iterator[Pair]:
    with OUTBOXES[request.param](place(tmp_path / "state")) as made:
        yield made


@pytest.fixture
def archive(pair: Pair) -> Archive:
    """One of a filled store; `pair` is its store."""
    fill(pair)
    return pair.archive
