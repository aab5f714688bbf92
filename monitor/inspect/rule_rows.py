"""Make the rows of a scan: what stands in a release that a rule matches, and why it matches or does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from monitor.inspect.explain import with_sources
from monitor.inspect.hits import HitFinder
from monitor.inspect.rule_scan import Found, Show
from monitor.inspect.tested_rule import TestedRule
from monitor.match.explain import Explainer, QueryPart
from monitor.model import Snippet
from monitor.records import Archive, Stored

_MAX_TITLE = 300  # characters; a longer one is a broken record or an attack
_SNIPPETS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A release that the rule or the compared watchlist matches, or that one part of the rule excludes."""

    number: int
    version: int
    show: Show  # gained, lost, kept or near
    source: str
    date: date | None  # None: the dump gave none
    category: str | None  # None: the dump gave none
    title: str
    title_hits: tuple[tuple[int, int], ...]  # of the rule; where it lost the release, of the compared watchlist
    snippets: tuple[Snippet, ...]  # likewise; none of the title
    places: int  # likewise: how many there are
    parts: tuple[QueryPart, ...]  # each part of the rule, and its result; of a near release those that exclude it


class RuleRows:
    """The rows of one rule; those of the last page are kept, so that they are made once."""

    def __init__(self, rule: TestedRule) -> None:
        self._rule = rule
        self._finder = HitFinder([rule.watchlist], rule.aliases)
        self._compared = HitFinder([rule.compared] if rule.compared else [], rule.aliases)
        self._explainer = Explainer(rule.watchlist, rule.aliases)
        self._kept: dict[tuple[int, int, Show], RuleRow] = {}

    def read(self, found: Sequence[Found], archive: Archive) -> list[RuleRow]:
        """Return the rows of these releases, as they are now, in this order."""
        stored = {one.number: one for one in archive.heads_of({one.number for one in found})}
        wanted = [(one, stored[one.number]) for one in found if one.number in stored]
        rows = {(one.number, now.version, one.show): (one, now) for one, now in wanted}
        self._kept = {key: self._kept.get(key) or self._row(*each) for key, each in rows.items()}
        return list(self._kept.values())

    def _row(self, found: Found, stored: Stored) -> RuleRow:
        finder = self._compared if found.show is Show.LOST else self._finder
        hits = finder.find(stored.release, source=stored.source)
        title = stored.release.title
        return RuleRow(
            number=stored.number,
            version=stored.version,
            show=found.show,
            source=stored.source,
            date=stored.release.date,
            category=stored.release.category,
            title=title if len(title) <= _MAX_TITLE else f"{title[:_MAX_TITLE]}…",
            title_hits=tuple((hit.start, hit.end) for hit in hits.hits if hit.field == "title"),
            snippets=tuple(one for one in hits.snippets if one.field != "title")[:_SNIPPETS],
            places=sum(count for _, count in hits.totals),
            parts=self._parts(found, stored),
        )

    def _parts(self, found: Found, stored: Stored) -> tuple[QueryPart, ...]:
        rule = self._rule.watchlist
        parts = with_sources(self._explainer.explain(stored.release), rule, stored.source).parts
        if found.show is not Show.NEAR:
            return parts
        failed = [part for part in parts if not part.matched]
        if excluding := self._rule.excluding_parts(found.parts):
            return tuple(part for part in failed if part.text in excluding)
        counted = {part.text for part in self._rule.parts}
        return tuple(part for part in failed if part.text not in counted)  # its sources, or min_hits
