"""Write a tried rule as the lines of a configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.inspect.tested_rule import TestedRule
from monitor.match.watchlist import Watchlist

if TYPE_CHECKING:
    from monitor.config import Config

NEW_NAME = "my-rule"  # of a rule that is compared with no watchlist
_SIMPLE = re.compile(r"[^\W\d_][\w-]*")
_YAML_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
_MATCHING = ("exclude:", "fields:", "min_hits:", "sources:", "case:", "inflect:")
_RULES = ("keywords", "query", "regex")


def rule_settings(config: Config, name: str) -> tuple[str, ...]:
    """Return the other settings of a watchlist that decide what it matches, such as `min_hits: 2`; "" has none."""
    return tuple(line.strip() for line in _other_settings(config, name) if line.strip().startswith(_MATCHING))


def rule_yaml(config: Config, rule: TestedRule) -> str:
    """Return the lines that a configuration needs for a rule, in place of the watchlist that it is compared with."""
    watchlist, name = rule.watchlist, rule.compared.name if rule.compared else ""
    form = "regex" if watchlist.regex else "query"
    has_settings = rule.compared is not None and _settings(rule.compared) == _settings(watchlist)
    others = [line for line in _other_settings(config, name) if has_settings or not line.strip().startswith(_MATCHING)]
    head = ["watchlists:", f"  {_key(name or NEW_NAME)}:", f"    {form}: {_quoted(watchlist.regex or watchlist.query)}"]
    return "\n".join([*head, *others]) + "\n"


def _settings(watchlist: Watchlist) -> Watchlist:
    return replace(watchlist, name="", keywords=(), query="", regex="")


def _other_settings(config: Config, name: str) -> Iterator[str]:
    """Yield the lines of a watchlist that are no rule, as the file has them."""
    watchlist = config.watchlists.get(name)
    for key, value in watchlist.model_dump(exclude_unset=True).items() if watchlist else ():
        if key not in _RULES:
            yield f"    {key}: {_flow(value, f'watchlists.{name}.{key}', config)}"


def _flow(value: object, path: str, config: Config) -> str:
    """Return a setting in one line of YAML."""
    if isinstance(value, dict):
        each = (f"{key}: {_flow(one, f'{path}.{key}', config)}" for key, one in value.items() if one is not None)
        return "{" + ", ".join(each) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_flow(one, f"{path}[{number}]", config) for number, one in enumerate(value)) + "]"
    if isinstance(value, bool | int):
        return str(value).lower()
    if config.is_interpolated(path):
        return json.dumps(config.reference(path), ensure_ascii=False)
    text = str(value)
    return text if _SIMPLE.fullmatch(text) and text.lower() not in _YAML_WORDS else _quoted(text)


def _key(name: str) -> str:
    return name if _SIMPLE.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    """Return a text in the quotes of YAML; the dollar of a reference is doubled."""
    text = text.replace("$", "$$")
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else json.dumps(text)
