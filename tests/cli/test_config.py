"""`monitor config`: a beginning, the settings in force, the schema."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest

from monitor.config.json_schema import sample_config
from tests.end_to_end.harness import ROOT, Project
from tests.end_to_end.in_process import run_here
from tests.servers import http_server

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
    (project.folder / "new").mkdir()
    done = project.run("config", "init", "new/config.yaml")
    assert done.code == 0
    assert done.out.splitlines()[:3] == [
        "wrote new/config.yaml",
        "wrote new/config.schema.json, from which an editor knows the keys",
        "made new/seeds/, the folder for dump files",
    ]
    assert "no errors and no warnings" in project.run("-c", "new/config.yaml", "check").out
    first = (project.folder / "new" / "config.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./config.schema.json"


def test_in_an_empty_folder_the_next_steps_work_as_they_are_printed(tmp_path: Path) -> None:
    folder = tmp_path / "언론 press"
    folder.mkdir()
    run = partial(run_here, folder=folder, env={})
    steps = run(["config", "init"]).out.partition("next:\n")[2]
    assert [line[:4] for line in steps.splitlines()] == ["  1.", "  2.", "  3.", "    "]
    told = re.findall("`monitor (.+?)`", steps)
    assert told == ["run --once", "check", "channels test team", "run"]
    assert run(["run", "--once"]).code == 0
    (folder / "seeds" / "1.txt").write_text("-\nTalks on an FTA end\nThe third round ended. date2024-07-01")
    done = run(["run", "--once"])
    assert (done.code, "Talks on an FTA end" in done.out) == (0, True)


def test_the_next_steps_name_a_file_of_another_name(project: Project) -> None:
    done = project.run("config", "init", "my own.yaml")
    assert "`monitor -c 'my own.yaml' run --once`" in done.out
    assert "made" not in done.out, "the folder is there"


@pytest.mark.parametrize("channel", ["team", "desk"])
def test_uncommenting_one_line_of_the_sample_sends_real_alerts_at_once(tmp_path: Path, channel: str) -> None:
    project = Project(tmp_path / "p", config=sample_config())
    sample = project.folder / "config.yaml"
    lines = [line for line in sample.read_text("utf-8").splitlines() if f"# {channel}: {{" in line]
    sample.write_text(sample.read_text("utf-8").replace(lines[0], lines[0].replace("# ", "", 1)), "utf-8")
    project.drop("1.txt", "-\nTalks on an FTA end\nThe third round ended. date2024-07-01")
    with http_server() as server:
        variables = dict.fromkeys(("SLACK_URL", "MAIL_URL"), f"json://127.0.0.1:{server.port}/")
        done = project.run("run", "--once", env=variables)
        [alert] = server.wait_for(1)
    assert done.code == 0
    assert "Talks on an FTA end" in str(alert.json())


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
