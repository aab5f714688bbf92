"""What watchlists cost: per release as the rules grow, and to build; beside the ways one would write first.

Sparse rules look for words of a large language of which a text holds few, as real watchlists do; dense rules join words
that stand in every text, so that each release has many candidates and few hits.
"""

from __future__ import annotations

import gc
import os
import random
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bench import hostile
from bench.report import Figure, resident
from bench.texts import WORDS, release
from monitor.match.document import Document
from monitor.match.matcher import Matcher, Watchlist, frequencies_in
from monitor.model import Release

SIZES = (10, 100, 1_000, 10_000, 100_000)
RELEASES = 60
LOOP_MOST, REGEX_MOST = 10_000, 1_000  # rules; more would take minutes
_REAL = Path(os.environ.get("MONITOR_REAL_DUMPS", "../shared/seeds"))
_SAMPLES = Path(__file__).parent.parent / "seeds"
_SYLLABLES = ("ka", "ro", "min", "tel", "su", "vor", "an", "ix", "ple", "dra", "gon", "het", "li", "mu", "nes", "op")


def per_release() -> Sequence[Figure]:
    """Find every rule in releases of 2 KB, and do it again the naive ways."""
    releases = texts()
    floor = _each(releases, lambda one: Document(one).forms())
    return [
        figure
        for name, made in (("sparse", sparse), ("dense", dense))
        for count in SIZES
        for figure in _measured(name, made(count), releases, floor)
    ]


def build() -> Sequence[Figure]:
    """Prepare the rules, each time in a process of its own."""
    figures = []
    for count in (10_000, 100_000):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            seconds, megabytes = pool.submit(_built, count).result()
        what = f"of {count:,} sparse rules"
        figures.append(Figure(what=f"building {what}", value=seconds, unit="s"))
        figures.append(Figure(what=f"memory {what}", value=megabytes, unit="MB"))
    return figures


def hostile_pairs() -> Sequence[Figure]:
    """The dearest that one watchlist and one text of 10,000 characters could be found to be, each met unprepared."""
    worst = Figure(what="", value=0.0, unit="ms")
    for kind, watchlist in hostile.watchlists(seed=0).items():
        for text, body in hostile.texts(seed=0).items():
            value = min(_met_first(watchlist, body) for _ in range(2)) * 1e3
            if value > worst.value:
                worst = replace(
                    worst, what=f"dearest of the hostile pairs, processor time: {kind} on {text}", value=value
                )
    return [worst]


def texts(first: int = 0) -> list[Release]:
    """Releases of real size from the n-th on, half of their words from the real dumps (where absent, the samples)."""
    real = vocabulary()
    found = []
    for number in range(first, first + RELEASES):
        dice = random.Random(number)  # noqa: S311 - reproducible, not secret
        title, body, day = release(number)
        words = [dice.choice(real) if dice.random() < 0.5 and not word[0].isdigit() else word for word in body.split()]
        found.append(Release(title=title, body=" ".join(words), date=day))
    return found


def vocabulary() -> list[str]:
    """The words of the real dumps as they stand there, by alphabet."""
    paths = sorted(_REAL.glob("*.txt")) or sorted(_SAMPLES.glob("*.txt"))
    return sorted({word for path in paths for word in path.read_text("utf-8").split() if word[0].isalnum()})


def sparse(count: int) -> list[str]:
    """Keywords: one in 50 of the texts' own words, else invented ones; two of five are phrases of two words."""
    dice = random.Random(count)  # noqa: S311 - reproducible, not secret
    real = _plain(vocabulary())

    def word() -> str:
        return dice.choice(real) if dice.random() < 0.02 else "".join(dice.choices(_SYLLABLES, k=dice.randint(3, 5)))

    return [word() if dice.random() < 0.6 else f"{word()} {word()}" for _ in range(count)]


def dense(count: int) -> list[str]:
    """Phrases of two words that the texts are full of."""
    dice = random.Random(count)  # noqa: S311 - reproducible, not secret
    words = [*WORDS, *_plain(vocabulary())]
    return [f"{dice.choice(words)} {dice.choice(words)}" for _ in range(count)]


def watchlists(rules: Sequence[str]) -> Matcher:
    """One watchlist for each rule, the dearest way to hold them; words are counted on other releases than these."""
    return Matcher(
        [Watchlist(name=str(number), keywords=(rule,)) for number, rule in enumerate(rules)],
        frequencies=frequencies_in(texts(RELEASES)),
    )


def _plain(words: Sequence[str]) -> list[str]:
    return [word for word in words if word.isalpha() and len(word) > 3]


def _measured(name: str, rules: Sequence[str], releases: Sequence[Release], floor: float) -> list[Figure]:
    count = len(rules)
    engine = watchlists(rules)
    value = _each(releases, engine.scan)
    del engine
    figures = [_figure(f"matching {count:,} {name} rules", value, "tokenising alone", floor)]
    if count <= LOOP_MOST:
        lowered = [rule.lower() for rule in rules]
        figures.append(_figure(f"the same, {count:,} {name}", value, "substring loop", _loop(lowered, releases)))
    if count <= REGEX_MOST:
        patterns = [re.compile(rf"\b{re.escape(rule)}\b", re.IGNORECASE) for rule in rules]
        figures.append(
            _figure(f"the same, {count:,} {name}", value, "one regex per rule", _regexes(patterns, releases))
        )
    return figures


def _figure(what: str, value: float, floor: str, floor_value: float) -> Figure:
    return Figure(what=f"{what}, per release", value=value, unit="µs", floor=floor, floor_value=floor_value)


def _loop(rules: Sequence[str], releases: Sequence[Release]) -> float:
    def look(one: Release) -> list[str]:
        text = f"{one.title}\n{one.body}".lower()
        return [rule for rule in rules if rule in text]

    return _each(releases[:10], look)


def _regexes(patterns: Sequence[re.Pattern[str]], releases: Sequence[Release]) -> float:
    def look(one: Release) -> list[re.Pattern[str]]:
        text = f"{one.title}\n{one.body}"
        return [pattern for pattern in patterns if pattern.search(text)]

    return _each(releases[:10], look)


def _each(releases: Sequence[Release], work: Callable[[Release], object]) -> float:
    """Microseconds per release: the best of three rounds, after one that warms the caches."""
    return min(_timed(partial(_all, releases, work)) for _ in range(4)) / len(releases) * 1e6


def _all(releases: Sequence[Release], work: Callable[[Release], object]) -> None:
    for one in releases:
        work(one)


def _met_first(watchlist: Watchlist, body: str) -> float:
    """Seconds of processor time: what waits for other programs is not the rule's cost."""
    engine = Matcher([watchlist])
    start = time.process_time()
    engine.scan(Release(title="", body=body, date=None))
    return time.process_time() - start


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _built(count: int) -> tuple[float, float]:
    """Seconds and resident megabytes that so many rules take."""
    rules = sparse(count)
    watchlists(rules[:10])
    gc.collect()
    before, start = resident(), time.process_time()
    kept = watchlists(rules)
    seconds = time.process_time() - start
    gc.collect()
    megabytes = resident() - before
    del kept
    return seconds, megabytes
