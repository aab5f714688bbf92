"""Decide who may send which request to the page: by its name, by the site that sent it, and by a password.

Everything is decided before a request is routed, for static files too. Each rule is a pure function that returns why
a request is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from monitor.logs import warn
from monitor.web.guard import Refusal, refuse
from monitor.web.logins import Login, Logins, credentials_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from monitor.config import WebOptions

TokenUser = Callable[[str, bytes, Collection[str]], str | None]
_READING = ("GET", "HEAD")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="monitor", charset="UTF-8"'}


class Security:
    """ASGI middleware that lets a request pass, or answers why it may not; `Guard` is around it.

    It also takes the prefix of `web.url` off the path, whether or not a proxy has, and puts it in `root_path`.
    """

    def __init__(
        self,
        app: ASGIApp,
        options: Callable[[], WebOptions],
        *,
        is_read_only: bool = False,
        token_user: TokenUser = lambda _path, _query, _users: None,
        logins: Logins | None = None,
    ) -> None:
        """options: those in force, read once a request; token_user: whose token a path and a query have."""
        self._app = app
        self._options = options
        self._is_read_only = is_read_only
        self._token_user = token_user
        self._logins = logins or Logins()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        options = self._options()
        scope = _without_prefix(scope, options.prefix)
        headers = Headers(scope=scope)
        refusal = host_refusal(headers, options) or site_refusal(scope["method"], headers, options)
        refusal = refusal or await self._user_refusal(scope, headers, options)
        if refusal is None and self._is_read_only and scope["method"] not in _READING:
            refusal = Refusal(403, "this page only shows; it was started with --read-only")
        await (refuse(refusal, scope) if refusal else self._app)(scope, receive, send)

    async def _user_refusal(self, scope: Scope, headers: Headers, options: WebOptions) -> Refusal | None:
        """Return why this visitor may not do this; sets `request.state.user`, None: a visitor without a name."""
        login = await self._login(scope, headers, options)
        scope.setdefault("state", {})["user"] = login.user
        if login.wait:
            return Refusal(429, "there were too many wrong passwords", {"Retry-After": str(login.wait)})
        return user_refusal(scope["method"], login.user, options, is_wrong="authorization" in headers)

    async def _login(self, scope: Scope, headers: Headers, options: WebOptions) -> Login:
        if options.anonymous == "all":
            return Login()
        if given := credentials_of(headers.get("authorization", "")):
            address = scope["client"][0] if scope["client"] else ""
            login = await self._logins.login(given, options.users, address=address)
            if login.user is None and not login.wait:
                warn("web_login_failed", address=address)
            return login
        if scope["method"] in _READING and b"token=" in scope["query_string"]:
            return Login(self._token_user(scope["path"], scope["query_string"], options.users.keys()))
        return Login()


def host_refusal(headers: Headers, options: WebOptions) -> Refusal | None:
    """Refuse a name that this page does not have: another site may have led its own name to our address."""
    found = _HOST.fullmatch(headers.get("host", ""))
    if not found:
        return Refusal(400, "the request does not say which host it is for")
    name = found[1].lower().removesuffix(".")
    if name == "localhost" or name in options.hosts or _is_address(name):
        return None
    return Refusal(421, f"this page does not answer to the name {name}: add it to web.hosts, or set web.url")


def site_refusal(method: str, headers: Headers, options: WebOptions) -> Refusal | None:
    """Refuse what a page of another site sends: every action, and every request that does not open a page.

    A browser says where a request comes from in Sec-Fetch-Site, over plain http in Origin only. Whoever says neither is
    no browser.
    """
    site = headers.get("sec-fetch-site")
    if method not in _READING:
        is_own = site in ("same-origin", "none") if site else _is_own_origin(headers, options)
        return None if is_own else Refusal(403, "another site sent this; open the page itself")
    is_navigation = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if site in (None, "same-origin", "none") or is_navigation:
        return None
    return Refusal(403, "another site may only link to this page")


def user_refusal(method: str, user: str | None, options: WebOptions, *, is_wrong: bool) -> Refusal | None:
    """Refuse a visitor without a password what `web.anonymous` does not allow; is_wrong: a password was given."""
    may_read = options.anonymous == "read" and method in _READING and not is_wrong
    if user is not None or options.anonymous == "all" or may_read:
        return None
    if not options.users:
        return Refusal(403, "visitors may only read here (web.anonymous), and web.users has nobody who may do more")
    return Refusal(401, "a name and a password are needed here", _CHALLENGE)


def _is_own_origin(headers: Headers, options: WebOptions) -> bool:
    """Return whether Origin is where the request went, whatever the scheme: a proxy may speak https for us."""
    origin = headers.get("origin")
    _, separator, place = (origin or "").partition("://")
    own = {headers.get("host", "").lower(), urlsplit(options.url or "").netloc.lower()}
    return origin is None or (separator != "" and place.lower() in own - {""})


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _without_prefix(scope: Scope, prefix: str) -> Scope:
    path: str = scope["path"]
    inner = path.removeprefix(prefix) if path == prefix or path.startswith(f"{prefix}/") else path
    return {**scope, "path": inner or "/", "root_path": prefix}
