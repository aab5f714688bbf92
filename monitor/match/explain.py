"""Explain part by part why a watchlist matches a release or does not."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from monitor.frozen import dataclass
from monitor.match.document import FIELDS, Document
from monitor.match.evaluate import Options, Rule, matches, prepare
from monitor.match.hits import all_locations, count_hits
from monitor.match.keywords import Keyword
from monitor.match.matcher import MAX_HITS, Matcher
from monitor.match.nodes import And, Count, Near, Node, Not, Or, Scoped, to_query
from monitor.match.query import NO_ALIASES, Aliases, parse
from monitor.match.tokens import GLUED, tokens
from monitor.match.watchlist import Watchlist, excluded, keyword_rule, rules_of
from monitor.model import Release
from monitor.readable import readable

_FIELD_LINE = re.compile(rf"^({'|'.join(FIELDS)}):[ \t]*", re.MULTILINE)
_PUNCTUATION = ".,;:!?\"'()[]{}“”‘’「」『』《》<>"
_MAX_SHOWN = 5  # different spellings of hits that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPart:
    """One condition of a watchlist, and its result in this release."""

    text: str  # written as a query
    matched: bool
    why: str  # what is found where, or what is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The reasons why a watchlist matches a release or does not."""

    matched: bool
    query: str  # how the whole was read, brackets written out
    parts: tuple[QueryPart, ...]  # in the order in which they are written


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text that a watchlist must match, or must not."""

    text: str
    is_match: bool


class Explainer:
    """A watchlist, taken apart once to be explained for many releases; its sources and kinds are not checked."""

    def __init__(self, watchlist: Watchlist, aliases: Aliases = NO_ALIASES) -> None:
        self._matcher = Matcher([watchlist], aliases)
        self._least = watchlist.min_hits
        self._rules = rules_of(watchlist, aliases)
        self._conditions = tuple(_conditions(watchlist, aliases))
        self.query = f"regex {watchlist.regex}" if watchlist.regex else " OR ".join(watchlist.keywords)
        if watchlist.query:
            self.query = to_query(parse(watchlist.query, aliases))

    def explain(self, release: Release) -> Explanation:
        """Return what each part of the watchlist finds in a release."""
        document = Document(release)
        parts = [_part(text, rule, document) for text, rule in self._conditions]
        if self._least > 1:
            parts.append(self._min_hits(document))
        return Explanation(matched=bool(self._matcher.matching(release)), query=self.query, parts=tuple(parts))

    def _min_hits(self, document: Document) -> QueryPart:
        count = count_hits(self._rules, document) if self._rules else 0
        why = f"{count} different {'place' if count == 1 else 'places'}"
        return QueryPart(text=f"min_hits {self._least}", matched=count >= self._least, why=why)


def explain(watchlist: Watchlist, release: Release, aliases: Aliases = NO_ALIASES) -> Explanation:
    """Return what each part of a watchlist finds in a release; its sources and kinds are not checked."""
    return Explainer(watchlist, aliases).explain(release)


def failing_tests(watchlist: Watchlist, tests: Sequence[Example], aliases: Aliases = NO_ALIASES) -> tuple[Example, ...]:
    """Return the examples with another result than they expect.

    A text of several lines is a title with its body; a single line is tried as title, as body and as category.
    Where the text begins with `title:`, `body:` or `category:`, each such line opens that field, and no other is tried.
    """
    matcher = Matcher([watchlist], aliases)
    return tuple(test for test in tests if any(map(matcher.scan, _releases(test.text))) != test.is_match)


def _releases(text: str) -> list[Release]:
    """Return the releases that a test's text may be."""
    text = readable(text.strip("\n"))
    if _FIELD_LINE.match(text):
        _, *pieces = _FIELD_LINE.split(text)
        fields = dict.fromkeys(FIELDS, "")
        for field, said in zip(pieces[::2], pieces[1::2], strict=True):
            fields[field] = f"{fields[field]}\n{said}".strip("\n")
        return [Release(title=fields["title"], body=fields["body"], date=None, category=fields["category"] or None)]
    title, _, body = text.partition("\n")
    views = [Release(title=title, body=body, date=None)]
    if not body:
        views += [Release(title="", body=title, date=None), Release(title="", body="", date=None, category=title)]
    return views


