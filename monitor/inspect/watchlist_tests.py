"""Run the `tests:` of watchlists and report those that fail."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config import Config
from monitor.config.convert import watchlists_of
from monitor.match.explain import Example, failing_tests

_MAX_LENGTH = 80  # characters of a test's text


def failures(config: Config) -> Iterator[tuple[str, str]]:
    """Yield the dotted path of every failing test and what failed, in the order of the file."""
    for watchlist in watchlists_of(config):
        entries = config.watchlists[watchlist.name].tests
        tests = [Example(text=one.match or one.no_match or "", is_match=one.match is not None) for one in entries]
        failing = failing_tests(watchlist, tests, config.aliases) if tests else ()
        for number, test in enumerate(tests):
            if test in failing:
                problem = "should match and does not" if test.is_match else "should not match and does"
                text = " / ".join(test.text.strip().splitlines())
                short = text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
                yield f"watchlists.{watchlist.name}.tests[{number}]", f"this {problem}: {short}"
