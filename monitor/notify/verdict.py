"""Derive the verdict on one send from what was seen on the wire.

Pure and total: every code and every failure has an outcome. A reason quotes no text of the service, for it may hold a
secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

from monitor.model import Outcome, Verdict

MAX_RETRY_AFTER = 86_400.0  # a service that asks for more than a day means milliseconds, or nothing
_HTTP_REFUSALS: dict[int, Outcome] = dict.fromkeys((400, 413, 422), Outcome.REFUSED) | dict.fromkeys(
    (*range(300, 400), 401, 402, 403, 404, 405, 410), Outcome.CHANNEL_REFUSED
)
_SMTP_REFUSALS: dict[int, Outcome] = {552: Outcome.REFUSED} | dict.fromkeys(
    (530, 534, 535, 550, 551, 553), Outcome.CHANNEL_REFUSED
)
_SMTP_FAILED = 554  # refuses a mail that was read; earlier, the client: no service here, relaying denied
_SMTP_SEND_NOW = 354  # the answer to DATA: from here on the message may arrive
_SMTP_BYE = 221
_EXPLANATIONS = {
    Outcome.CHANNEL_REFUSED: ": it accepts nothing from this channel; check its url, password and addresses",
    Outcome.REFUSED: ": it will not take this message",
}
_PHRASES = {status.value: f" ({status.phrase})" for status in HTTPStatus}


class SendFailure(StrEnum):
    """The reason why no answer came; the value is the sentence shown to people."""

    NONE = ""
    NOT_CONNECTED = "could not connect: refused, unreachable or timed out"
    UNKNOWN_HOST = "the host name does not resolve"
    TLS = "the TLS handshake failed"
    READ_TIMEOUT = "no answer in time; it may have been accepted"
    CONNECTION_LOST = "the connection broke before the answer; it may have been accepted"
    PLUGIN = "the service's plugin failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireTrace:
    """The answers that one send got, in order, and the failure that ended it."""

    protocol: str = ""  # http | smtp | "": the plugin speaks neither
    codes: tuple[int, ...] = ()
    retry_after: float | None = None  # seconds
    failure: SendFailure = SendFailure.NONE


def verdict_of(trace: WireTrace, *, accepted: bool) -> Verdict:
    """Apply the first rule that fits; `accepted` is what the plugin returned."""
    code = _decisive(trace, accepted=accepted)
    is_redirect = trace.protocol == "http" and code is not None and 300 <= code < 400
    if accepted and not is_redirect:
        return Verdict(outcome=Outcome.OK, reason=f"accepted ({code})" if code else "accepted", code=code)
    if _may_have_arrived(trace):
        reason = SendFailure.CONNECTION_LOST.value if trace.protocol == "smtp" else trace.failure.value
        return Verdict(outcome=Outcome.UNCERTAIN, reason=reason)
    if trace.failure or code is None:
        return Verdict(outcome=Outcome.TRANSIENT, reason=trace.failure.value or "not accepted; no answer was seen")
    if trace.protocol == "smtp" and _is_good(trace.protocol, code):
        return Verdict(outcome=Outcome.TRANSIENT, reason="the mail server broke off before it took the message")
    outcome = _outcome(trace, code)
    return Verdict(outcome=outcome, reason=_reason(trace, code, outcome), code=code, retry_after=trace.retry_after)


def retry_after(value: str | None, sent: str | None) -> float | None:
    """Return the seconds to wait; a date is read against the service's own clock, so ours need not be right."""
    if value is None:
        return None
    try:
        if value.strip().isdigit():
            return min(float(value), MAX_RETRY_AFTER)
        seconds = (parsedate_to_datetime(value) - parsedate_to_datetime(sent or "")).total_seconds()
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _decisive(trace: WireTrace, *, accepted: bool) -> int | None:
    """Return the last code, of a failure the last bad one: a mail server still answers 250 and 221 after it."""
    codes = [code for code in trace.codes if code != _SMTP_BYE] if trace.protocol == "smtp" else list(trace.codes)
    if not accepted:
        codes = [code for code in codes if not _is_good(trace.protocol, code)] or codes
    return codes[-1] if codes else None


def _is_good(protocol: str, code: int) -> bool:
    return code < 400 if protocol == "smtp" else 200 <= code < 300


def _may_have_arrived(trace: WireTrace) -> bool:
    if trace.protocol == "smtp":
        return trace.codes[-1:] == (_SMTP_SEND_NOW,)
    has_success = any(_is_good(trace.protocol, code) for code in trace.codes)
    return trace.failure in (SendFailure.READ_TIMEOUT, SendFailure.CONNECTION_LOST) or (
        trace.failure is SendFailure.PLUGIN and has_success
    )


def _outcome(trace: WireTrace, code: int) -> Outcome:
    if trace.protocol != "smtp":
        return _HTTP_REFUSALS.get(code, Outcome.TRANSIENT)
    if code == _SMTP_FAILED:
        return Outcome.REFUSED if _SMTP_SEND_NOW in trace.codes else Outcome.CHANNEL_REFUSED
    return _SMTP_REFUSALS.get(code, Outcome.TRANSIENT)


def _reason(trace: WireTrace, code: int, outcome: Outcome) -> str:
    is_mail = trace.protocol == "smtp"
    named = f"{code} from the mail server" if is_mail else f"{code}{_PHRASES.get(code, '')} from the service"
    if trace.protocol == "http" and 300 <= code < 400:
        return f"{named}: it redirects elsewhere, often to a login page; check the channel's url"
    is_good = _is_good(trace.protocol, code)
    return named + _EXPLANATIONS.get(outcome, ", but it did not accept the message" if is_good else "")
