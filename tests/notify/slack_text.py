"""Show a payload of Slack as text, about as Slack shows it: `python -m tests.notify.slack_text [SITUATION]`.

With `-` it reads payloads from its input, one on each line.
"""

from __future__ import annotations

import html
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from monitor.notify.slack import payload
from tests.notify.situations import SITUATIONS

WIDTH = 100
_LINK = re.compile(r"<([^|>]+)\|([^>]*)>")


def shown(posted: Mapping[str, Any]) -> str:
    """The notification, and below it the blocks; a link as [text](address), small print in ‹›."""
    return "\n".join([f"(notification) {_read(posted['text'])}", *_lines(posted["blocks"])]) + "\n"


def _lines(blocks: list[dict[str, Any]]) -> Iterator[str]:
    for block in blocks:
        match block["type"]:
            case "header":
                yield from ("", f"# {block['text']['text']}", "")
            case "divider":
                yield from ("", "─" * WIDTH, "")
            case "context":
                yield f"‹ {'   '.join(_read(one['text']) for one in block['elements'])} ›"
            case _:
                for line in _read(block["text"]["text"]).split("\n"):
                    is_quote = line.startswith("> ")
                    yield from textwrap.wrap(
                        line.removeprefix("> "),
                        WIDTH,
                        initial_indent="│ " if is_quote else "",
                        subsequent_indent="│ " if is_quote else "",
                        break_long_words=False,
                        break_on_hyphens=False,
                    ) or [""]


def _read(mrkdwn: str) -> str:
    return html.unescape(_LINK.sub(r"[\2](\1)", mrkdwn)).replace("\u200b", "")


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        for line in sys.stdin:
            print(shown(json.loads(line)))
    else:
        for name in sys.argv[1:] or SITUATIONS:
            print(f"==== {name}\n\n{shown(payload(SITUATIONS[name]))}")
