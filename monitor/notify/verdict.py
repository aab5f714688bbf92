"""Derive the verdict on one send from what was seen on the wire.

Pure and total: every code and every failure has an outcome. How far the send came decides, not the kind of the error:
once the request or the mail has left, whatever breaks leaves it uncertain. A reason quotes no text of the service, for
it may hold a secret.
"""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

from monitor.frozen import dataclass
from monitor.model import Outcome, Verdict

_HTTP_REFUSALS: dict[int, Outcome] = dict.fromkeys((400, 413, 422), Outcome.REFUSED) | dict.fromkeys(
    (*range(300, 400), 401, 402, 403, 404, 405, 410), Outcome.CHANNEL_REFUSED
)
_SMTP_REFUSALS: dict[int, Outcome] = {552: Outcome.REFUSED} | dict.fromkeys(
    (530, 534, 535, 550, 551, 553), Outcome.CHANNEL_REFUSED
)
_SMTP_FAILED = 554  # refuses a mail that was read; earlier, the client: no service here, relaying denied
_SMTP_SEND_NOW = 354  # the answer to DATA: from here on the message may arrive
_SMTP_BYE = 221
NO_REPLY = 0  # stands for what came after the text of a mail and is not a reply
_EXPLANATIONS = {
    Outcome.CHANNEL_REFUSED: ": it accepts nothing from this channel; check its url, password and addresses",
    Outcome.REFUSED: ": it will not take this message",
}
_NO_LOGIN = ": login refused; check the user and the password or token in its url"
_LOGIN_EXPLANATIONS = {
    ("http", 401): _NO_LOGIN,
    ("http", 403): ": it refuses this login or token; check the url, and what the service allows it",
    ("http", 407): ": the proxy refuses the login; check user and password in HTTP_PROXY and HTTPS_PROXY",
    ("smtp", 530): ": it wants a login first, or STARTTLS; check the user, the password and the mode of its url",
    ("smtp", 534): ": login refused; this service wants a stronger way, or a password made for programs",
    ("smtp", 535): _NO_LOGIN,
}
_PHRASES = {status.value: f" ({status.phrase})" for status in HTTPStatus}
_NO_TLS = "the TLS handshake failed"


class SendFailure(StrEnum):
    """The reason why no answer came; the value is the sentence shown to people, unless the trace has a better one."""

    NONE = ""
    NOT_CONNECTED = "could not connect to {peer}"  # refused, not found, not trusted …: the trace says which
    EXPECTS_TLS = "{peer} expects TLS"
    NO_STARTTLS = (
        "the mail server{named} offers no STARTTLS, so nothing was sent; check the port and the mode of its url"
    )
    NO_LOGIN = (
        "the mail server{named} offers no login that fits, so nothing was sent; check the port and the mode of its url"
    )
    NO_MAIL_SERVER = "what answered at {peer} is not a mail server; check host and port"
    MAIL_TIMEOUT = "no answer in time from the mail server{named}, which has not been given the message"
    MAIL_SILENT = (
        "the mail server{named} does not greet, so nothing was sent; "
        "where that port expects TLS at once, use mailtos:// with mode=ssl"
    )
    MAIL_CUT = "the mail server{named} broke off before it took the message"
    READ_TIMEOUT = "no answer in time from {peer}; it may have been accepted"
    CONNECTION_LOST = "the connection to {peer} broke before the answer; it may have been accepted"
    CUT_OR_TLS = (  # not a byte came in answer to plain HTTP
        "the connection to {peer} broke before the answer; it may have been accepted, unless that port expects TLS"
    )
    UNREADABLE = "the answer of {peer} cannot be read; it may have been accepted"
    PLUGIN = "the service's plugin failed"


# After these the request or the mail had left.
_UNANSWERED = frozenset(
    {SendFailure.READ_TIMEOUT, SendFailure.CONNECTION_LOST, SendFailure.CUT_OR_TLS, SendFailure.UNREADABLE}
)
NOTHING_SENT = (
    "its plugin reports success, but sends nothing for an ordinary alert; "
    "check on the Apprise page of this service what its url needs, or use another service"
)
NO_RECIPIENT = "its plugin takes a message and sends nothing; its url probably names no valid recipient"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireTrace:
    """The answers that one send got, in order, and the failure that ended it."""

    protocol: str = ""  # http | smtp | other: a socket, a datagram or the system's log | "": nothing was seen
    codes: tuple[int, ...] = ()
    retry_after: float | None = None  # seconds
    is_cut: bool = False  # the last answer has a code, and the rest of it cannot be read
    failure: SendFailure = SendFailure.NONE
    peer: str = ""  # the host and port that it connected to last; "": none
    is_proxied: bool = False  # the last request went through a proxy that could answer itself
    cause: str = ""  # the sentence on this failure; "": its own one
    error: str = ""  # the class of the error that the plugin raised

    @property
    def is_unanswered(self) -> bool:
        """Return whether a request left and nobody knows what became of it."""
        return self.failure in _UNANSWERED


