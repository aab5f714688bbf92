"""New normal forms reach a store that was hashed with the old ones."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from monitor.compare.fingerprint import FINGERPRINTER, sketch
from monitor.model import Kind, Release
from monitor.ports import Fingerprinter
from monitor.store.rehash import rehash
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from monitor.text import NORM_VERSION
from tests.contract.takes import take_in
from tests.dumps import dump, record

TALKS = record("Talks held", "Delegations met in Seoul on Monday and agreed to meet again.")


def strange_hash(release: Release) -> bytes:
    return release.title.encode()[:16]


def strange_keys(source: str, release: Release) -> tuple[bytes, ...]:
    return (f"{source}:{release.title}".encode(),)


STRANGE = Fingerprinter(
    norm_version=NORM_VERSION + 1,
    text_hash=strange_hash,
    keys=strange_keys,
    sketch=lambda release: replace(sketch(release), length=1),
)
AFTER_IT = replace(FINGERPRINTER, norm_version=NORM_VERSION + 2)


def test_a_store_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    with closing(open_for_writing(tmp_path)) as handle:
        take_in(SqlStore(handle), dump(TALKS))
        assert rehash(handle, STRANGE) == 1
        assert rehash(handle, STRANGE) == 0


def test_hashes_and_index_follow_the_new_forms_and_nothing_looks_changed(tmp_path: Path) -> None:
    with closing(open_for_writing(tmp_path)) as handle:
        store = SqlStore(handle)
        take_in(store, dump(TALKS))
        rehash(handle, STRANGE)
        assert store.snapshot([b"motie:Talks held"]).by_key == {b"motie:Talks held": (1,)}
        assert [each.length for each in store.sketches([b"motie:Talks held"]).values() if each] == [1]
        assert rehash(handle, AFTER_IT) == 1
        retold = dump(TALKS.replace("Seoul on", "Seoul  on"))
        counts = take_in(store, retold, name="b.txt").counts
        assert {str(kind): count for kind, count in counts.items() if count} == {"cosmetic": 1}


def test_a_store_of_many_texts_is_gone_through_bit_by_bit(tmp_path: Path) -> None:
    with closing(open_for_writing(tmp_path)) as handle:
        store, count = SqlStore(handle), 2_500
        take_in(store, dump(*(record(f"Notice {n}", f"Office {n} wrote item {n * 7}.") for n in range(count))))
        assert rehash(handle, STRANGE) == count
        assert rehash(handle, AFTER_IT) == count
        again = take_in(store, dump(record("Notice 2499", "Office 2499  wrote item 17493.")), name="b.txt")
        assert again.counts[Kind.COSMETIC] == 1
