"""A typed setting → the text that would be read as it, or JSON where YAML has the type itself; secrets masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from monitor.config import parsers
from monitor.config.redact import mask_secret, mask_urls
from monitor.model import Rate
from monitor.notify.time_windows import DAYS, EVERY_DAY, Digest, Quiet
from monitor.secret import Secret

_SPANS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000}  # microseconds
_BYTES = {"TB": 10**12, "GB": 10**9, "MB": 10**6, "kB": 10**3, "B": 1}
_PERIODS = {"s": 1, "min": 60, "h": 3600}


def spelled(value: object, read_by: Callable[..., object] | None = None) -> object:
    """One setting; lists and tables entry by entry.

    read_by: the function of `values` that reads it, where the type alone does not say how it is written.
    """
    if value is not None and read_by in _BY_READER:
        return _BY_READER[read_by](value)
    if isinstance(value, Mapping):
        return {str(key): spelled(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [spelled(one) for one in value]
    spell = next((spell for kind, spell in _SPELLINGS.items() if isinstance(value, kind)), None)
    return spell(value) if spell else value


def _size(count: int) -> str:
    """Bytes, in the largest unit that leaves nothing over."""
    unit = next(unit for unit, bytes_ in _BYTES.items() if count % bytes_ == 0)
    return f"{count // _BYTES[unit]}{unit}"


def _duration(length: timedelta) -> str:
    whole = length // timedelta(microseconds=1)
    if not whole:
        return "0s"
    unit = next((unit for unit, long in _SPANS.items() if whole % long == 0), "ms")
    return f"{whole / _SPANS[unit]:.15g}{unit}"


def _rate(rate: Rate) -> str:
    """In the first period that makes it a whole number, else in any that loses nothing."""
    exact = {
        unit: number for unit, number in _per_period(rate) if abs(rate.per_second * _PERIODS[unit] - number) < 1e-9
    }
    unit = next((unit for unit, number in exact.items() if number == int(number)), next(iter(exact), "h"))
    return f"{exact.get(unit, rate.per_second * _PERIODS[unit]):.12g}/{unit}"


def _per_period(rate: Rate) -> list[tuple[str, float]]:
    return [(unit, round(rate.per_second * long, 6)) for unit, long in _PERIODS.items()]


def _digest(digest: Digest) -> str:
    return _time(digest.at) if digest.days == EVERY_DAY else f"{_days(digest.days)} {_time(digest.at)}"


def _days(days: frozenset[int]) -> str:
    """Neighbours as `mon-fri`."""
    starts = [day for day in sorted(days) if day - 1 not in days]
    ends = [day for day in sorted(days) if day + 1 not in days]
    spans = zip(starts, ends, strict=True)
    return ",".join(DAYS[one] if one == last else f"{DAYS[one]}-{DAYS[last]}" for one, last in spans)


def _quiet(quiet: Quiet) -> str:
    return f"{_time(quiet.start)}-{_time(quiet.end)}"


def _time(at: time) -> str:
    return f"{at:%H:%M}"


_SPELLINGS: Mapping[type, Callable[..., str]] = {
    timedelta: _duration,
    Rate: _rate,
    Digest: _digest,
    Quiet: _quiet,
    Secret: lambda secret: mask_secret(secret.reveal()),
    ZoneInfo: lambda zone: zone.key,
    Enum: lambda kind: str(kind.value),
    Path: str,
    str: mask_urls,
}
_BY_READER: Mapping[Callable[..., object] | None, Callable[[Any], str]] = {
    parsers.size: _size,
    parsers.age: lambda length: str(length.days),
}
