"""List the exit codes of the commands and their meanings; the error classes carry the codes themselves."""

from __future__ import annotations

from collections.abc import Mapping

EXIT_CODES: Mapping[int, str] = {
    0: "Success; also a clean stop by SIGTERM.",
    1: "Failed.",
    2: "Wrong usage.",
    3: "Partial success: this run met a reject, or did not send a message that was due.",
    11: "Another monitor uses the state folder.",
    78: "The configuration is invalid.",
    130: "Stopped by Ctrl-C.",
}
