"""List the settings in force, each with its line in the file and secrets masked, for `config show`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from monitor.config.settings import settings
from monitor.inspect.rows import setting_row
from monitor.ports import Row

if TYPE_CHECKING:
    from monitor.config import Config

# Text that stands for itself in YAML without quotes; every scalar of a configuration is text.
_PLAIN = re.compile(r"[\w./][\w./+-]*(?: [\w./+-]+)*")


def setting_rows(config: Config) -> Iterator[Row]:
    """Yield a line of `config show` for every setting, in the order of the reference."""
    return (setting_row(config.file, setting) for setting in settings(config))


class SpelledLine(NamedTuple):
    """One line of the settings in force, as a configuration file would have it."""

    text: str  # with its indentation; secrets masked
    line: int | None  # in the file; None: it is no setting of the file, but a default or the name of a section
    is_default: bool


def spelled_settings(config: Config, *, with_defaults: bool) -> Iterator[SpelledLine]:
    """Yield the settings in force as lines of YAML, in the order of the reference; a default may be left out."""
    above: tuple[str | int, ...] = ()
    for setting in settings(config):
        if setting.line is None and (not with_defaults or setting.value is None):
            continue
        *sections, key = setting.keys
        shared = next((at for at, pair in enumerate(zip(sections, above, strict=False)) if pair[0] != pair[1]), None)
        known = min(len(sections), len(above)) if shared is None else shared
        for depth in range(known, len(sections)):
            yield SpelledLine(_indented(depth, _key(sections[depth])), None, is_default=setting.line is None)
        above = tuple(sections)
        text = _indented(len(sections), f"{_key(key)} {_value(setting.value)}")
        yield SpelledLine(text, setting.line, is_default=setting.line is None)


def _indented(depth: int, text: str) -> str:
    return "  " * depth + text


def _key(key: str | int) -> str:
    return "-" if isinstance(key, int) else f"{_scalar(key)}:"


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_key(key)} {_value(each)}' for key, each in value.items())}}}"
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    return _scalar(str(value))


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    is_readable = '"' in text and text.isprintable()
    return "'" + text.replace("'", "''") + "'" if is_readable else json.dumps(text, ensure_ascii=False)
