"""How the monitor is: one sentence, what needs a person, and the settings in force."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from xml.etree.ElementTree import Element

from monitor.config import load
from monitor.errors import ConfigError
from monitor.inspect.settings import spelled_settings
from monitor.web.health import KEPT, UrgentProblems
from tests.end_to_end.forking import Process
from tests.end_to_end.harness import CONFIG, MONITOR, Daemon, Project, record
from tests.servers import Answer as HookAnswer
from tests.servers import http_server
from tests.web.reading import buttons, of_class, words
from tests.web.site import ServedSite, filled, served

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")


def verdict(page: Element) -> str:
    [found] = of_class(page, "verdict")
    return words(found)


def problems(page: Element) -> list[str]:
    return [words(each) for found in of_class(page, "problems") for each in found]


def on_top(site: ServedSite, path: str = "/") -> list[str]:
    """What the top of a page says."""
    return [words(each) for each in of_class(site.get(path).page, "notice")]


def test_a_monitor_that_runs_is_healthy(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon(), served(project.folder / "config.yaml") as site:
        page = site.get("/status").page
        assert on_top(site) == []
    assert verdict(page) == "All is healthy."
    assert problems(page) == []
    assert buttons(page) == {"Read the file again": ["/actions/reload"]}


def test_without_a_daemon_every_page_says_so(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        page = site.get("/status").page
        tops = [on_top(site, path) for path in ("/", "/alerts", "/sources", "/nowhere")]
    sentence = "No monitor runs: nothing is read and nothing is sent. Start it with monitor run."
    assert verdict(page) == "1 thing needs a person."
    assert problems(page) == [sentence]
    assert tops == [[sentence]] * 4


def test_a_channel_that_refuses_and_a_dead_message_need_a_person(tmp_path: Path) -> None:
    with http_server(HookAnswer(status=413), HookAnswer(status=401)) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        with project.daemon() as daemon, served(project.folder / "config.yaml") as site:
            project.drop("a.txt", TALKS)
            daemon.wait_for_event("message_buried")
            project.drop("b.txt", record("Second FTA round", "It opened on Tuesday in Busan with a speech."))
            daemon.wait_for_event("message_postponed")
            page = site.get("/status").page
            top = on_top(site)
    refused, dead = problems(page)
    assert refused.startswith("Channel hook refuses everything: 401 (Unauthorized) from the service")
    assert dead == "1 message is dead: retry or drop it."
    assert verdict(page) == "2 things need a person."
    assert top == [refused]


def test_the_page_says_what_waits_what_was_lost_and_what_was_passed_over(tmp_path: Path) -> None:
    with http_server(HookAnswer(status=413)) as server:
        channels = 'max_per_hour: 0}\n  desk: {url: "console://", digest: "mon 08:30"}'
        config = CONFIG.replace("max_per_hour: 0}", channels)
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}", config=config)
        project.drop("a.txt", TALKS)
        project.drop("목록.docx", "x")
        assert project.run("run", "--once").code == 3
        with served(project.folder / "config.yaml") as site:
            status, alerts, sources = (words(site.get(path).page) for path in ("/status", "/alerts", "/sources"))
        shown = project.run("status").out
    assert re.search(r"hook ok, 1 dead, 0 pending", status)
    [digest] = re.findall(r"1 for the digest of Mon (?:\d\d \w{3} )?08:30", status)
    assert digest in alerts
    assert f"desk  ok, {digest}" in shown
    assert "· 1 dead" in alerts
    assert "1 file passed over" in status
    assert "1 file that no source takes by its name: 목록.docx" in sources
    assert "passed over 1 file that no source takes by its name: 목록.docx" in shown


def test_delivery_says_what_it_does_not_count(tmp_path: Path) -> None:
    with http_server() as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        with project.daemon() as daemon, served(project.folder / "config.yaml") as site:
            site.ask("POST", "/api/v1/channels/hook/test")
            daemon.wait_for_event("message_sent")
            page = site.get("/status").page
    assert "no message was sent in 30 days" in words(page)
    assert "Of alerts: test messages and those about the monitor itself are not counted here." in words(page)


def test_a_channel_that_fails_is_not_called_healthy(tmp_path: Path) -> None:
    with http_server(HookAnswer(status=503)) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        with project.daemon() as daemon, served(project.folder / "config.yaml") as site:
            project.drop("a.txt", TALKS)
            daemon.wait_for_event("message_postponed")
            page = site.get("/status").page
    assert verdict(page) == "Nothing needs a person yet. Sending to hook fails and is tried again."
    assert problems(page) == []


def test_a_refused_configuration_stands_with_line_and_caret(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    file = project.folder / "config.yaml"
    with project.daemon(), served(file) as site:
        project.write_config((CONFIG % "console://").replace("[FTA]", '["FTA OR (", 5, {}]'))
        try:
            load(file)
        except ConfigError as error:
            site.site.faults = error.faults
        page = site.get("/status").page
        top = on_top(site)
    [fault, *_] = of_class(page, "fault")
    [excerpt] = fault.iter("pre")
    line, caret, *_ = "".join(excerpt.itertext()).split("\n")
    assert f"{file}:11" in words(fault)
    assert line[caret.index("^")] == "{"
    assert "is refused and the one before is in force" in top[0]
    assert "keywords: [FTA]" in words(page), "the settings in force are the old ones"


def test_settings_are_spelled_as_a_configuration_that_means_the_same(tmp_path: Path) -> None:
    text = """\
