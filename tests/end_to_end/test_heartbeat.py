"""The heartbeat of a daemon as a process."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.harness import CONFIG, Project
from tests.servers import Answer, http_server
from tests.waiting import wait_until

CANARY = "Ka4narieN"


def test_it_pings_while_it_is_ready_and_its_token_stands_nowhere(tmp_path: Path) -> None:
    with http_server(Answer(), Answer(status=503), Answer()) as server:
        url = f"http://127.0.0.1:{server.port}/{CANARY}"
        more = 'heartbeat: {url: "${BEAT}", every: 100ms}\n'
        project = Project(tmp_path / "p", config=CONFIG % "console://" + more)
        command = ["import os, sys; sys.argv = ['monitor', 'run', '--log-format', 'json']; os.environ['BEAT'] = '%s'"]
        program = f"{command[0] % url}; from monitor.cli import main; main()"
        with project.daemon("-c", program) as daemon:
            assert {request.path for request in server.wait_for(3)[:3]} == {f"/{CANARY}"}
            daemon.wait_for_event("heartbeat_failed")
            project.seeds.rename(tmp_path / "away")
            wait_until(lambda: f"/{CANARY}/fail" in {request.path for request in server.requests})
            (tmp_path / "away").rename(project.seeds)
            assert daemon.stop() == 0
        told = [
            project.run(*words, env={"BEAT": url}) for words in (["config", "show"], ["status", "--json"], ["check"])
        ]
    assert "heartbeat.url" in told[0].out
    assert CANARY not in str(daemon.lines())
    assert [done for done in told if CANARY in done.out + done.err] == []
    assert [path for path in (project.folder / "state").iterdir() if CANARY.encode() in path.read_bytes()] == []