def verdict_of(trace: WireTrace, *, accepted: bool) -> Verdict:
    """Apply the first rule that fits; `accepted` is what the plugin returned."""
    if _SMTP_SEND_NOW in trace.codes and trace.protocol == "smtp":
        return _verdict_of_mail(trace)
    code = _decisive(trace, accepted=accepted)
    is_redirect = trace.protocol == "http" and code is not None and 300 <= code < 400
    if accepted and trace.protocol == "http" and code is not None and not is_redirect:
        return _accepted(code)
    if accepted and trace.protocol == "other" and not trace.failure:
        return Verdict(outcome=Outcome.OK, reason="handed over; this service confirms nothing")
    if _may_have_arrived(trace):
        return Verdict(
            outcome=Outcome.UNCERTAIN, reason=_failure_reason(trace) or _sentence(SendFailure.UNREADABLE, trace)
        )
    if trace.failure or (code is None and not accepted):
        nothing = "not accepted; no answer was seen" if trace.protocol else f"not accepted: {NO_RECIPIENT}"
        return Verdict(outcome=Outcome.TRANSIENT, reason=_failure_reason(trace) or nothing)
    if code is None:
        return Verdict(outcome=Outcome.CHANNEL_REFUSED, reason=NOTHING_SENT)
    return _verdict_of_code(trace, code)


def _verdict_of_mail(trace: WireTrace) -> Verdict:
    """Judge by the reply to the mail's text alone: any 2xx accepts it, whatever goes wrong afterwards."""
    replies = trace.codes[trace.codes.index(_SMTP_SEND_NOW) + 1 :]
    if not replies or replies[0] // 100 not in (2, 4, 5):
        failure = trace.failure if trace.is_unanswered else SendFailure.CONNECTION_LOST
        return Verdict(outcome=Outcome.UNCERTAIN, reason=_sentence(failure, trace))
    return _accepted(replies[0]) if replies[0] < 300 else _verdict_of_code(trace, replies[0])


def _accepted(code: int) -> Verdict:
    return Verdict(outcome=Outcome.OK, reason=f"accepted ({code})", code=code)


def _verdict_of_code(trace: WireTrace, code: int) -> Verdict:
    if trace.protocol == "smtp" and _is_good(trace.protocol, code):
        return Verdict(outcome=Outcome.TRANSIENT, reason=_sentence(SendFailure.MAIL_CUT, trace))
    outcome = _outcome(trace, code)
    return Verdict(outcome=outcome, reason=_reason(trace, code, outcome), code=code, retry_after=trace.retry_after)


def _decisive(trace: WireTrace, *, accepted: bool) -> int | None:
    """Return the last code, of a failure the last bad one: a mail server still answers 250 and 221 after it."""
    codes = [code for code in trace.codes if code != _SMTP_BYE] if trace.protocol == "smtp" else list(trace.codes)
    if not accepted:
        codes = [code for code in codes if not _is_good(trace.protocol, code)] or codes
    return codes[-1] if codes else None


def _is_good(protocol: str, code: int) -> bool:
    return code < 400 if protocol == "smtp" else 200 <= code < 300


def _may_have_arrived(trace: WireTrace) -> bool:
    """Return whether a request left without an answer, or got a good one that the plugin could not read."""
    has_success = trace.protocol == "http" and any(_is_good("http", code) for code in trace.codes)
    is_last_good = has_success and _is_good("http", trace.codes[-1])
    return (
        trace.is_unanswered or (trace.is_cut and is_last_good) or (trace.failure is SendFailure.PLUGIN and has_success)
    )


def _failure_reason(trace: WireTrace) -> str:
    if trace.failure is SendFailure.PLUGIN and trace.error:
        return f"{trace.failure.value} ({trace.error})"
    return trace.cause or _sentence(trace.failure, trace)


def _sentence(failure: SendFailure, trace: WireTrace) -> str:
    named = f" {trace.peer}" if trace.peer else ""
    return failure.value.format(peer=trace.peer or "the service", named=named)


def _outcome(trace: WireTrace, code: int) -> Outcome:
    if trace.protocol != "smtp":
        return _HTTP_REFUSALS.get(code, Outcome.TRANSIENT)
    if code == _SMTP_FAILED:
        return Outcome.REFUSED if _SMTP_SEND_NOW in trace.codes else Outcome.CHANNEL_REFUSED
    return _SMTP_REFUSALS.get(code, Outcome.TRANSIENT)


def _reason(trace: WireTrace, code: int, outcome: Outcome) -> str:
    is_mail = trace.protocol == "smtp"
    named = f"{code} from the mail server" if is_mail else f"{code}{_PHRASES.get(code, '')} from the service"
    named += f" or {trace.peer}" if trace.is_proxied else ""
    if trace.protocol == "http" and 300 <= code < 400:
        return f"{named}: it redirects elsewhere, often to a login page; check the channel's url"
    if login := _LOGIN_EXPLANATIONS.get((trace.protocol, code)):
        return named + login
    is_good = _is_good(trace.protocol, code)
    return named + _EXPLANATIONS.get(outcome, ", but it did not accept the message" if is_good else "")
