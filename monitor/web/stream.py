"""Report new events as they are stored: as a stream of server-sent events, or to whoever asks for the newest one.

One thread reads the store up to ten times a second while somebody listens, and none does otherwise.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from monitor.errors import StoreError, UsageError
from monitor.inspect.places import Places, events_behind, newest_places, parse_places
from monitor.web import timeline
from monitor.web.feeds import FILTERS
from monitor.web.open_store import OpenStore
from monitor.web.pages import site_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from monitor.config import Config

INTERVAL = 0.1  # seconds between two reads of the store
CALM_INTERVAL = 0.4  # the same when nothing has happened for CALM: a read costs 0.2 ms on a machine that sleeps
CALM = 10.0  # seconds
READS = 10  # after which it is checked whether another store has taken its place
SILENCE = 15.0  # seconds after which a comment is sent: proxies cut connections on which nothing comes
MAX_STREAMS = 32
MANY = 100  # events
RETRY = 3  # seconds after which a client connects again
_MEDIA_TYPE = "text/event-stream"
_HEADERS = {"Cache-Control": "private, no-cache", "X-Accel-Buffering": "no"}  # nginx would keep what comes


class LiveEvents:
    """The places of the newest events, for all who listen. It lives on the event loop: no other thread may call it."""

    def __init__(self, config: Callable[[], Config]) -> None:
        """config: the configuration in force."""
        self._config = config
        self._reader: _Reader | None = None  # None: nobody listens
        self._newest = Places()
        self._changed = asyncio.Event()  # set at the next change, and then replaced
        self._is_ending = False
        self.streams = 0

    @property
    def is_reading(self) -> bool:
        """Return whether the store is read again and again."""
        return self._reader is not None

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a block as one stream; the store is read until the last one ends."""
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1
            if not self.streams:
                self._stop_reading()

    async def start(self) -> None:
        """Wait until the store is read, for a stream that is counted. Raises StoreError."""
        if self._reader is None:
            self._reader = _Reader(self._config, self._note)
        await asyncio.shield(self._reader.started)

    async def listen(self, after: Places | None) -> AsyncIterator[str]:
        """Yield the text of a stream until `end`; after: the last events that are known, None: the newest ones.

        It also ends with the configuration, within SILENCE: who may listen is decided anew.
        """
        known, config = after or self._newest, self._config()
        yield f"retry: {RETRY * 1000}\n\n"
        while self._reader and not self._is_ending and self._config() is config:
            newest, before = self._newest, known
            known = newest
            if before.moved(newest) or before.last > newest.last:
                yield _message(newest, after=before)
            elif not await self._next_change():
                yield ": nothing new\n\n"

    def end(self) -> None:
        """End every stream, and begin no other."""
        self._is_ending = True
        self._stop_reading()

    def _stop_reading(self) -> None:
        if self._reader:
            self._reader.stop()
            self._reader = None
        self._report_change()

    def _note(self, reader: _Reader, found: Places | StoreError) -> None:
        """Note what a reader found. Where the store fails, all streams end: clients connect again and are told why."""
        if reader is not self._reader:
            return
        if isinstance(found, StoreError):
            self._stop_reading()
        else:
            self._newest = found
            self._report_change()

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


class _Reader:
    """A thread that reads the store up to ten times a second, until it is stopped or the store fails.

    A thread that sleeps costs a quarter of what waking the event loop does, and no slow read holds up the loop.
    """

    def __init__(self, config: Callable[[], Config], report: Callable[[_Reader, Places | StoreError], None]) -> None:
        """report: is called on the event loop with the newest events, first and when it has changed."""
        self._config = config
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._stopped = threading.Event()
        self.started: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="live events")
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what it still finds is reported no more."""
        self._stopped.set()

    def _run(self) -> None:
        with closing(OpenStore()) as store:
            try:
                for newest in self._changes(store):
                    self._tell(newest)
            except StoreError as error:
                self._tell(error)

    def _changes(self, store: OpenStore) -> Iterator[Places]:
        generation: Hashable = None
        last, changed_at = None, 0.0
        while not self._stopped.is_set():
            with store.of(self._config()) as stores:
                for _ in range(READS):
                    if generation != (generation := stores.archive.contents()):
                        changed_at = time.monotonic()
                        found = newest_places(stores.archive)
                        if last != (last := found):
                            yield last
                    is_calm = time.monotonic() > changed_at + CALM
                    time.sleep(CALM_INTERVAL if is_calm else INTERVAL)  # half of what waiting for an Event costs
                    if self._stopped.is_set():
                        return

    def _tell(self, found: Places | StoreError) -> None:
        if not self._stopped.is_set():
            self._loop.call_soon_threadsafe(self._note, found)

    def _note(self, found: Places | StoreError) -> None:
        self._report(self, found)
        if not self.started.done():
            if isinstance(found, StoreError):
                self.started.set_exception(found)
                self.started.exception()  # nobody may wait for it any more
            else:
                self.started.set_result(None)


class _EventStream(StreamingResponse):
    """An answer that is counted until it ends, whatever ends it."""

    def __init__(self, events: AsyncIterator[str], counted: ExitStack) -> None:
        super().__init__(events, media_type=_MEDIA_TYPE, headers=_HEADERS)
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._counted:
            await super().__call__(scope, receive, send)


async def stream(request: Request) -> Response:
    """Answer with an event for each change of the store; `after` or Last-Event-ID say what is known already."""
    live = site_of(request).live
    after = _header_places(request) or _asked_places(request)
    if request.method == "HEAD":
        return Response(media_type=_MEDIA_TYPE, headers=_HEADERS)
    if live.streams >= MAX_STREAMS:
        raise HTTPException(503, f"{MAX_STREAMS} streams are open; ask /api/v1/latest", {"Retry-After": str(RETRY)})
    with ExitStack() as counted:
        counted.enter_context(live.counted())
        await live.start()
        return _EventStream(live.listen(after), counted.pop_all())


def latest(request: Request) -> Response:
    """Answer with the id of the newest event, and how many behind `after` pass the filter of an address.

    The filter is that of the timeline; more than MANY are not counted. `after` of the answer is what to ask with next.
    Raises UsageError.
    """
    site, after = site_of(request), _asked_places(request, FILTERS)
    query = {name: value for name, value in request.query_params.items() if name in FILTERS}
    asked = timeline.read(query, site.config, now=site.now())
    with site.stores() as stores:
        newest = newest_places(stores.archive)
        behind = events_behind(stores.archive, asked.wanted, after, limit=MANY) if after else ()
        count = sum(1 for _ in islice(behind, MANY))
    return JSONResponse({"schema_version": 1, "last": newest.last, "count": count, "after": str(newest)})


def _message(newest: Places, *, after: Places) -> str:
    moved = after.moved(newest)
    count = max(newest.last - after.last, moved) if moved else 0
    facts = json.dumps({"last": newest.last, "count": count})
    return f"id: {newest}\nevent: events\ndata: {facts}\n\n"


def _header_places(request: Request) -> Places | None:
    with suppress(UsageError):  # a program may send what it likes there
        return parse_places(request.headers.get("last-event-id", ""))
    return None


def _asked_places(request: Request, known: Sequence[str] = ()) -> Places | None:
    """Return the parameter `after`; None: it is not given. Raises UsageError, also for a parameter that is unknown."""
    for name in request.query_params:
        if name not in ("after", *known):
            raise UsageError(f"{name}: there is no such parameter; there is {', '.join(('after', *known))}")
    given = request.query_params.get("after")
    if given is None:
        return None
    return parse_places(given)
