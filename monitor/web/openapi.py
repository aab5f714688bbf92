"""Describe REST as an OpenAPI document, made from the routes and the schemas of the commands' output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from monitor import __version__
from monitor.web.feeds import FILTERS

if TYPE_CHECKING:
    from monitor.web.api import Action
    from monitor.web.api_verbs import Parameter, Verb

_IN_PATH = re.compile(r"\{(\w+)\}")
_PATH_TEXTS = {"release": "The release's number.", "message": "The message's number.", "name": "The channel's name."}
_PAGING: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "n": ("How many rows; all, where rows come as lines.", {"type": "integer", "minimum": 1, "maximum": 500}),
    "before": ("Newest first, from below this place.", {"type": "string"}),
    "after": ("Oldest first, from behind this place; 0 is the beginning.", {"type": "string"}),
}
_LAST = {
    "type": "object",
    "properties": {
        "last": {"type": "integer", "description": "The id of the newest event; 0: there is none."},
        "count": {"type": "integer", "description": "How many events are newer than `after`; many are not counted."},
        "after": {"type": "string", "description": "What to give as `after` the next time."},
    },
}
# What a program can be told of new events: by path the summary, the media type and what an answer holds.
_LIVE: Mapping[str, tuple[str, str, Mapping[str, Any], Sequence[str]]] = {
    "/latest": ("The id of the newest event.", "application/json", _LAST, FILTERS),
    "/stream": (
        "The same as server-sent events, whenever events are stored; 32 streams at most.",
        "text/event-stream",
        {"type": "string", "description": "Events named `events`; their data is as of /latest."},
        (),
    ),
}
_ERRORS = {
    "404": "What is named does not exist.",
    "422": "A parameter or the body makes no sense as given.",
    "503": "The store cannot be read, or no daemon runs.",
}


def openapi(verbs: Sequence[Verb], actions: Sequence[Action], *, root: str) -> Mapping[str, Any]:
    """Return the document; root: the path below which all of this is reached."""
    names = sorted({*(verb.output for verb in verbs), "order", "error"})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "monitor",
            "version": __version__,
            "summary": "What the commands print with --json, row for row, and the commands that change the monitor.",
        },
        "servers": [{"url": root}],
        "paths": {
            **{verb.path: {"get": _get(verb)} for verb in verbs},
            **{action.path: {"post": _post(action)} for action in actions},
            **{path: {"get": _live(path, *facts)} for path, facts in _LIVE.items()},
        },
        "components": {"schemas": {name: _schema(name) for name in names}},
    }


def _get(verb: Verb) -> Mapping[str, Any]:
    row = _reference(verb.output)
    envelope = {
        "type": "object",
        "properties": {
            "schema_version": {"const": 1},
            "items": {"type": "array", "items": row},
            "next": {"type": ["string", "null"], "description": "The address of the page behind; null: the last one."},
        },
        "required": ["schema_version", "items", "next"],
    }
    content = {
        "application/json": {"schema": envelope},
        "application/x-ndjson": {"schema": {"type": "string", "description": "One row a line."}},
    }
    return {
        "operationId": verb.name,
        "summary": verb.summary,
        "parameters": [*_path_parameters(verb.path), *map(_query_parameter, verb.parameters), *_paging(verb)],
        "responses": {"200": {"description": verb.summary, "content": content}, **_error_responses()},
    }


def _post(action: Action) -> Mapping[str, Any]:
    body = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in action.fields},
        "required": list(action.fields),
        "additionalProperties": False,
    }
    request = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
    done = {"description": "What was done.", "content": {"application/json": {"schema": _reference("order")}}}
    refused = _error("The state of the message does not allow this.")
    return {
        "operationId": action.command,
        "summary": action.summary,
        "parameters": list(_path_parameters(action.path)),
        **(request if action.fields else {}),
        "responses": {"200": done, "409": refused, **_error_responses()},
    }


def _live(
    path: str, summary: str, media_type: str, schema: Mapping[str, Any], filters: Sequence[str]
) -> Mapping[str, Any]:
    text = "The id of the last event that is known."
    after = {"name": "after", "in": "query", "description": text, "schema": {"type": "integer", "minimum": 0}}
    narrowing = [
        {"name": name, "in": "query", "description": "As the timeline has it.", "schema": {"type": "string"}}
        for name in filters
    ]
    return {
        "operationId": path.removeprefix("/"),
        "summary": summary,
        "parameters": [after, *narrowing],
        "responses": {
            "200": {"description": summary, "content": {media_type: {"schema": schema}}},
            **_error_responses(),
        },
    }


def _path_parameters(path: str) -> Iterator[Mapping[str, Any]]:
    for name in _IN_PATH.findall(path):
        schema = {"type": "string"} if name == "name" else {"type": "integer", "minimum": 1}
        yield {"name": name, "in": "path", "required": True, "description": _PATH_TEXTS[name], "schema": schema}


def _query_parameter(parameter: Parameter) -> Mapping[str, Any]:
    schema = {"type": "array", "items": parameter.schema} if parameter.is_repeated else parameter.schema
    return {"name": parameter.name, "in": "query", "description": parameter.text, "schema": schema}


def _paging(verb: Verb) -> Iterator[Mapping[str, Any]]:
    if verb.cursor:
        for name, (text, schema) in _PAGING.items():
            yield {"name": name, "in": "query", "description": text, "schema": schema}


def _error_responses() -> Mapping[str, Any]:
    return {status: _error(text) for status, text in _ERRORS.items()}


def _error(text: str) -> Mapping[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _reference("error")}}}


def _reference(name: str) -> Mapping[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@cache
def _schema(name: str) -> Mapping[str, Any]:
    schema: dict[str, Any] = json.loads(files("monitor").joinpath("schemas", f"{name}.json").read_text("utf-8"))
    del schema["$schema"]
    return schema
