"""Verify a store, check by check; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from monitor.ports import Fingerprinter
from monitor.state_values import IntegrityCheck
from monitor.store.damaged_rows import UNREADABLE
from monitor.store.handle import Handle
from monitor.store.rows import parse_number, release_of, unpack_message

_PAGE = 500
MAX_FAULTS = 20  # of one check, in its report


def verify_rows(handle: Handle) -> Iterator[IntegrityCheck]:
    """Check whether the rows agree with each other, and whether the messages can be read."""
    astray = [f"release {row[0]} names no version of its own as its text" for row in handle.all("broken_heads")]
    yield IntegrityCheck(check="heads", faults=tuple(astray[:MAX_FAULTS]))
    partial = [
        f"dump {row[0]} does not name every release that it showed"
        for row in handle.all("broken_dumps", most=MAX_FAULTS)
    ]
    yield IntegrityCheck(check="dumps", faults=tuple(partial))
    apart = [f"event {row[0]} is not listed under its own watchlists" for row in handle.all("broken_matches")]
    yield IntegrityCheck(check="watchlists", faults=tuple(apart[:MAX_FAULTS]))
    yield IntegrityCheck(check="messages", faults=_unreadable_messages(handle))


def verify_texts(
    handle: Handle, fingerprinter: Fingerprinter, *, on_step: Callable[[int], object] = lambda _: None
) -> IntegrityCheck:
    """Hash every stored text again: bytes that were overwritten inside a page pass all checks of an engine."""
    stored = handle.one("meta", k="norm_version")
    if stored is not None and parse_number(stored["v"]) != fingerprinter.norm_version:
        return IntegrityCheck(
            check="texts", faults=("another version of the monitor hashed them; start this version once",)
        )
    faults: list[str] = []
    for rows in handle.pages("texts_to_verify", limit=_PAGE):
        faults += [
            f"version {row['seq']} of release {row['release']} is not the text that was stored"
            for row in rows
            if fingerprinter.text_hash(release_of(row)) != row["fold_hash"]
        ]
        on_step(len(rows))
    return IntegrityCheck(check="texts", faults=tuple(faults[:MAX_FAULTS]))


def _unreadable_messages(handle: Handle) -> tuple[str, ...]:
    faults: list[str] = []
    for rows in handle.pages("payloads", limit=_PAGE):
        for row in rows:
            try:
                unpack_message(row["payload_json"])
            except UNREADABLE:
                faults.append(f"message {row['id']} cannot be read; it is sent with the facts of its events")
    return tuple(faults[:MAX_FAULTS])
