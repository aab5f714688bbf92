"""Tokens of feed addresses: each opens one feed, for one user, until the user or the key is gone."""

from __future__ import annotations

import stat
from pathlib import Path
from urllib.parse import urlencode

import pytest

from monitor.errors import StoreUnavailable
from monitor.web.tokens import KEY_FILE, rotate_key, token, user_of_token

USERS = ("kim", "lee")
PATH = "/feeds/watchlists/fta.atom"


def sent(given: str, *query: tuple[str, str]) -> bytes:
    return urlencode([*query, ("token", given)]).encode()


def test_a_token_opens_its_feed_for_its_user(tmp_path: Path) -> None:
    given = token(tmp_path, "lee", PATH, [("q", "반도체 & more")])
    assert len(given) == 32
    assert user_of_token(tmp_path, PATH, sent(given, ("q", "반도체 & more")), USERS) == "lee"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/feeds/watchlists/fta.json", b"kind=new&token=%b"),
        ("/feeds/watchlists/semiconductor.atom", b"kind=new&token=%b"),
        ("/feeds/events.atom", b"kind=new&token=%b"),
        ("/feeds/watchlists/fta.atom/", b"kind=new&token=%b"),
        ("/", b"kind=new&token=%b"),
        (PATH, b"token=%b"),
        (PATH, b"kind=all&token=%b"),
        (PATH, b"kind=new&kind=all&token=%b"),
        (PATH, b"kind=new&source=motie&token=%b"),
        (PATH, b"kind=new&token=%b&token=%b"),
        (PATH, b"kind=new&token=&token=%b"),
        (PATH, b"kind=new&token=%b0"),
        (PATH, b"kind=new&token="),
        (PATH, b"kind=new"),
        (PATH, b"kind=new&token=%%ff"),
    ],
)
def test_a_token_opens_nothing_else(tmp_path: Path, path: str, query: bytes) -> None:
    given = token(tmp_path, "kim", PATH, [("kind", "new")]).encode()
    assert user_of_token(tmp_path, PATH, b"kind=new&token=" + given, USERS) == "kim"
    asked = query % ((given,) * query.count(b"%b")) if b"%b" in query else query.replace(b"%%", b"%")
    assert user_of_token(tmp_path, path, asked, USERS) is None


def test_even_a_signed_path_beside_the_feeds_is_not_opened(tmp_path: Path) -> None:
    given = token(tmp_path, "kim", "/alerts")
    assert user_of_token(tmp_path, "/alerts", sent(given), USERS) is None


def test_a_removed_users_token_opens_nothing(tmp_path: Path) -> None:
    given = token(tmp_path, "kim", PATH)
    assert user_of_token(tmp_path, PATH, sent(given), ("lee",)) is None


def test_a_new_key_ends_every_token(tmp_path: Path) -> None:
    given = token(tmp_path, "kim", PATH)
    rotate_key(tmp_path)
    assert user_of_token(tmp_path, PATH, sent(given), USERS) is None
    assert user_of_token(tmp_path, PATH, sent(token(tmp_path, "kim", PATH)), USERS) == "kim"


def test_the_key_stays_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = token(tmp_path, "kim", PATH)
    assert token(tmp_path, "kim", PATH) == first
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_two_folders_give_different_tokens(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert token(one, "kim", PATH) != token(other, "kim", PATH)


@pytest.mark.parametrize("content", [b"", b"\n", b"00\n", b"0" * 64, b"0" * 64 + b"\n\n", b"\xff" * 65])
def test_a_damaged_key_opens_nothing_and_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    assert user_of_token(tmp_path, PATH, b"token=" + b"0" * 32, USERS) is None
    given = token(tmp_path, "kim", PATH)
    assert user_of_token(tmp_path, PATH, sent(given), USERS) == "kim"


def test_looking_at_a_token_makes_no_key(tmp_path: Path) -> None:
    assert user_of_token(tmp_path, PATH, b"token=" + b"0" * 32, USERS) is None
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        token(tmp_path, "kim", PATH)
    rotate_key(tmp_path)
    assert (tmp_path / KEY_FILE).is_file()


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        token(tmp_path / "gone", "kim", PATH)


def test_names_cannot_be_shifted_between_user_and_path(tmp_path: Path) -> None:
    assert token(tmp_path, "kim", "/feeds/a") != token(tmp_path, 'kim", "', "/feeds/a")
    assert token(tmp_path, "k", "im/feeds/a") != token(tmp_path, "kim", "/feeds/a")
