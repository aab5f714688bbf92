"""No scraped text acts on a page: it is shown, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.web.hostile import TEXTS, faults, hostile
from tests.web.site import Answer, ServedSite, served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of hostile text, which no test changes."""
    return hostile(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def site(folder: Path) -> Iterator[ServedSite]:
    """A site over hostile text."""
    with served(folder / "config.yaml") as found:
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
        f"/?on={asked}",
        f"/releases/1?view={asked}",
        "/rules?q=fta+AND+rose&against=fta",
        "/rules?q=fta+AND+NOT+evil",
        f"/rules?q={asked}",
        f"/rules?q=fta&against={asked}",
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


def lists(site: ServedSite) -> dict[str, Answer]:
    """The pages that list what is stored, and those that answer a hostile request."""
    asked = [quote(text[:200]) for text in TEXTS]
    paths = [
        "/alerts",
        "/alerts?message=1",
        "/sources",
        "/sources?show=rejects",
        "/watchlists",
        "/status?settings=all",
        "/releases",
        "/releases?q=FTA",
        *(f"/releases?q={text}&source={text}&category={text}&done={text}" for text in asked),
        *(f"/alerts?channel={text}&state=dead&done={text}" for text in asked),
        *(f"/sources?before={text}" for text in asked[:3]),
        *(f"/{text.replace('/', '%2F')}" for text in asked[:5]),
    ]
    return {path: site.get(path) for path in paths}


def test_lists_of_hostile_text_hold_what_templates_wrote(site: ServedSite) -> None:
    answers = lists(site)
    assert {path: found for path, answer in answers.items() if (found := faults(answer))} == {}
    assert {answer.status for answer in answers.values()} <= {200, 404, 422}
    shown = "".join(
        "".join(answers[path].page.itertext()) for path in ("/alerts", "/releases", "/sources?show=rejects")
    )
    for text in ("<script>alert(1)</script>", "onerror='alert(1)'", "{{7*7}}", "javascript:alert(1)"):
        assert text in shown


def test_what_a_form_says_stays_text(site: ServedSite) -> None:
    answers = {}
    for text in TEXTS:
        body = urlencode({"argument": text[:200], "back": text[:200]}, errors="replace")
        paths = [] if "\0" in text else [quote(text[:200]).replace("/", "%2F")]  # NUL: refused before any page
        for command in ("retry", "mute", *paths):
            answers[f"{command} {text[:80]}"] = site.ask(
                "POST", f"/actions/{command}", body, content_type="application/x-www-form-urlencoded"
            )
    assert {path: found for path, answer in answers.items() if (found := faults(answer))} == {}
    assert {answer.status for answer in answers.values()} <= {404, 422, 503}
    assert "monitor alerts retry '<script>alert(1)</script>'" in "".join(answers[f"retry {TEXTS[0]}"].page.itertext())
