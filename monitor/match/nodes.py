"""Represent a query as a tree of frozen values, and write such a tree as a query with every bracket.

The same values serve twice: with `Term` as leaves, as a person wrote the query; with `Keyword` as leaves, prepared
for evaluation, when fields and case are in the leaves and `Scoped` is gone.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.frozen import dataclass
from monitor.match.keywords import Keyword


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word or a phrase."""

    text: str  # without quotes and `=`, with its stars
    is_exact: bool = False  # exactly as written
    is_quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoped:
    """A part that is searched in one field only."""

    field: str
    part: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A chain: each part is near the one before it."""

    parts: tuple[Node, ...]  # at least two; leaves, or Or over leaves
    links: tuple[Link, ...]  # one fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The distance and order of two neighbours in a chain."""

    distance: int  # at most so many words between
    is_ordered: bool = False  # the left one first

    def __str__(self) -> str:
        return f"{'O' if self.is_ordered else ''}NEAR/{self.distance}"


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """All of the parts, anywhere in the release."""

    parts: tuple[Node, ...]  # at least two, none an And, none twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """Any of the parts."""

    parts: tuple[Node, ...]  # at least two, none an Or, none twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """A part that must not match anywhere in the release."""

    part: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A part that matches at least at so many different positions."""

    least: int
    part: Node  # Term, Near, Or and Scoped over them


Node = Term | Keyword | Scoped | Near | And | Or | Not | Count


def joined(kind: type[And | Or], parts: Iterable[Node]) -> Node:
    """Return And or Or in its plain form: none in one of its kind, no part twice, a single part as itself."""
    flat = dict.fromkeys(one for part in parts for one in (part.parts if isinstance(part, kind) else (part,)))
    return kind(parts=tuple(flat)) if len(flat) > 1 else next(iter(flat))


def to_query(node: Node) -> str:
    """Return the query that is read as this tree, with the brackets that precedence implied."""
    match node:
        case Term():
            return ("=" if node.is_exact else "") + (f'"{node.text}"' if node.is_quoted else node.text)
        case Scoped():
            return f"{node.field}:{_bracketed(node.part)}"
        case Not():
            return f"NOT {_bracketed(node.part)}"
        case Count():
            return f"ATLEAST/{node.least}({to_query(node.part)})"
        case Near():
            rest = zip(node.links, node.parts[1:], strict=True)
            return " ".join([_bracketed(node.parts[0]), *(f"{link} {_bracketed(part)}" for link, part in rest)])
        case And():
            return " AND ".join(to_query(part) if isinstance(part, Not) else _bracketed(part) for part in node.parts)
        case Or():
            return " OR ".join(map(_bracketed, node.parts))
        case Keyword():
            return " ".join(min(word.forms) for word in node.words)


def _bracketed(node: Node) -> str:
    return to_query(node) if isinstance(node, Term | Scoped | Count | Keyword) else f"({to_query(node)})"
