"""Configurations that stand on the shorter pages load, whole or as the section that they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.config import load
from tests.docs.test_howto import REST, SECRETS
from tests.end_to_end.harness import ROOT, Project
from tests.end_to_end.in_process import run_here

UNSET = REST["sources"] + 'channels: {team: {url: "${SLACK_URL}"}}\n' + REST["watchlists"]
NAMES = (
    *("faq", "troubleshooting", "upgrade", "platforms", "proxies"),
    *("sizing", "usecases", "backup", "metrics", "cluster"),
)
PAGES = [*sorted(ROOT.glob("README*.md")), *(ROOT / "docs" / f"{name}.md" for name in NAMES)]
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{place}")
    for page in PAGES
    for place, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_configuration_of_a_page_loads(tmp_path: Path, block: str) -> None:
    missing = "".join(text for key, text in REST.items() if f"{key}:\n" not in block)
    (tmp_path / "config.yaml").write_text(block + missing, "utf-8")
    assert load(tmp_path / "config.yaml", environ=SECRETS).channels


def test_troubleshooting_quotes_what_the_program_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    said = [
        run_here(["status"], folder=tmp_path, env={"MONITOR_CONFIG": "", "HOME": str(tmp_path)}).err,
        Project(tmp_path / "p", config=UNSET).run("check").out,
        (ROOT / "monitor" / "store" / "sqlite" / "migrations.py").read_text("utf-8"),
    ]
    for words, printed in zip(
        ("no configuration found", "the variable SLACK_URL is not set", "the store was written by a newer monitor"),
        said,
        strict=True,
    ):
        assert words in printed
        assert f"`{words}`" in page
