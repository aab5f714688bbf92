"""Configurations that stand on the shorter pages load, whole or as the section that they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.config import load
from tests.docs.test_howto import REST, SECRETS
from tests.end_to_end.harness import ROOT

NAMES = ("faq", "troubleshooting", "upgrade", "platforms", "proxies", "sizing", "usecases", "backup", "metrics")
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
