"""The state of a channel changes as a whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.channel_health import ChannelState
from monitor.errors import StoreError
from monitor.store.channel_states import SqlChannelStates
from monitor.store.sqlite.connection import connect
from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.handle import Handle
from monitor.testing import NOON

REFUSED = ChannelState(failures=1, since=NOON, is_refused=True, reason="401 from the service")


class FailingHandle(Handle):
    """Fails in the query named in `broken`."""

    broken = ""

    def all(self, query: str, **values: object) -> list[sqlite3.Row]:
        if query == self.broken:
            raise StoreError("the state store failed: database or disk is full")
        return super().all(query, **values)


@pytest.mark.parametrize("query", ["set_fingerprint", "save_channel_state", "retry_now"])
def test_a_channel_with_new_settings_does_not_stay_refused_when_the_store_fails_half_way(
    tmp_path: Path, query: str
) -> None:
    open_for_writing(tmp_path).close()
    with closing(FailingHandle(connect(str(tmp_path / "monitor.db")), tmp_path)) as handle:
        states = SqlChannelStates(handle)
        states.note_fingerprint("team", "aaaa", now=NOON)
        states.save("team", REFUSED)
        handle.broken = query
        with pytest.raises(StoreError):
            states.note_fingerprint("team", "bbbb", now=NOON)
        handle.broken = ""
        states.note_fingerprint("team", "bbbb", now=NOON)
        assert not states.get("team").is_refused
