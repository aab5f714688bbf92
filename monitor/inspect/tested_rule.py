"""Read a rule that a person tries, and take it apart into the conditions that a release is held against.

A rule is a query, or a regular expression between slashes. Each condition becomes a watchlist of its own, so that one
matcher reads a release once for all of them; `TestedRule.judge` then needs the names of those that match alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.config import caret_excerpt
from monitor.match.document import FIELDS
from monitor.match.matcher import Matcher
from monitor.match.nodes import And, Node, Not, Or, Scoped, to_query
from monitor.match.query import NO_ALIASES, Aliases, QueryFault, ambiguity_warning, parse
from monitor.match.watchlist import Watchlist

MAX_PARTS = 32  # conditions that are counted one by one
_RULE, _COMPARED, _COUNTED = "rule", "compared", "counted"  # names of watchlists in the matcher; parts have numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePart:
    """One condition of a rule, as `explain` names it."""

    text: str  # written as a query
    watchlist: Watchlist  # that finds the releases which have it
    is_excluding: bool = False  # whether a release must not have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of one release."""

    matches: bool
    was_matched: bool  # by the compared watchlist; without one the same as `matches`
    is_near: bool  # exactly one part excluded it
    parts: int  # bit n: it has part n, whether that must be there or not


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaf:
    """One part in the formula of a rule."""

    number: int
    is_excluding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joint:
    """Several parts of which all must hold, or any."""

    needs_all: bool
    parts: tuple[_Formula, ...]


_Formula = _Leaf | _Joint


@dataclass(frozen=True, kw_only=True)
class TestedRule:
    """A rule that is tried, and the watchlist in force that it is compared with."""

    __test__ = False  # it is no test of pytest's

    watchlist: Watchlist
    compared: Watchlist | None = None
    aliases: Aliases = field(default_factory=lambda: NO_ALIASES)
    query: str = ""  # how the rule was read, brackets written out
    warning: str = ""  # why it may mean something else than its author thinks
    parts: tuple[RulePart, ...] = ()  # at most MAX_PARTS
    part_count: int = 0  # those that are not counted, too
    _conditions: tuple[_Formula, ...] = field(default=(), repr=False)  # of which a matching release fulfils all
    _excludes: tuple[_Formula, ...] = field(default=(), repr=False)  # the same, of what its settings exclude

    def matcher(self) -> Matcher:
        """Return a matcher whose names `judge` understands."""
        watchlists = [replace(self.watchlist, name=_RULE)]
        if self.compared:
            watchlists.append(replace(self.compared, name=_COMPARED))
        if self.watchlist.min_hits > 1:
            watchlists.append(replace(self.watchlist, name=_COUNTED, exclude=(), sources=frozenset()))
        numbered = (replace(part.watchlist, name=str(number)) for number, part in enumerate(self.parts))
        return Matcher([*watchlists, *numbered], self.aliases)

    def judge(self, names: Collection[str], source: str) -> Verdict:
        """Return the result of a release of a source, from the watchlists of `matcher` that match it."""
        matches = _RULE in names
        parts = sum(1 << int(name) for name in names if name.isdigit())
        return Verdict(
            matches=matches,
            was_matched=_COMPARED in names if self.compared else matches,
            is_near=not matches and self._is_near(parts, names, source),
            parts=parts,
        )

    def excluding_parts(self, parts: int) -> frozenset[str]:
        """Return the texts of the parts for which the conditions fail that a release with these parts fails."""
        failed = _failed([*self._conditions, *self._excludes], parts)
        return frozenset(self.parts[leaf.number].text for one in failed for leaf in _leaves(one))

    def _is_near(self, parts: int, names: Collection[str], source: str) -> bool:
        """Return whether exactly one condition fails, while something that must be there is there."""
        if self.part_count > len(self.parts):
            return False
        failed, excluding = _failed(self._conditions, parts), _failed(self._excludes, parts)
        is_counted = self.watchlist.min_hits == 1 or _COUNTED in names or bool(failed)
        is_covered = not self.watchlist.sources or source in self.watchlist.sources
        has_some = any(one not in failed and not _is_excluding(one) for one in self._conditions)
        return has_some and len(failed) + len(excluding) + (not is_counted) + (not is_covered) == 1


def read_rule(
    text: str, *, compared: Watchlist | None = None, settings: Watchlist | None = None, aliases: Aliases = NO_ALIASES
) -> TestedRule:
    """Read a query, or a regular expression between slashes.

    settings: a watchlist whose other settings count for the rule, such as its fields. Raises QueryFault with an excerpt
    that points at the fault, and UsageError for another rule that is not valid.
    """
    text = text.strip()
    plain = replace(settings or Watchlist(name=""), name="", keywords=(), query="", regex="")
    is_regex = len(text) > 2 and text.startswith("/") and text.endswith("/")
    try:
        rule = _regex_rule(text[1:-1], plain) if is_regex else _query_rule(text, plain, aliases)
    except QueryFault as fault:
        fault.excerpt = caret_excerpt(text, fault.column)
        raise
    rule = replace(rule, compared=compared, aliases=aliases)
    rule.matcher()  # raises for what is not valid
    return rule


