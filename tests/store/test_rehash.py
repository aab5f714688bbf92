"""New normal forms reach a store that was hashed with the old ones."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from monitor.compare.forms import keys, text_hash
from monitor.model import Release
from monitor.store.database import open_for_writing
from monitor.store.rehash import rehash
from monitor.store.sqlite import SqliteStore
from monitor.text import NORM_VERSION
from tests.contract.takes import take_in
from tests.dumps import dump, record

TALKS = record("Talks held", "Delegations met in Seoul on Monday and agreed to meet again.")


def strange_hash(release: Release) -> bytes:
    return release.title.encode()[:16]


def strange_keys(source: str, release: Release) -> tuple[bytes, ...]:
    return (f"{source}:{release.title}".encode(),)


def test_a_store_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    with closing(open_for_writing(tmp_path)) as handle:
        take_in(SqliteStore(handle), dump(TALKS))
        assert rehash(handle, norm_version=NORM_VERSION, text_hash=strange_hash, keys=strange_keys) == 1
        assert rehash(handle, norm_version=NORM_VERSION, text_hash=text_hash, keys=keys) == 0


def test_hashes_and_index_follow_the_new_forms_and_nothing_looks_changed(tmp_path: Path) -> None:
    with closing(open_for_writing(tmp_path)) as handle:
        store = SqliteStore(handle)
        take_in(store, dump(TALKS))
        rehash(handle, norm_version=NORM_VERSION + 1, text_hash=strange_hash, keys=strange_keys)
        assert store.snapshot([b"motie:Talks held"]).by_key == {b"motie:Talks held": (1,)}
        assert rehash(handle, norm_version=NORM_VERSION + 2, text_hash=text_hash, keys=keys) == 1
        retold = dump(TALKS.replace("Seoul on", "Seoul  on"))
        counts = take_in(store, retold, name="b.txt").counts
        assert {str(kind): count for kind, count in counts.items() if count} == {"cosmetic": 1}
