"""A search of SQLite only reads, and costs what it finds; tests/contract says what it finds."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

from monitor.match.search import index_words, search_query
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import open_for_reading, open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.search import fill_index, search
from monitor.store.store import SqlStore
from tests.contract.takes import dump, record, take_in
from tests.store.sqlite.counting import steps

SAMPLES = dump(
    record("Chip exports soar", "Exports of semiconductors rose 5.1 percent.", category="Industry", day="2024-07-01"),
    record("반도체 수출 호조", "반도체가 수출을 이끌었다. 한-칠레 협정.", category="Trade", day="2024-07-02"),
    record('A "quoted" café', "Talks AND visits OR forums NOT met (again).", category="Industry", day="2024-07-03"),
)


def numbers(handle: Handle, *words: str, since: date | None = None) -> list[int]:
    return list(search(handle, search_query(words), since=since))


def test_a_reader_finds_what_is_not_indexed_and_writes_nothing(state: Path) -> None:
    with closing(open_for_writing(state)) as handle:
        take_in(SqlStore(handle), SAMPLES)
    before = (state / "monitor.db").read_bytes()
    with closing(open_for_reading(state)) as reader:
        assert numbers(reader, "exports") == [1]
    assert (state / "monitor.db").read_bytes() == before


def test_what_a_search_costs_is_linear_in_what_it_finds(state: Path) -> None:
    """Every release is a hit, the worst case: each is found by its key, and not among all releases."""
    few, many = (searching_steps(state / str(count), count) for count in (300, 1_200))
    assert many < 5 * few


def searching_steps(folder: Path, count: int) -> int:
    with closing(open_for_writing(folder)) as handle:
        take_in(SqlStore(handle), dump(*(record(f"Notice {n}", f"Chips, number {n}.") for n in range(count))))
        while fill_index(handle, index_words, 500):
            pass
        archive, query, found = SqliteArchive(handle), search_query(["chips"]), list[int]()
        cost = steps(handle, lambda: found.append(archive.found(query, limit=20).total))
        assert found == [count]
        return cost
