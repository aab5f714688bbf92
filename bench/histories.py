"""Write seeded histories of dumps in which everything happens that can happen to a release: what two programs compare.

A history is a few stages: a configuration, and files that are ingested under it in their order. A board with a listing
and one that cuts its texts show the same releases as text dumps; a register shows its own as JSON with ids.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from bench.texts import KOREAN_WORDS, WORDS

CATEGORIES = ("Trade/Investment", "Industry", "Energy")
ORDERS = 8  # in which the real dumps are ingested
_FEW_WORDS = ("trade", "export", "talks", "chip", "energy", "accord", "port", "steel", "visit", "forum", "survey")
DAYS = 8  # of a history; each brings a dump of each board
_FIRST = date(2025, 6, 1)
_CONFIG = """\
timezone: Asia/Seoul
sources:
  board:
    path: seeds/
    files: ["*.txt"]
    categories: [Trade/Investment, Industry, FTA/Economic Cooperation, Energy]
    listings: {press: ["press_*.txt"]}
    drop: ["Views [0-9]*"]
  register: {path: seeds/, format: json, map: {id: no, title: head, body: TEXT, date: day}, base: "https://r.example/"}
channels:
  console: {url: "console://"}
  hook: {url: "json://127.0.0.1:PORT/hook", rate: 10000/s, max_per_hour: 0}
  few: {url: "json://127.0.0.1:PORT/few", rate: 10000/s, max_per_hour: 3}
  whole: {url: "json://127.0.0.1:PORT/whole", rate: 10000/s, max_per_hour: 0, body: full, language: ko}
  later: {url: "json://127.0.0.1:PORT/later", digest: "mon 04:00"}
watchlists:
  trade: {keywords: [export, FTA, 수출], notify: [console, hook]}
  chips: {query: '(chip* OR 반도체*) AND NOT visit', notify: [hook, few], min_hits: 2}
  figures: {regex: '[0-9]+[.][0-9]', notify: [whole]}
  titles: {keywords: [steel, round, briefing], fields: [title], notify: [later, few], when: [new, changed, withdrawn]}
  urgent: {keywords: ["trade accord", "energy port"], urgent: true, notify: [later, hook]}
  silent: {keywords: [quota], notify: []}
"""


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is dropped; a later one of the same name is the same path, written again."""

    name: str
    content: bytes
    mtime: float | None = None  # that a copy has kept; None: that of its arrival


@dataclass(frozen=True, slots=True)
class Stage:
    """A configuration, and what is ingested under it."""

    config: str  # PORT stands for the webhook's port, and a folder of the history's own there
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What one store sees, from the first file to the last."""

    name: str
    stages: tuple[Stage, ...]


def real_histories(folder: Path) -> Iterator[History]:
    """Yield the real dumps of a folder in several orders, each with a second round; none where there are none."""
    files = [File(path.name, path.read_bytes()) for path in sorted(folder.glob("*.txt"))]
    for number in range(ORDERS if files else 0):
        dice = random.Random(number)  # noqa: S311 - reproducible, not secret
        order = files if number == 0 else files[::-1] if number == 1 else dice.sample(files, len(files))
        again = [File(f"again_{file.name}", _mixed(file.content, dice)) for file in dice.sample(files, len(files))]
        yield History(f"real dumps, order {number}", (Stage(_config("body"), (*order, *again)),))


def seeded_histories(count: int, *, days: int = DAYS) -> Iterator[History]:
    """Yield so many histories of so many days; the same numbers always give the same ones."""
    for seed in range(count):
        yield _Writer(seed).history(days)


def _mixed(content: bytes, dice: random.Random) -> bytes:
    """Return a dump with its records in another order."""
    records = content.removeprefix(b"-\n").split(b"\n-\n")
    return b"-\n" + b"\n-\n".join(dice.sample(records, len(records)))


def _config(text: str) -> str:
    return _CONFIG.replace("TEXT", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A release as it is now."""

    title: str
    body: str
    day: date
    category: str = ""
    is_dated: bool = True