timezone: Asia/Seoul
sources:
  motie: {path: seeds/, drop: ["Views: *", 'a "b" # c'], listings: {press: ["press_*.txt"]}, max_file: 5MB}
  a.b: {path: "other #1/", recursive: yes}
channels: {console: {url: "console://", quiet: "22:00-07:00"}}
watchlists:
  fta: {keywords: ["no", "12:30", "it's", "자유무역협정", "- x", "a: b"], notify: []}
  lines: {query: '"supply chain" OR 공급망', tests: [{match: "a supply chain"}, {no_match: "none: of it"}]}
"""
    written, spelled = tmp_path / "written.yaml", tmp_path / "spelled.yaml"
    for folder in ("seeds", "other #1"):
        (tmp_path / folder).mkdir()
    written.write_text(text, "utf-8")
    config = load(written)
    lines = list(spelled_settings(config, with_defaults=False))
    spelled.write_text("\n".join(each.text for each in lines), "utf-8")
    assert load(spelled).model_dump() == config.model_dump()
    assert {each.line: each.text.strip() for each in lines}[8].startswith("no_match: ")
    defaults = [each for each in spelled_settings(config, with_defaults=True) if each.is_default]
    assert "    max_age: 3d" in [each.text for each in defaults]
    assert [each for each in defaults if each.line] == []


def test_settings_show_their_lines_and_no_secret(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    file = folder / "config.yaml"
    file.write_text(file.read_text("utf-8").replace("console://", "json://kim:hunter2@127.0.0.1/secret-path"), "utf-8")
    with served(file) as site:
        texts = [site.get(path).text for path in ("/status", "/status?settings=all", "/alerts", "/sources")]
        page = site.get("/status").page
    assert not any(secret in text for secret in ("hunter2", "secret-path", "kim") for text in texts)
    [settings] = of_class(page, "settings")
    assert '6 url: "json://…"' in [words(each) for each in settings]


def test_a_store_that_cannot_be_read_is_unavailable_with_its_sentence(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with served(project.folder / "config.yaml") as site:
        answers = [site.get(path) for path in ("/status", "/alerts", "/sources")]
    assert [answer.status for answer in answers] == [503] * 3
    assert all(list(of_class(answer.page, "fault")) for answer in answers)


def test_a_daemon_that_does_not_answer_is_said_on_top(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon() as daemon, served(project.folder / "config.yaml") as site:
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            top, page = on_top(site), site.get("/status").page
        finally:
            daemon.process.send_signal(signal.SIGCONT)
    assert top == problems(page)
    assert top[0].startswith("It is unknown whether the monitor works: the daemon gave no answer within 1 s")


def test_what_stands_on_top_is_read_once_in_a_while(tmp_path: Path) -> None:
    now = [0.0]
    with served(filled(tmp_path) / "config.yaml") as site:
        urgent = UrgentProblems(site.site, seconds=lambda: now[0])
        first = urgent.current()
        with daemon_of(site):
            assert urgent.current() is first
            now[0] += KEPT
            assert urgent.current() == []


@contextmanager
def daemon_of(site: ServedSite) -> Iterator[None]:
    """Run the daemon of a site's configuration, healthy, while the block runs."""
    folder = site.site.config.file.parent
    process = Process([*MONITOR[1:], "run", "--log-format", "json"], folder=folder)
    with closing(process):
        try:
            daemon = Daemon(process)
            daemon.wait_for_event("started")
            yield
        finally:
            process.kill()
            daemon.join()
