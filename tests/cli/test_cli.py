"""The commands: names, JSON fields and exit codes as product.md fixes them."""

from __future__ import annotations

import json
import os
import select
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from monitor import __version__
from tests.end_to_end.harness import CONFIG, MONITOR, Project, record
from tests.servers import Answer, http_server

FIVE_FAULTS = """\
timezone: Mars/Olympus
sources:
  motie: {path: seeds/, fiels: ["*.txt"]}
channels:
  team: {url: "${NOT_SET}"}
watchlists:
  fta: {keywords: [FTA], notify: [taem]}
watch: {settle: soon}
"""
FIELDS = {
    ("events",): "id at source dump kind release version title date category watchlists alert fields numbers reverted"
    " related reason url ref",
    ("alerts",): "id channel kind state attempts due reason sent_at items uncertain",
    ("dumps",): "id source path sha256 status size encoding as_of evidence at counts",
    ("dumps", "--rejects"): "id source path line offset reason text state at",
    ("show", "1"): "release version kind at dump title date category body edits numbers url ref",
    ("channels",): "name state pending failures opened_until muted_until last_reason dead held waits",
    ("status",): "ok daemon sources releases outbox channels config nodes store page",
}
KINDS = "new changed completed enriched reread cosmetic stale unchanged withdrawn reappeared rejected"


