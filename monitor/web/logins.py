"""Check the passwords of people: one at a time, and only so many wrong ones a minute.

A check costs 16 MB and about 80 ms on purpose. What was accepted is remembered under a key that this process alone can
make, so a page with its files costs one check; a failure is never remembered.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import math
import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from monitor.secret import Secret
from monitor.web.passwords import is_password

WINDOW = 60.0  # seconds in which failures count
PER_ADDRESS, IN_ALL = 10, 60  # failures within that time
_REMEMBERED = 1_000  # accepted logins
_NOBODY = f"scrypt$16384$8$1${'A' * 22}==${'A' * 43}="  # checked for an unknown name, which costs as much
_BASIC = re.compile(r"basic +([A-Za-z0-9+/]{1,1000}={0,2}) *", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Credentials(NamedTuple):
    """A name and a password as a browser sends them."""

    name: str
    password: str


class Login(NamedTuple):
    """What came of a check."""

    user: str | None = None  # None: nobody
    wait: int = 0  # seconds until a password is checked again; 0: one was checked now


def credentials_of(header: str) -> Credentials | None:
    """Return what a header Authorization says by HTTP Basic (RFC 7617); None: it does not."""
    found = _BASIC.fullmatch(header)
    try:
        text = base64.b64decode(found[1], validate=True).decode() if found else ""
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, password = text.partition(":")
    return Credentials(name, password) if colon and not _CONTROL.search(text) else None


class Logins:
    """The logins of one process; call it in its event loop only."""

    def __init__(
        self,
        *,
        seconds: Callable[[], float] = time.monotonic,
        check: Callable[[str, str], bool] = is_password,
    ) -> None:
        """check: takes a password and a line of the configuration, in a thread."""
        self._seconds = seconds
        self._check = check
        self._key = secrets.token_bytes(32)
        self._accepted: dict[bytes, tuple[str, str]] = {}  # the name and the line that a password was accepted for
        self._failures = deque[tuple[float, str]](maxlen=IN_ALL)  # when, and from which address
        self._turn = asyncio.Lock()

    async def login(self, given: Credentials, users: Mapping[str, Secret], *, address: str) -> Login:
        """Return who this is. users: password lines by name; address: of the socket."""
        key = hmac.digest(self._key, "\0".join(given).encode(), "sha256")
        line = users[given.name].reveal() if given.name in users else None
        if self._is_accepted(key, given.name, line):
            return Login(given.name)
        async with self._turn:
            if self._is_accepted(key, given.name, line):  # while this one waited
                return Login(given.name)
            if wait := self._wait(address):
                return Login(wait=wait)
            is_right = await asyncio.to_thread(self._check, given.password, line or _NOBODY)
            if line is None or not is_right:
                self._failures.append((self._seconds(), address))
                return Login()
            if len(self._accepted) >= _REMEMBERED:
                self._accepted.clear()
            self._accepted[key] = (given.name, line)
            return Login(given.name)

    def _is_accepted(self, key: bytes, name: str, line: str | None) -> bool:
        return line is not None and self._accepted.get(key) == (name, line)

    def _wait(self, address: str) -> int:
        """Return the seconds until this address may try again; 0: now."""
        now = self._seconds()
        recent = [(at, who) for at, who in self._failures if at > now - WINDOW]
        own = [at for at, who in recent if who == address]
        until = [
            times[-most]
            for times, most in ((own, PER_ADDRESS), ([at for at, _ in recent], IN_ALL))
            if len(times) >= most
        ]
        return math.ceil(max(until) + WINDOW - now) if until else 0
