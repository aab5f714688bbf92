"""A large dump in a running daemon: small ones pass it, and a stop waits for no more than a part."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from tests.end_to_end.harness import CONFIG, Project, record

COUNT = 1_200  # releases of 1.3 kB


def large() -> str:
    """More than one part may hold; each release has a day and words of its own."""
    return "\n".join(
        record(
            f"FTA round {number}",
            " ".join(f"item{number}w{place}" for place in range(100)),
            f"{date(2000, 1, 1) + timedelta(days=number)}",
        )
        for number in range(COUNT)
    )


def test_a_small_drop_passes_a_large_one(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG % "console://")
    with project.daemon() as daemon:
        project.drop("large.txt", large())
        daemon.wait_for_output("FTA round 0")  # the first part is stored
        project.drop("small.txt", record("FTA talks held", "Delegations met in Seoul on Monday."))
        [first] = daemon.wait_for_event("dump_stored")
        assert first["name"] == "small.txt"
        daemon.stop()


def test_a_stop_ends_a_large_take_in_between_parts_and_the_next_start_repeats_it(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG % "console://")
    project.drop("large.txt", large())
    with project.daemon() as daemon:
        daemon.wait_for_output("FTA round 0")  # the first part is stored
        assert daemon.stop() == 0
        assert [line["name"] for line in daemon.wait_for_event("dump_interrupted")] == ["large.txt"]
    stored = releases(project)
    assert 0 < stored < COUNT
    assert project.run("run", "--once").code == 0
    assert releases(project) == COUNT
    rows = project.run("dumps", "--json").rows()
    assert sorted((row["status"], row["counts"]["new"], row["counts"]["unchanged"]) for row in rows) == [
        ("stored", COUNT - stored, stored),
        ("superseded", stored, 0),
    ]


def releases(project: Project) -> int:
    with closing(sqlite3.connect(project.folder / "state" / "monitor.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM release").fetchone()[0])
