"""Serve what the daemon itself answers: commands on the control socket, health routes and metrics there and over TCP.

Each server runs in a thread of its own. A command is executed in that thread, so one comes after another; no other
route waits for the store, so a monitor that hangs still answers whether it is ready.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.control.requests import Command
from monitor.control.server import FILE, MAX_REQUEST, OUTDATED, PATH, respond
from monitor.files import socket_path
from monitor.health import metrics
from monitor.health.counters import DELIVERY_BOUNDS, Distribution, MetricsSnapshot
from monitor.health.liveness import HealthSnapshot, not_ready_reason
from monitor.logs import say, warn
from monitor.web.guard import Limits
from monitor.web.server import BACKLOG, Connection, Server

OFF = "off"
CLIENT_TIMEOUT = 2.0  # seconds for the request of one client, and again for a part of its answer
STOP_TIMEOUT = 2.0  # seconds for the thread at the end
_CONNECTIONS = 64
_HEADERS = {"Cache-Control": "no-store", "Connection": "close"}
_STATUSES = {
    "NotFound": HTTPStatus.NOT_FOUND,
    "WrongState": HTTPStatus.CONFLICT,
    "UsageError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "StoreError": HTTPStatus.SERVICE_UNAVAILABLE,
}


class Answer(NamedTuple):
    """The answer of a health route."""

    text: str
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/plain; charset=utf-8"


Routes = Mapping[str, Callable[[], Answer]]  # by path


def alive() -> Answer:
    """Return a fixed answer: a process that can send it is alive."""
    return Answer("alive\n")


def ready(snapshot: HealthSnapshot) -> Answer:
    """Return whether the daemon is ready, or the first reason why not."""
    reason = not_ready_reason(snapshot)
    return unready(reason) if reason else Answer("ready\n")


def unready(reason: str) -> Answer:
    """Return that the daemon is not ready, and why."""
    return Answer(f"{reason}\n", HTTPStatus.SERVICE_UNAVAILABLE)


def metrics_page(
    snapshot: MetricsSnapshot, *, version: str, now: datetime, clock_ahead: timedelta, is_ready: bool
) -> Answer:
    """Return all metrics, and on Linux those of the process, as the text that Prometheus reads (text format 0.0.4)."""
    found = metrics.metrics(snapshot, version=version, now=now, clock_ahead=clock_ahead, is_ready=is_ready)
    process = generate_latest(ProcessCollector(registry=None)).decode()
    return Answer(exposition(found) + process, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def exposition(found: tuple[metrics.Metric, ...]) -> str:
    """Return metrics as text; label values and numbers may be anything."""
    return generate_latest(_Collector(found)).decode()


class _Collector(Collector):
    def __init__(self, found: tuple[metrics.Metric, ...]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as the library has them."""
        yield from map(_family, self._found)


def _family(metric: metrics.Metric) -> Metric:
    kinds = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}
    family: Any = kinds[metric.kind](metric.name, metric.about, labels=metric.labels)
    for values, sample in metric.samples.items():
        if isinstance(sample, Distribution):
            bounds = [*map(floatToGoString, DELIVERY_BOUNDS), "+Inf"]
            family.add_metric(values, list(zip(bounds, accumulate(sample.counts), strict=True)), sample.total)
        else:
            family.add_metric(values, sample)
    return family  # type: ignore[no-any-return]  # one of the three, which differ in what they take


class ControlServer:
    """The daemon's end of the control socket, for one daemon; `serve` runs in a thread of the caller's."""

    def __init__(
        self,
        state: Path,
        commands: Mapping[str, Command],
        *,
        routes: Routes = {},  # noqa: B006 - nobody changes it
        timeout: float = CLIENT_TIMEOUT,
    ) -> None:
        self._state = state
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._on_done: Callable[[], None] = lambda: None
        self._server = Server(
            _app(lambda: routes, _command_route(lambda body: respond(commands, body, self._on_done))),
            limits=Limits(connections=_CONNECTIONS, request=timeout, send=timeout, body=MAX_REQUEST),
            connection=_ControlConnection,
            on_failure=lambda reason: warn("control_failed", reason=reason),
        )

    def open(self) -> bool:
        """Listen in place of a dead daemon's socket; False: this folder takes no socket, which is logged.

        The caller holds the folder's lock. Nobody can connect before `listen`, so the mode is set in time.
        """
        try:
            with socket_path(self._state / FILE) as address:
                Path(address).unlink(missing_ok=True)
                self._listener.bind(address)
                Path(address).chmod(0o600)
            self._listener.listen(BACKLOG)
        except OSError as error:
            reason = error.strerror or str(error)
            warn("control_unavailable", reason=reason, instead="stop the monitor to change things")
            self._listener.close()
            return False
        return True

    def serve(self, on_done: Callable[[], None]) -> None:
        """Serve until `stop`; on_done: called after each command that changed something."""
        self._on_done = on_done
        self._server.serve_on([self._listener])

    def stop(self) -> None:
        """Remove the socket and end `serve`; any thread may call it."""
        with suppress(OSError), socket_path(self._state / FILE) as address:
            Path(address).unlink()
        self._server.stop()


