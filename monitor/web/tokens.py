"""Give feeds secret addresses: a token opens one feed for reading, as one user, and nothing else.

A reader of feeds cannot ask for a password. A token is made of the user, the path and the query, with a key in the
state folder. No token is stored: each ends with its user, and all of them with the key.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

from monitor.config import web_options_of
from monitor.errors import StoreUnavailable
from monitor.files import read_bytes, replace_file

if TYPE_CHECKING:
    from monitor.config import Config

KEY_FILE = "web.key"
PARAMETER = "token"
_KEY = re.compile(rb"([0-9a-f]{64})\n")  # what is cut short or empty would be easy to guess
_TOKEN_BYTES = 16

Query = Iterable[tuple[str, str]]


def token(state: Path, user: str, path: str, query: Query = ()) -> str:
    """Return the token with which this user's reader opens a feed; the first one makes the key.

    path: without the prefix under which people reach the page.
    Raises StoreUnavailable where no key can be written, or read.
    """
    key = _read_key(state)
    if key is None and read_bytes(state / KEY_FILE) is None and os.path.lexists(state / KEY_FILE):
        raise StoreUnavailable("the key of feed addresses cannot be read", where=str(state / KEY_FILE))
    return _token(rotate_key(state) if key is None else key, user, path, query)


def feed_address(config: Config, user: str | None, path: str, query: Mapping[str, str]) -> str:
    """Return the path and the query at which a reader finds a feed, with a token where one is needed.

    user: None for a visitor without a password. Without a key there is no token, and the reader is refused.
    """
    pairs = tuple(query.items())
    if user is not None and web_options_of(config).anonymous == "none":
        with suppress(StoreUnavailable):
            pairs = (*pairs, (PARAMETER, token(config.state, user, path, pairs)))
    return f"{quote(path)}?{urlencode(pairs, errors='replace')}" if pairs else quote(path)


def user_of_token(state: Path, path: str, query: bytes, users: Iterable[str]) -> str | None:
    """Return whose token a request for this path has in its query, as it was sent; None: it opens nothing.

    users: those who may read now. The path is without prefix, and decoded.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    given = [value for name, value in pairs if name == PARAMETER]
    key = _read_key(state)
    if len(given) != 1 or key is None or not path.startswith("/feeds/"):
        return None
    rest = [pair for pair in pairs if pair[0] != PARAMETER]
    sent = given[0].encode("utf-8", "replace")
    fits = [user for user in users if hmac.compare_digest(sent, _token(key, user, path, rest).encode())]
    return fits[0] if fits else None


def rotate_key(state: Path) -> bytes:
    """Make a new key, so that every token given so far opens nothing. Raises StoreUnavailable."""
    key = secrets.token_hex(32)
    path = state / KEY_FILE
    try:
        if path.is_dir() and not path.is_symlink():  # no file can take its name
            path.rename(state / f"{KEY_FILE}.unusable-{os.getpid()}")
        replace_file(path, key + "\n")
    except OSError as error:
        what = f"the key of feed addresses cannot be written: {error.strerror}"
        raise StoreUnavailable(what, where=str(path)) from error
    return key.encode()


def _read_key(state: Path) -> bytes | None:
    """Return the key; None: there is none, or it is damaged. It is read each time: another process may rotate it."""
    found = _KEY.fullmatch(read_bytes(state / KEY_FILE) or b"")
    return found[1] if found else None


def _token(key: bytes, user: str, path: str, query: Query) -> str:
    opened = json.dumps([user, path, [list(pair) for pair in query]])
    return hmac.digest(key, opened.encode(), "sha256")[:_TOKEN_BYTES].hex()
