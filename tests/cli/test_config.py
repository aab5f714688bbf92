"""`monitor config`: a beginning, the settings in force, the schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.harness import ROOT, Project

CONFIG = """\
timezone: ${ZONE}
state: ${HOME}/state
sources:
  motie: {path: seeds/, max_record: 500kB, expect_every: 1d mon-fri}
channels:
  team: {url: "slack://T0AAAAAAA/B0BBBBBBB/CANARY", rate: 10/min, quiet: "22:00-07:00; sat-sun"}
  desk: {url: "${DESK_URL}", digest: "mon-fri 08:30, 17:00", max_age: 36h}
watchlists:
  fta:
    keywords: [FTA, "${WORD}", NO]
    tests: [{match: the FTA}]
"""
ENV = {"ZONE": "Asia/Seoul", "DESK_URL": "json://user:CANARY@127.0.0.1", "WORD": "CANARY", "HOME": "/home/nobody"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "p", config=CONFIG)


def test_a_sample_is_written_that_passes_check(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    done = project.run("config", "init", "new/config.yaml")
    assert (done.code, "No such file" in done.err) == (1, True), "no folder is made up"
    (project.folder / "new" / "seeds").mkdir(parents=True)
    done = project.run("config", "init", "new/config.yaml")
    assert done.code == 0
    assert done.out.splitlines()[:2] == [
        "wrote new/config.yaml",
        "wrote new/config.schema.json, from which an editor knows the keys",
    ]
    assert "no errors" in project.run("-c", "new/config.yaml", "check").out
    first = (project.folder / "new" / "config.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./config.schema.json"


def test_a_configuration_that_is_there_is_never_overwritten(project: Project) -> None:
    done = project.run("config", "init")
    assert done.code == 1
    assert "config.yaml: already exists" in done.err
    assert (project.folder / "config.yaml").read_text("utf-8") == CONFIG
    assert not (project.folder / "config.schema.json").exists()


def test_a_schema_that_is_there_stays(project: Project) -> None:
    (project.folder / "config.schema.json").write_text("mine")
    assert project.run("config", "init", "second.yaml").code == 0
    assert (project.folder / "config.schema.json").read_text() == "mine"


def test_every_setting_in_force_is_shown_with_its_line(project: Project) -> None:
    rows = {row["path"]: row for row in project.run("config", "show", "--json", env=ENV).rows()}
    file = str(project.folder / "config.yaml")
    assert {(row["file"] is None) == (row["line"] is None) for row in rows.values()} == {True}
    expected = {
        "timezone": ("${ZONE}", 1),
        "state": ("${HOME}/state", 2),
        "sources.motie.path": (str(project.folder / "seeds"), 4),
        "sources.motie.max_record": ("500kB", 4),
        "sources.motie.expect_every": ("1d mon-fri", 4),
        "sources.motie.max_file": ("2GB", None),
        "sources.motie.files": (["*.txt", "*.txt.gz"], None),
        "channels.team.url": ("slack://…", 6),
        "channels.team.rate": ("10/min", 6),
        "channels.team.quiet": ("22:00-07:00; sat-sun", 6),
        "channels.team.digest": (None, None),
        "channels.desk.url": ("${DESK_URL}", 7),
        "channels.desk.digest": ("mon-fri 08:30, 17:00", 7),
        "channels.desk.max_age": ("36h", 7),
        "watchlists.fta.keywords": (["FTA", "${WORD}", "NO"], 10),
        "watchlists.fta.tests[0].match": ("the FTA", 11),
        "watchlists.fta.inflect": (True, None),
        "watchlists.fta.min_hits": (1, None),
        "watch.settle": ("2s", None),
    }
    assert {path: (rows[path]["value"], rows[path]["line"]) for path in expected} == expected
    assert {row["file"] for row in rows.values() if row["line"]} == {file}


def test_people_see_where_a_setting_comes_from_and_no_secret(project: Project) -> None:
    done = project.run("config", "show", env=ENV)
    lines = [line.split() for line in done.out.splitlines()]
    assert ["channels.team.rate", "10/min", "config.yaml:6"] in lines
    assert ["channels.team.digest", "not", "set", "default"] in lines
    assert "CANARY" not in done.out + project.run("config", "show", "--json", env=ENV).out


def test_a_broken_configuration_is_not_shown(project: Project) -> None:
    done = project.run("config", "show", "--json", env={**ENV, "ZONE": "Mars"})
    assert done.code == 78
    assert json.loads(done.err)["error"]["where"] == "config.yaml:1:11"


def test_the_schema_is_printed_as_it_is_committed(project: Project) -> None:
    assert project.run("config", "schema").out == (ROOT / "config.schema.json").read_text("utf-8")
