"""Feeds where a password is asked for: an address with a token opens one feed, and nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from monitor.config import load
from monitor.web.passwords import password_line
from monitor.web.tokens import KEY_FILE, rotate_key
from tests.web.site import Answer, ServedSite, filled, served

PASSWORD = "geheim 한글"
LINE = password_line(PASSWORD)


def configure(folder: Path, *users: str, anonymous: str = "none") -> Path:
    config = folder / "config.yaml"
    bare = config.read_text("utf-8").partition("web:")[0]
    named = ", ".join(f"{name}: '{LINE}'" for name in users)
    config.write_text(f"{bare}web: {{anonymous: {anonymous}, users: {{{named}}}}}\n", "utf-8")
    return config


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    with served(configure(filled(tmp_path), "kim", "lee")) as found:
        yield found


def feed_of(site: ServedSite, page: str = "/?watchlist=fta", *, user: str = "kim") -> str:
    """Return the address of a page's feed, as a reader finds it on the page of this user."""
    answer = site.get(page, authorization="Basic " + base64.b64encode(f"{user}:{PASSWORD}".encode()).decode())
    assert answer.status == 200
    found = [link.get("href", "") for link in answer.page.iter("link") if link.get("type") == "application/atom+xml"]
    assert len(found) == 1
    return found[0]


def token_in(address: str) -> str:
    return address.rpartition("token=")[2]


def test_a_reader_finds_an_address_that_needs_no_password(site: ServedSite) -> None:
    address = feed_of(site)
    answer = site.get(address)
    assert answer.status == 200
    assert "free trade pact" in answer.text
    assert site.get(address, if_none_match=answer.headers["etag"]).status == 304
    assert site.ask("HEAD", address).status == 200
    assert urlsplit(address).query.replace("&", "&amp;") in answer.text  # what a reader subscribes to stays


def test_the_token_opens_nothing_but_its_feed(site: ServedSite) -> None:
    address = feed_of(site)
    token = f"token={token_in(address)}"
    others = (
        "/feeds/events.atom?watchlist=fta",
        f"/feeds/events.json?watchlist=fta&{token}",
        f"/feeds/events.atom?{token}",
        f"/feeds/events.atom?watchlist=semiconductor&{token}",
        f"/feeds/events.atom?watchlist=fta&kind=all&{token}",
        f"/feeds/watchlists/fta.atom?{token}",
        f"/?watchlist=fta&{token}",
        f"/api/v1/events?watchlist=fta&{token}",
        f"/api/v1/stream?{token}",
        f"/alerts?{token}",
        f"/feeds?{token}",
        f"/feeds/../?watchlist=fta&{token}",
        f"/feeds/%2e%2e/alerts?watchlist=fta&{token}",
    )
    assert {other: site.get(other).status for other in others} == dict.fromkeys(others, 401)
    assert site.ask("POST", address).status == 401
    assert site.ask("POST", f"/actions/reload?{token}").status == 401


def test_a_wrong_token_is_refused_and_names_nobody(site: ServedSite) -> None:
    address = feed_of(site)
    for wrong in ("", "0" * 32, token_in(address)[:-1], token_in(address).upper()):
        answer = site.get(address.replace(token_in(address), wrong))
        assert answer.status == 401
        assert "kim" not in answer.text


def test_a_removed_users_token_ends_and_no_other(site: ServedSite) -> None:
    kim, lee = feed_of(site), feed_of(site, user="lee")
    assert kim != lee
    site.site.config = load(configure(site.site.config.file.parent, "lee"))
    assert (site.get(kim).status, site.get(lee).status) == (401, 200)


def test_every_token_ends_with_the_key(site: ServedSite) -> None:
    address = feed_of(site)
    rotate_key(site.site.config.state)
    assert site.get(address).status == 401
    assert site.get(feed_of(site)).status == 200


def test_the_key_is_the_one_file_that_is_written(site: ServedSite) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in site.site.config.state.iterdir() if path.name[-4:] != "-shm"}

    assert site.get(feed_of(site)).status == 200  # the database is open now
    before = files()
    (site.site.config.state / KEY_FILE).unlink()
    assert site.get(feed_of(site)).status == 200
    after = files()
    assert after.pop(KEY_FILE) != before.pop(KEY_FILE)
    assert after == before


@pytest.mark.parametrize("anonymous", ["all", "read"])
def test_where_everybody_may_read_an_address_has_no_token(tmp_path: Path, anonymous: str) -> None:
    config = configure(filled(tmp_path), "kim", anonymous=anonymous)
    with served(config) as site:
        address = feed_of(site)
        assert "token" not in address
        assert site.get(address).status == 200
    assert not (config.parent / "state" / KEY_FILE).exists()


def test_a_page_whose_key_cannot_be_written_is_shown_all_the_same(tmp_path: Path) -> None:
    config = configure(filled(tmp_path), "kim")
    (tmp_path / "state" / KEY_FILE).mkdir()
    with served(config) as site:
        assert "token" not in feed_of(site)


def test_a_token_holds_behind_a_prefix_too(tmp_path: Path) -> None:
    config = configure(filled(tmp_path), "kim")
    text = config.read_text("utf-8").replace("web: {", "web: {url: 'https://press.example.org/monitor/', ")
    config.write_text(text, "utf-8")
    with served(config) as site:
        address = feed_of(site, "/monitor/?watchlist=fta")
        assert address.startswith("/monitor/feeds/events.atom?watchlist=fta&token=")
        answer = site.get(address, host="press.example.org")
        assert answer.status == 200
        assert f'href="https://press.example.org{address.replace("&", "&amp;")}"' in answer.text
        assert site.get(address.removeprefix("/monitor")).status == 200  # a proxy may have taken the prefix off


def test_a_link_of_a_page_leads_to_the_feed_of_what_it_shows(site: ServedSite) -> None:
    def path_of(page: str) -> str:
        return feed_of(site, page).partition("token")[0].rstrip("?&")

    assert path_of("/") == "/feeds/events.atom"
    assert path_of("/?kind=changed&source=motie") == "/feeds/events.atom?kind=changed&source=motie"


def test_a_token_is_in_no_log(site: ServedSite, caplog: pytest.LogCaptureFixture) -> None:
    address = feed_of(site)
    answers: list[Answer] = [site.get(address), site.get(f"{address}0"), site.get(address.replace("fta", "%00"))]
    assert [answer.status for answer in answers] == [200, 401, 401]
    assert token_in(address) not in caplog.text
