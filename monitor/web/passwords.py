"""Hash passwords with scrypt, and check them against a line of the configuration."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_COST, _BLOCK, _PARALLEL = 2**14, 8, 1  # 16 MB and about 50 ms a password
_SALT_BYTES, _HASH_BYTES = 16, 32


def password_line(password: str) -> str:
    """Return a line for `web.users`: `scrypt$16384$8$1$SALT$HASH`, the last two in base64. The salt is a new one."""
    salt = secrets.token_bytes(_SALT_BYTES)
    parts = (_COST, _BLOCK, _PARALLEL, _text(salt), _text(_hash(password, salt)))
    return "$".join(("scrypt", *map(str, parts)))


def is_password(password: str, line: str) -> bool:
    """Return whether a password is that of a line; it costs the same for each password and line."""
    salt, expected = (base64.b64decode(part) for part in line.split("$")[4:])
    return hmac.compare_digest(_hash(password, salt), expected)


def _hash(password: str, salt: bytes) -> bytes:
    content = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(content, salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, dklen=_HASH_BYTES)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
