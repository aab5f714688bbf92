"""Copy every row of a store into another one, of whatever engine; the number of each row stays what it is.

What is copied follows from the tables of both stores: a column that both have is copied. What only one of them has is
named here, with what becomes of it, so a new table or column stops a copy until this file knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, Protocol

from monitor.errors import StoreError
from monitor.ports import Fingerprinter
from monitor.store.handle import Handle
from monitor.store.verify import verify_texts

Tables = Mapping[str, Mapping[str, str]]  # the columns of each table, each with its type: what SQLite would call it
Rows = Iterator[Sequence[object]]  # values as SQLite holds them: a time is a text, a truth value 0 or 1
Progress = Callable[[str, int, int], object]  # what is done: rows, or texts; how many of them, how many there are
MOVED_TO = "moved_to"  # in `meta`: where the store was copied to, and when
EPOCH = "epoch"  # in `meta`: another one after the store has gone back in time
BASELINE = "baseline:"  # in `meta`, before the source: its first ingest, on one machine
PLACED_BASELINE = "baseline_of:"  # the same on one of several machines: before the node and the source
_EVERY = 1_000  # rows between two progress reports

# Tables that no copy holds.
APART: Final[Mapping[str, str]] = {
    "_sqlite_migrations": "which steps made the tables",
    "migration": "which steps made the tables",
    "indexed": "the search index is filled again: it has another form in each engine",
    "search": "as `indexed`",
    "word": "as `indexed`",
    "unindexed": "as `indexed`: every current text waits for it",
    "source": "the turns of the monitors that share a store: none runs",
    "event_total": "counted again",
    "message_total": "counted again",
    "counter": "numbers begin behind those that are copied",
    "baseline": "a copy has it in `meta`",
    "node": "no monitor runs on the new store",
    "lease": "no monitor runs on the new store",
}
# Columns that only one engine has, and that a copy into the other one lacks.
ONE_SIDED: Final[Mapping[tuple[str, str], str]] = {
    ("dump", "progress"): "no version writes it any more",
    ("file", "place"): "that of this state folder; a store of one folder holds the newest row of each path",
    ("attempt", "late"): "said after the attempt was given up: nothing follows from it",
    ("attempt", "boot"): "see VOID",
}
VOID: Final = frozenset({("attempt", "boot")})  # never copied: the processes of the old store are none of the new one
STALE_MARKS: Final = ("search_upto", "clock", "touched", MOVED_TO, EPOCH)  # rows of `meta` that say nothing of a copy


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlan:
    """A table that is copied, with the columns that are; `constants` are added to each row."""

    name: str
    columns: tuple[str, ...]
    constants: Mapping[str, object]


class Origin(Protocol):
    """A store as it stood at one moment, whatever is written to it meanwhile."""

    def tables(self) -> Tables:
        """Return the columns of each table."""

    def count(self, plan: TablePlan) -> int:
        """Return how many rows `rows` gives."""

    def rows(self, plan: TablePlan) -> Rows:
        """Yield the rows of a table, in the order of its primary key."""


class MovableOrigin(Origin, Protocol):
    """A store that can be given up for its copy."""

    def mark_moved(self, mark: str) -> None:
        """Note where the store was copied to, and when; from then on it is refused to who would write to it."""


class Destination(Protocol):
    """An empty store that is filled in one transaction."""

    handle: Handle  # on that transaction

    def tables(self) -> Tables:
        """Return the columns of each table."""

    def count(self, table: str) -> int:
        """Return how many rows a table has."""

    def write(self, plan: TablePlan, rows: Rows) -> None:
        """Add rows to a table; those of `meta` replace what is there. Raises StoreError."""

    def finish(self, *, place: str) -> None:
        """Make what follows from the rows, once all are there: sequences, marks, queues. place: see `plan`."""


def plan(origin: Tables, destination: Tables, *, place: str) -> tuple[TablePlan, ...]:
    """Return what is copied. place: the node whose files a store knows that says of no file whose it is.

    Raises StoreError for a table or a column that only one of them has, and that is not named above.
    """
    if unknown := unknown_parts(origin, destination):
        raise StoreError(f"this version cannot copy {', '.join(unknown)}: please report it")
    return tuple(_table_plan(name, origin[name], destination[name], place) for name in origin if name not in APART)


def unknown_parts(origin: Tables, destination: Tables) -> list[str]:
    """Return the tables and columns that only one store has, or whose types differ, and that no rule names."""
    both = sorted((origin.keys() | destination.keys()) - APART.keys())
    found = [name for name in both if not (name in origin and name in destination)]
    for name in (name for name in both if name not in found):
        ours, theirs = origin[name], destination[name]
        differ = (column for column in {**ours, **theirs} if ours.get(column) != theirs.get(column))
        found += [f"{name}.{column}" for column in differ if (name, column) not in ONE_SIDED]
    return found


def _table_plan(name: str, ours: Mapping[str, str], theirs: Mapping[str, str], place: str) -> TablePlan:
    columns = tuple(column for column in ours if column in theirs and (name, column) not in VOID)
    is_placed = name == "file" and "place" in theirs and "place" not in ours
    return TablePlan(name=name, columns=columns, constants={"place": place} if is_placed else {})


def copy_rows(
    origin: Origin, destination: Destination, *, place: str, progress: Progress = lambda *_: None
) -> Mapping[str, int]:
    """Fill an empty store; return how many rows each table has now. place: see `plan`.

    Raises StoreError: the store is not empty, a row cannot be stored, or not every row arrived.
    """
    plans = plan(origin.tables(), destination.tables(), place=place)
    if filled := [each.name for each in plans if each.name != "meta" and destination.count(each.name)]:
        raise StoreError(f"the store is not empty (it has rows in {filled[0]}): an empty one is needed")
    counts = {each.name: origin.count(each) for each in plans}
    counter = _Counter(sum(counts.values()), progress)
    for each in plans:
        destination.write(each, counter.passed(origin.rows(each)))
        if (arrived := destination.count(each.name)) != counts[each.name]:
            raise StoreError(f"of {counts[each.name]} rows of {each.name}, {arrived} arrived")
    destination.finish(place=place)
    return counts


def check_texts(handle: Handle, fingerprinter: Fingerprinter, *, progress: Progress = lambda *_: None) -> None:
    """Hash every text of a copy again. Raises StoreError for one that is not the text that was stored."""
    counter = _Counter(int(handle.all("count_versions")[0][0]), progress, what="texts")
    if faults := verify_texts(handle, fingerprinter, on_step=counter.add).faults:
        raise StoreError(f"the copy is not kept: {faults[0]}; `monitor db verify --deep` checks the store")


class _Counter:
    """Counts what has passed, and tells of it now and then."""

    def __init__(self, total: int, progress: Progress, *, what: str = "rows") -> None:
        self._what, self._done, self._total, self._progress = what, 0, total, progress

    def add(self, count: int) -> None:
        self._done += count
        self._progress(self._what, self._done, self._total)

    def passed(self, rows: Rows) -> Rows:
        while some := list(islice(rows, _EVERY)):
            yield from some
            self.add(len(some))


def with_constants(plan: TablePlan, rows: Rows) -> tuple[tuple[str, ...], Rows]:
    """Return the columns that are written, and the rows with what is added to each."""
    if not plan.constants:
        return plan.columns, rows
    added = tuple(plan.constants.values())
    return (*plan.columns, *plan.constants), (tuple(chain(row, added)) for row in rows)
