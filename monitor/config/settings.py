"""A configuration → its settings one by one, defaults too, each with the line it comes from; secrets masked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from monitor.config.models import Config, Section, Text
from monitor.config.serialize import spelled

Reader = Callable[[str], object] | None  # of a setting's text


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that is in force."""

    path: str  # dotted
    value: object  # as `spelled` gives it; None: not set
    line: int | None  # in the file; None: the default


def settings(config: Config) -> Iterator[Setting]:
    """Every setting, in the order of the models and, among the user's own names, of the file."""
    return _settings(config, "", config)


def _settings(part: object, path: str, config: Config, reader: Reader = None) -> Iterator[Setting]:
    if isinstance(part, Section):
        for key, setting in type(part).model_fields.items():
            yield from _settings(getattr(part, key), _below(path, key), config, _reader(setting))
    elif isinstance(part, Mapping) and part:
        for key, value in part.items():
            yield from _settings(value, _below(path, key), config)
    elif isinstance(part, tuple) and part and isinstance(part[0], Section):
        for number, value in enumerate(part):
            yield from _settings(value, f"{path}[{number}]", config)
    else:
        yield Setting(path=path, value=_shown(part, path, config, reader), line=config.origin(path)[0] or None)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _reader(setting: FieldInfo) -> Reader:
    """The function that reads this setting's text; None: pydantic itself."""
    inner = (mark for part in get_args(setting.annotation) for mark in getattr(part, "__metadata__", ()))
    marks = (mark.func for mark in (*setting.metadata, *inner) if isinstance(mark, BeforeValidator))
    return next((mark.parse for mark in marks if isinstance(mark, Text)), None)


def _shown(value: object, path: str, config: Config, reader: Reader) -> object:
    """What `${…}` made is shown as the file has it."""
    if isinstance(value, tuple):
        return [_shown(one, f"{path}[{number}]", config, reader) for number, one in enumerate(value)]
    return config.reference(path) if config.is_interpolated(path) else spelled(value, reader)
