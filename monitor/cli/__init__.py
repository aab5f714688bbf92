"""`monitor VERB …` → the verb's file in this package, loaded only when it is called."""

from __future__ import annotations

import io
import json
import os
import sys
from importlib import import_module

import click

from monitor import __version__
from monitor.errors import ConfigError, MonitorError, UsageError

# verb: what it does, as `monitor --help` prints it without loading anything
VERBS = {
    "run": "Take in dumps as they are dropped and deliver alerts; --once: one pass.",
    "ingest": "Take in the given dump files and queue their alerts.",
    "check": "Check the configuration, the watchlists and the channels.",
    "status": "Show how things stand, on one screen.",
    "events": "List what happened to releases.",
    "releases": "List releases, or find those that have some words.",
    "show": "Show every version of a release with a redline.",
    "match": "Try a query or a watchlist on every stored release, or on one dump.",
    "explain": "Show how watchlists read one release, part by part.",
    "alerts": "List the messages to channels and how they fared; retry or drop some.",
    "channels": "List the channels; test or resume one.",
    "mute": "Mute a channel or a watchlist for a while.",
    "dumps": "List what was taken in; --rejects: what could not be read.",
    "db": "Back up, restore, verify or prune the state store.",
    "doctor": "Look for what would stop a monitor here.",
    "reload": "Have the daemon read its configuration again.",
    "config": "Begin a configuration, show the settings in force, print JSON schemas.",
    "service": "Install or remove the systemd service.",
    "completion": "Print what makes a shell complete the commands.",
}


class LazyGroup(click.Group):
    """Knows its verbs by name; each lives in the module of that name as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of VERBS, which is the order of use."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"monitor.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-c", "--config", "config_file", metavar="FILE", help="The configuration to use (default: ./config.yaml)."
)
@click.version_option(__version__, prog_name="monitor")
@click.pass_context
def monitor(ctx: click.Context, config_file: str | None) -> None:
    """Watch press releases: dumps in, alerts out; nothing missed, nothing twice."""
    ctx.obj = config_file
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main() -> None:
    """The console script: run a verb, turn errors into messages and exit codes."""
    _print_whatever_comes()
    try:
        code = monitor.main(prog_name="monitor", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except click.ClickException as error:
        _report_usage(error)
        code = error.exit_code
    except MonitorError as error:
        report(error)
        code = error.exit_code
    except SystemExit:  # click's answer to a reader who closed the pipe: it has seen enough
        code = 0
    except OSError as error:
        report(MonitorError(f"cannot be read or written: {error.strerror}", where=error.filename))
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _print_whatever_comes() -> None:
    """Where the terminal has no such characters, Korean in a Latin-1 one, their numbers are shown."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _report_usage(error: click.ClickException) -> None:
    if "--json" in sys.argv:
        report(UsageError(error.format_message()))
    else:
        error.show()


def report(error: MonitorError) -> None:
    """Print an error on stderr: as JSON for programs that asked for JSON, else for people."""
    if "--json" in sys.argv:
        about = {"code": error.exit_code, "message": error.message, "where": error.where}
        click.echo(json.dumps({"schema_version": 1, "error": about}, ensure_ascii=False), err=True)
    elif isinstance(error, ConfigError):
        from monitor.config import render_diagnostics

        click.echo(render_diagnostics(error.faults, color=sys.stderr.isatty()).rstrip("\n"), err=True)
    else:
        from monitor.text import escape

        where = f"{error.where}: " if error.where else ""
        click.echo(escape(f"monitor: {where}{error.message}"), err=True)
        if error.excerpt:
            click.echo(error.excerpt, err=True)
