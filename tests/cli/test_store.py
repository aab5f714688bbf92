"""`monitor db`, `monitor releases` and `monitor doctor`: what they print and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.harness import Project, record
from tests.rights import WITHOUT_OVERRIDE

CONFIG = """
timezone: Asia/Seoul
sources:
  motie: {path: seeds/, files: ["*.txt"], categories: [Industry]}
channels:
  hook: {url: "console://"}
watchlists:
  fta: {keywords: [FTA]}
  chips: {keywords: [semiconductor]}
"""
DUMP = "\n".join(
    [
        record("FTA talks held", "The FTA was discussed on Monday.", "2024-07-01"),
        record("Chips soar", "A semiconductor maker met the press.", "2024-07-04", "Industry"),
        record("반도체 수출", "자유무역협정이 발효되고 반도체가 늘었다.", "2024-07-10"),
    ]
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("1.txt", DUMP)
    assert project.run("run", "--once").code == 0
    return project


# --- releases ------------------------------------------------------------------------------------------------------


def test_a_release_has_the_fields_of_the_contract(project: Project) -> None:
    [row] = project.run("releases", "fta", "--json").rows()
    assert row == {
        "schema_version": 1,
        "release": 1,
        "version": 1,
        "source": "motie",
        "title": "FTA talks held",
        "date": "2024-07-01",
        "category": None,
        "state": "listed",
        "url": None,
        "ref": None,
        "watchlists": ["fta"],
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), [1, 2, 3]),
        (("반도체",), [3]),
        (("semiconductor", "press"), [2]),
        (("met the press",), [2]),
        (("--since", "2024-07-02"), [2, 3]),
        (("--watchlist", "chips"), [2]),
        (("--watchlist", "chips", "fta"), []),
        (("nothing-of-this",), []),
    ],
)
def test_releases_are_narrowed_by_words_day_and_watchlist(
    project: Project, words: tuple[str, ...], found: list[int]
) -> None:
    assert [row["release"] for row in project.run("releases", *words, "--json").rows()] == found


def test_people_see_one_line_a_release(project: Project) -> None:
    out = project.run("releases").out.splitlines()
    assert out[0] == "    #1  2024-07-01  FTA talks held  → fta"


def test_an_unknown_watchlist_is_said(project: Project) -> None:
    done = project.run("releases", "--watchlist", "nobody")
    assert (done.code, "fta, chips" in done.err) == (1, True)


# --- db ------------------------------------------------------------------------------------------------------------


def test_a_backup_is_made_verified_and_restored(project: Project) -> None:
    copy = project.folder / "copy.db"
    assert project.run("db", "backup", str(copy)).code == 0
    assert project.run("db", "backup", str(copy)).code == 2
    (project.folder / "state" / "monitor.db").write_bytes(b"")
    assert project.run("db", "verify").code == 1
    done = project.run("db", "restore", str(copy))
    assert (done.code, "monitor.db.replaced-" in done.out) == (0, True)
    rows = project.run("db", "verify", "--deep", "--json").rows()
    assert [(row["check"], row["ok"], row["faults"]) for row in rows] == [
        (check, True, [])
        for check in (
            "pages and indexes",
            "references",
            "STORE_ID",
            "heads",
            "dumps",
            "watchlists",
            "messages",
            "texts",
        )
    ]
    assert project.run("run", "--once").out == ""  # nothing is sent again


def test_pruning_says_what_it_forgot_or_that_all_is_kept(project: Project) -> None:
    assert "everything is kept" in project.run("db", "prune").out
    project.write_config(CONFIG + "retention: {versions: 30, messages: 30, events: keep}\n")
    assert project.run("db", "prune").out == "deleted: 0 old texts, 0 messages, 0 events\n"


def test_a_running_monitor_can_be_backed_up_and_nothing_else(project: Project) -> None:
    copy = project.folder / "copy.db"
    with project.daemon() as daemon:
        assert project.run("db", "backup", str(copy)).code == 0
        assert project.run("db", "restore", str(copy)).code == 11
        assert project.run("doctor").code == 0
        daemon.stop()


# --- doctor --------------------------------------------------------------------------------------------------------


def states(project: Project) -> dict[object, object]:
    return {row["check"]: row["state"] for row in project.run("doctor", "--json").rows()}


def test_a_healthy_place_has_only_good_lines(project: Project) -> None:
    assert set(states(project)) == {
        *("configuration", "state folder", "free space", "lock", "store", "full-text search", "source motie"),
        *("file events", "time"),
    }
    done = project.run("doctor", "--json")
    assert (done.code, {tuple(row) for row in done.rows()}) == (0, {("schema_version", "check", "state", "what", "do")})


def test_each_fault_has_a_next_step(project: Project) -> None:
    (project.folder / "state" / "monitor.db").write_bytes(b"no database " * 999)
    done = project.run("doctor")
    assert done.code == 1
    assert "fail  store:" in done.out
    assert "→ restore a backup with `monitor db restore FILE`" in done.out


def test_a_missing_source_folder_is_a_warning(project: Project) -> None:
    project.write_config(CONFIG.replace("seeds/", "elsewhere/"))
    assert states(project)["source motie"] == "warn"
    assert project.run("doctor").code == 0


def test_a_broken_configuration_fails_and_ends_the_look(project: Project) -> None:
    project.write_config("sources: 7\n")
    done = project.run("doctor", "--json")
    assert (done.code, [row["check"] for row in done.rows()]) == (1, ["configuration"])


def test_a_state_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    assert project.run("run", "--once").code == 0
    (project.folder / "state").chmod(0o555)
    rows = project.run_program(WITHOUT_OVERRIDE, "doctor", "--json").rows()
    (project.folder / "state").chmod(0o755)
    assert {row["check"]: row["state"] for row in rows}["state folder"] == "fail"
