"""docs/howto.md: its configurations load, its SQL runs, its files and links exist."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.config import load
from tests.cli.test_status_view import SCREEN
from tests.end_to_end.harness import ROOT, Project, record

PAGE = (ROOT / "docs" / "howto.md").read_text("utf-8")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
REST = {
    "sources": "sources: {motie: {path: seeds/}}\n",
    "channels": 'channels: {console: {url: "console://"}}\n',
    "watchlists": "watchlists: {fta: {keywords: [FTA]}}\n",
}
SECRETS = {
    "HEARTBEAT_URL": "https://hc-ping.com/uuid",
    "SLACK_URL": "https://hooks.slack.com/services/T0/B0/C0",
    "MAIL_URL": "json://127.0.0.1",
    "STORE_PASSWORD": "hunter2",
}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def anchors(page: Path) -> list[str]:
    return [anchor(heading) for heading in re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)]


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_configuration_of_the_page_loads(tmp_path: Path, block: str) -> None:
    missing = "".join(text for key, text in REST.items() if f"{key}:\n" not in block)
    (tmp_path / "config.yaml").write_text(block + missing, "utf-8")
    assert load(tmp_path / "config.yaml", environ=SECRETS).channels


def test_the_sql_of_the_page_runs_beside_a_monitor(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("a.txt", record("FTA talks held", "Delegations met in Seoul on Monday."))
    assert project.run("run", "--once").code == 0
    [script] = blocks("sql")
    statements = [one for one in re.sub(r"^--.*$", "", script, flags=re.MULTILINE).split(";") if one.strip()]
    assert len(statements) == 3
    with closing(sqlite3.connect(f"file:{project.folder / 'state' / 'monitor.db'}?mode=ro", uri=True)) as connection:
        rows = [connection.execute(statement).fetchall() for statement in statements]
    assert rows[0] == [("new", 1)]
    assert rows[1][0][1:3] == ("new", "FTA talks held")
    assert rows[2] == [("hook", "sent", 1)]


def test_the_screen_of_the_page_is_what_status_prints() -> None:
    assert SCREEN in blocks("text")


def test_the_list_at_the_top_leads_to_every_section() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert re.findall(r"\]\(#(.*)\)", PAGE) == [anchor(heading) for heading in headings]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#\s]*)(?:#([^)]*))?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link[0]).exists()] == []
    targets = [(page.parent / name if name else page, place) for name, place in links if place]
    assert [(target.name, place) for target, place in targets if place not in anchors(target)] == []
