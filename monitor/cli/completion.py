"""Print the script with which a shell completes commands, options and files: `monitor completion`."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash: eval "$(monitor completion bash)"             in ~/.bashrc
    zsh:  eval "$(monitor completion zsh)"              in ~/.zshrc
    fish: monitor completion fish > ~/.config/fish/completions/monitor.fish
    """
    # Not .source(): click's bash class starts a shell there to ask for its version.
    script, cli = SHELLS[shell], ctx.find_root().command
    complete = script(cli=cli, ctx_args={}, prog_name="monitor", complete_var="_MONITOR_COMPLETE")
    click.echo(complete.source_template % complete.source_vars())
