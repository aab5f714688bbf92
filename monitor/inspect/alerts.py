"""Show messages with every attempt to send them, for `alerts show`; `alerts` itself lists what `pending` yields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.inspect.pending import ReadOnlyStores, alert_rows, held_back
from monitor.inspect.rows import attempt_row, message_row
from monitor.ports import Row

__all__ = ["alert_rows", "message_rows"]


def message_rows(stores: ReadOnlyStores, messages: Sequence[int]) -> Iterator[Row]:
    """Yield a line of `alerts show` for each of these messages: as in `alerts`, with its attempts. Raises NotFound."""
    for number in messages:
        message = stores.archive.message(number)
        attempts = stores.archive.attempts([number]).get(number, ())
        row = message_row(held_back(message, stores.channel_states.get(message.channel)))
        yield {**row, "tries": [attempt_row(attempt) for attempt in attempts]}
