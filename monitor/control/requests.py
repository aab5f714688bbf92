"""Define a command as the control socket carries it, and execute it; a client that only asks loads no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from monitor.errors import UsageError
from monitor.frozen import dataclass

if TYPE_CHECKING:
    from monitor.ports import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One command with its arguments, as the control socket carries it."""

    command: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How a command is executed."""

    arguments: int  # how many it takes
    run: Callable[..., Row]  # takes so many
    is_read_only: bool = False  # it changes nothing, so it is not logged


def execute(commands: Mapping[str, Command], request: Request) -> Row:
    """Execute one command; the row says what was done, its `text` in a sentence. Raises UsageError and its errors."""
    command = commands.get(request.command)
    if command is None:
        raise UsageError(f"there is no command {request.command!r}; this monitor has {', '.join(commands)}")
    given = len(request.arguments)
    if given != command.arguments:
        raise UsageError(f"{request.command} takes {command.arguments} arguments and was given {given}")
    return command.run(*request.arguments)
