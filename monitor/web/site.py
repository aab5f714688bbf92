"""Route requests of the page: the door to Starlette.

`ROUTES` is the one list of addresses. A handler takes a request and returns a response, in one of a few threads; it
reads through `monitor.inspect` and the read-only stores of the site, and acts through the daemon's control socket.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from monitor.config import Config, web_options_of
from monitor.control.client import ask_running
from monitor.control.requests import Request as ControlRequest
from monitor.errors import Diagnostic, MonitorError
from monitor.inspect.pending import ReadOnlyStores
from monitor.ports import Row
from monitor.web import (
    actions,
    alerts,
    api,
    feed_list,
    feeds,
    release,
    releases,
    rules,
    sources,
    status,
    stream,
    timeline,
    watchlists,
)
from monitor.web.caches import Caches
from monitor.web.errors import show_error, show_failure, show_http_error
from monitor.web.health import UrgentProblems
from monitor.web.open_store import OpenStore
from monitor.web.security import Security
from monitor.web.static_files import serve_static
from monitor.web.tokens import user_of_token

THREADS = 4  # that answer requests; more would only fight for the processor

ROUTES: Sequence[Route] = (
    Route("/", timeline.show, name="timeline"),
    Route("/alerts", alerts.show, name="alerts"),
    Route("/releases", releases.search, name="releases"),
    Route("/feeds", feed_list.show, name="feed list"),
    Route("/sources", sources.show, name="sources"),
    Route("/status", status.show, name="status"),
    Route("/watchlists", watchlists.show, name="watchlists"),
    Route("/actions/{command}", actions.act, methods=["POST"], name="act"),
    *api.routes(),
    Route("/events/{number:int}", timeline.show_event, name="event"),
    Route("/releases/{number:int}", release.show, name="release"),
    Route("/feeds/events.{format}", feeds.events_feed, name="events feed"),
    Route("/feeds/watchlists/{name}.{format}", feeds.watchlist_feed, name="watchlist feed"),
    Route("/feeds/sources/{name}.{format}", feeds.source_feed, name="source feed"),
    Route("/feeds/rule.{format}", feeds.rule_feed, name="rule feed"),
    Route("/api/v1/latest", stream.latest, name="latest"),
    Route("/api/v1/stream", stream.stream, name="stream"),
    Route("/rules", rules.show, name="rules"),
    Route("/static/{name}", serve_static, name="static"),
)


class Site:
    """What every request shares: the configuration in force, the open store, and the way to the daemon."""

    def __init__(
        self,
        config: Config,
        *,
        is_read_only: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.config = config  # swapped as a whole when it is reloaded: read it once a request
        self.faults: tuple[Diagnostic, ...] = ()  # of a changed configuration that is refused
        self.is_read_only = is_read_only
        self.now = now
        self.done = actions.DoneActions()
        self.caches = Caches()
        self.urgent = UrgentProblems(self)
        self.live = stream.LiveEvents(lambda: self.config)
        self.rules = rules.RuleTester()
        self._store = OpenStore()

    def stores(self) -> AbstractContextManager[ReadOnlyStores]:
        """Give the open store. Raises StoreError as `open_stores` does; without a store yet, StoreUnavailable."""
        return self._store.of(self.config)

    def run(self, request: ControlRequest) -> Row:
        """Send a command to the daemon. Raises NoDaemon, NoAnswer, and the error it answers with."""
        return ask_running(self.config.state, request)

    def close(self) -> None:
        """Close the store."""
        self._store.close()


def create_app(site: Site) -> ASGIApp:
    """Return the application that serves a site to those who may see it."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = THREADS
        yield
        site.close()

    handlers = {MonitorError: show_error, HTTPException: show_http_error, Exception: show_failure}
    app = Starlette(routes=list(ROUTES), lifespan=lifespan, exception_handlers=handlers)
    app.router.redirect_slashes = False  # it would lead to an address without the prefix
    app.state.site = site
    return Security(
        app,
        lambda: web_options_of(site.config),
        is_read_only=site.is_read_only,
        token_user=partial(user_of_token, site.config.state),
    )
