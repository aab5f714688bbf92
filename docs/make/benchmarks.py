"""Write the table of docs/benchmarks.md from one run of all that it shows: `python -m docs.make.benchmarks`.

It takes about six minutes on a machine with nothing else to do; beside other work the figures are worth nothing.
"""

from __future__ import annotations

import os
import platform
import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path

from bench.__main__ import BENCHES
from bench.report import table

PAGE = Path(__file__).parent.parent / "benchmarks.md"
NAMES = (
    *("drop", "deliver", "throughput", "hung", "kinds", "match", "match-build", "match-hostile"),
    *("take-in", "size", "formats", "archive", "pages"),
)
_TABLE = re.compile(r"<!-- run -->.*<!-- end -->", re.DOTALL)


def main() -> None:
    """Measure, and put what was found between the two marks of the page."""
    figures = [figure for name in NAMES for figure in BENCHES[name]()]
    head = (
        f"`./dev bench {' '.join(NAMES)}` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores of {_processor()}, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}."
    )
    run = f"<!-- run -->\n{textwrap.fill(head, 125)}\n\n{table(figures)}\n<!-- end -->"
    PAGE.write_text(_TABLE.sub(lambda _: run, PAGE.read_text("utf-8")), "utf-8")


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", _text("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else platform.machine()


def _text(path: str) -> str:
    return Path(path).read_text("utf-8") if Path(path).exists() else ""


if __name__ == "__main__":
    main()