class _Writer:
    """Writes one history: releases come, change, and are shown by the boards, each in its way."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self._words: Sequence[str] = (_FEW_WORDS, WORDS, KOREAN_WORDS, (*WORDS, *KOREAN_WORDS))[seed % 4]
        self._length = (12, 60, 250)[seed % 3]
        self._board = [self._text(number) for number in range(self._dice.randint(6, 18))]
        self._register = [self._text(1_000 + number) for number in range(self._dice.randint(4, 10))]
        self._hidden: set[str] = set()  # titles that the listing does not show today
        self._before: list[_Text] = []  # earlier texts of the board

    def history(self, days: int) -> History:
        """Write the days in two stages; in the second one the register's text comes from another field."""
        shown = [self._files_of(day) for day in range(days)]
        parts = zip((_config("full"), _config("summary")), (shown[: days // 2], shown[days // 2 :]), strict=True)
        stages = (Stage(config, tuple(file for day in part for file in day)) for config, part in parts)
        return History(f"history {self._seed}", tuple(stages))

    def _files_of(self, day: int) -> list[File]:
        """Let things happen, and return what the boards show on that day, in the order of their arrival."""
        if day:
            self._move_on(day)
        stamp = _FIRST + timedelta(days=2 * day)
        listed = [text for text in self._board if text.title not in self._hidden]
        files = [
            File(f"press_{stamp}.txt", self._dump([self._typeset(text) for text in listed])),
            File(f"photo_{stamp}.txt", self._dump([self._cut(text) for text in self._board], is_mixed=True)),
            File("register.json" if day % 4 == 0 else f"register_{stamp}.json", self._json()),
        ]
        if day % 3 == 1:
            files.append(File(f"broken_{stamp}.txt", b"-\nA title alone date2024-01-01\n-\n\n" + files[0].content))
        if day % 3 == 2 and self._before:
            late = self._dice.sample(self._before, min(3, len(self._before)))
            files.append(File(f"late_{stamp - timedelta(days=3)}.txt", self._dump(late)))
        if day % 4 == 3:
            files.append(File(f"copy_of_{stamp}.txt", files[0].content))
        noon = datetime.combine(stamp, time(12), UTC).timestamp()
        is_kept = self._seed % 2
        return [replace(file, mtime=noon if is_kept else None) for file in self._dice.sample(files, len(files))]

    def _move_on(self, day: int) -> None:
        """Change some releases, add some, take some off the listing and show them again."""
        dice = self._dice
        for place in dice.sample(range(len(self._board)), 3):
            self._before.append(self._board[place])
            self._board[place] = self._changed(self._board[place], day)
        for place in dice.sample(range(len(self._register)), 2):
            self._register[place] = self._changed(self._register[place], day)
        known = dice.choice(self._board)
        newest = max(text.day for text in self._board) + timedelta(days=1)
        self._board += [
            self._text(100 * day),
            replace(self._text(100 * day + 1), title="Daily briefing", day=newest),
            replace(known, title=f"{known.title} again", body=f"{known.body} The last word.", day=newest),
            replace(self._text(100 * day + 2), title=known.title),
        ]
        self._hidden = {text.title for text in dice.sample(self._board, 2)} if day % 3 else set()

    def _text(self, number: int) -> _Text:
        dice = self._dice
        words = dice.choices(self._words, k=self._length)
        words[self._length // 2] = f"{dice.uniform(0, 100):.1f}"
        words[self._length // 3] = dice.choice(("export", "수출", "chips", "trade accord", "the visit"))
        sentences = [" ".join(words[at : at + 12]) for at in range(0, self._length, 12)]
        return _Text(
            title=f"{words[0].capitalize()} {words[1]} in round {number}" if number % 5 else f"{words[0]} steel talks",
            body=". ".join(sentences) + ".",
            day=date(2024, 1, 1) + timedelta(days=dice.randint(0, 120)),
            category=dice.choice(CATEGORIES),
            is_dated=bool(number % 7),
        )

    def _changed(self, text: _Text, day: int) -> _Text:
        changes = (
            lambda: replace(text, body=_next_figure(text.body)),
            lambda: replace(text, title=f"{text.title}, corrected on day {day}"),
            lambda: replace(text, body=f"{text.body} {self._text(day).body}"),
            lambda: replace(text, body=text.body.replace(". ", ". Moreover, ", 1)),
            lambda: replace(text, day=text.day + timedelta(days=1)),
            lambda: replace(text, category=self._dice.choice(CATEGORIES)),
            lambda: replace(text, is_dated=True),
            lambda: self._dice.choice(self._before),
        )
        return self._dice.choice(changes)()

    def _cut(self, text: _Text) -> _Text:
        """Return what the board without categories shows: sometimes no more than the beginning of a text."""
        is_cut = self._dice.random() < 0.5
        return replace(text, category="", body=text.body[: self._dice.randint(20, 200)] if is_cut else text.body)

    def _typeset(self, text: _Text) -> _Text:
        """Return the text as it is, or in other typography, read badly, or with a line that counts as none."""
        body = text.body
        others = (f"{body}\nViews {self._dice.randint(1, 99)}", body.replace(" ", "  ", 2), body.upper())
        badly = "“Koreaâ€™s” " + body
        choice = self._dice.random()
        return replace(text, body=self._dice.choice(others) if choice < 0.15 else badly if choice > 0.97 else body)

    def _dump(self, texts: Sequence[_Text], *, is_mixed: bool = False) -> bytes:
        ordered = self._dice.sample(texts, len(texts)) if is_mixed else texts
        return "\n".join(f"-\n{_record(text)}" for text in ordered).encode()

    def _json(self) -> bytes:
        records = [
            {
                "no": f"R-{number}",
                "head": text.title,
                "full": text.body,
                "summary": f"In short: {text.body[:80]}",
                "day": str(text.day),
            }
            for number, text in enumerate(self._register)
        ]
        return json.dumps(self._dice.sample(records, len(records)), ensure_ascii=False).encode()


def _record(text: _Text) -> str:
    day = f" date{text.day}" if text.is_dated else ""
    return "\n".join(part for part in (text.category, text.title, text.body + day) if part)


def _next_figure(body: str) -> str:
    """Return the text with its first figure with a point counted up."""
    words = body.split(" ")
    place = next((at for at, word in enumerate(words) if word.strip(".").replace(".", "", 1).isdigit()), None)
    if place is not None:
        words[place] = f"{float(words[place].strip('.')) + 0.1:.1f}"
    return " ".join(words)
