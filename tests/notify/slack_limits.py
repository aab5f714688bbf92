"""Check a payload against the limits that Slack publishes for messages and blocks, in a second hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# https://docs.slack.dev/reference/block-kit/blocks and …/composition-objects/text-object
MOST_BLOCKS, MOST_ELEMENTS = 50, 10
MOST_CHARACTERS = {"header": 150, "section": 3_000, "context": 3_000}
# https://docs.slack.dev/changelog/2018-04-truncating-really-long-messages recommends 4,000 and cuts at 40,000
MOST_TEXT = 4_000
# Not published: people report `msg_blocks_too_long` from about 13,200 characters on.
MOST_IN_ALL = 13_000
KEYS = {
    "header": {"type", "text"},
    "section": {"type", "text", "expand"},
    "context": {"type", "elements"},
    "divider": {"type"},
}


def faults(payload: Mapping[str, Any]) -> list[str]:
    """What Slack would refuse or cut."""
    return list(_faults(payload["text"], payload["blocks"]))


def texts_of(blocks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each text with the type of its block."""
    for block in blocks:
        for text in block.get("elements", [block["text"]] if "text" in block else []):
            yield block["type"], text["text"]


def _faults(text: str, blocks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not 0 < len(text) <= MOST_TEXT:
        yield f"a notification of {len(text)} characters"
    if not 0 < len(blocks) <= MOST_BLOCKS:
        yield f"{len(blocks)} blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > MOST_IN_ALL:
        yield f"{len(json.dumps(blocks, ensure_ascii=False))} characters in all"
    for block in blocks:
        if block.keys() - KEYS[block["type"]]:
            yield f"keys {block.keys()} of a {block['type']}"
        if block["type"] == "context" and not 0 < len(block["elements"]) <= MOST_ELEMENTS:
            yield f"{len(block['elements'])} elements"
        for one in block.get("elements", [block["text"]] if "text" in block else []):
            if one["type"] != ("plain_text" if block["type"] == "header" else "mrkdwn"):
                yield f"{one['type']} in a {block['type']}"
            if not 0 < len(one["text"].encode("utf-16-le", "surrogatepass")) // 2 <= MOST_CHARACTERS[block["type"]]:
                yield f"{len(one['text'])} characters in a {block['type']}"
