"""Report new events as they are stored: as a stream of server-sent events, or to whoever asks for the newest one.

One task reads the store ten times a second while somebody listens, and not at all otherwise.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from monitor.errors import StoreError
from monitor.records import EventFilter
from monitor.web.open_store import OpenStore
from monitor.web.pages import site_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from monitor.config import Config

INTERVAL = 0.1  # seconds between two reads of the store
SILENCE = 15.0  # seconds after which a comment is sent: proxies cut connections on which nothing comes
MAX_STREAMS = 32
MANY = 100  # events
RETRY = 3  # seconds after which a client connects again
_HEADERS = {"Cache-Control": "private, no-cache", "X-Accel-Buffering": "no"}  # nginx would keep what comes
MAX_ID = 2**63 - 1  # the largest number that a store holds


class LiveEvents:
    """The id of the newest event, for all who listen. It lives on the event loop: no other thread may call it."""

    def __init__(self, config: Callable[[], Config]) -> None:
        """config: the configuration in force."""
        self._config = config
        self._store = OpenStore()  # a connection of its own: no other read holds up the loop
        self._starting = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None  # None: nobody listens
        self._generation: Hashable = None
        self._last = 0
        self._changed = asyncio.Event()  # set at the next change, and then replaced
        self._is_ending = False
        self.streams = 0

    @property
    def is_reading(self) -> bool:
        """Return whether the store is read again and again."""
        return self._reader is not None

    async def start(self) -> None:
        """Begin to read the store, unless somebody has. Raises StoreError."""
        async with self._starting:
            if self._reader is None:
                await run_sync(self._look)
                self._reader = asyncio.create_task(self._read())

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a block as one stream; the store is read until the last one ends."""
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1

    async def listen(self, after: int | None) -> AsyncIterator[str]:
        """Yield the text of a stream until `end`; after: the id of the last event that is known, None: the newest."""
        yield f"retry: {RETRY * 1000}\n\n"
        known = self._last if after is None else after
        while self._reader and not self._is_ending:
            if self._last != known:
                yield _message(self._last, after=known)
                known = self._last
            elif not await self._next_change():
                yield ": nothing new\n\n"

    def end(self) -> None:
        """End every stream, and accept no other."""
        self._is_ending = True
        self._report_change()

    async def _read(self) -> None:
        """Read until nobody listens. Where the store fails, all streams end: clients connect again and are told why."""
        try:
            while not self._is_ending:
                await asyncio.sleep(INTERVAL)
                if not self.streams:
                    break
                before = self._last
                self._look()
                if self._last != before:
                    self._report_change()
        except StoreError:
            pass
        finally:
            self._reader = self._generation = None
            self._report_change()
            self._store.close()

    def _look(self) -> None:
        with self._store.of(self._config()) as stores:
            generation = stores.archive.generation()
            if generation != self._generation:
                self._generation, self._last = generation, stores.archive.latest()

    async def _next_change(self) -> bool:
        """Wait for the next change; return False where there was none for a while."""
        try:
            async with asyncio.timeout(SILENCE):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _report_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _EventStream(StreamingResponse):
    """An answer that is counted from its beginning to its end, whatever ends it."""

    def __init__(self, live: LiveEvents, after: int | None) -> None:
        super().__init__(live.listen(after), media_type="text/event-stream", headers=_HEADERS)
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._live.counted():
            await super().__call__(scope, receive, send)


async def stream(request: Request) -> Response:
    """Answer with an event for each change of the store; `after` or Last-Event-ID say what is known already."""
    live = site_of(request).live
    after = _id(request.headers.get("last-event-id", ""))
    if after is None:
        after = _asked_id(request)
    await live.start()
    if live.streams >= MAX_STREAMS:
        raise HTTPException(503, f"{MAX_STREAMS} streams are open; ask /api/v1/latest", {"Retry-After": str(RETRY)})
    return _EventStream(live, after)


def latest(request: Request) -> Response:
    """Answer with the id of the newest event, and how many there are behind `after`; more than MANY are not counted."""
    after = _asked_id(request)
    with site_of(request).stores() as stores:
        last = stores.archive.latest()
        count = 0 if after is None else len(stores.archive.page(EventFilter(), after=after, limit=MANY))
    return JSONResponse({"schema_version": 1, "last": last, "count": count})


def _message(last: int, *, after: int) -> str:
    facts = json.dumps({"last": last, "count": max(last - after, 0)})
    return f"id: {last}\nevent: events\ndata: {facts}\n\n"


def _asked_id(request: Request) -> int | None:
    """Return the parameter `after`; None: it is not given. Raises HTTPException."""
    given = request.query_params.get("after")
    if given is None:
        return None
    found = _id(given)
    if found is None:
        raise HTTPException(400, "after: give the id of an event, such as 42")
    return found


def _id(text: str) -> int | None:
    """Return the number of an event; None: the text is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ID))
    return min(int(text), MAX_ID) if is_number else None