def _regex_rule(regex: str, plain: Watchlist) -> TestedRule:
    made = _Parts(plain)
    return made.rule(replace(plain, regex=regex), f"regex {regex}", [made.regex(regex)])


def _query_rule(text: str, plain: Watchlist, aliases: Aliases) -> TestedRule:
    node = parse(text, aliases)
    made = _Parts(plain)
    read = made.rule(replace(plain, query=text), to_query(node), made.conditions(node))
    return replace(read, warning=ambiguity_warning(text, aliases) or "")


class _Parts:
    """The parts of one rule, each once, and the formulas over them."""

    def __init__(self, plain: Watchlist) -> None:
        self._bare = replace(plain, exclude=(), sources=frozenset(), min_hits=1)
        self._numbers: dict[RulePart, int] = {}

    def rule(self, watchlist: Watchlist, query: str, conditions: Sequence[_Formula]) -> TestedRule:
        """Return the rule, with what its settings exclude as further conditions."""
        excludes = [
            self._leaf(f"exclude {text}", is_excluding=True, keywords=(text,), fields=FIELDS)
            for text in watchlist.exclude
        ]
        return TestedRule(
            watchlist=watchlist,
            query=query,
            parts=tuple(self._numbers)[:MAX_PARTS],
            part_count=len(self._numbers),
            _conditions=tuple(conditions),
            _excludes=tuple(excludes),
        )

    def regex(self, text: str) -> _Formula:
        """Return the formula of a regular expression."""
        return self._leaf(text, regex=text)

    def conditions(self, node: Node, within: str = "") -> list[_Formula]:
        """Return the formulas of which all must hold; within: the field of a node, "" for any."""
        if isinstance(node, Scoped):
            return self.conditions(node.part, node.field)
        return [self._formula(part, within) for part in (node.parts if isinstance(node, And) else (node,))]

    def _formula(self, node: Node, within: str, *, is_negated: bool = False, is_whole: bool = False) -> _Formula:
        """Return the formula of one node; is_whole: it is under a NOT, which covers the whole release."""
        match node:
            case And() | Or():
                parts = [self._formula(one, within, is_negated=is_negated, is_whole=is_whole) for one in node.parts]
                return _Joint(needs_all=isinstance(node, And) != is_negated, parts=tuple(parts))
            case Scoped():
                return self._formula(node.part, node.field, is_negated=is_negated, is_whole=is_whole)
            case Not() if is_negated or not _is_query(node.part):  # NOT under NOT is no query of its own
                return self._formula(node.part, within, is_negated=not is_negated, is_whole=True)
            case Not():
                return self._leaf(
                    _scoped(node, within), is_excluding=True, query=_scoped(node.part, within), fields=FIELDS
                )
        text = _scoped(node, within)
        fields = FIELDS if is_whole else self._bare.fields
        return self._leaf(f"NOT {text}" if is_negated else text, is_excluding=is_negated, query=text, fields=fields)

    def _leaf(self, text: str, *, is_excluding: bool = False, **rule: Any) -> _Leaf:
        """Return the formula of a part that a watchlist with this rule finds."""
        part = RulePart(text=text, watchlist=replace(self._bare, **rule), is_excluding=is_excluding)
        return _Leaf(number=self._numbers.setdefault(part, len(self._numbers)), is_excluding=is_excluding)


def _scoped(node: Node, within: str) -> str:
    return to_query(Scoped(field=within, part=node) if within else node)


def _is_query(node: Node) -> bool:
    try:
        parse(to_query(node))
    except QueryFault:
        return False
    return True


def _failed(conditions: Sequence[_Formula], parts: int) -> list[_Formula]:
    return [one for one in conditions if not _holds(one, parts)]


def _holds(formula: _Formula, parts: int) -> bool:
    if isinstance(formula, _Leaf):
        return bool(parts >> formula.number & 1) != formula.is_excluding
    return (all if formula.needs_all else any)(_holds(part, parts) for part in formula.parts)


def _is_excluding(formula: _Formula) -> bool:
    """Return whether it asks only for what must not be there."""
    return all(leaf.is_excluding for leaf in _leaves(formula))


def _leaves(formula: _Formula) -> Iterator[_Leaf]:
    if isinstance(formula, _Leaf):
        yield formula
        return
    for part in formula.parts:
        yield from _leaves(part)
