"""Find the nodes that have stopped, by how long this process has seen the beat of each of them stand still.

No wall clock decides, and none of another machine: clocks may differ by hours. A process that could not read the beats
for a while, because the store was down or the machine asleep, knows nothing of that time and starts to count anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from monitor.frozen import dataclass

DEAD_AFTER = 5.0  # beats that a node must be seen to have left out
STAND_DOWN_AFTER = 3.0  # beats after which a node that could not count up stops sending; less than DEAD_AFTER
GAP = 3.0  # beats between two reads, after which the count starts anew
_NODES_PER_SECOND = 100  # beats that all nodes together may store in a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The beat that a node showed last."""

    count: int
    since: float  # uptime at the end of the read that showed it first
    interval: float  # seconds between two beats, as of then


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What an unbroken row of reads has shown."""

    beats: Mapping[str, Beat] = field(default_factory=dict)  # by boot
    began: float = 0.0  # uptime at the begin of the last read, and at its end
    ended: float = 0.0

    def still(self, boot: str) -> float:
        """Return for how many beats a node was seen to stand still; 0.0 also for one that nobody has seen."""
        beat = self.beats.get(boot)
        return max(0.0, self.began - beat.since) / beat.interval if beat else 0.0

    def stopped(self) -> frozenset[str]:
        """Return the nodes that have left out so many beats that they are dead."""
        return frozenset(boot for boot in self.beats if self.still(boot) >= DEAD_AFTER)


NOTHING_SEEN = Observation()


def beat_interval(nodes: int) -> float:
    """Return the seconds between two beats of a node, where so many are alive."""
    return max(1.0, nodes / _NODES_PER_SECOND)


def observe(before: Observation, beats: Mapping[str, int], *, began: float, ended: float) -> Observation:
    """Return what is known after one more read. After a read that failed, `before` is NOTHING_SEEN.

    beats: by boot, of all nodes that are alive. began, ended: when this process asked and had the answer, in uptime.
    """
    interval = beat_interval(len(beats))
    slowest = max((beat.interval for beat in before.beats.values()), default=interval)
    known = {} if ended - before.ended > GAP * max(interval, slowest) else before.beats
    return Observation(
        beats={
            boot: known[boot]
            if boot in known and known[boot].count == count
            else Beat(count=count, since=ended, interval=interval)
            for boot, count in beats.items()
        },
        began=began,
        ended=ended,
    )
