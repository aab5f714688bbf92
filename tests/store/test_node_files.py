"""A node is known by a file that is made once; a store is known by the file that names it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitor.errors import StoreLost
from monitor.store.node_files import NODE_FILE, has_store, made_node_id, node_id, note_store, refuse_other_store


def test_processes_that_begin_at_once_are_one_node(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(made_node_id, [tmp_path / "state"] * 8))
    assert made == {node_id(tmp_path / "state")}
    assert [file.name for file in (tmp_path / "state").iterdir()] == [NODE_FILE]


@pytest.mark.parametrize("torn", ["", "\0" * 33, "0123456789abcdef", "seoul-1\n"])
def test_an_id_that_cannot_be_read_is_replaced_and_said(
    tmp_path: Path, torn: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NODE_FILE).write_text(torn, "utf-8")
    assert node_id(tmp_path) == ""
    assert len(made_node_id(tmp_path)) == 32
    assert [each.message for each in caplog.records] == ["node_id_replaced"]


def test_the_first_store_is_noted_and_another_one_is_refused(tmp_path: Path) -> None:
    refuse_other_store(tmp_path, "a" * 32, address="postgresql://db/monitor")
    assert not has_store(tmp_path)
    note_store(tmp_path, "a" * 32)
    refuse_other_store(tmp_path, "a" * 32, address="postgresql://db/monitor")
    with pytest.raises(StoreLost, match="another store"):
        refuse_other_store(tmp_path, "b" * 32, address="postgresql://db/monitor")
