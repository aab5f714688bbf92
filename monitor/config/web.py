"""Define the section `web:`, and turn it into the values that a web server works with."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from monitor.config.section import Section, setting
from monitor.config.text_types import HostName, Name, PageUrl, PasswordLine, WebListen
from monitor.config.web_parsers import web_listen
from monitor.errors import ConfigError, Diagnostic, UsageError
from monitor.frozen import dataclass
from monitor.secret import Secret

if TYPE_CHECKING:
    from monitor.config.models import Config

Anonymous = Literal["all", "read", "none"]
NO_USERS = (
    "nobody may open the page there: add users: with a line of `monitor web password`, "
    "or anonymous: read or all, or listen on 127.0.0.1"
)


class Web(Section):
    """The web page: what happened, a rule tester, feeds and REST."""

    listen: WebListen = setting(
        "The address to serve it on, such as 127.0.0.1:9878, unix:web.sock in the state folder, or off.",
        default="off",
        example="127.0.0.1:9878",
    )
    url: PageUrl | None = setting(
        "How people reach the page, if not at that address: links begin with it, and its host is allowed.",
        default=None,
        example="https://press.example.org/monitor/",
    )
    hosts: tuple[HostName, ...] = setting("Further names the page answers to.", default=(), example="[press.lan]")
    users: Mapping[Name, PasswordLine] = setting(
        "The people who may open it, each with a line of `monitor web password`; secrets.",
        default={},
        example='{kim: "${file:/run/secrets/kim}"}',
    )
    anonymous: Anonymous | None = setting(
        "What a visitor without a password may do: all, read or none; by default all where only this machine "
        "reaches the page, else none.",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """Where the page is served, at which names, and who may do what there."""

    address: tuple[str, int] | Path | None  # of TCP, or a unix socket; None: it is not served
    url: str | None  # how people reach it, with a slash at its end; None: at its address
    hosts: frozenset[str]  # the names it answers to, in lower case; every IP literal and localhost are allowed, too
    users: Mapping[str, Secret]  # password lines by name
    anonymous: Anonymous

    @property
    def prefix(self) -> str:
        """The path that `url` begins with, without its last slash; every link of the page begins with it."""
        return urlsplit(self.url or "").path.rstrip("/")

    @property
    def home(self) -> str:
        """The address that people are told."""
        if self.url or not isinstance(self.address, tuple):
            return self.url or f"unix:{self.address}"
        host, port = self.address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def web_options_of(config: Config) -> WebOptions:
    """Return the options of the configured page."""
    web = config.web
    name = urlsplit(web.url or "").hostname
    return WebOptions(
        address=_address_of(web.listen, config.state),
        url=web.url,
        hosts=frozenset((*web.hosts, *([name] if name else []))),
        users=web.users,
        anonymous=anonymous_at(web.listen, web.anonymous),
    )


def with_listen(config: Config, listen: str) -> Config:
    """Return the configuration with another `web.listen`. Raises UsageError, and ConfigError as the file would."""
    try:
        web_listen(listen)
    except ValueError as error:
        raise UsageError(f"'{listen}' {error}", where="--listen") from None
    web = config.web
    if listen != "off" and anonymous_at(listen, web.anonymous) == "none" and not web.users:
        fault = Diagnostic(file=str(config.file), line=0, column=0, path="web", message=f"at {listen}, {NO_USERS}")
        raise ConfigError((fault,))
    return config.model_copy(update={"web": web.model_copy(update={"listen": listen})})


def anonymous_at(listen: str, anonymous: Anonymous | None) -> Anonymous:
    """Return what a visitor without a password may do; anonymous: the setting, None where there is none."""
    return anonymous or ("all" if _is_private(listen) else "none")


def _is_private(listen: str) -> bool:
    """Return whether only this machine reaches a valid address."""
    host = listen.rpartition(":")[0].strip("[]")
    return host in ("", "unix", "localhost") or ip_address(host).is_loopback


def _address_of(listen: str, state: Path) -> tuple[str, int] | Path | None:
    if listen == "off":
        return None
    host, _, port = listen.rpartition(":")
    return state / port if host == "unix" else (host.strip("[]"), int(port))
