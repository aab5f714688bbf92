"""Make what follows from the rows of a store, after another program than this one has filled it: a copy, a restore."""

from __future__ import annotations

from monitor.store.handle import Handle


def after_copy(handle: Handle) -> None:
    """Fill turns and totals and the queue of the search index, and set what counts past all that is stored.

    Nothing was written since the rows came. The caller holds the transaction that has brought them.
    """
    handle.all("fill_sources")
    handle.all("fill_event_totals")
    handle.all("fill_message_totals")
    handle.all("queue_heads")
    handle.all("skip_ids")
    handle.all("skip_numbers")
