"""Load the stored releases that the records of a dump may show or resemble.

The texts of all releases of the surrounding days would do, but cost more with every release of a day. Sketches are
read instead, and only the texts that can matter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from monitor.compare.fingerprint import NormalForm, nearby_days
from monitor.compare.identity import MIN_BODY, MIN_BODY_RATIO, FormCache, are_titles_similar
from monitor.compare.near_duplicates import MAX_SKETCHES, candidates
from monitor.model import Record, SeenRecord, Sketch
from monitor.ports import Known, Store


def load_candidates(
    records: Sequence[Record],
    *,
    source: str,
    seen_records: Mapping[bytes, SeenRecord],
    form_cache: FormCache,
    store: Store,
) -> Known:
    """Return a snapshot of what the store knows around the records that are not unchanged."""
    stale = {seen.number for seen in seen_records.values() if not seen.is_current}
    new = [record.digest for record in records if record.digest not in seen_records]
    known = store.snapshot(form_cache.text_keys(new), stale)
    if not new:
        return known
    around = nearby_days(source, (day for day in map(form_cache.day, new) if day))
    left = [r.digest for r in records if r.digest not in seen_records or not seen_records[r.digest].is_current]
    days: dict[bytes, list[bytes]] = {}
    for digest in left:
        key = form_cache.entries(digest).get("day")
        if key in around:
            days.setdefault(key, []).append(digest)
    sketches = store.sketches(around, most=MAX_SKETCHES)
    if len(sketches) == MAX_SKETCHES:  # identity asks for all of the same day, however many there are
        sketches = {**sketches, **store.sketches(days.keys())}
    known = _with_heads(known, store, {number for number, sketch in sketches.items() if sketch is None})
    near = {n: sketch or form_cache.of_head(known.heads[n]).sketch for n, sketch in sketches.items()}
    on_day: dict[object, dict[int, Sketch]] = {}
    for number, sketch in near.items():
        on_day.setdefault(sketch.date, {})[number] = sketch
    edited = {
        key: tuple(sorted({n for d in digests for n in _similar_on_day(form_cache.of_record(d), on_day)}))
        for key, digests in days.items()
    }
    newest = dict(sorted(near.items(), reverse=True)[:MAX_SKETCHES])
    alike = candidates({digest: form_cache.of_record(digest).sketch for digest in new}, newest)
    wanted = {n for numbers in edited.values() for n in numbers}
    wanted.update(n for found in alike.values() for n in found if isinstance(n, int))
    known = _with_heads(known, store, wanted)
    return replace(known, by_key={**known.by_key, **edited}, alike=alike)


def _similar_on_day(form: NormalForm, on_day: Mapping[object, Mapping[int, Sketch]]) -> list[int]:
    """Return the releases of the same day that may be an edited form, by title and length."""
    length = len(form.body)
    if length < MIN_BODY or form.date is None:
        return []
    return [
        number
        for number, sketch in on_day.get(form.date, {}).items()
        # MIN_BODY_RATIO is within reach: at best the longer text holds all of the shorter.
        if sketch.length >= MIN_BODY
        and 200 * min(length, sketch.length) >= MIN_BODY_RATIO * (length + sketch.length)
        and are_titles_similar(form.title, sketch.title)
    ]


def _with_heads(known: Known, store: Store, numbers: Collection[int]) -> Known:
    missing = set(numbers) - known.heads.keys()
    if not missing:
        return known
    # The next number stays the one that was read first: a release added since makes the batch stale.
    return replace(known, heads={**known.heads, **store.snapshot((), missing).heads})
