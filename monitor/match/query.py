"""Parse the text of a query into its tree, or raise one fault with its column, cause and fix.

The grammar is docs/query-grammar.ebnf; each method of the parser reads one rule of it. One look ahead, no
backtracking: the cost grows with the length of the text, and brackets nest at most DEPTH deep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from monitor.errors import UsageError
from monitor.match.alias_loops import alias_groups
from monitor.match.document import FIELDS
from monitor.match.keywords import keyword_fault, term_fault
from monitor.match.nodes import And, Count, Link, Near, Node, Not, Or, Scoped, Term, joined, to_query

Aliases = Mapping[str, Sequence[str]]
NO_ALIASES: Aliases = MappingProxyType({})
DEPTH = 20  # brackets in brackets
LENGTH = 10_000  # characters
LINKS = 5  # NEAR in one chain: each visits all positions of its words

_OPEN, _CLOSE, _PHRASE, _WORD, _FIELD, _MINUS, _EXACT, _OPERATOR, _END = range(9)
_LEXEME = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\))
    | "(?P<straight>[^"]*)" | “(?P<curly>[^”]*)”
    | (?P<quote>["“”])
    | (?P<minus>[-−–](?=[^\s-])) | (?P<exact>=)
    | (?P<field>[A-Za-z]+):(?=["“()\s]|$)
    | (?P<named>title|body|category):
    | (?P<word>[^\s()"“”]+)
    )""",
    re.VERBOSE,
)
_KIND = {"open": _OPEN, "close": _CLOSE, "straight": _PHRASE, "curly": _PHRASE, "minus": _MINUS, "exact": _EXACT}
_KIND |= {"field": _FIELD, "named": _FIELD, "word": _WORD}
_OPERATORS = re.compile(r"AND|OR|NOT|(?:NEAR|ONEAR|ATLEAST)(?:/.*)?")
_LOWER = re.compile(r"and|or|not|(?:o?near|atleast)/\d+", re.IGNORECASE)
_COUNTED = re.compile(r"(NEAR|ONEAR|ATLEAST)/([0-9]{1,4})")
_SIGNS = {"&": "AND", "&&": "AND", "+": "AND", "|": "OR", "||": "OR", ",": "OR", "!": "NOT", "-": "NOT"}
_QUOTES = re.compile('["“”]')


