"""Show the folders that dumps come from, the dumps that were read and what could not be."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from monitor.errors import UsageError
from monitor.model import Kind
from monitor.times import parse_timestamp, timestamp
from monitor.web.health import read_status
from monitor.web.pages import render, site_of
from monitor.web.paging import older_than, page_of

if TYPE_CHECKING:
    from monitor.records import DumpCursor

_REJECT_STATES = ("held", "rejected", "healed")


def show(request: Request) -> Response:
    """Answer with the sources, and a page of their dumps or rejects."""
    if request.query_params.get("show") == "rejects":
        return _show_rejects(request)
    before = request.query_params.get("before")
    cursor = _cursor(before) if before else None
    with site_of(request).stores() as stores:
        dumps, is_more = page_of(lambda limit: stores.archive.dumps_page(before=cursor, limit=limit))
    return _render(request, "dumps", dumps=dumps, next=_cursor_text(dumps[-1].cursor) if is_more else None)


def _show_rejects(request: Request) -> Response:
    state = request.query_params.get("state") or None
    if state not in (None, *_REJECT_STATES):
        raise UsageError(f"{state!r} is not a state of a reject; choose from {', '.join(_REJECT_STATES)}")
    before = older_than(request)
    with site_of(request).stores() as stores:
        rejects, is_more = page_of(lambda limit: stores.archive.rejects_page(state, before=before, limit=limit))
    return _render(request, "rejects", rejects=rejects, state=state, next=rejects[-1].id if is_more else None)


def _render(request: Request, shown: str, **values: Any) -> Response:
    status = read_status(site_of(request))
    values = {"dumps": (), "rejects": (), "state": None, **values}
    return render(
        request,
        "sources.html.j2",
        shown=shown,
        sources=status["sources"],
        is_running=status["daemon"] is not None,
        kinds=list(Kind),
        states=_REJECT_STATES,
        **values,
    )


def _cursor_text(cursor: DumpCursor) -> str:
    """Return a place in the list of dumps as an address has it."""
    at, dump, copy = cursor
    return f"{timestamp(at)}~{dump}~{urlsafe_b64encode(copy).decode().rstrip('=')}"


def _cursor(text: str) -> DumpCursor:
    """Return the place that `_cursor_text` wrote. Raises UsageError."""
    at, _, rest = text.partition("~")
    dump, _, copy = rest.partition("~")
    try:
        return parse_timestamp(at), int(dump), urlsafe_b64decode(copy + "=" * (-len(copy) % 4))
    except ValueError:
        raise UsageError(f"before={text[:60]}: this is no place in the list of dumps; follow its links") from None
