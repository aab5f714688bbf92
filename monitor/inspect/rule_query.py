"""Write the rule of a watchlist, or the words of a search, as one query that can be tried and changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitor.config.convert import is_rule_withheld
from monitor.match.document import FIELDS
from monitor.match.nodes import And, Node, Or, Scoped, Term, joined, to_query

if TYPE_CHECKING:
    from monitor.config import Config

_OPERATORS = re.compile(r"AND|OR|NOT|(?:O?NEAR|ATLEAST)(?:/.*)?", re.IGNORECASE)
_ONE_WORD = re.compile(r"\w[\w.*]*")
_QUOTES = re.compile('["“”]')


def rule_query(config: Config, watchlist: str) -> str:
    """Return the rule as `/rules` reads it beside the other settings of its watchlist.

    It is a query, or a regular expression between slashes. "": a part of it comes from a reference that this process
    does not replace.
    """
    if is_rule_withheld(config, watchlist):
        return ""
    found = config.watchlists[watchlist]
    if found.regex:
        return f"/{found.regex}/"
    return found.query or _any_of(found.keywords)


def words_query(words: Sequence[str]) -> str:
    """Return the query that finds the releases in which all of these words and phrases occur."""
    return to_query(joined(And, [_node(word.strip()) for word in words]))


def _any_of(keywords: Sequence[str]) -> str:
    return to_query(joined(Or, [_node(keyword.strip()) for keyword in keywords]))


def _node(keyword: str) -> Node:
    """Return a keyword as a part of a query: a phrase, unless it is one plain word, which may be an alias."""
    field, colon, rest = keyword.partition(":")
    if colon and field in FIELDS:
        return Scoped(field=field, part=_node(rest.strip()))
    is_exact, text = keyword.startswith("="), _QUOTES.sub(" ", keyword.removeprefix("=")).strip()
    is_word = _ONE_WORD.fullmatch(text) is not None and not _OPERATORS.fullmatch(text)
    return Term(text=text, is_exact=is_exact, is_quoted=not is_word)
