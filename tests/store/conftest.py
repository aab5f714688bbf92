"""What the tests of the store start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.handle import Handle
from tests.empty_store import put_empty_store


@pytest.fixture
def handle(state: Path) -> Iterator[Handle]:
    """A store that was just made."""
    put_empty_store(state)
    opened = open_for_writing(state)
    yield opened
    opened.close()
