"""Answer what failed: a page that says what happened and what to do instead; for a program the error as JSON."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.control.server import NoAnswer, NoDaemon
from monitor.errors import MonitorError, NotFound, StoreError, UsageError, WrongState
from monitor.inspect.json_lines import error_row, json_line
from monitor.web.guard import FAILED, refuse
from monitor.web.pages import render

_STATUSES: tuple[tuple[type[MonitorError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (WrongState, HTTPStatus.CONFLICT),
    (UsageError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NoDaemon, HTTPStatus.SERVICE_UNAVAILABLE),
    (NoAnswer, HTTPStatus.SERVICE_UNAVAILABLE),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_HEADINGS = {
    HTTPStatus.FORBIDDEN: "Not allowed",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.CONFLICT: "Not possible",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Not understood",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available now",
}
_UNKNOWN_PAGE = "there is no such page"


def http_status(error: MonitorError) -> HTTPStatus:
    """Return the status that an answer with this error has."""
    found = (status for kind, status in _STATUSES if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


def show_error(request: Request, error: Exception) -> Response:
    """Answer with the sentence of an error of ours."""
    if not isinstance(error, MonitorError):
        raise error
    if _is_of_program(request):
        return _json_error(error, status=http_status(error))
    return error_page(request, error, status=http_status(error))


def show_http_error(request: Request, error: Exception) -> Response:
    """Answer with the sentence of what is wrong with a request as such."""
    if not isinstance(error, HTTPException):
        raise error
    is_unknown = error.status_code == HTTPStatus.NOT_FOUND and error.detail == HTTPStatus.NOT_FOUND.phrase
    shown = MonitorError(_UNKNOWN_PAGE if is_unknown else error.detail)
    make = _json_error if _is_of_program(request) else partial(error_page, request)
    answer = make(shown, status=error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def show_failure(request: Request, _error: Exception) -> Response:
    """Answer what no code here expected; the guard around the application logs it."""
    return refuse(FAILED, request.scope)


def error_page(request: Request, error: MonitorError, *, status: int, instead: str = "", back: str = "/") -> Response:
    """Answer with one error; instead: the command line that does it without this page; back: a path of ours."""
    return render(
        request,
        "error.html.j2",
        status=status,
        error=error,
        heading=_HEADINGS.get(HTTPStatus(status), HTTPStatus(status).phrase),
        instead=instead,
        to=back,
    )


def _is_of_program(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _json_error(error: MonitorError, *, status: int) -> Response:
    """Answer with the error object that a command prints with `--json`."""
    text = json_line({"error": error_row(error)})
    return Response(encoded(text), status_code=status, media_type="application/json")


def encoded(text: str) -> bytes:
    """Encode JSON; a lone surrogate becomes its escape, as on the output of a command."""
    return text.encode("utf-8", "backslashreplace")
