"""The pages for machines, as the daemon serves them."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

from tests.end_to_end.harness import CONFIG, DEADLINE, IMPATIENT, Daemon, Project, record
from tests.health.exposition import Family, parsed
from tests.servers import Answer, http_server, unused_port
from tests.waiting import wait_until

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday.")
VISIT = record("Visit ends", "The visit to the plant ended with a dinner.")
PLAIN = CONFIG % "console://" + "operator: {notify: [hook]}\n"


def with_pages(port: int, config: str = PLAIN) -> str:
    return f"{config}health: {{listen: 127.0.0.1:{port}}}\n"


def fetched(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def says(port: int, status: int, text: str) -> None:
    """Until the daemon is ready, or not, for this reason."""
    wait_until(lambda: fetched(port, "/readyz") == (status, f"{text}\n"))


def test_a_daemon_says_that_it_lives_and_whether_it_is_ready(tmp_path: Path) -> None:
    port = unused_port()
    project = Project(tmp_path / "p", config=with_pages(port))
    with project.daemon() as daemon:
        says(port, 200, "ready")
        project.seeds.rename(tmp_path / "away")
        says(port, 503, "waiting for a folder that is missing or cannot be read (source motie)")
        assert fetched(port, "/healthz") == (200, "alive\n")
        assert project.run("status", "--check").code == 1
        (tmp_path / "away").rename(project.seeds)
        says(port, 200, "ready")
        assert project.run("status", "--check").code == 0
        assert daemon.stop() == 0


def test_a_reload_moves_the_pages_switches_them_off_and_on_and_survives_a_port_that_is_taken(tmp_path: Path) -> None:
    first, second = unused_port(), unused_port()
    project = Project(tmp_path / "p", config=with_pages(first))
    with project.daemon(IMPATIENT) as daemon, socket.create_server(("127.0.0.1", 0)) as other:
        says(first, 200, "ready")
        reloaded(project, daemon, with_pages(second), 2)
        says(second, 200, "ready")
        assert not is_served(first)
        reloaded(project, daemon, PLAIN, 3)
        assert not is_served(second)
        reloaded(project, daemon, with_pages(other.getsockname()[1]), 4)
        [fault] = daemon.wait_for_event("health_unavailable")
        assert fault["reason"] == "Address already in use"
        daemon.wait_for_output("the health pages cannot be served")
        reloaded(project, daemon, with_pages(first), 5)
        says(first, 200, "ready")
        assert daemon.stop() == 0
    assert not is_served(first)


def reloaded(project: Project, daemon: Daemon, config: str, starts: int) -> None:
    project.write_config(config)
    daemon.wait_for_event("started", starts)


def is_served(port: int) -> bool:
    try:
        fetched(port, "/healthz")
    except ConnectionRefusedError:
        return False
    return True


def test_the_figures_rise_with_what_happens_over_a_reload_too(tmp_path: Path) -> None:
    port = unused_port()
    project = Project(tmp_path / "p", config=with_pages(port))
    project.drop("a.txt", f"{TALKS}\n{VISIT}")
    with project.daemon(IMPATIENT) as daemon:
        daemon.wait_for_event("message_sent")
        before = figures(port)
        reloaded(project, daemon, with_pages(port, PLAIN + "aliases: {}\n"), 2)
        project.drop("b.txt", f"{TALKS}\n{VISIT}")
        daemon.wait_for_event("dump_duplicate")
        after = figures(port)
        project.write_config("nonsense: 1\n")
        daemon.wait_for_output("the changed configuration cannot be used")
        assert figures(port)["monitor_config_last_reload_successful"].value() == 0
        project.write_config(with_pages(port))
        daemon.wait_for_event("started", 3)
        assert daemon.stop() == 0
    assert before["monitor_dumps_total"].value(result="stored") == 1
    assert before["monitor_events_total"].value(kind="new") == 2
    assert before["monitor_messages_total"].value(channel="hook", state="sent") == 1
    assert before["monitor_last_dump_timestamp_seconds"].value() > 1.7e9
    assert before["monitor_last_dump_timestamp_seconds"].value(source="motie") > 1.7e9
    assert before["monitor_channel_up"].value(channel="hook") == 1
    assert before["monitor_delivery_seconds"].value(channel="hook", le="count") == 1
    assert before["monitor_delivery_seconds"].value(channel="hook", le="+Inf") == 1
    assert before["monitor_store_bytes"].value() > 4096
    assert 10e6 < before["process_resident_memory_bytes"].value() < 200e6
    assert after["monitor_delivery_seconds"] == before["monitor_delivery_seconds"]
    assert after["monitor_dumps_total"].value(result="stored") == 1
    assert after["monitor_dumps_total"].value(result="duplicate") == 1
    assert after["monitor_config_last_reload_successful"].value() == 1
    with project.daemon() as daemon:
        again = figures(port)
        assert daemon.stop() == 0
    assert again["monitor_dumps_total"].value(result="stored") == 0
    assert again["monitor_last_dump_timestamp_seconds"] == after["monitor_last_dump_timestamp_seconds"]


def test_a_channel_is_down_from_its_refusal_until_it_accepts_again(tmp_path: Path) -> None:
    port = unused_port()
    with http_server(Answer(status=401), Answer()) as server:
        config = with_pages(port, CONFIG % f"json://127.0.0.1:{server.port}/")
        project = Project(tmp_path / "p", config=config)
        project.drop("a.txt", TALKS)
        with project.daemon(IMPATIENT) as daemon:
            wait_until(lambda: figures(port)["monitor_channel_up"].value(channel="hook") == 0)
            assert project.run("channels", "resume", "hook").code == 0
            wait_until(lambda: figures(port)["monitor_channel_up"].value(channel="hook") == 1)
            assert daemon.stop() == 0
    assert len(server.requests) == 2


def test_a_source_that_is_added_and_one_that_is_renamed_have_their_last_dump(tmp_path: Path) -> None:
    port = unused_port()
    project = Project(tmp_path / "p", config=with_pages(port))
    project.drop("a.txt", TALKS)
    with project.daemon(IMPATIENT) as daemon:
        daemon.wait_for_event("message_sent")
        first = figures(port)["monitor_last_dump_timestamp_seconds"]
        (tmp_path / "p" / "more").mkdir()
        renamed = with_pages(port).replace("  motie:", "  added: {path: more/}\n  trade:\n    was: [motie]")
        reloaded(project, daemon, renamed, 2)
        second = figures(port)["monitor_last_dump_timestamp_seconds"]
        assert daemon.stop() == 0
    assert {dict(labels).get("source") for labels in second.samples} == {None, "added", "trade"}
    assert second.value(source="trade") == first.value(source="motie")
    assert second.value(source="added") == 0


def figures(port: int) -> dict[str, Family]:
    status, text = fetched(port, "/metrics")
    assert status == 200
    return parsed(text)
