"""Load and check large configurations: the steps grow with the file, not with its square.

A step is one executed line of Python. Steps are counted and not timed, so the test says the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from monitor.config import Config, Diagnostics, load
from monitor.config.checks import check_folders, check_rules
from monitor.config.parsers import closest
from monitor.errors import ConfigError
from monitor.inspect.lint import lint
from tests.config.support import HEAD

SMALL, TIMES = 60, 4
MOST = 1.4  # times the steps that a linear cost would take
NO_CHANNELS = "sources: {motie: {path: in/}}\nchannels:\n"


def joined(text: str, count: int) -> str:
    """Repeat a text with the numbers from 0."""
    return "".join(text.replace("N", str(number)) for number in range(count))


CONFIGURATIONS: dict[str, Callable[[int], str]] = {
    "keywords": lambda n: f"{HEAD}watchlists: {{w: {{keywords: [{joined('wordN, ', n)}]}}}}\n",
    "the same keyword": lambda n: f"{HEAD}watchlists: {{w: {{keywords: [{joined('word, ', n)}]}}}}\n",
    "watchlists": lambda n: f"{HEAD}watchlists:\n{joined('  wN: {keywords: [wordN]}' + chr(10), n)}",
    "unknown keys": lambda n: f"{HEAD}watch:\n{joined('  someN: x' + chr(10), n)}",
    "repeated keys": lambda n: f"{HEAD}watch:\n{joined('  mode: x' + chr(10), n)}",
    "channels with errors": lambda n: NO_CHANNELS + joined("  cN: {url: x}\n", n),
    "channels with errors in one line": lambda n: f"{NO_CHANNELS}  {{{joined('cN: {url: x}, ', n)}}}\n",
    "channels and names of channels": lambda n: (
        NO_CHANNELS
        + joined("  cN: {url: 'console://'}\n", n)
        + f"watchlists: {{w: {{keywords: [FTA], notify: [{joined('cN, ', n)}]}}}}\n"
    ),
    "unknown names of channels": lambda n: (
        f"{HEAD}watchlists: {{w: {{keywords: [FTA], notify: [{joined('xN, ', n)}]}}}}\n"
    ),
    "earlier names": lambda n: HEAD.replace("in/", f"in/, was: [{joined('oN, ', n)}]"),
    "merged keys": lambda n: f"{HEAD}watch: {{<<: [{joined('{aN: 1}, ', n)}]}}\n",
    "anchors": lambda n: f"{HEAD}watchlists: {{w: {{keywords: [{joined('&aN wN, *aN, ', n)}]}}}}\n",
    "quoted signs of comments": lambda n: (
        f"{HEAD}watchlists: {{w: {{when: [a], keywords: [{joined('`#N`, ', n)}]}}}}\n"
    ),
}


@contextmanager
def counted_steps() -> Iterator[list[int]]:
    steps = [0]

    def trace(_frame: object, event: str, _argument: object) -> object:
        steps[0] += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]  # typeshed's name for it is private
    try:
        yield steps
    finally:
        sys.settrace(before)


def steps_of(file: Path, text: str) -> int:
    file.write_text(text.replace("`", "'"), "utf-8")
    closest.cache_clear()
    with counted_steps() as steps, suppress(ConfigError):
        load(file, environ={}, checks=(check_rules, check_folders, lint))
    return steps[0]


@pytest.mark.parametrize("text_of", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_the_steps_grow_with_the_configuration(tmp_path: Path, text_of: Callable[[int], str]) -> None:
    steps_of(tmp_path / "config.yaml", text_of(1))  # what is done once in a process
    few, many = (steps_of(tmp_path / "config.yaml", text_of(count)) for count in (SMALL, SMALL * TIMES))
    assert many < few * TIMES * MOST


class Word(str):
    """A keyword that counts with how many others it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Word.compared += 1
        return super().__eq__(other)

    __hash__ = str.__hash__


def test_a_keyword_is_not_compared_with_all_before_it(tmp_path: Path) -> None:
    text = f"{HEAD}watchlists: {{w: {{keywords: [{joined('wordN, ', 1000)}]}}}}\n"
    (tmp_path / "config.yaml").write_text(text, "utf-8")

    def with_counting_words(config: Config, diagnostics: Diagnostics) -> None:
        watchlist = config.watchlists["w"]
        words = tuple(map(Word, watchlist.keywords))
        counting = watchlist.model_copy(update={"keywords": words})
        lint(config.model_copy(update={"watchlists": {"w": counting}}), diagnostics)

    Word.compared = 0
    load(tmp_path / "config.yaml", environ={}, checks=(with_counting_words,))
    assert Word.compared < 10_000


def test_a_message_lists_only_so_many_names(tmp_path: Path) -> None:
    text = NO_CHANNELS + joined("  cN: {url: 'console://'}\n", 50) + "operator: {notify: [zzz]}\n"
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml", environ={})
    assert caught.value.faults[0].message.endswith(", c18, c19 and 30 more")
