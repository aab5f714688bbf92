"""How a command can end → what that means; the codes stand in the error classes and are listed here for people."""

from __future__ import annotations

from collections.abc import Mapping

EXITS: Mapping[int, str] = {
    0: "All well; also a clean stop by SIGTERM.",
    1: "Failed.",
    2: "Wrong usage.",
    3: "In part: this run stored a reject, or left a message unsent that was due.",
    11: "Another monitor works on the state folder.",
    78: "The configuration is wrong.",
    130: "Stopped by Ctrl-C.",
}
