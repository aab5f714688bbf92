"""No scraped text acts on a page: it is shown, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.hostile import faults, hostile
from tests.web.site import ServedSite, served


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    """A site over hostile text."""
    with served(hostile(tmp_path) / "config.yaml") as found:
        yield found


def test_pages_of_hostile_text_hold_what_templates_wrote(site: ServedSite) -> None:
    asked = '%22%3E%3Cscript%3E%E2%80%AE"<b>'
    paths = [
        "/",
        "/?kind=all",
        "/?watchlist=fta&notified=1",
        f"/?watchlist={asked}&source={asked}&dump={asked}",
        f"/?kind={asked}",
        f"/?since={asked}",
        f"/releases/1?view={asked}",
        *(f"/releases/{number}?view={view}" for number in range(1, 12) for view in ("inline", "split", "changes")),
        *(f"/releases/{number}?to=1" for number in range(1, 12)),
    ]
    answers = {path: site.get(path.replace('"', "%22").replace("<", "%3C").replace(">", "%3E")) for path in paths}
    assert {path: found for path, answer in answers.items() if (found := faults(answer))} == {}
    statuses = [answer.status for answer in answers.values()]
    assert {*statuses} <= {200, 404, 422}
    assert statuses.count(200) > 30
    shown = "".join(answers["/?kind=all"].page.itertext())
    for text in ("<script>alert(1)</script>", "onerror='alert(1)'", "{{7*7}}", "javascript:alert(1)"):
        assert text in shown
    assert len(answers["/"].body) < 120_000, "a long title or text makes the list long"
