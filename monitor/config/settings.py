"""List the settings of a configuration, defaults included, each with the line it comes from and secrets masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.config.models import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting in effect."""

    path: str  # dotted
    keys: tuple[str | int, ...]  # the same in parts; a name may have dots, too
    value: object  # as text where the file has text; None: not set
    line: int | None  # in the file; None: the default


def settings(config: Config) -> Iterator[Setting]:
    """Yield every setting in the order of the models; the user's own names keep the order of the file."""
    return _settings(config.model_dump(), "", (), config)


def _settings(part: object, path: str, keys: tuple[str | int, ...], config: Config) -> Iterator[Setting]:
    if isinstance(part, dict) and part:
        for key, value in part.items():
            yield from _settings(value, f"{path}.{key}" if path else key, (*keys, key), config)
    elif isinstance(part, tuple) and part and isinstance(part[0], dict):
        for number, value in enumerate(part):
            yield from _settings(value, f"{path}[{number}]", (*keys, number), config)
    else:
        line = config.origin(path)[0] or None
        yield Setting(path=path, keys=keys, value=_json_value(part, path, config), line=line)


def _json_value(value: object, path: str, config: Config) -> object:
    """Return a value for output; an interpolated one as it is written in the file."""
    if isinstance(value, tuple):
        return [_json_value(one, f"{path}[{number}]", config) for number, one in enumerate(value)]
    return config.reference(path) if config.is_interpolated(path) else value
