"""The timeline: what happened to releases, newest first."""

from __future__ import annotations

from pathlib import Path

from tests.web.site import filled, served


def test_the_newest_event_comes_first(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        answer = site.get("/")
    titles = [title.text for title in answer.page.iter("h2")]
    assert answer.status == 200
    assert "Chip exports reach a record" in titles
    assert titles.index("Shipbuilders win orders for gas carriers") < titles.index("A new office opens")
