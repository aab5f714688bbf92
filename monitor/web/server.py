"""Serve an ASGI application on sockets that are bound already: the door to uvicorn."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

TICK = 1.0  # seconds between two checks whether to end; uvicorn's own loop wakes ten times as often
BACKLOG = 64  # connections that the kernel holds; with many more, a flood of silent ones blocks for 15 s
GRACE = 1  # seconds that open answers get at the end


class Server(uvicorn.Server):
    """A server that wakes once a second while nothing is asked of it; `stop` ends it from any thread."""

    def __init__(self, app: ASGIApp, *, on_started: Callable[[], None] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._on_started = on_started
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Tick once a second, or at once when `stop` was called."""
        self._loop = asyncio.get_running_loop()
        self._on_started()
        counter = 0
        while not await self.on_tick(counter * 10):
            counter += 1
            try:
                await asyncio.wait_for(self._wake.wait(), TICK)
            except TimeoutError:
                continue

    def stop(self) -> None:
        """End the server; any thread may call it."""
        self.should_exit = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def serve_on(self, listeners: Sequence[socket.socket]) -> None:
        """Serve until `stop` or a signal."""
        self.run(sockets=list(listeners))
