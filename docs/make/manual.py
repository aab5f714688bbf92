"""Generate the manual page monitor(1) from the click tree."""

from __future__ import annotations

from collections.abc import Iterator

from docs.make.commands import Command, commands
from monitor import __version__
from monitor.cli import monitor
from monitor.cli.exit_codes import EXIT_CODES

_FILES = {
    "./config.yaml, $XDG_CONFIG_HOME/monitor/config.yaml, /etc/monitor/config.yaml": (
        "The configuration: the first that exists, unless --config or MONITOR_CONFIG names another."
    ),
    "state/monitor.db": "The SQLite database, in the state folder that the configuration names.",
}
_VARIABLES = {
    "MONITOR_CONFIG": "The configuration to use.",
    "NO_COLOR": "Set to any value to disable colours.",
    "NOTIFY_SOCKET, WATCHDOG_USEC": "Set by systemd: where the daemon reports that it is ready and alive.",
}


def manual() -> str:
    """Return the page as roff."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    first, *others = commands()
    yield f'.TH MONITOR 1 "" "monitor {__version__}" "User Commands"'
    yield from (".SH NAME", rf"monitor \- {_escaped('alerts for new and changed press releases')}")
    yield from (".SH SYNOPSIS", r".B monitor", _escaped(first.usage))
    yield from (".SH DESCRIPTION", _escaped(monitor.help or ""))
    yield from (".SH OPTIONS", *_options(first))
    yield ".SH COMMANDS"
    for command in others:
        yield from (f'.SS "{_escaped(f"{command.words} {command.usage}")}"', *_paragraphs(command), *_options(command))
    for title, entries in (("EXIT STATUS", EXIT_CODES), ("ENVIRONMENT", _VARIABLES), ("FILES", _FILES)):
        yield f".SH {title}"
        for name, about in entries.items():
            yield from (".TP", rf"\fB{_escaped(str(name))}\fR", _escaped(about))


def _paragraphs(command: Command) -> Iterator[str]:
    for paragraph in command.paragraphs:
        is_verbatim = paragraph.startswith("\b")
        lines = [_escaped(line) for line in paragraph.removeprefix("\b\n").split("\n")]
        yield from ([".nf", *lines, ".fi"] if is_verbatim else [".PP", " ".join(lines)])


def _options(command: Command) -> Iterator[str]:
    for option in command.options:
        yield from (".TP", rf"\fB{_escaped(option.flags)}\fR", _escaped(option.help))


def _escaped(text: str) -> str:
    """Escape what has a meaning in roff."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text[:1] in (".", "'") else text
