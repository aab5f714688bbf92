"""Write a typed setting as the text that parses to it; of a secret, only what may be shown."""

from __future__ import annotations

from datetime import time, timedelta

from monitor.config.redact import mask_secret
from monitor.model import Rate
from monitor.notify.time_windows import DAYS, EVERY_DAY, Digest, Quiet
from monitor.secret import Secret

_SPANS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000}  # microseconds
_BYTES = {"TB": 10**12, "GB": 10**9, "MB": 10**6, "kB": 10**3, "B": 1}
_PERIODS = {"s": 1, "min": 60, "h": 3600}


def size(count: int) -> str:
    """Write a number of bytes in the largest unit that divides it."""
    unit = next(unit for unit, bytes_ in _BYTES.items() if count % bytes_ == 0)
    return f"{count // _BYTES[unit]}{unit}"


def duration(length: timedelta) -> str:
    """Write a duration in the largest unit that divides it."""
    whole = length // timedelta(microseconds=1)
    if not whole:
        return "0s"
    unit = next((unit for unit, long in _SPANS.items() if whole % long == 0), "ms")
    return f"{whole / _SPANS[unit]:.15g}{unit}"


def rate(rate: Rate) -> str:
    """Write a rate per the first period that gives a whole number, or per any period that is exact."""
    counts = {unit: rate.per_second * seconds for unit, seconds in _PERIODS.items()}
    exact = {unit: round(count, 6) for unit, count in counts.items() if abs(count - round(count, 6)) < 1e-9}
    unit = next((unit for unit, count in exact.items() if count == int(count)), next(iter(exact), "h"))
    return f"{exact.get(unit, counts[unit]):.12g}/{unit}"


def digest(digest: Digest) -> str:
    """Write the time of a digest, after its days unless it has all."""
    return _time(digest.at) if digest.days == EVERY_DAY else f"{_days(digest.days)} {_time(digest.at)}"


def quiet(quiet: Quiet) -> str:
    """Write quiet hours as two times."""
    return f"{_time(quiet.start)}-{_time(quiet.end)}"


def days(age: timedelta) -> str:
    """Write an age as a number of days."""
    return str(age.days)


def secret(secret: Secret) -> str:
    """Write what may be shown of a secret."""
    return mask_secret(secret.reveal())


def _days(days: frozenset[int]) -> str:
    """Write days, with a range such as `mon-fri` for neighbours."""
    starts = [day for day in sorted(days) if day - 1 not in days]
    ends = [day for day in sorted(days) if day + 1 not in days]
    spans = zip(starts, ends, strict=True)
    return ",".join(DAYS[one] if one == last else f"{DAYS[one]}-{DAYS[last]}" for one, last in spans)


def _time(at: time) -> str:
    return f"{at:%H:%M}"
