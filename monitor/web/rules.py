"""Show what a rule would find in all stored releases, and what it gains and loses against a watchlist in force.

All state is in the address: `q` the rule, `against` the watchlist, `options` whether its other settings count, `show`
and `before` the rows, `last` the rule that could be read last. `part=result` asks for the result alone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from monitor.errors import MonitorError, UsageError
from monitor.inspect.explain import chosen_watchlists
from monitor.inspect.rule_query import rule_query
from monitor.inspect.rule_scan import ChangeCounts, Show
from monitor.inspect.rule_scans import RuleScans, View
from monitor.inspect.rule_yaml import rule_settings, rule_yaml
from monitor.inspect.tested_rule import TestedRule, read_rule
from monitor.inspect.watchlists import require_rule
from monitor.web.pages import render, site_of

if TYPE_CHECKING:
    from monitor.config import Config

SCANS = 2  # at once; others wait, and take no thread meanwhile
_MONTHS = 24  # that have a bar of their own; what is older is one line
_NUMBER = re.compile("[0-9]{1,18}")
_NOBODY_WAITS = 499  # nginx's status of a request that its client has left


class RuleTester:
    """The scans of a site, and who may read on."""

    def __init__(self) -> None:
        self.scans = RuleScans()
        self.slots = asyncio.Semaphore(SCANS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The rule and the rows that an address asks for."""

    query: str
    against: str  # "": no watchlist
    last: str  # rule that could be read last; "": none
    is_alone: bool  # the other settings of the watchlist do not count
    view: View


async def show(request: Request) -> Response:
    """Answer with the page, or with its result alone; it waits until it may read, and reads no more than its slice."""
    tester = site_of(request).rules
    if not (request.query_params.get("q") or request.query_params.get("against")):
        return await run_in_threadpool(_answer, request, tester.scans)
    await request.body()  # what comes behind it is that the client leaves
    async with tester.slots:
        if await request.is_disconnected():  # somebody typed on
            return Response(status_code=_NOBODY_WAITS)
        return await run_in_threadpool(_answer, request, tester.scans)


def _answer(request: Request, scans: RuleScans) -> Response:
    config = site_of(request).config
    asked, fault = _read(request.query_params, config)
    rule = None
    if asked.query and fault is None:
        try:
            rule = _rule(config, asked, asked.query)
        except UsageError as error:
            fault = error
    shown = rule or (_last_rule(config, asked) if fault else None)
    report = None
    if shown:
        with site_of(request).stores() as stores:
            report = scans.advance(shown, stores.archive, asked.view)
    is_part = request.query_params.get("part") == "result"
    return render(
        request,
        "rules_result.html.j2" if is_part else "rules.html.j2",
        asked=asked,
        fault=fault,
        report=report,
        last=asked.query if rule else asked.last,
        settings=rule_settings(config, asked.against),
        yaml=rule_yaml(config, shown) if shown else "",
        months=_months(report.months) if report else {},
        earlier=_earlier(report.months) if report else ChangeCounts(),
        undated=report.months.get(None, ChangeCounts()) if report else ChangeCounts(),
    )


def _read(parameters: Mapping[str, str], config: Config) -> tuple[_Asked, MonitorError | None]:
    """Return what an address asks for, and what is wrong with it; of a watchlist alone, its own rule is tried."""
    against, fault = parameters.get("against", "").strip(), None
    query, is_cleared = parameters.get("q", "").strip(), "q" in parameters and parameters.get("part") == "result"
    if against:
        try:
            require_rule(config, against)
            query = query if query or is_cleared else rule_query(config, against)
        except MonitorError as error:
            against, fault = "", error
    shown, before = parameters.get("show", ""), parameters.get("before", "")
    show = Show(shown) if shown in {Show.GAINED, Show.LOST, Show.KEPT} and against else Show.ALL
    asked = _Asked(
        query=query,
        against=against,
        last=parameters.get("last", "").strip(),
        is_alone=parameters.get("options") == "none",
        view=View(show=show, before=int(before) if _NUMBER.fullmatch(before) else None),
    )
    return asked, fault


def _rule(config: Config, asked: _Asked, text: str) -> TestedRule:
    """Return the rule that is tried. Raises UsageError."""
    compared = chosen_watchlists(config, asked.against)[0] if asked.against else None
    return read_rule(text, compared=compared, settings=None if asked.is_alone else compared, aliases=config.aliases)


def _last_rule(config: Config, asked: _Asked) -> TestedRule | None:
    """Return the rule that could be read before, so that its result stays while a fault is repaired."""
    try:
        return _rule(config, asked, asked.last) if asked.last else None
    except UsageError:
        return None


def _months(months: Mapping[date | None, ChangeCounts]) -> dict[str, tuple[int, int, int]]:
    """Return the last months as bars: kept, gained and lost."""
    since = _since(months)
    return {f"{day:%Y-%m}": (each.kept, each.gained, each.lost) for day, each in months.items() if day and day >= since}


def _earlier(months: Mapping[date | None, ChangeCounts]) -> ChangeCounts:
    """Return the sum of the months before those that have bars."""
    since = _since(months)
    rest = [each for day, each in months.items() if day and day < since]
    return ChangeCounts(
        kept=sum(each.kept for each in rest),
        gained=sum(each.gained for each in rest),
        lost=sum(each.lost for each in rest),
    )


def _since(months: Mapping[date | None, ChangeCounts]) -> date:
    """Return the first day of the first month that has a bar."""
    last = max((day for day in months if day), default=date.min)
    month = max(last.year * 12 + last.month - _MONTHS, 12)  # counted from January of the year 0
    return date(month // 12, month % 12 + 1, 1)
