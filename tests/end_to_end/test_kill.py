"""The delivery promise under SIGKILL: nothing is lost, and the ledger explains whatever came twice."""

from __future__ import annotations

import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.end_to_end.harness import Daemon, Project, message_id, record
from tests.servers import Answer, HttpServer, SmtpServer, http_server, smtp_server

CHILD = Path(__file__).with_name("fast_retry_child.py")
CONFIG = """
timezone: Asia/Seoul
state: state/
sources: {motie: {path: seeds/}}
channels:
  hook: {url: "json://127.0.0.1:HTTP", rate: 10000/s, max_per_hour: 0}
  desk: {url: "mailto://127.0.0.1:SMTP/?from=m@example.org&to=d@example.org&mode=insecure", rate: 10000/s,
    max_per_hour: 0}
watchlists: {fta: {keywords: [FTA]}}
operator: {notify: []}
watch: {settle: 50ms, rescan: 1s}
"""
BUSY = 0.1  # the share of sends that the servers refuse for now
PLENTY = 20_000  # answers; more than any run needs


@dataclass(frozen=True, slots=True, kw_only=True)
class KillTest:
    """A project, and what it sends to."""

    project: Project
    http: HttpServer
    smtp: SmtpServer
    dice: random.Random

    def drop(self, number: int) -> None:
        """Drop a release that is like no other."""
        body = f"Delegations of round {number} agreed on item {number * 7} of the FTA after {number * 3} hours."
        self.project.drop(f"{number:04}.txt", record(f"FTA talks, round {number}", body))

    @contextmanager
    def daemon(self, *words: str) -> Iterator[Daemon]:
        with self.project.daemon(str(CHILD), *words) as daemon:
            yield daemon

    def accepted(self) -> Counter[int]:
        """How often each message was accepted, by its number."""
        posts = [
            post for post, answer in zip(self.http.requests, self.http.answers, strict=False) if answer.status == 200
        ]
        mails = [
            mail for mail, answer in zip(self.smtp.mails, self.smtp.answers, strict=False) if answer.startswith("2")
        ]
        return Counter(
            [message_id(post.headers["X-Monitor-Delivery"]) for post in posts]
            + [message_id(mail.parsed["X-Monitor-Delivery"]) for mail in mails]
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.project.folder / "state" / "monitor.db")) as connection:
            return connection.execute(sql).fetchall()


@contextmanager
def field(folder: Path, *, seed: int) -> Iterator[KillTest]:
    dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
    posts = [Answer(status=503 if dice.random() < BUSY else 200) for _ in range(PLENTY)]
    mails = ["451 later" if dice.random() < BUSY else "250 OK" for _ in range(PLENTY)]
    with http_server(*posts) as http, smtp_server(on_data=mails) as smtp:
        config = CONFIG.replace("HTTP", str(http.port)).replace("SMTP", str(smtp.port))
        yield KillTest(project=Project(folder, config=config), http=http, smtp=smtp, dice=dice)


def kill_often(ground: KillTest, *words: str, kills: int, drops: int) -> None:
    """Drop releases while the daemon is killed again and again, each time in the middle of something else."""
    each = drops // kills
    for life in range(kills):
        for number in range(life * each, (life + 1) * each):
            ground.drop(number)
        with ground.daemon(*words) as daemon:
            if ground.dice.random() < 0.8:  # a send, on either channel
                server = ground.dice.choice((ground.http, ground.smtp))
                so_far = len(server.requests if isinstance(server, HttpServer) else server.mails)
                server.wait_for(so_far + ground.dice.randint(1, each))
            else:  # a take-in
                daemon.wait_for_event("dump_stored", ground.dice.randint(1, each))
            daemon.stop(signal.SIGKILL)


def wait_until_settled(ground: KillTest, *words: str, drops: int) -> None:
    """Let it finish in peace: every release was told on both channels, or given up."""
    with ground.daemon(*words) as daemon:
        tried = 0
        while _is_busy(ground, drops):  # so that at least one more attempt will be logged
            tried = len(daemon.wait_for_event("message_*", tried + 1))
        assert daemon.stop() == 0


def _is_busy(ground: KillTest, drops: int) -> bool:
    """Whether some message is still to be sent, and so a log line that says it to be waited for."""
    told = ground.query("SELECT count(*) FROM message WHERE state = 'sent' AND kind = 'instant'")[0][0]
    return bool(told < 2 * drops)


def lost(ground: KillTest, drops: int) -> list[int]:
    """Messages that nobody accepted; the count of notices is checked on the way."""
    assert ground.query("SELECT count(*), count(message) FROM message_item") == [(2 * drops, 2 * drops)]
    accepted = ground.accepted()
    return [number for (number,) in ground.query("SELECT id FROM message") if not accepted[number]]


def test_no_message_is_lost_and_every_second_one_is_explained(tmp_path: Path, full: bool) -> None:
    kills, drops = (60, 420) if full else (12, 84)
    with field(tmp_path / "p", seed=7) as ground:
        kill_often(ground, kills=kills, drops=drops)
        wait_until_settled(ground, drops=drops)
        accepted = ground.accepted()
        assert lost(ground, drops) == []
        assert ground.query("SELECT count(*) FROM message WHERE state <> 'sent'") == [(0,)]
        unsure: dict[int, int] = dict(
            ground.query(
                "SELECT message, count(*) FROM attempt WHERE outcome IN ('unknown', 'uncertain') GROUP BY message"
            )
        )
        twice = {number: count - 1 for number, count in accepted.items() if count > 1}
        assert {number: count for number, count in twice.items() if count > unsure.get(number, 0)} == {}
        assert twice  # the kills did hit sends
        assert ground.query("PRAGMA integrity_check") == [("ok",)]
        print(
            f"{kills} kills, {2 * drops} messages: 0 lost, {sum(twice.values())} twice, all explained;"
            f" {sum(unsure.values())} attempts of unknown outcome"
        )


def test_a_program_that_marks_before_it_sends_loses_messages_here(tmp_path: Path) -> None:
    """The control: without it, a test that kills too gently would prove nothing."""
    with field(tmp_path / "p", seed=7) as ground:
        kill_often(ground, "mark-first", kills=6, drops=42)
        wait_until_settled(ground, "mark-first", drops=42)
        assert lost(ground, 42)