@pytest.mark.parametrize(("word", "code"), [("--version", 0), ("nonsense", 2)])
def test_python_runs_it_as_a_module(tmp_path: Path, word: str, code: int) -> None:
    done = subprocess.run([sys.executable, "-m", "monitor", word], capture_output=True, text=True, check=False)
    expected = Project(tmp_path / "p").run(word)
    assert (done.returncode, done.stdout, done.stderr) == (code, expected.out, expected.err)


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which everything has happened once."""
    project = Project(tmp_path_factory.mktemp("cli") / "p")
    body = "Chip exports of semiconductor makers rose 5.1 percent in June, the ministry said on Monday."
    project.drop("1.txt", record("Exports rise", body))
    assert project.run("run", "--once").code == 0
    half = "\n-\nHalf\nwritten"
    project.drop("2.txt", record("Exports rise", body.replace("5.1", "5.3")) + half)
    assert project.run("run", "--once").code == 3
    return project


@pytest.mark.parametrize(("words", "fields"), FIELDS.items())
def test_json_lines_have_the_fields_of_the_contract(lived_in: Project, words: tuple[str, ...], fields: str) -> None:
    rows = lived_in.run(*words, "--json").rows()
    assert rows
    expected = {"schema_version", *fields.split()}
    assert [set(row) for row in rows] == [
        expected | {"text"} if row.get("kind") == "system" else expected for row in rows
    ]
    assert {row["schema_version"] for row in rows} == {1}


def test_an_event_line_says_what_the_contract_shows(lived_in: Project) -> None:
    [row] = lived_in.run("events", "--json", "--kind", "changed").rows()
    assert (row["source"], row["dump"], row["release"], row["version"]) == ("motie", "2.txt", 1, 2)
    assert (row["fields"], row["numbers"], row["reverted"]) == (["body"], [["5.1", "5.3"]], False)
    assert row["reason"] == "same title and day; one figure differs: 5.1 → 5.3"
    assert (row["watchlists"], row["alert"], row["date"]) == (["semiconductor"], ["semiconductor"], "2024-07-01")
    assert row["at"].endswith("Z")


def test_a_version_that_only_learned_says_what(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    body = "What was new stays new, the ministry said."
    project.drop("1.txt", record("News", body))
    project.drop("2.txt", record("News", body, category="Industry"))
    assert project.run("run", "--once").code == 0
    out = project.run("show", "1").out
    assert "category: unknown → Industry\n(the words are the same)" in out


def test_a_rejected_event_has_no_release(lived_in: Project) -> None:
    [row] = lived_in.run("events", "--json", "--kind", "rejected").rows()
    assert [row[name] for name in ("release", "version", "title", "date", "category")] == [None] * 5
    assert (row["watchlists"], row["alert"]) == ([], [])


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_events_of_a_watchlist_that_there_is_not_are_no_silence(words: tuple[str, ...], lived_in: Project) -> None:
    done = lived_in.run("events", "--watchlist", "ftaa", *words)
    assert (done.code, "there is no watchlist 'ftaa'; the configuration has fta" in done.err) == (1, True)


def test_counts_of_a_dump_name_every_kind(lived_in: Project) -> None:
    rows = lived_in.run("dumps", "--json").rows()
    assert [set(row["counts"]) for row in rows] == [set(KINDS.split())] * 2
    assert rows[1]["counts"]["changed"] == rows[1]["counts"]["rejected"] == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("events", "--kind", "new"), ["new"]),
        (("events", "--watchlist", "semiconductor"), ["new", "changed"]),
        (("events", "--watchlist", "fta"), []),
        (("events", "--dump", "2.txt"), ["changed", "rejected"]),
        (("events", "-n", "1"), ["rejected"]),
        (("events", "--since", "7d"), ["new", "changed", "rejected"]),
        (("events", "--since", "2099-01-01"), []),
    ],
)
def test_events_can_be_narrowed(lived_in: Project, words: tuple[str, ...], expected: list[str]) -> None:
    assert [row["kind"] for row in lived_in.run(*words, "--json").rows()] == expected


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("events",), "  changed        #1  2024-07-01  Exports rise  → semiconductor"),
        (("show", "1"), "rose [-5.1-]{+5.3+} percent"),
        (("show", "1"), "figures: 5.1 → 5.3"),
        (("show", "1"), "seen in 2 dumps, last 20"),
        (("alerts",), "Exports rise"),
        (("dumps",), "1 changed, 1 rejected"),
        (("dumps", "--rejects"), "half written"),
        (("channels",), "hook"),
        (("status",), "not running"),
        (("check",), "no errors and no warnings (1 source, 2 watchlists, 1 channel)"),
        (("--version",), __version__),
    ],
)
def test_people_get_readable_lines(lived_in: Project, words: tuple[str, ...], text: str) -> None:
    done = lived_in.run(*words)
    assert done.code == 0
    assert text in done.out


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("show", "99"), 1, "there is no release 99"),
        (("show", "x"), 2, "not a valid integer"),
        (("show", "9" * 30), 2, "not in the range"),
        (("events", "-n", "9" * 30), 2, "not in the range"),
        (("events", "--since", "99999999d"), 2, "an age (7d)"),
        (("events", "--since", "0001-01-01T00:00:00+14:00"), 2, "an age (7d)"),
        (("ingest", "seeds"), 1, "this is a folder"),
        (("events", "--kind", "foo", "--json"), 2, '"code": 2'),
        (("nonsense",), 2, "No such command"),
        (("chek", "--json"), 2, "No such command 'chek'. Did you mean 'check'?"),
        (("events", "--since", "yesterday"), 2, "--since: 'yesterday': give a day (2024-07-01)"),
        (("channels", "test", "nobody"), 1, "there is no channel 'nobody'"),
        (("status", "--check"), 1, ""),
        (("-c", "missing.yaml", "check"), 78, "missing.yaml"),
        (("run", "-c", "missing.yaml"), 78, "missing.yaml"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(
    lived_in: Project, words: tuple[str, ...], code: int, text: str
) -> None:
    done = lived_in.run(*words)
    assert done.code == code
    assert text in done.out + done.err


def test_five_faults_are_five_located_messages(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=FIVE_FAULTS)
    for words in (("run", "--once"), ("check",)):
        done = project.run(*words)
        assert done.code == 78
        heads = [line for line in (done.err + done.out).splitlines() if line.startswith("config.yaml:")]
        assert [line.split(": ")[0] for line in heads] == [
            "config.yaml:1:11",
            "config.yaml:3:25",
            "config.yaml:5:15",
            "config.yaml:7:35",
            "config.yaml:8:17",
        ]
        assert "did you mean 'files'?" in heads[1]
        assert "did you mean 'team'?" in heads[3]
    assert not (project.folder / "state").exists(), "a broken configuration touches nothing"


def test_with_json_an_error_is_json_too(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=FIVE_FAULTS)
    error = json.loads(project.run("config", "show", "--json").err)["error"]
    assert (error["code"], error["where"]) == (78, "config.yaml:1:11")
    rows = project.run("check", "--json").rows()
    assert [row["line"] for row in rows] == [1, 3, 5, 7, 8]
    assert {*rows[0]} == {"schema_version", "severity", "file", "line", "column", "path", "message"}


def test_a_reader_who_has_seen_enough_is_no_failure(lived_in: Project) -> None:
    program = f"{shlex.quote(sys.executable)} -c 'from monitor.cli import main; main()' events"
    script = f"set -o pipefail; {program} | head -n 1"
    done = subprocess.run(["bash", "-c", script], cwd=lived_in.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (0, 1, "")


def test_a_lost_store_is_no_first_run(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    assert project.run("run", "--once").code == 0
    (project.folder / "state" / "monitor.db").unlink()
    for words in (("status",), ("events",), ("run", "--once")):
        done = project.run(*words)
        assert (done.code, "the store of this folder is gone" in done.err) == (1, True)


def test_check_warns_of_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.seeds.rmdir()
    done = project.run("check")
    assert done.code == 0
    assert "config.yaml:6:11: warning: sources.motie.path: this folder does not exist" in done.out


def test_following_from_nothing_prints_only_what_comes(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("a.txt", record("Old news", "What was."))
    assert project.run("run", "--once").code == 0
    program = [
        sys.executable,
        "-c",
        "from monitor.cli import main; main()",
        "events",
        "-n",
        "0",
        "--follow",
        "--json",
    ]
    with subprocess.Popen(
        program, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as follow:
        assert follow.stdout is not None
        project.drop("b.txt", record("Fresh news", "What is."))
        for round_ in range(100):  # until one comes after it has looked once
            project.drop(f"{round_}.txt", record(f"News {round_}", f"What is new, part {round_}."))
            assert project.run("run", "--once").code == 0
            if select.select([follow.stdout], [], [], 0.5)[0]:
                break
        assert "Old news" not in follow.stdout.readline()
        follow.kill()


def test_a_store_that_does_not_exist_yet_is_said(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    done = project.run("events")
    assert done.code == 1
    assert "monitor run" in done.err
    assert project.run("status").code == 0


def test_channels_test_says_whether_it_was_accepted(tmp_path: Path) -> None:
    with http_server(Answer(), Answer(status=403)) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        assert project.run("channels", "test", "hook").code == 0
        assert "test message" in server.requests[0].json()["message"]
        done = project.run("channels", "test", "hook")
        assert done.code == 1
        assert "403" in done.err
        numbers = [request.headers["X-Monitor-Delivery"] for request in server.requests]
        assert len(set(numbers)) == 2, "two tests are two messages"


def test_check_names_a_channel_that_no_service_takes(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", url="slakc://CANARYTOKEN/x/y")
    done = project.run("check")
    assert done.code == 78
    assert "channels.hook.url" in done.out
    assert "CANARY" not in done.out + done.err


def test_terminal_codes_in_a_title_do_not_reach_the_terminal(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("x\x1b[31m.txt", record("FTA \u202eevil\u009b31m talks", "They were \u202eheld on Monday."))
    outputs = [project.run("run", "--once").out]
    outputs += [project.run(*words).out for words in (("events",), ("show", "1"), ("dumps",), ("alerts",))]
    outputs += [project.run("events", "--json").out]
    for output in outputs:
        assert not {"\x1b", "\u202e", "\u009b"} & set(output)


def test_a_terminal_without_korean_is_shown_numbers_and_bars_of_ascii(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG.replace("motie:", "산업부:") % "console://")
    project.drop("a.txt", record("반도체 FTA", "Delegations met in Seoul on Monday."))
    latin = {"PYTHONIOENCODING": "latin-1"}
    assert project.run_program(MONITOR[2], "run", "--once", env=latin).code == 0
    done = project.run_program(MONITOR[2], "status", env=latin)
    assert (done.code, r"\uc0b0\uc5c5\ubd80" in done.out, f"{'.' * 29}@" in done.out) == (0, True, True)
    assert r"\ubc18\ub3c4\uccb4 FTA" in project.run_program(MONITOR[2], "events", env=latin).out
    assert "\x1b" not in done.out


@pytest.mark.parametrize(("environ", "is_painted"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_status_is_painted_on_a_terminal_unless_nobody_wants_it(
    tmp_path: Path, environ: dict[str, str], is_painted: bool
) -> None:
    project = Project(tmp_path / "p")
    assert "\x1b" not in project.run("status").out
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        done = subprocess.run(
            [*MONITOR, "status"], cwd=project.folder, env={**clean, **environ}, stdout=theirs, check=False
        )
        os.close(theirs)
        printed = screen.read(65536)
    assert (done.returncode, b"not running" in printed, b"\x1b[31m" in printed) == (0, True, is_painted)
