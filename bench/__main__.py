"""`./dev bench [NAME…]`: run the measurements and print one markdown table of what they found.

`./dev bench peers --changedetection` measures a second peer, too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

from bench import (
    archive,
    cluster,
    compare,
    delivery,
    floods,
    formats,
    huge,
    ingesting,
    match,
    pages,
    peers,
    pickup,
    pipeline,
    rules,
    stages,
    startup,
    store,
    verdicts,
)
from bench.report import Figure, table

BENCHES: dict[str, Callable[[], Sequence[Figure]]] = {
    "pickup": pickup.close_to_commit,
    "burst": pickup.burst,
    "heal": pickup.heal,
    "idle": pickup.idle,
    "drop": pipeline.drop_to_webhook,
    "deliver": delivery.commit_to_webhook,
    "throughput": delivery.throughput,
    "hung": delivery.hung_neighbours,
    "forms": compare.normal_forms,
    "kinds": compare.cost_by_kind,
    "growth": compare.growth,
    "long-body": compare.long_body,
    "floods": floods.floods,
    "take-in": store.take_in_floors,
    "stages": stages.stages,
    "formats": formats.formats,
    "store-growth": store.store_growth,
    "size": store.store_size,
    "archive": archive.archive_pages,
    "pages": pages.pages,
    "match": match.per_release,
    "match-build": match.build,
    "match-hostile": match.hostile_pairs,
    "huge": huge.huge,
    "ingest": ingesting.ingest_archive,
    "rules": rules.scans,
    "startup": startup.startup,
    "drop-during-scan": rules.drop_during_scans,
    "cluster": cluster.cluster,
    "peers": peers.peers,
    "verdicts": verdicts.verdicts,
}
_FLAG = "--changedetection"  # of `peers`: a second peer takes its turn
BY_NAME_ONLY = frozenset({"peers", "verdicts", "cluster"})  # they need other programs, or an older one of ours


def main(names: Sequence[str]) -> int:
    """Run the named benches, or all but those of BY_NAME_ONLY; 2 for a name that is none."""
    benches = dict(BENCHES)
    if _FLAG in names:
        names = [name for name in names if name != _FLAG] or ["peers"]
        benches["peers"] = partial(peers.peers, with_changedetection=True)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"no bench {unknown[0]!r}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in names or [name for name in BENCHES if name not in BY_NAME_ONLY]:
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        figures += benches[name]()
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
