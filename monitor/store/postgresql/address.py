"""Read the URL of a store: the parameters of its connections, and how it is shown without its passwords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from monitor.errors import AddressInvalid
from monitor.secret import Secret
from monitor.store_location import HIDDEN, PASSWORD, UNAMBIGUOUS, masked_url

ANSWER = 8  # seconds: a store that is gone is known to be so within ten, whichever way it went
DATE_STYLE = "ISO, YMD"  # no server has this by itself: a session that has it has taken its other settings, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long the server lets one session work and wait, in seconds; 0: without end."""

    statement: float = 20.0
    lock: float = 8.0  # for a row, or a table, that another session has locked
    idle: float = 10.0  # in a transaction, between two statements
    grace: float = 2.0  # beyond all of that: a server that says nothing for so much longer is taken for stopped

    def options(self) -> Mapping[str, str]:
        """Return the settings of a session, by name."""
        return {
            "statement_timeout": f"{self.statement * 1000:.0f}",
            "lock_timeout": f"{self.lock * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{self.idle * 1000:.0f}",
        }


TIMEOUTS = Timeouts()
NO_TIMEOUTS = Timeouts(statement=0, lock=0, idle=0)  # for what may take hours: a copy, a migration


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of a database, `postgresql://user:password@host:port/name?parameter=value`; prints without passwords."""

    url: Secret

    def __str__(self) -> str:
        return masked_url(self.url)

    def parameters(self, timeouts: Timeouts, *, is_pooled: bool = False) -> dict[str, str]:
        """Return the parameters of a connection by their names. Raises AddressInvalid where libpq cannot read the URL.

        What the URL names itself stands; only its `options` are added to. is_pooled: a pooler refuses those.
        """
        given = self._given()
        hosts = max(given.get("host", "").count(","), given.get("hostaddr", "").count(",")) + 1
        ours = {
            "connect_timeout": str(max(2, min(4, ANSWER // hosts))),  # of each host; libpq knows no shorter one
            "keepalives": "1",
            "keepalives_idle": "3",
            "keepalives_interval": "2",
            "keepalives_count": "3",
            "tcp_user_timeout": str(ANSWER * 1000),
            "target_session_attrs": "read-write",
            "application_name": "press-monitor",
            "client_encoding": "UTF8",
        }
        if is_pooled:
            return ours | given
        settings = {**timeouts.options(), "timezone": "UTC", "datestyle": DATE_STYLE.replace(" ", "")}
        options = [given.get("options", ""), *(f"-c {name}={value}" for name, value in settings.items())]
        return ours | given | {"options": " ".join(filter(None, options))}

    def hide(self, text: str) -> str:
        """Return a text, such as an error of libpq, without the passwords of this URL."""
        for secret in self._passwords():
            text = text.replace(secret, HIDDEN)
        return text.replace(self.url.reveal(), str(self))

    def _given(self) -> dict[str, str]:
        url = self.url.reveal()
        if not url.startswith("postgresql://"):
            raise AddressInvalid("the store's address is no URL of PostgreSQL: write postgresql://USER@HOST/DATABASE")
        if not UNAMBIGUOUS.fullmatch(url):
            raise AddressInvalid(
                "the store's address cannot be read: a password with @ / ? or # has them as %40 %2F %3F %23",
                where=str(self),
            )
        try:
            return {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
        except psycopg.Error as error:
            what = f"the store's address cannot be read: {str(error).strip()}"
            raise AddressInvalid(self.hide(what), where=str(self)) from None

    def _passwords(self) -> list[str]:
        """Return every password as it is written and as it is meant, the longest first."""
        found = {found[2] or found[4] or "" for found in PASSWORD.finditer(self.url.reveal())}
        spelled = {form for each in found for form in (each, unquote(each), quote(unquote(each), safe=""))}
        return sorted(spelled - {""}, key=len, reverse=True)
