"""Say where a store is: in a state folder, or in a database that several monitors share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from monitor.secret import Secret

HIDDEN = "***"
# One user at most, and no @ in the rest.
UNAMBIGUOUS = re.compile(r"[a-z]+://(?:[^@/?#]*@)?[^@/?#]*(?:[/?#][^@]*|$)")
_SECRETS = "(?:ssl)?password|oauth_client_secret|scram_client_key|scram_server_key"  # parameters of libpq
PASSWORD = re.compile(rf"(?<=://)([^:@/?#]*):(.*)(?=@)|\b({_SECRETS})=([^&#]*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLocation:
    """Where a store is. Each monitor has a state folder of its own, also where it shares the store."""

    folder: Path
    url: Secret | None = None  # of the PostgreSQL database with the store; None: it is a SQLite file in the folder
    is_pooled: bool = False  # the URL is that of a pooler, which gives each transaction another session


def masked_url(url: Secret) -> str:
    """Return the address of a database without its passwords."""
    return PASSWORD.sub(_masked, url.reveal())


def _masked(found: re.Match[str]) -> str:
    return f"{found[3]}={HIDDEN}" if found[3] else f"{found[1]}:{HIDDEN}"