class HealthServer:
    """Serves the health routes over TCP; set `routes` and call `listen` from the main thread only.

    It outlives the daemons of one process: a reload moves it only where the address has changed.
    """

    def __init__(self, *, timeout: float = CLIENT_TIMEOUT) -> None:
        self._limits = Limits(connections=_CONNECTIONS, request=timeout, send=timeout, methods=("GET", "HEAD"))
        self._address = OFF
        self._thread: threading.Thread | None = None  # None: no socket is open
        self.routes: Routes = {}  # for all requests from now on
        self.port = 0  # of the open socket; 0: no socket is open

    def listen(self, address: str) -> str:
        """Listen on this address only (as `health.listen`). Return why that fails, which is logged; "": it works.

        A socket that is open on this address already stays open.
        """
        if address == self._address and (self._thread or address == OFF):
            return ""
        self.close()
        self._address = address
        if address == OFF:
            return ""
        host, _, port = address.rpartition(":")
        family = socket.AF_INET6 if address.startswith("[") else socket.AF_INET
        try:
            listener = socket.create_server((host.strip("[]"), int(port)), family=family, backlog=BACKLOG)
        except OSError as error:
            reason = os.strerror(error.errno or 0)  # the library's text would repeat the address
            warn("health_unavailable", address=address, reason=reason, instead="the monitor goes on without its pages")
            return reason
        self.port = listener.getsockname()[1]
        self._server = Server(
            _app(lambda: self.routes),
            limits=self._limits,
            on_failure=lambda reason: warn("health_failed", reason=reason),
        )
        self._thread = threading.Thread(target=self._server.serve_on, args=([listener],), name="health", daemon=True)
        self._thread.start()
        say("health_listening", address=f"{host}:{self.port}")
        return ""

    def close(self) -> None:
        """Stop listening."""
        if self._thread:
            self._server.stop()
            self._thread.join(STOP_TIMEOUT)
        self._thread, self.port = None, 0


class _ControlConnection(Connection):
    """Tells a command of an earlier version, which sends a line of JSON, to be renewed."""

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        if self.has_begun or not data.startswith(b"{"):
            super().data_received(data)
            return
        self.transport.write(OUTDATED)
        self.transport.close()


def _app(routes: Callable[[], Routes], *commands: Route) -> Starlette:
    """Return the application of one server; commands: the route of commands, where it takes them."""

    async def show(request: Request) -> PlainTextResponse:
        shown = routes()
        if request.url.path not in shown:
            there = f"there is {', '.join(shown)}\n"
            return PlainTextResponse(there, HTTPStatus.NOT_FOUND, headers=_HEADERS)
        answer = shown[request.url.path]()
        content = answer.text.encode("utf-8", "backslashreplace")
        return PlainTextResponse(content, answer.status, headers={**_HEADERS, "Content-Type": answer.content_type})

    return Starlette(routes=[*commands, Route("/{path:path}", show)])


def _command_route(run: Callable[[bytes], Mapping[str, object]]) -> Route:
    """Return the route of commands; run: executes the command of a body and returns the answer."""

    async def execute(request: Request) -> Response:
        content = run(await request.body())
        match content:
            case {"error": {"kind": kind}}:
                status = _STATUSES.get(str(kind), HTTPStatus.INTERNAL_SERVER_ERROR)
            case _:
                status = HTTPStatus.OK
        text = json.dumps(content)  # in ASCII: the name of a file may be no text
        return Response(text, status, headers=_HEADERS, media_type="application/json")

    return Route(PATH, execute, methods=["POST"])