class QueryFault(UsageError):
    """A query that cannot be read; the column counts characters from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message, where=f"column {column}")
        self.column = column


class _Lexeme(NamedTuple):
    kind: int
    text: str
    column: int


def parse(text: str, aliases: Aliases = NO_ALIASES) -> Node:
    """Return the tree of a query, aliases expanded. Raises QueryFault."""
    return _Parser(text, aliases).query()


def ambiguity_warning(text: str, aliases: Aliases = NO_ALIASES) -> str | None:
    """Return a warning if AND and OR are mixed without brackets; None: it is clear. Raises QueryFault."""
    parser = _Parser(text, aliases)
    node = parser.query()
    return f"AND and OR are mixed without brackets; read as {to_query(node)}" if parser.is_mixed else None


def alias_fault(name: str, entries: Sequence[str], aliases: Aliases) -> tuple[int, str] | None:
    """Return what is wrong with an alias: the number of the entry (-1: its name) and a sentence; None: nothing."""
    return _alias_fault(name, entries, leads_back=lambda entry: name in _names_from(entry, aliases))


def alias_faults(aliases: Aliases) -> Mapping[str, tuple[int, str] | None]:
    """Return for each alias what `alias_fault` does, in time linear in the entries however they lead on."""
    groups = alias_groups(aliases)
    return {
        name: _alias_fault(name, entries, leads_back=lambda entry, group=groups[name]: groups.get(entry) == group)  # type: ignore[misc]
        for name, entries in aliases.items()
    }


def _alias_fault(name: str, entries: Sequence[str], *, leads_back: Callable[[str], bool]) -> tuple[int, str] | None:
    is_operator = _OPERATORS.fullmatch(name) or _LOWER.fullmatch(name)
    if is_operator or _LEXEME.sub("", name, count=1) or term_fault(name, is_quoted=False) or "*" in name:
        return -1, f"'{name}' cannot name an alias; use one word of letters and digits that is no operator"
    for number, entry in enumerate(entries):
        fault = keyword_fault(entry)
        if not fault and entry.partition(":")[0] in FIELDS and ":" in entry:
            fault = "an alias holds words and phrases; write the field where the alias is used"
        if not fault and leads_back(entry):
            fault = f"alias {name} refers to itself; leave this entry out"
        if fault:
            return number, fault
    return None


def expansion(name: str, aliases: Aliases) -> Node:
    """Return an alias as an OR of its own name and all it leads to, each once."""
    entries = aliases[name]
    names = dict.fromkeys(other for entry in entries for other in _names_from(entry, aliases))
    texts = dict.fromkeys([*entries, *(entry for other in names for entry in aliases[other])])
    terms = [
        Term(text=_QUOTES.sub(" ", text.removeprefix("=").strip()), is_exact=text.startswith("="), is_quoted=True)
        for text in map(str.strip, texts)
    ]
    return joined(Or, [Term(text=name, is_quoted=True), *terms])


class _Parser:
    """A parser that reads a query from left to right; `_here` is the next lexeme."""

    def __init__(self, text: str, aliases: Aliases) -> None:
        self.is_mixed = False  # AND and OR side by side without brackets
        self._was_joined = False  # whether AND stood in what `_joined` read last
        self._expansions: dict[str, Node] = {}
        self._aliases = aliases
        self._lexemes = _lexemes(text)
        self._at = 0
        self._depth = 0
        self._field = ""  # of the brackets we are in

    @property
    def _here(self) -> _Lexeme:
        return self._lexemes[self._at]

    def query(self) -> Node:
        """query = choice ;"""
        if self._here.kind == _END:
            raise QueryFault("the query is empty; write a word or a phrase", 1)
        node = self._choice()
        if self._here.kind == _CLOSE:
            self._fail("this bracket was never opened; leave it out, or open it with (")
        if not _is_anchored(node):
            raise QueryFault("NOT alone would match nearly every release; add a word that must be there", 1)
        return node

    def _choice(self) -> Node:
        """choice = joined, { "OR", joined } ;"""
        parts = [self._conjunction()]
        has_joined = self._was_joined
        while self._accept("OR"):
            parts.append(self._conjunction())
            has_joined = has_joined or self._was_joined
        self.is_mixed = self.is_mixed or (has_joined and len(parts) > 1)
        return joined(Or, parts)

    def _conjunction(self) -> Node:
        """joined = item, { "AND", item | negation } ;"""
        parts, has_and = [self._item()], False
        while True:
            if self._accept("AND"):
                has_and = True
            elif not self._is_negation():
                break
            parts.append(self._item())
        self._check_next()
        self._was_joined = has_and
        return joined(And, parts)

    def _item(self) -> Node:
        """item = negation | chain ; negation = ( "NOT" | "-" ), atom ;"""
        if not self._is_negation():
            return self._chain()
        self._at += 1
        if self._is_negation():
            self._fail("NOT is here twice; remove one")
        part = self._atom()
        if self._is_operator("NEAR", "ONEAR"):
            self._fail(f"{self._here.text} would be next to a NOT; write NOT (a NEAR/5 b)")
        return Not(part=part)

    def _chain(self) -> Node:
        """chain = atom, { ( "NEAR" | "ONEAR" ), "/", number, atom } ;"""
        column = self._here.column
        parts = [self._atom()]
        links: list[Link] = []
        while self._is_operator("NEAR", "ONEAR"):
            _check_link_end(parts[-1], column)
            if len(links) == LINKS:
                self._fail(f"a chain of more than {LINKS} NEAR; join two shorter ones with AND")
            links.append(Link(distance=self._number(0, 100), is_ordered=self._here.text.startswith("O")))
            self._at += 1
            column = self._here.column
            if self._is_negation():
                self._fail("NOT cannot be next to NEAR; write a NEAR/5 b NOT c")
            parts.append(self._atom())
        if not links:
            return parts[0]
        _check_link_end(parts[-1], column)
        return Near(parts=tuple(parts), links=tuple(links))

    def _atom(self) -> Node:
        """atom = field, ":", atom | "ATLEAST", "/", number, group | group | [ "=" ], ( word | phrase ) ;"""
        here = self._here
        if here.kind == _FIELD:
            return self._field_scope()
        if here.kind == _OPEN:
            return self._group()
        if self._is_operator("ATLEAST"):
            return self._counted()
        if here.kind in (_OPERATOR, _CLOSE, _END):
            self._fail(self._missing())
        return self._term()

    def _field_scope(self) -> Node:
        name, column = self._here.text, self._here.column
        if name not in FIELDS:
            from difflib import get_close_matches

            close = get_close_matches(name.lower(), FIELDS, n=1)
            fix = f"did you mean {close[0]}:?" if close else "the fields are title:, body: and category:"
            self._fail(f"unknown field '{name}:' — {fix}")
        if self._field:
            self._fail(f"{name}: is inside {self._field}:(…); a word is in one field, so write one of them")
        self._at += 1
        if self._here.kind not in (_WORD, _PHRASE, _EXACT, _OPEN) and not self._is_operator("ATLEAST"):
            raise QueryFault(f"nothing follows {name}:; write {name}:word or {name}:(this OR that)", column)
        self._field = name
        part = self._atom()
        self._field = ""
        return Scoped(field=name, part=part)

    def _group(self) -> Node:
        """group = "(", choice, ")" ;"""
        opened = self._here.column
        self._at += 1
        self._depth += 1
        if self._depth > DEPTH:
            raise QueryFault(f"brackets nest more than {DEPTH} deep; take some out", opened)
        if self._here.kind == _CLOSE:
            raise QueryFault("there is nothing in these brackets; write a word or leave them out", opened)
        node = None if self._here.kind == _END else self._choice()
        if node is None or self._here.kind != _CLOSE:
            raise QueryFault("this bracket is never closed; put ) where it ends", opened)
        self._at += 1
        self._depth -= 1
        return node

    def _counted(self) -> Node:
        least, column = self._number(1, 1000), self._here.column
        operator = self._here.text
        self._at += 1
        if self._here.kind != _OPEN:
            raise QueryFault(f"{operator} needs brackets; write {operator}(word)", column)
        part = self._group()
        if not _is_countable(part):
            message = f"{operator} counts words and phrases; AND, NOT and ATLEAST cannot be in its brackets"
            raise QueryFault(message, column)
        return Count(least=least, part=part)

    def _term(self) -> Node:
        is_exact = self._here.kind == _EXACT
        column = self._here.column
        self._at += is_exact
        here = self._here
        if here.kind not in (_WORD, _PHRASE):
            raise QueryFault("nothing follows '='; write =word without a space", column)
        self._at += 1
        if here.kind == _WORD and _LOWER.fullmatch(here.text):
            operator = here.text.upper()
            raise QueryFault(f"'{here.text}' in lower case is a word; write {operator}, or quote the word", here.column)
        if here.kind == _WORD and here.text in _SIGNS:
            raise QueryFault(f"'{here.text}' is no operator; write {_SIGNS[here.text]}", here.column)
        if fault := term_fault(here.text, is_quoted=here.kind == _PHRASE):
            raise QueryFault(fault, here.column)
        if here.kind == _WORD and not is_exact and here.text in self._aliases:
            return self._alias(here)
        return Term(text=here.text, is_exact=is_exact, is_quoted=here.kind == _PHRASE)

    def _alias(self, here: _Lexeme) -> Node:
        if here.text not in self._expansions:
            if fault := alias_fault(here.text, self._aliases[here.text], self._aliases):
                raise QueryFault(f"alias {here.text} cannot be used: {fault[1]}", here.column)
            self._expansions[here.text] = expansion(here.text, self._aliases)
        return self._expansions[here.text]

    def _number(self, least: int, most: int) -> int:
        """Return the number of the operator that comes next."""
        name = self._here.text.partition("/")[0]
        found = _COUNTED.fullmatch(self._here.text)
        if not found and "/" not in self._here.text:
            self._fail(f"{name} needs a number; write {name}/{max(least, 5)}")
        if not found or not least <= int(found[2]) <= most:
            self._fail(f"{name}/{least} to {name}/{most} only; '{self._here.text}' is none of them")
        return int(found[2])

    def _check_next(self) -> None:
        """Raise unless an operator, a closing bracket or the end comes next."""
        here = self._here
        if here.kind in (_END, _CLOSE) or (here.kind == _OPERATOR and here.text == "OR"):
            return
        if here.kind == _WORD and _LOWER.fullmatch(here.text):
            self._fail(f"'{here.text}' in lower case is a word; write {here.text.upper()}, or quote the phrase")
        if here.kind == _WORD and here.text in _SIGNS:
            self._fail(f"'{here.text}' is no operator; write {_SIGNS[here.text]}")
        if self._is_operator("NEAR", "ONEAR"):
            self._fail(f"{here.text} is next to a NOT; write a NEAR/5 b NOT c")
        name = {_FIELD: f"{here.text}:", _OPEN: "(", _EXACT: "="}.get(here.kind, here.text)
        self._fail(f"put AND or OR before '{name}', or quote the phrase")

    def _accept(self, operator: str) -> bool:
        is_next = self._is_operator(operator)
        self._at += is_next
        return is_next

    def _is_operator(self, *names: str) -> bool:
        return self._here.kind == _OPERATOR and self._here.text.partition("/")[0] in names

    def _is_negation(self) -> bool:
        return self._here.kind == _MINUS or self._is_operator("NOT")

    def _missing(self) -> str:
        here, before = self._here, self._lexemes[self._at - 1] if self._at else None
        after = f" after {before.text}" if before and before.kind == _OPERATOR else ""
        if here.kind == _END:
            return f"the query ends{after or ' here'}; write the word that belongs there"
        what = "this bracket" if here.kind == _CLOSE else here.text
        if before is None and here.kind == _CLOSE:
            return "this bracket was never opened; leave it out, or open it with ("
        if before is None or before.kind == _OPEN:
            return f"{what} is at the beginning; write a word before it, or quote it if it is one"
        return f"a word is missing between {before.text if after else 'the part before'} and {what}"

    def _fail(self, message: str) -> NoReturn:
        raise QueryFault(message, self._here.column)


def _lexemes(text: str) -> list[_Lexeme]:
    if len(text) > LENGTH:
        raise QueryFault(f"longer than {LENGTH} characters; split it into several watchlists", LENGTH + 1)
    found = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _LEXEME.match(text, at)
        assert match is not None  # noqa: S101 - every character except space begins some lexeme
        name = match.lastgroup or ""
        column = match.start() + len(match.group()) - len(match.group().lstrip()) + 1
        if name == "quote":
            raise QueryFault("this quote is never closed; put another one where the phrase ends", column)
        kind, words = _KIND[name], match[name]
        if kind == _WORD and _OPERATORS.fullmatch(words):
            kind = _OPERATOR
        found.append(_Lexeme(kind, _QUOTES.sub(" ", words) if kind == _PHRASE else words, column))
        at = match.end()
    return [*found, _Lexeme(_END, "", end + 1)]


def _is_countable(node: Node) -> bool:
    """Return whether its positions can be counted: words, phrases, chains, and OR over them."""
    if isinstance(node, Scoped):
        return _is_countable(node.part)
    return all(map(_is_countable, node.parts)) if isinstance(node, Or) else not isinstance(node, And | Not | Count)


def _is_anchored(node: Node) -> bool:
    """Return whether some word must be there for it to match."""
    match node:
        case And():
            return any(map(_is_anchored, node.parts))
        case Or():
            return all(map(_is_anchored, node.parts))
        case Scoped():
            return _is_anchored(node.part)
    return not isinstance(node, Not)


def _check_link_end(node: Node, column: int) -> None:
    if isinstance(node, Scoped):
        raise QueryFault(f"a field is next to NEAR; write {node.field}:(a NEAR/5 b)", column)
    parts = node.parts if isinstance(node, Or) else (node,)
    if not all(isinstance(part, Term) for part in parts):
        raise QueryFault("only words, phrases and OR can be next to NEAR; a chain needs no brackets", column)


def _names_from(entry: str, aliases: Aliases) -> set[str]:
    """Return the aliases that an entry leads to, over any number of steps."""
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in aliases and name not in found:
            found.add(name)
            waiting.extend(aliases[name])
    return found
