"""Every line that `--json` prints, of real runs, fits the schema that ships for it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from monitor.cli import COMMANDS
from monitor.cli.output_schemas import output_schema, outputs
from tests.cli.test_cli import FIVE_FAULTS
from tests.end_to_end.harness import Project, record
from tests.schemas import line_faults
from tests.servers import Answer, http_server

CONFIG = """
timezone: Asia/Seoul
sources:
  motie: {path: seeds/, categories: [Industry], listings: {press: ["press_*"]}}
channels:
  hook: {url: "json://127.0.0.1:%d", rate: 1000/s}
  desk: {url: "console://", digest: "08:30"}
watchlists:
  fta: {keywords: [FTA]}
  chips: {keywords: [semiconductor], tests: [{match: "nothing of the kind"}]}
operator: {notify: [hook]}
"""
TALKS = record("FTA talks held", "The FTA was discussed in Seoul on Monday: 5.1 percent of trade.")
OLD, NEW = record("Old", "Gone before.", "2024-06-01"), record("New", "Still here.", "2024-07-09")
DROPS = {
    "press_2024-07-02.txt": f"{OLD}\n{TALKS}\n{NEW}",
    "2024-07-03.txt": TALKS.replace("5.1", "5.3"),
    "press_2024-07-04.txt": f"{OLD}\n{NEW}",
    "2024-07-05.txt": TALKS.replace("5.1", "5.4") + "\n-\nHalf\nwritten",
}
# The words of a command, and the schema its lines are of.
OUTPUTS = {
    "events": "events",
    "alerts": "alerts",
    "dumps": "dumps",
    "dumps --rejects": "rejects",
    "show 2": "show",
    "match FTA": "match",
    "match FTA --file seeds/2024-07-03.txt": "match",
    "preview seeds/2024-07-05.txt": "preview",
    "explain 2": "explain",
    "watchlists": "watchlists",
    "check": "check",
    "channels": "channels",
    "channels test hook": "channels-test",
    "status": "status",
    "config show": "config-show",
    "releases": "releases",
    "releases FTA": "releases",
    "db verify --deep": "db-verify",
    "doctor": "doctor",
    "ingest seeds/2024-07-03.txt --again": "ingest",
    "alerts show 1": "alerts-show",
    "alerts drop 1": "order",
    "alerts retry 2": "order",
    "mute fta 8h": "order",
    "mute fta off": "order",
    "channels resume hook": "order",
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What each command prints, in a project in which much has happened."""
    with http_server(Answer(status=413), Answer(status=413), Answer()) as server:
        project = Project(tmp_path_factory.mktemp("outputs") / "p", config=CONFIG % server.port)
        for name, text in DROPS.items():
            project.drop(name, text)
            project.run("run", "--once")
        return {words: project.run(*words.split(), "--json").out.splitlines() for words in OUTPUTS}


@pytest.mark.parametrize(("words", "output"), OUTPUTS.items())
def test_every_line_fits_its_schema(printed: dict[str, list[str]], words: str, output: str) -> None:
    assert printed[words]
    assert [fault for line in printed[words] for fault in line_faults(output, line)] == []


def test_the_lines_come_in_many_kinds(printed: dict[str, list[str]]) -> None:
    """Else the test above proves little."""
    kinds = {json.loads(line)["kind"] for line in printed["events"]}
    assert {"new", "changed", "withdrawn", "reappeared", "rejected"} <= kinds
    assert {json.loads(line)["kind"] for line in printed["alerts"]} >= {"instant", "digest", "system"}
    assert {json.loads(line)["state"] for line in printed["alerts"]} >= {"pending", "sent", "dead"}


def test_an_error_fits_its_schema_too(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=FIVE_FAULTS)
    for words in (("events",), ("events", "--kind", "foo"), ("show", "x"), ("-c", "missing.yaml", "status")):
        done = project.run(*words, "--json")
        assert line_faults("error", done.err.splitlines()[-1]) == []
    for line in project.run("check", "--json").out.splitlines():
        assert line_faults("check", line) == []


def test_config_schema_prints_what_ships(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    assert project.run("config", "schema", "--output", "events").out == output_schema("events")
    done = project.run("config", "schema", "--output", "evnets")
    assert (done.code, "choose from alerts, " in done.err) == (2, True)


def test_each_schema_is_one_of_the_contract_and_says_its_name() -> None:
    assert set(outputs()) == {*OUTPUTS.values(), "error", "webhook"}
    for name in outputs():
        schema = json.loads(output_schema(name))
        assert schema["title"] == name
        assert schema["properties"].keys() >= {"schema_version"}
        assert [key for key, form in schema["properties"].items() if "description" not in form] == []


def test_every_verb_that_takes_json_has_its_schema() -> None:
    from monitor.cli import monitor

    context = monitor.make_context("monitor", [], resilient_parsing=True)
    lines = {words.split()[0] for words in OUTPUTS}
    for verb in COMMANDS:
        command = monitor.get_command(context, verb)
        assert command is not None
        if any("--json" in parameter.opts for parameter in command.params):
            assert verb in lines


def test_the_schemas_lie_in_the_package() -> None:
    assert files("monitor").joinpath("schemas", "events.json").is_file()
