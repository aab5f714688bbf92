"""Answer what failed with a page that says what happened and what to do instead."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.control.server import NoAnswer, NoDaemon
from monitor.errors import MonitorError, NotFound, StoreError, UsageError, WrongState
from monitor.web.pages import render

_STATUSES: tuple[tuple[type[MonitorError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (WrongState, HTTPStatus.CONFLICT),
    (UsageError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NoDaemon, HTTPStatus.SERVICE_UNAVAILABLE),
    (NoAnswer, HTTPStatus.SERVICE_UNAVAILABLE),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_UNKNOWN_PAGE = "there is no such page"


def http_status(error: MonitorError) -> HTTPStatus:
    """Return the status that an answer with this error has."""
    found = (status for kind, status in _STATUSES if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


def show_error(request: Request, error: Exception) -> Response:
    """Answer with the sentence of an error of ours."""
    if not isinstance(error, MonitorError):
        raise error
    return error_page(request, error, status=http_status(error))


def show_http_error(request: Request, error: Exception) -> Response:
    """Answer with the sentence of what is wrong with a request as such."""
    if not isinstance(error, HTTPException):
        raise error
    is_unknown = error.status_code == HTTPStatus.NOT_FOUND and error.detail == HTTPStatus.NOT_FOUND.phrase
    answer = error_page(request, MonitorError(_UNKNOWN_PAGE if is_unknown else error.detail), status=error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def error_page(request: Request, error: MonitorError, *, status: int, instead: str = "", back: str = "/") -> Response:
    """Answer with one error; instead: the command line that does it without this page; back: a path of ours."""
    return render(
        request,
        "error.html.j2",
        status=status,
        error=error,
        heading=HTTPStatus(status).phrase,
        instead=instead,
        to=back,
    )
