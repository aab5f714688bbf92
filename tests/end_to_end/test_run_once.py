"""`monitor run --once` and `monitor ingest`, on real and sample dumps."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.harness import CONFIG, DEADLINE, MONITOR, ROOT, Project, many, record
from tests.servers import Answer, HttpServer, http_server

REAL = Path(os.environ.get("MONITOR_REAL_DUMPS") or ROOT.parent / "shared" / "seeds")
TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit ends", "The visit ended with a dinner in Busan.")


@pytest.fixture
def real_dumps() -> list[Path]:
    files = sorted(REAL.glob("*.txt"))
    if not files and not os.environ.get("CI"):
        pytest.skip(f"no real dumps in {REAL}; name their folder in MONITOR_REAL_DUMPS")
    assert len(files) == 5, f"the five real dumps belong into {REAL}"
    return files


def kinds(project: Project) -> dict[str, int]:
    found = [row["kind"] for row in project.run("events", "--json").rows()]
    return {kind: found.count(kind) for kind in set(found)}


def test_the_real_dumps_give_their_releases_and_alerts_once(tmp_path: Path, real_dumps: list[Path]) -> None:
    project = Project(tmp_path / "p")
    done = project.run("ingest", *real_dumps, "--json")
    assert done.code == 0
    counts = [row["counts"] for row in done.rows()]
    assert sum(c["new"] for c in counts) == 38
    assert sum(c["unchanged"] for c in counts) == 6
    assert sum(c["changed"] for c in counts) == 0
    told = [row["alert"] for row in project.run("events", "--json").rows()]
    assert sum("fta" in names for names in told) == 5
    assert sum("semiconductor" in names for names in told) == 14
    assert "semiconductor" in project.run("run", "--once").out

    again = project.run("ingest", *real_dumps, "--json")
    assert [row["status"] for row in again.rows()] == ["duplicate"] * 5
    assert kinds(project) == {"new": 38}
    assert {row["state"] for row in project.run("alerts", "--json").rows()} == {"sent"}


def test_a_category_that_comes_later_enriches_and_tells_the_newly_matching(
    tmp_path: Path, real_dumps: list[Path]
) -> None:
    project = Project(tmp_path / "p")
    files = [real_dumps[1], real_dumps[0], *real_dumps[2:]]
    counts = [row["counts"] for row in project.run("ingest", *files, "--json").rows()]
    assert sum(c["new"] for c in counts) == 38
    assert sum(c["enriched"] for c in counts) == 6
    assert sum(c["changed"] for c in counts) == 0
    late = [row for row in project.run("events", "--json", "--kind", "enriched").rows() if row["alert"]]
    assert [(row["alert"], row["title"][:13]) for row in late] == [(["fta"], "Joint Readout")]


def test_what_one_pass_does_not_read_is_named_and_a_list_of_its_own_reads_it(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    for name, text in {"PRESS.TXT": TALKS, "press - Copy.txt": VISIT, "notes.doc": VISIT}.items():
        project.drop(name, text)
    done = project.run("run", "--once", "--log-format", "json")
    assert done.code == 0
    [said] = [row for row in map(json.loads, done.err.splitlines()) if row["event"] == "files_ignored"]
    assert (said["count"], set(said["names"].split(", "))) == (2, {"notes.doc", "press - Copy.txt"})
    assert kinds(project) == {"new": 1}

    project.write_config(CONFIG.replace("path: seeds/", "path: seeds/\n    ignore: []") % "console://")
    assert project.run("run", "--once").code == 0
    assert kinds(project) == {"new": 2}


COUNTED = "FTA talks held\nDelegations met in Seoul on Monday and agreed to meet again.\nViews {} date2024-07-01"
DROPPING = CONFIG.replace("path: seeds/", 'path: seeds/\n    drop: ["Views [0-9]*"]') % "console://"


def test_hit_counters_that_are_left_out_tell_nothing_also_where_they_were_stored_before(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("a.txt", "-\n" + COUNTED.format("1,204"))
    assert project.run("run", "--once").code == 0
    project.write_config(DROPPING)
    for name, views in (("b.txt", "1,311"), ("c.txt", "1,402")):
        project.drop(name, "-\n" + COUNTED.format(views))
        assert project.run("run", "--once").out == ""
    project.drop("d.txt", "-\n" + COUNTED.format("1,500").replace("Monday", "Tuesday"))
    assert "{+Tuesday+}" in project.run("run", "--once").out
    assert kinds(project) == {"new": 1, "changed": 1}
    [row] = project.run("events", "--json", "--kind", "changed").rows()
    assert row["numbers"] == []


def test_the_operator_hears_of_a_listing_that_lacks_more_than_it_shows(tmp_path: Path) -> None:
    listing = 'path: seeds/\n    listings: {press: ["press_*.txt"]}'
    config = CONFIG.replace("path: seeds/", listing) + "operator: {notify: [hook]}\n"
    project = Project(tmp_path / "p", config=config % "console://")
    board = [record(f"FTA talks {n}", f"Talks of day {n}.", f"2024-07-{n:02}") for n in range(1, 10)]
    project.drop("press_2024-07-10.txt", "\n".join(board))
    project.run("run", "--once")
    for day, headline in (
        ("11", "a listing of source motie lacks 6 releases"),
        ("12", "fta (withdrawn): FTA talks 2 (+5 more)"),
    ):
        project.drop(f"press_2024-07-{day}.txt", "\n".join([board[0], *board[-2:], ""][: 3 + (day == "12")]))
        assert headline in project.run("run", "--once").out
    assert kinds(project) == {"new": 9, "withdrawn": 6}


def test_the_samples_show_every_kind_that_is_no_reject(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    project = Project(tmp_path / "p", config=(ROOT / "config.yaml").read_text("utf-8"))
    shutil.rmtree(project.seeds)
    shutil.copytree(ROOT / "seeds", project.seeds)
    done = project.run("run", "--once")
    assert done.code == 0, done.err
    assert "[-5.0-]{+5.1+} percent" in done.out
    assert "came to [-57.1-]{+57.2+} billion" in done.out, "the feed corrects what a text said"
    assert kinds(project) == {"new": 9, "changed": 2, "completed": 1, "enriched": 1, "cosmetic": 1}
    assert sum(row["counts"]["unchanged"] for row in project.run("dumps", "--json").rows()) == 3
    rows = project.run("events", "--json").rows()
    assert any(row["date"] is None for row in rows), "one sample has no date"
    assert any("한-칠레" in row["title"] for row in rows), "one sample is Korean"
    assert project.run("run", "--once").out == "", "a second run tells nothing again"


def test_the_samples_in_json_repeat_releases_of_the_others(tmp_path: Path) -> None:
    text = (ROOT / "config.yaml").read_text("utf-8")
    project = Project(tmp_path / "p", config=text)
    shutil.copytree(ROOT / "seeds", project.seeds, dirs_exist_ok=True)
    project.run("run", "--once")
    start, _, rest = text.partition("sources:\n")
    settings = "path: seeds/, format: json, map: {id: number, category: offices.name}"
    project.write_config(f"{start}sources: {{motie: {{{settings}}}}}\nchannels:{rest.partition('channels:')[2]}")
    done = project.run("run", "--once")
    assert done.code == 0, done.err
    assert "[-49.1-]{+49.0+}" in done.out
    assert kinds(project) == {"new": 9, "changed": 3, "completed": 1, "enriched": 1, "cosmetic": 1}


def test_rejects_are_told_with_their_reason_and_the_files_stay(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    files = {
        "garbage.txt": bytes(range(256)) * 8,
        "empty.txt": b"",
        "half.txt": f"{TALKS}\n-\nVisit ends\nThe visit en".encode(),
        "letter.txt": b"Dear all,\nno dump this is.",
    }
    for name, content in files.items():
        project.drop(name, content)
    assert project.run("run", "--once").code == 3
    rejects = {row["path"]: row for row in project.run("dumps", "--rejects", "--json").rows()}
    assert set(rejects) == set(files)
    assert {row["state"] for row in rejects.values()} == {"rejected"}
    assert "half written" in rejects["half.txt"]["reason"]
    assert "more than 1 % are control characters" in rejects["garbage.txt"]["reason"]
    assert "lone '-'" in rejects["letter.txt"]["reason"]
    assert {name: (project.seeds / name).read_bytes() for name in files} == files
    assert kinds(project) == {"new": 1, "rejected": 4}
    assert project.run("run", "--once").code == 0, "nothing new was rejected in this run"


def test_a_reject_heals_when_the_file_is_completed(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("a.txt", f"{TALKS}\n-\nVisit ends\nThe visit en")
    assert project.run("run", "--once").code == 3
    project.drop("a.txt", f"{TALKS}\n{VISIT}")
    assert project.run("run", "--once").code == 0
    assert [row["state"] for row in project.run("dumps", "--rejects", "--json").rows()] == ["healed"]
    assert kinds(project) == {"new": 2, "rejected": 1}


TWO_HOOKS = CONFIG.replace("max_per_hour: 0}", 'max_per_hour: 0}\n  desk: {url: "DESK"}')


def hurried(folder: Path, server: HttpServer, channel: str) -> Project:
    """A project whose channel has these settings besides its url."""
    config = CONFIG.replace("rate: 1000/s, max_per_hour: 0", channel)
    return Project(folder / "p", url=f"json://127.0.0.1:{server.port}", config=config)


def test_the_same_pass_tells_of_a_channel_that_refuses_everything(tmp_path: Path) -> None:
    with http_server(Answer(status=404)) as bad, http_server() as good:
        config = TWO_HOOKS.replace("DESK", f"json://127.0.0.1:{good.port}") + "operator: {notify: [desk]}\n"
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{bad.port}", config=config)
        project.drop("a.txt", TALKS)
        assert project.run("run", "--once").code == 3
        told = [request.json()["title"] for request in good.requests]
        listed = project.run("alerts").out.splitlines()[-1]
    assert told == ["fta: FTA talks held", "[monitor] channel hook refuses everything"]
    assert listed.rstrip().endswith("channel hook refuses everything"), "a table shows its headline alone"


def test_a_pass_with_nothing_to_do_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")

    def reasons() -> list[str]:
        done = project.run("run", "--once", "--log-format", "json")
        assert done.code == 0
        return [line["reason"] for line in map(json.loads, done.err.splitlines()) if line["event"] == "nothing_to_do"]

    assert reasons() == ["the folders hold no dump"]
    project.drop("a.txt", TALKS)
    project.drop("b.txt", VISIT)
    assert reasons() == []
    assert reasons() == ["no file is new, 2 files known"]


def test_readers_hear_nothing_of_the_monitors_own_problems(tmp_path: Path) -> None:
    with http_server(Answer(status=404)) as bad, http_server() as good:
        config = TWO_HOOKS.replace("DESK", f"json://127.0.0.1:{good.port}")
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{bad.port}", config=config)
        project.drop("a.txt", TALKS)
        done = project.run("run", "--once", "--log-format", "json")
        titles = [request.json()["title"] for request in good.requests]
    assert (done.code, titles) == (3, ["fta: FTA talks held"])
    [told] = [line for line in map(json.loads, done.err.splitlines()) if line["event"] == "operator_told"]
    assert (told["what"], told["channels"]) == ("channel hook refuses everything", "none")
    assert "`monitor channels resume hook`" in told["details"]
    checked = project.run("check")
    assert (checked.code, checked.out.count("no channel is named for problems of the monitor")) == (0, 1)


def test_a_pass_says_what_holds_back_the_messages_that_it_leaves(tmp_path: Path) -> None:
    with http_server(Answer(status=404)) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        project.drop("a.txt", TALKS)
        for _ in range(2):
            done = project.run("run", "--once", "--log-format", "json")
            assert done.code == 3
            left = [line for line in map(json.loads, done.err.splitlines()) if line["event"] == "messages_left"]
            assert [(line["channel"], line["reason"]) for line in left] == [("hook", "it refuses everything")]


def test_ctrl_c_ends_a_pass_that_waits_for_a_slow_channel(tmp_path: Path) -> None:
    with http_server() as server:
        project = hurried(tmp_path, server, "rate: 2/min")
        for number in range(9):
            project.drop(f"{number}.txt", record(f"FTA talks {number}", f"Office {number} closed item {number * 7}."))
        with subprocess.Popen([*MONITOR, "run", "--once"], cwd=project.folder, stderr=subprocess.DEVNULL) as process:
            server.wait_for(1)
            process.send_signal(signal.SIGINT)
            try:
                assert process.wait(DEADLINE) == 130
            finally:
                process.kill()
    states = [row["state"] for row in project.run("alerts", "--json").rows()]
    assert states.count("pending") == 8


def test_a_pass_that_finds_a_message_too_old_ends_with_3(tmp_path: Path) -> None:
    with http_server() as server:
        project = hurried(tmp_path, server, "max_age: 1ms")
        project.drop("a.txt", TALKS)
        assert project.run("ingest", project.seeds / "a.txt").code == 0
        assert project.run("run", "--once").code == 3
        assert project.run("run", "--once").code == 0, "this pass gave nothing up"
        assert server.requests == []


def test_a_pass_in_which_a_message_grows_too_old_ends_with_3(tmp_path: Path) -> None:
    with http_server() as server:
        project = hurried(tmp_path, server, "rate: 1/h, max_age: 1ms")
        project.drop("a.txt", TALKS)
        project.drop("b.txt", VISIT.replace("visit", "FTA visit"))
        assert project.run("run", "--once").code == 3
    states = {row["id"]: row["state"] for row in project.run("alerts", "--json").rows()}
    assert states[2] == "dead"


def test_a_message_that_cannot_be_delivered_waits_and_the_run_says_so(tmp_path: Path) -> None:
    with http_server(Answer(status=503)) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        project.drop("a.txt", TALKS)
        assert project.run("run", "--once").code == 3
        assert len(server.requests) == 1
    [row] = project.run("alerts", "--json").rows()
    assert (row["state"], row["attempts"]) == ("pending", 1)
    assert "503" in row["reason"]
    [channel] = project.run("channels", "--json").rows()
    assert (channel["state"], channel["pending"], channel["failures"]) == ("failing", 1, 1)


def test_ingest_says_which_file_no_source_takes(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    (tmp_path / "a.csv").write_text(TALKS)
    done = project.run("ingest", tmp_path / "a.csv")
    assert done.code == 2
    assert "--source" in done.err
    assert project.run("ingest", tmp_path / "a.csv", "--source", "motie").code == 0
    assert project.run("ingest", tmp_path / "missing.txt").code == 1


def test_again_compares_known_content_once_more(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    path = project.drop("a.txt", TALKS)
    assert project.run("ingest", path, "--json").rows()[0]["counts"]["new"] == 1
    [row] = project.run("ingest", path, "--again", "--json").rows()
    assert (row["status"], row["counts"]["unchanged"], row["counts"]["new"]) == ("stored", 1, 0)


def test_a_thousand_records_arrive_whole(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("many.txt", many(1000))
    assert project.run("run", "--once").code == 0
    assert kinds(project) == {"new": 1000}
