"""Serve REST: what the commands print with `--json`, row for row, and the commands that change a running monitor.

A list comes newest first and a page at a time; `next` leads to the page behind it. `after=0` begins at the oldest
value. With `Accept: application/x-ndjson` an answer has one row a line, all of the list unless `n` is given.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from monitor.control.requests import Request as ControlRequest
from monitor.errors import UsageError
from monitor.inspect.json_lines import json_line
from monitor.inspect.paging import Place
from monitor.ports import Row
from monitor.records import PAGE
from monitor.web.api_verbs import VERBS, Call, Verb
from monitor.web.errors import encoded
from monitor.web.openapi import openapi
from monitor.web.pages import page_path, site_of

ROOT = "/api/v1"
LINES = "application/x-ndjson"
MAX_BODY = 16 * 1024  # bytes
MOST = 500  # rows of a page
_PAGE = 50
_AT_ONCE = 100  # lines that are sent together
_SCAN = 1.0  # seconds that a page may read releases; then `next` goes on
_PAGING = ("n", "before", "after")


class Action(NamedTuple):
    """A command that can be given by a POST."""

    path: str  # below /api/v1; what stands in braces is an argument
    command: str
    summary: str
    fields: tuple[str, ...] = ()  # of the body, which are the arguments


ACTIONS: Sequence[Action] = (
    Action("/alerts/{message}/retry", "retry", "Make a message that is dead, held or waiting due now."),
    Action("/alerts/{message}/drop", "drop", "Give up a message that is dead, held or waiting."),
    Action("/channels/{name}/resume", "resume", "Try a channel again that failed or refused."),
    Action("/channels/{name}/test", "test", "Queue a test message to a channel."),
    Action("/mute", "mute", "Mute a channel or a watchlist for a given time; `off` ends that.", ("name", "for")),
    Action("/reload", "reload", "Make the daemon read its configuration again."),
)


def routes() -> list[Route]:
    """Return the routes of REST."""
    return [
        *(Route(f"{ROOT}{verb.path}", partial(_answer, verb), methods=["GET"]) for verb in VERBS),
        *(Route(f"{ROOT}{action.path}", partial(_act, action), methods=["POST"]) for action in ACTIONS),
        Route(f"{ROOT}/openapi.json", _describe, methods=["GET"]),
    ]


async def _answer(verb: Verb, request: Request) -> Response:
    """Answer a GET in one of the threads; what may wait for the daemon does not occupy those that serve pages."""
    limiter = site_of(request).done.threads() if verb.asks_daemon else None
    async with _slot(verb, request):
        return await run_sync(partial(_read, verb, request), limiter=limiter, abandon_on_cancel=verb.asks_daemon)


def _slot(verb: Verb, request: Request) -> AbstractAsyncContextManager[object]:
    """Return what a verb that reads many texts waits for: few are read at once, so that pages are served meanwhile."""
    return site_of(request).rules.slots if verb.scans else nullcontext()


def _read(verb: Verb, request: Request) -> Response:
    values = _values(verb, request)
    n, is_lines = _count(values), LINES in request.headers.get("accept", "")
    n = n if is_lines else n or _PAGE
    place = _place(verb, values, limit=PAGE if n is None or verb.scans else n + 1)
    if n is None or is_lines:
        return _lines(_rows(verb, request, values, place), n, partial(_slot, verb, request))
    return _json(_page(verb, request, values, place, n))


def _rows(verb: Verb, request: Request, values: Mapping[str, Sequence[str]], place: Place) -> Iterator[Row]:
    """Yield the rows; the store stays open until all are read."""
    site = site_of(request)
    with site.stores() as stores:
        call = Call(config=site.config, stores=stores, now=site.now(), values=values, place=place)
        yield from verb.read(call)


def _page(verb: Verb, request: Request, values: Mapping[str, Sequence[str]], place: Place, n: int) -> str:
    site = site_of(request)
    with site.stores() as stores:
        call = Call(
            config=site.config,
            stores=stores,
            now=site.now(),
            values=values,
            place=place,
            until=time.monotonic() + _SCAN,
        )
        rows, cursor = _first(verb.read(call), n if verb.cursor else None)
    cursor = cursor or call.stopped_at
    following = json.dumps(_next(request, cursor, place) if cursor else None)
    return f'{{"schema_version": 1, "items": [{", ".join(map(json_line, rows))}], "next": {following}}}'


def _first(rows: Iterable[Row], n: int | None) -> tuple[list[Row], str]:
    """Return the first n rows that have a cursor, with those between that have none, and where the list goes on."""
    taken: list[Row] = []
    cursors: list[str] = []
    for row in rows:
        cursor = getattr(row, "cursor", "")
        if cursor and len(cursors) == n:
            return taken, cursors[-1]
        taken.append(row)
        cursors.extend([cursor] if cursor else [])
    return taken, ""


def _next(request: Request, cursor: str, place: Place) -> str:
    """Return the address of the page behind this one."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("before", "after")]
    direction = "before" if place.after is None else "after"
    return f"{page_path(request, request.url.path)}?{urlencode([*kept, (direction, cursor)])}"


