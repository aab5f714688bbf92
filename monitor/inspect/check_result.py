"""Hold the result of one check of `doctor`, fit to be shown."""

from __future__ import annotations

from functools import partial

from monitor.frozen import dataclass
from monitor.text import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check."""

    check: str
    state: str  # ok | warn | fail
    what: str
    do: str = ""  # the next step; empty: none is needed


def _result(state: str, check: str, what: str, do: str = "") -> CheckResult:
    return CheckResult(check=escape(check), state=state, what=escape(what), do=escape(do))


ok, warn, fail = (partial(_result, state) for state in ("ok", "warn", "fail"))


def store_result(what: str, moved_to: str | None) -> CheckResult:
    """Return the result for a store that can be read. what: what is in it. moved_to: as `Archive.moved_to`."""
    if moved_to is None:
        return ok("store", what)
    use = "use that one; if nothing has used it yet, `monitor db copy --undo` lets this one start again"
    return fail("store", f"{what}; it was copied to {moved_to}, and no monitor starts on it", use)
