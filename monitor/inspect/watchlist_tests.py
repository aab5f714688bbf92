"""Run the `tests:` of watchlists and report those that fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.config import Config
from monitor.config.convert import watchlists_of
from monitor.match.explain import Example, failing_tests

_MAX_LENGTH = 80  # characters of a test's text


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failing test of a watchlist."""

    path: str  # dotted, in the configuration
    message: str


def failures(config: Config) -> Iterator[Failure]:
    """Yield every failing test, in the order of the file."""
    for watchlist in watchlists_of(config):
        entries = config.watchlists[watchlist.name].tests
        tests = [Example(text=one.match or one.no_match or "", is_match=one.match is not None) for one in entries]
        failing = failing_tests(watchlist, tests, config.aliases) if tests else ()
        for number, test in enumerate(tests):
            if test in failing:
                problem = "should match and does not" if test.is_match else "should not match and does"
                path = f"watchlists.{watchlist.name}.tests[{number}]"
                yield Failure(path=path, message=f"this {problem}: {_short(test.text)}")


def _short(text: str) -> str:
    line = " / ".join(text.strip().splitlines())
    return line if len(line) <= _MAX_LENGTH else f"{line[:_MAX_LENGTH]}…"
