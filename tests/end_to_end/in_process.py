"""A command line → how it ended, in this process: a tenth of what a process costs, most of which are its imports.

What takes a process of its own — signals, two at a time, what is loaded and when — is not proved here.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def rows(self) -> list[dict[str, Any]]:
        """What `--json` printed."""
        return [json.loads(line) for line in self.out.splitlines()]


def run_here(words: Sequence[str], *, folder: Path, env: Mapping[str, str], given: str | None = None) -> Done:
    """Run one command in a folder; streams, folder, environment and log are afterwards as they were.

    given: what a pipe gives it; None: its input is that of the tests.
    """
    out, err = _stream("strict"), _stream("backslashreplace")
    with (
        chdir(folder),
        _command_line(words),
        _environment(env),
        _log(),
        redirect_stdout(out),
        redirect_stderr(err),
        _input(given),
    ):
        code = _code()
    return Done(code=code, out=_text(out), err=_text(err))


def _code() -> int:
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


def _stream(errors: str) -> io.TextIOWrapper:
    """A pipe as Python opens it: UTF-8, and on stderr nothing that cannot be written."""
    return io.TextIOWrapper(io.BytesIO(), "utf-8", errors)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@contextmanager
def _input(given: str | None) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = before if given is None else io.StringIO(given)
    try:
        yield
    finally:
        sys.stdin = before


@contextmanager
def _command_line(words: Sequence[str]) -> Iterator[None]:
    before = sys.argv
    sys.argv = ["monitor", *words]
    try:
        yield
    finally:
        sys.argv = before


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _log() -> Iterator[None]:
    logger = logging.getLogger("monitor")
    before, last_resort = (logger.handlers[:], logger.level, logger.propagate), logging.lastResort
    try:
        yield
    finally:
        logging.lastResort = last_resort
        logger.handlers[:], logger.level, logger.propagate = before
