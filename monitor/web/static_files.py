"""Serve the style sheet, the script and the icon from memory: no path of a request meets a file system."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"  # the name changes with the content


class _StaticFile(NamedTuple):
    content: bytes
    media_type: str


def serve_static(request: Request) -> Response:
    """Answer with a static file, by its name with the hash of its content."""
    found = _files().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": _FOREVER})


@cache
def static_name(name: str) -> str:
    """Return the name under which a file is served, such as `style.1f2e3d4c.css`. Raises KeyError."""
    stem, _, extension = name.rpartition(".")
    return next(each for each in _files() if each.startswith(f"{stem}.") and each.endswith(f".{extension}"))


@cache
def _files() -> Mapping[str, _StaticFile]:
    found = {}
    for file in files("monitor.web").joinpath("static").iterdir():
        stem, _, extension = file.name.rpartition(".")
        if extension in _TYPES:
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:8]
            found[f"{stem}.{digest}.{extension}"] = _StaticFile(content, _TYPES[extension])
    return found
