"""What a machine asks over HTTP → a page; which there are, and what they say, is the daemon's matter.

One request a connection. HEAD is answered like GET, without the text; everything else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from monitor.health.liveness import HealthSnapshot, not_ready_reason

_REQUEST = re.compile(rb"([A-Z]{1,10}) (/[!-~]*) HTTP/1\.[01]\r?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer."""

    text: str
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/plain; charset=utf-8"


Routes = Mapping[str, Callable[[], Response]]  # by path


def answer(request: bytes, pages: Routes) -> bytes:
    """The whole answer to the head of a request; of the head only the first line counts."""
    found = _REQUEST.fullmatch(request.partition(b"\n")[0])
    if not found:
        return _written(Response(status=HTTPStatus.BAD_REQUEST, text="this is no HTTP request"))
    method, path = found[1], found[2].partition(b"?")[0].decode()
    if method not in (b"GET", b"HEAD"):
        return _written(Response(status=HTTPStatus.METHOD_NOT_ALLOWED, text="these pages can only be read"))
    if path not in pages:
        return _written(Response(status=HTTPStatus.NOT_FOUND, text=f"there is {', '.join(pages)}"))
    return _written(pages[path](), has_text=method == b"GET")


def alive() -> Response:
    """Whoever can say this lives; nothing else is asked."""
    return Response(text="alive")


def ready(snapshot: HealthSnapshot) -> Response:
    """Whether the daemon does its work, or the first reason why not."""
    reason = not_ready_reason(snapshot)
    return Response(text=reason, status=HTTPStatus.SERVICE_UNAVAILABLE) if reason else Response(text="ready")


def _written(page: Response, *, has_text: bool = True) -> bytes:
    text = page.text.encode("utf-8", "backslashreplace") + b"\n" * (not page.text.endswith("\n"))
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(text)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        *(["Allow: GET, HEAD"] if page.status is HTTPStatus.METHOD_NOT_ALLOWED else []),
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + text * has_text
