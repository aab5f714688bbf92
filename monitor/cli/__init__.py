"""Run `monitor COMMAND …`: each command has a file in this package, which is loaded only when it is called."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import MutableMapping
from importlib import import_module
from pathlib import Path

import click

from monitor import __version__
from monitor.errors import ConfigError, MonitorError, UsageError

# The help text of each command, as `monitor --help` prints it without loading anything.
COMMANDS = {
    "run": "Ingest dumps as they are dropped and deliver alerts; --once: one pass.",
    "ingest": "Ingest the given dump files and queue their alerts.",
    "check": "Check the configuration, the watchlists and the channels.",
    "preview": "Show how a file would be read, and the configuration that reads it so.",
    "status": "Show the state of the daemon, the sources and the channels on one screen.",
    "events": "List what happened to releases.",
    "releases": "List releases, or search them for words.",
    "show": "Show every version of a release with a redline.",
    "match": "Try a query or a watchlist on every stored release, or on one dump.",
    "explain": "Explain how watchlists match one release, part by part.",
    "watchlists": "List the watchlists: rule, channels, mute and last match.",
    "alerts": "List the messages to channels and their state; retry or drop some.",
    "channels": "List the channels; test or resume one.",
    "mute": "Mute a channel or a watchlist for a given time.",
    "dumps": "List the ingested files; --rejects: what could not be read.",
    "db": "Back up, restore, verify or prune the state store.",
    "doctor": "Check this machine for what would stop the monitor.",
    "web": "Serve the page, or make a password line for it.",
    "reload": "Make the daemon read its configuration again.",
    "config": "Write a sample configuration, show the settings in force, print JSON schemas.",
    "service": "Install or remove the systemd service.",
    "completion": "Print the completion script for a shell.",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports `monitor.cli.NAME` when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of COMMANDS, which is the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"monitor.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return what is called; of a name that is mistyped, raise UsageError with the most similar one."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            from difflib import get_close_matches

            if near := get_close_matches(args[0], COMMANDS, n=1):
                ctx.fail(f"No such command '{args[0]}'. Did you mean '{near[0]}'?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-c", "--config", "config_file", metavar="FILE", help="The configuration to use (default: ./config.yaml)."
)
@click.version_option(__version__, prog_name="monitor")
@click.pass_context
def monitor(ctx: click.Context, /, **_: str | None) -> None:
    """Watch press releases: dumps in, alerts out; nothing missed, nothing twice."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main() -> None:
    """Run a command and turn errors into messages and exit codes; the console script."""
    gc.disable()  # until the configuration is read: what is loaded so far stays, so looking through it finds nothing
    open_standard_streams()
    share_certificates(os.environ)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # they would see every secret, and are searched for
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # print the code of what its encoding lacks, such as Korean in Latin-1
            stream.reconfigure(errors="backslashreplace")
    try:
        code = monitor.main(prog_name="monitor", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except click.ClickException as error:
        if "--json" in sys.argv:
            report(UsageError(error.format_message()))
        else:
            error.show()
        code = error.exit_code
    except MonitorError as error:
        report(error)
        code = error.exit_code
    except SystemExit:  # click raises it when the reader has closed the pipe
        code = 0
    except OSError as error:
        report(MonitorError(f"cannot be read or written: {error.strerror}", where=error.filename))
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def open_standard_streams() -> None:
    """Open the null device in place of each standard stream that the caller closed, as with `>&-`.

    Without it the next file to be opened, perhaps the store, would get the number of that stream.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for the process


def share_certificates(environ: MutableMapping[str, str]) -> None:
    """Let any of the usual variables name the trusted certificates of every connection.

    Channels read the first two, as requests does; mail, fetched files and the heartbeat the others, as OpenSSL does.
    """
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    found = next(filter(None, map(environ.get, names)), None)
    if found and Path(found).exists():
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_DIR" if Path(found).is_dir() else "SSL_CERT_FILE"):
            environ[name] = environ.get(name) or found


def report(error: MonitorError) -> None:
    """Print an error on stderr: as JSON for programs that asked for JSON, else for people."""
    if "--json" in sys.argv:
        from monitor.inspect.json_lines import error_row, json_line

        click.echo(json_line({"error": error_row(error)}), err=True)
    elif isinstance(error, ConfigError):
        from monitor.config import render_diagnostics

        click.echo(render_diagnostics(error.faults, color=sys.stderr.isatty()).rstrip("\n"), err=True)
    else:
        from monitor.text import escape

        where = f"{error.where}: " if error.where else ""
        click.echo(escape(f"monitor: {where}{error.message}"), err=True)
        if error.excerpt:
            click.echo(error.excerpt, err=True)
