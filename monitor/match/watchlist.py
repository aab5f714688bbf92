"""Turn a configured watchlist into rules: one match is enough, unless an excluded rule matches."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from monitor.errors import UsageError
from monitor.frozen import dataclass
from monitor.match.document import FIELDS
from monitor.match.evaluate import Options, Rule, prepare
from monitor.match.keywords import CASES, Keyword, alias_in, read_keyword
from monitor.match.nodes import Node, Or
from monitor.match.query import NO_ALIASES, Aliases, alias_fault, expansion, parse
from monitor.match.regex import read_pattern
from monitor.model import Kind

ON_CHANGE = ("any", "added", "newly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchlist:
    """The interest of one group of people, in exactly one of three forms: keywords, query or regex."""

    name: str
    keywords: tuple[str, ...] = ()  # any one of them is enough
    query: str = ""
    regex: str = ""
    exclude: tuple[str, ...] = ()  # keywords; any one of them anywhere in the release, and it does not match
    fields: tuple[str, ...] = FIELDS
    when: frozenset[Kind] = frozenset(Kind)  # kinds it is alerted of; matches are recorded for every kind
    on_change: str = "any"  # any | added | newly: which changed releases it is alerted of
    min_hits: int = 1  # different positions
    sources: frozenset[str] = frozenset()  # empty: all
    case: str = "smart"  # smart | ignore | exact
    inflect: bool = True  # singular and plural match each other


def rules_of(watchlist: Watchlist, aliases: Aliases = NO_ALIASES) -> tuple[Rule, ...]:
    """Return the rules of which any one is enough, each once. Raises UsageError for a watchlist that is not valid."""
    if fault := next(_faults(watchlist), None):
        raise UsageError(fault, where=watchlist.name)
    if watchlist.regex:
        return (read_pattern(watchlist.regex, fields=watchlist.fields),)
    options = Options(fields=watchlist.fields, case=watchlist.case, inflect=watchlist.inflect)
    if watchlist.query:
        return _choices(prepare(parse(watchlist.query, aliases), options))
    read = (keyword_rule(text, options, aliases) for text in watchlist.keywords)
    return tuple(dict.fromkeys(rule for node in read for rule in _choices(node)))


def excluded(watchlist: Watchlist, aliases: Aliases = NO_ALIASES) -> tuple[Node, ...]:
    """Return the rules of which none may match; they cover the whole release, whatever the watchlist's fields."""
    options = Options(case=watchlist.case, inflect=watchlist.inflect)
    return tuple(keyword_rule(text, options, aliases) for text in watchlist.exclude)


def keyword_rule(text: str, options: Options, aliases: Aliases = NO_ALIASES) -> Node:
    """Prepare a keyword; an alias is expanded to all of its entries. Raises UsageError."""
    alias = alias_in(text, aliases) if aliases else None
    if alias is None:
        return _keyword(text, options)
    field, name = alias
    if fault := alias_fault(name, aliases[name], aliases):
        raise UsageError(fault[1], where=name)
    return prepare(expansion(name, aliases), options, fields=(field,) if field else None)


@lru_cache(maxsize=10_000)
def _keyword(text: str, options: Options) -> Keyword:
    return read_keyword(text, fields=options.fields, case=options.case, inflect=options.inflect)


def _choices(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, Or) else (node,)


def _faults(watchlist: Watchlist) -> Iterator[str]:
    if watchlist.case not in CASES:
        yield f"unknown case {watchlist.case!r}; use {', '.join(CASES)}"
    for field in watchlist.fields:
        if field not in FIELDS:
            yield f"unknown field {field!r}; use {', '.join(FIELDS)}"
    if watchlist.on_change not in ON_CHANGE:
        yield f"unknown on_change {watchlist.on_change!r}; use {', '.join(ON_CHANGE)}"
    if watchlist.min_hits < 1:
        yield "min_hits must be at least 1"
    if sum(map(bool, (watchlist.keywords, watchlist.query, watchlist.regex))) > 1:
        yield "keywords, query and regex exclude each other; keep one of them"
