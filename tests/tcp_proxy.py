"""A TCP proxy on 127.0.0.1 whose wire can go dead or be cut, for what stands between a monitor and its server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

_CHUNK = 1 << 16


class TcpProxy:
    """Passes on what arrives at `port`; safe to command from any thread."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._passing = asyncio.Event()
        self._passing.set()
        self._is_cut = False
        self.round_trips = 0  # how often a client spoke first, or again after an answer
        self._pairs: set[asyncio.Task[None]] = set()
        self._sockets: set[asyncio.StreamWriter] = set()
        self._listener = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = int(self._listener.sockets[0].getsockname()[1])
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy")
        self._thread.start()

    def go_dead(self) -> None:
        """Pass nothing on, neither data nor the end of a connection, as a wire that is gone; both sides see silence."""
        self._call(self._passing.clear)

    def cut(self) -> None:
        """Reset every connection, and each new one."""
        self._call(self._cut)

    def heal(self) -> None:
        """Pass on again, what was held back first."""
        self._call(self._heal)

    def close(self) -> None:
        """Reset every connection and listen no more."""
        self._call(self._cut)
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, change: Callable[[], None]) -> None:
        """Run a change in the loop, and return once it was made."""

        async def made() -> None:
            change()

        asyncio.run_coroutine_threadsafe(made(), self._loop).result(30)

    def _heal(self) -> None:
        self._is_cut = False
        self._passing.set()

    def _cut(self) -> None:
        self._is_cut = True
        self._passing.set()
        for writer in self._sockets:
            _reset(writer)

    async def _end(self) -> None:
        self._listener.close()
        if self._pairs:
            await asyncio.wait(self._pairs)  # each connection was reset

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pairs.add(task)
        self._sockets.add(writer)
        try:
            await self._passing.wait()
            if self._is_cut:
                return
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._target)
            self._sockets.add(upstream)
            try:
                talk = [upstream_reader]
                await _all(self._pump(reader, upstream, talk, 1), self._pump(upstream_reader, writer, talk, 0))
            finally:
                self._sockets.discard(upstream)
                _reset(upstream)
        except OSError:  # nobody listens there, or one of them has gone
            pass
        finally:
            self._sockets.discard(writer)
            _reset(writer)
            self._pairs.discard(task)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, last: list[asyncio.StreamReader], counts: int
    ) -> None:
        """Pass one direction on, until one side ends it; then the other ends, too.

        last: whom both directions heard last. counts: 1 for what the client says.
        """
        while data := await reader.read(_CHUNK):
            if last[0] is not reader:
                last[0] = reader
                self.round_trips += counts
            await self._passing.wait()
            writer.write(data)
            await writer.drain()
        await self._passing.wait()
        raise ConnectionError("one side has ended")


@contextmanager
def tcp_proxy(target: int) -> Iterator[TcpProxy]:
    """Stand before a port of 127.0.0.1 until the end of the block."""
    proxy = TcpProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()


async def _all(*pumps: Awaitable[None]) -> None:
    """Wait until one of them fails, as each does in the end; the others are ended."""
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection at once, by RST, and not by FIN."""
    with contextlib.suppress(OSError):
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