def _conditions(watchlist: Watchlist, aliases: Aliases) -> Iterator[tuple[str, Rule]]:
    """Yield each condition as it is written, and the rule that decides it."""
    options = Options(fields=watchlist.fields, case=watchlist.case, inflect=watchlist.inflect)
    if watchlist.regex:
        yield watchlist.regex, rules_of(watchlist)[0]
    for text in watchlist.keywords:
        yield text, keyword_rule(text, options, aliases)
    if watchlist.query:
        for node, field in _query_conditions(parse(watchlist.query, aliases), ""):
            within: Node = Scoped(field=field, part=node) if field else node
            yield to_query(within), prepare(within, options)
    for text, rule in zip(watchlist.exclude, excluded(watchlist, aliases), strict=True):
        yield f"exclude {text}", Not(part=rule)


def _query_conditions(node: Node, field: str) -> Iterator[tuple[Node, str]]:
    """Yield the parts that AND and OR join, with their field ("": any)."""
    match node:
        case And() | Or():
            for part in node.parts:
                yield from _query_conditions(part, field)
        case Scoped():
            yield from _query_conditions(node.part, node.field)
        case _:
            yield node, field


def _part(text: str, rule: Rule, document: Document) -> QueryPart:
    matched = matches(rule, document)
    if isinstance(rule, Not):
        why = _quoted_hits(rule.part, document) if not matched else "does not occur"
    else:
        why = _quoted_hits(rule, document) if matched else _missing(rule, document)
    return QueryPart(text=text, matched=matched, why=why)


def _quoted_hits(rule: Rule, document: Document) -> str:
    """Return what is found where, each spelling once: `title "FTA", body "FTAs" twice`."""
    found = Counter(
        (field, document.field(field).text[start:end])
        for field, start, end in islice(all_locations([rule], document), MAX_HITS)
    )
    ordered = sorted(found.items(), key=lambda one: FIELDS.index(one[0][0]))
    shown = [
        f'{field} "{" ".join(words.split())}"{f" {count} times" if count > 1 else ""}'
        for (field, words), count in ordered[:_MAX_SHOWN]
    ]
    return ", ".join(shown) + (" and more" if len(ordered) > _MAX_SHOWN else "")


def _missing(rule: Rule, document: Document) -> str:
    match rule:
        case Keyword():
            return _missing_words(rule, document)
        case Near():
            lacking = [part for part in rule.parts if not matches(part, document)]
            return _missing(lacking[0], document) if lacking else "all parts occur, but not near enough"
        case Count():
            count = count_hits([rule.part], document)
            return f"{count} different {'place' if count == 1 else 'places'} only"
        case Or():
            return "no part occurs: " + "; ".join(_missing(part, document) for part in rule.parts[:_MAX_SHOWN])
    return "does not fit anywhere"


def _missing_words(rule: Keyword, document: Document) -> str:
    tokenized_fields = [document.field(field) for field in rule.fields]
    where = " or ".join(rule.fields)
    shortest = {word: min(word.forms, key=lambda form: (len(form), form)) for word in rule.words}
    for word, form in shortest.items():
        if not any(tokenized.has(word) for tokenized in tokenized_fields):
            return _absent(form, [tokenized.text for tokenized in tokenized_fields], where)
    for word, form in shortest.items():
        if not any(tokenized.positions_of(word) for tokenized in tokenized_fields):
            return f"'{form}' occurs, but not in the required capital letters"
    return f"its words occur, but not side by side in {where}"


def _absent(form: str, texts: Sequence[str], where: str) -> str:
    """Say that a word does not occur, or that it does inside other words, which it does not find."""
    part = form.removeprefix(GLUED)
    readable = [unicodedata.normalize("NFKC", text).casefold() for text in texts]
    # Its letters stand side by side, or with accents, points or commas that a word is compared without.
    around = list(dict.fromkeys(chain.from_iterable(_words_around(part, text) for text in readable))) or list(
        dict.fromkeys(token.raw for text in texts for token in tokens(text) if part in token.form)
    )
    if not around:
        return f"'{part}' does not occur in {where}"
    others = ", ".join(f"'{word}'" for word in around[:_MAX_SHOWN])
    return f"'{part}' occurs only inside other words in {where}: {others}"


def _words_around(form: str, text: str) -> Iterator[str]:
    """Yield what is between the spaces around each place of a form."""
    at = text.find(form)
    while at >= 0:
        end = next((place for place in range(at, len(text)) if text[place].isspace()), len(text))
        start = next((place + 1 for place in range(at, -1, -1) if text[place].isspace()), 0)
        yield text[start:end].strip(_PUNCTUATION)
        at = text.find(form, end)