def _lines(rows: Iterator[Row], n: int | None, slot: Callable[[], AbstractAsyncContextManager[object]]) -> Response:
    """Answer with a row a line. The first ones are read before the answer begins, so that an error can be answered."""
    lines = (f"{json_line(row)}\n" for row in islice(rows, n))
    return StreamingResponse(_parts(_some(lines), lines, slot), media_type=LINES)


def _some(lines: Iterator[str]) -> bytes:
    return encoded("".join(islice(lines, _AT_ONCE)))


async def _parts(
    first: bytes, lines: Iterator[str], slot: Callable[[], AbstractAsyncContextManager[object]]
) -> AsyncIterator[bytes]:
    part = first
    while part:
        yield part
        async with slot():
            part = await run_sync(_some, lines)


def _values(verb: Verb, request: Request) -> dict[str, list[str]]:
    """Return the parameters of a request by name. Raises UsageError for one that this address does not have."""
    known = {parameter.name: parameter for parameter in verb.parameters}
    allowed = [*known, *(_PAGING if verb.cursor else ())]
    values: dict[str, list[str]] = {name: [str(value)] for name, value in request.path_params.items()}
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            those = f"it has {', '.join(allowed)}" if allowed else "it has none"
            raise UsageError(f"this address has no parameter {name[:40]!r}; {those}")
        if name in values and not (name in known and known[name].is_repeated):
            raise UsageError(f"{name} is given more than once")
        values.setdefault(name, []).append(value)
    return values


def _place(verb: Verb, values: Mapping[str, Sequence[str]], *, limit: int) -> Place:
    if verb.cursor is None:
        return Place()
    found = {name: verb.cursor(values[name][0]) for name in ("before", "after") if name in values}
    if len(found) == 2:
        raise UsageError("before and after exclude each other: the one lists newest first, the other oldest first")
    return Place(**found, limit=limit)


def _count(values: Mapping[str, Sequence[str]]) -> int | None:
    text = next(iter(values.get("n", ())), None)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise UsageError(f"n={text[:40]}: give a number from 1 to {MOST}")
    return int(text)


async def _act(action: Action, request: Request) -> Response:
    """Send the command of a POST to the daemon, and answer with what it did."""
    site = site_of(request)
    if site.is_read_only:
        raise HTTPException(HTTPStatus.FORBIDDEN, "this page only shows; it was started with --read-only")
    given = await _body(request, action.fields)
    control = ControlRequest(command=action.command, arguments=(*map(str, request.path_params.values()), *given))
    row = await run_sync(partial(site.run, control), limiter=site.done.threads(), abandon_on_cancel=True)
    return _json(json_line(row))


async def _body(request: Request, fields: Sequence[str]) -> list[str]:
    """Return these fields of a body, which is a JSON object of texts. Raises UsageError and HTTPException."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has {MAX_BODY:,} bytes at most")
    found: object = None if fields else {}
    with suppress(ValueError, RecursionError):
        found = json.loads(body) if body else found
    wanted = ", ".join(f'"{name}": "…"' for name in fields)
    if not isinstance(found, dict) or {*found} != {*fields} or not all(isinstance(one, str) for one in found.values()):
        raise UsageError(f"the body must be the JSON object {{{wanted}}}" if fields else "this address takes no body")
    return [str(found[name]) for name in fields]


def _describe(request: Request) -> Response:
    """Answer with the description of all of this."""
    return _json(json.dumps(openapi(VERBS, ACTIONS, root=page_path(request, ROOT)), ensure_ascii=False))


def _json(text: str) -> Response:
    return Response(encoded(text), media_type="application/json")
