"""Commands that only read the store need `state:` alone: any other fault of the configuration is a warning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.harness import CONFIG, Project, record

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
CHIPS = record("Chips sell well", "Exports of every kind of semiconductor grew for the ninth month.")
READING = (
    "events", "releases", "releases chips", "releases --watchlist fta", "show 1", "match talks", "match fta", "alerts",
    "alerts show 1", "dumps", "dumps --rejects", "explain 1 fta", "watchlists", "status",
)  # fmt: skip
FAULTS = {
    "an unset variable": ('"console://"', '"${NOT_SET}"'),
    "a mistyped key": ("rate:", "rat:"),
    "a missing channel": ("{keywords: [semiconductor]", "{keywords: [semiconductor], notify: [taem]"),
    "a bad value": ("settle: 100ms", "settle: soon"),
    "a query": ("keywords: [semiconductor]", 'query: "AND ("'),
    "a key twice": ("watch:", "first_run: alert\nfirst_run: baseline\nwatch:"),
    "no channels": ("channels:", "channles:"),
    "a section that is text": ("watch: {", "heartbeat: on\nwatch: {"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("p") / "p", config=CONFIG % "console://")
    project.drop("a.txt", f"{TALKS}\n{CHIPS}")
    assert project.run("run", "--once").code == 0
    return project


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_is_stored_is_read_while_a_fault_is_elsewhere(project: Project, fault: tuple[str, str]) -> None:
    good = CONFIG % "console://"
    assert fault[0] in good
    project.write_config(good)
    intact = {words: project.run(*words.split(), "--json") for words in READING}
    project.write_config(good.replace(*fault))
    assert project.run("run", "--once").code == 78
    for words, before in intact.items():
        done = project.run(*words.split(), "--json")
        assert (words, done.code, len(done.rows())) == (words, before.code, len(before.rows()))
        if words != "status":  # it says so itself
            assert done.err.count("the configuration is broken (see `monitor check`)") == 1, words
    [status] = project.run("status", "--json").rows()
    assert "config.yaml:" in status["config"]["refusal"]
    assert "cannot be used: config.yaml:" in project.run("status").out
    assert project.run("status", "--check").code == 1, "no daemon runs"


def test_channels_are_listed_by_name_where_their_addresses_are_not_known(project: Project) -> None:
    project.write_config((CONFIG % "console://").replace('"console://"', '"${NOT_SET}"'))
    assert [(row["name"], row["state"]) for row in project.run("channels", "--json").rows()] == [("hook", "ok")]


@pytest.mark.parametrize("state", ["state: ${NOT_SET}/s", "stat: s"])
def test_a_backup_never_guesses_the_state_folder(project: Project, state: str) -> None:
    project.write_config(f"{CONFIG % 'console://'}{state}\n")
    done = project.run("db", "backup", "guessed.db")
    assert (done.code, (project.folder / "guessed.db").exists()) == (78, False)
    assert "config.yaml:" in done.err


def test_the_store_is_verified_saved_and_restored_while_a_fault_is_elsewhere(project: Project) -> None:
    project.write_config((CONFIG % "console://").replace("watch: {", "watch: {setle: 1s, "))
    assert project.run("db", "verify").code == 0
    assert project.run("db", "backup", "copy.db").code == 0
    assert (project.folder / "copy.db").exists()
    assert project.run("db", "restore", "copy.db").code == 0


@pytest.mark.parametrize(
    "text",
    [
        "state: state/\nsources: [",
        "sources: {m: {path: seeds/}}\nchannels:\n\tteam: x\nstate: ${HERE}/state/ # a tab\n",
        "channels: {a: b: c}\n",  # the default of state: is the same folder
        "# \ud55c\uae00".encode("cp949") + b"\nstate: 'state/'\n",
    ],
)
def test_of_a_file_that_is_no_yaml_the_line_of_the_state_folder_is_read(project: Project, text: str | bytes) -> None:
    (project.folder / "config.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = project.run("events", "--json", env={"HERE": str(project.folder)})
    assert (done.code, len(done.rows())) == (0, 2)
    assert "the configuration is broken" in done.err


@pytest.mark.parametrize(
    "line",
    [
        "state: ${NOT_SET}",
        "state: ~/state",
        "state: [state/]",
        "state: state/\nstate: other/",
        "statee: state/",
        "satte: state/\nwatch: [",
        "state: ${NOT_SET}\nwatch: [",
    ],
)
@pytest.mark.parametrize("words", ["events --json", "status --json", "db verify --json"])
def test_78_where_the_state_folder_cannot_be_known(project: Project, line: str, words: str) -> None:
    project.write_config((CONFIG % "console://").replace("state: state/", line))
    done = project.run(*words.split())
    assert (done.code, done.out) == (78, "")
    assert json.loads(done.err)["error"]["code"] == 78


def test_a_watchlist_with_a_fault_matches_nothing_and_is_refused_by_name(project: Project) -> None:
    project.write_config((CONFIG % "console://").replace("[semiconductor]", "[semiconductor], exclud: [chips]"))
    shown = {row["title"]: row["watchlists"] for row in project.run("releases", "--json").rows()}
    assert shown == {"FTA talks held": ["fta"], "Chips sell well": []}
    for words in ("match semiconductor", "releases --watchlist semiconductor", "explain 1 semiconductor"):
        done = project.run(*words.split())
        assert done.code == 78
        assert "did you mean 'exclude'?" in done.err
    assert [row["name"] for row in project.run("watchlists", "--json").rows()] == ["fta", "semiconductor"]


def test_a_configuration_that_is_not_there_is_no_fault_elsewhere(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG % "console://")
    assert project.run("-c", "missing.yaml", "events").code == 78


def test_a_secret_that_only_the_daemon_has_is_no_refused_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path / "p", config=CONFIG % "${SECRET_URL}")
    monkeypatch.setenv("SECRET_URL", "console://")
    with project.daemon() as daemon:
        monkeypatch.delenv("SECRET_URL")
        [status] = project.run("status", "--json").rows()
        assert (status["daemon"]["pid"], status["config"]["refusal"]) == (daemon.process.pid, None)
        project.write_config((CONFIG % "${SECRET_URL}").replace("settle: 100ms", "settle: soon"))
        [status] = project.run("status", "--json").rows()
        assert "watch.settle" in status["config"]["refusal"] or "SECRET_URL" in status["config"]["refusal"]
