"""From dumps to a printed message: a new release that resembles others names them."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.harness import Project, record

TALKS = record("Ministers sign an FTA roadmap", "The ministers signed a roadmap for an FTA in Seoul on Monday.")
PHOTO = record("Ministers sign an FTA roadmap", "Photo: the ministers and their FTA roadmap.", "2024-09-09")
AGAIN = record("Ministers sign an FTA roadmap", "A third FTA paper, on steel and on ports alone.", "2025-02-02")


def test_a_look_alike_of_a_stored_release_and_of_the_same_dump_is_named_by_title(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("001.txt", TALKS)
    assert project.run("run", "--once").code == 0
    project.drop("002.txt", f"{PHOTO}\n{AGAIN}")
    told = project.run("run", "--once").out
    for number in (1, 2, 3):
        assert f"resembles: {number} “Ministers sign an FTA roadmap” — monitor show {number}\n" in told
    assert "though it resembles" not in told
    first, *_ = project.run("events", "--json").rows()
    assert {type(number) for number in first["related"]} <= {int}
