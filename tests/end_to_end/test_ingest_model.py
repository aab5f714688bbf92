"""Any order of writes, rotations, truncations, renames and deletions ends in what a model of it says."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.end_to_end.harness import record
from tests.end_to_end.ingesting import RunningIngest, running_ingest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the signs of other systems are poorer")


@dataclass(slots=True)
class Model:
    """What was written into a folder, and what a pickup must have made of it."""

    picked: RunningIngest
    dice: random.Random
    titles: set[str] = field(default_factory=set)  # ever written

    def act(self) -> None:
        actions: list[Callable[[Path], object]] = [
            self.append, self.append, self.rewrite, self.replace, self.rotate, self.truncate, self.rename, self.delete,
            os.utime,
        ]  # fmt: skip
        path = self.picked.seeds / f"{self.dice.choice('abcd')}.txt"
        if path.exists():
            self.dice.choice(actions)(path)
        else:
            self.replace(path)

    def append(self, path: Path) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(self._record())

    def rewrite(self, path: Path) -> None:
        """In place, with a stop in the middle: what was there and something more."""
        text = path.read_text("utf-8") + self._record()
        with path.open("w", encoding="utf-8") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            file.write(text[len(text) // 2 :])

    def replace(self, path: Path) -> None:
        text = (path.read_text("utf-8") if path.exists() else "") + self._record()
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, "utf-8")
        part.rename(path)

    def rotate(self, path: Path) -> None:
        self.stored(path)
        path.rename(path.with_name(f"{path.name}.1"))  # a name that does not count
        path.write_text(self._record(), "utf-8")

    def truncate(self, path: Path) -> None:
        self.stored(path)
        os.truncate(path, 0)

    def rename(self, path: Path) -> None:
        target = path.with_name(f"{self.dice.choice('abcd')}.txt")
        if target.exists():
            self.stored(target)  # it is replaced
        path.rename(target)

    def delete(self, path: Path) -> None:
        self.stored(path)
        path.unlink()

    def stored(self, path: Path) -> None:
        """Until the ledger has the file as it is."""
        want = [(sha256(path.read_bytes()).digest(),)]
        sql = f"SELECT sha FROM file WHERE path = CAST('{path}' AS BLOB)"
        told = len(self.picked.lines("dump_*"))
        while self.picked.query(sql) != want:
            told = len(self.picked.wait_for_event("dump_*", told + 1))

    def _record(self) -> str:
        number = len(self.titles)
        title = f"Notice {number}"
        self.titles.add(title)
        day = date(1900, 1, 1) + timedelta(days=9 * number)
        return record(title, f"Office {number * 13} wrote item {number * 7}.", str(day)) + "\n"


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_actions_ends_as_the_model_says(seed: int, tmp_path: Path, full: bool) -> None:
    dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
    with running_ingest(tmp_path / "p") as picked:
        model = Model(picked, dice)
        for _ in range(400 if full else 30):
            model.act()
        for path in picked.seeds.glob("*.txt"):
            model.stored(path)
        assert set(picked.titles()) == model.titles
        assert picked.query("SELECT count(*) FROM version") == picked.query("SELECT count(*) FROM release")
        assert picked.query("SELECT DISTINCT kind FROM event WHERE kind <> 'rejected'") == [("new",)]
        assert not picked.lines("dump_failed")
