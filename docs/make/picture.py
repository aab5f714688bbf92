"""Generate the picture of the README: an alert of the sample dumps as a terminal shows it."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parent.parent.parent
WIDTH = 110  # columns
_BEGIN = "semiconductor (changed): "  # of the most instructive message

# The frame of rich without its web font and without full-width forms: with a Korean monospaced font, every Latin letter
# would take two columns.
_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px;
  line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def picture() -> str:
    """Return the most instructive message of the samples as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(_message(_printed())), soft_wrap=False)
    svg = console.export_svg(title="monitor run", theme=MONOKAI, unique_id="monitor", code_format=_FRAME)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _printed() -> str:
    """Return what `monitor run --once` prints for the samples on a terminal."""
    with TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "seeds", Path(folder, "seeds"))
        shutil.copy(ROOT / "config.yaml", folder)
        return _on_a_terminal([sys.executable, "-c", "from monitor.cli import main; main()", "run", "--once"], folder)


def _on_a_terminal(command: list[str], folder: str) -> str:
    ours, theirs = os.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=theirs, stderr=subprocess.DEVNULL):
        os.close(theirs)
        chunks = list(iter(lambda: _read(ours), b""))
    os.close(ours)
    return b"".join(chunks).decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: the other end is closed
        return b""


def _message(printed: str) -> str:
    """Return the message that begins with `_BEGIN`, with its colours."""
    messages = re.split(r"\n\n(?=\x1b\[1m(?![A-Z]+  ))", printed)  # headings of items begin with their kind
    return next(one for one in messages if Text.from_ansi(one).plain.startswith(_BEGIN)).rstrip("\n")
