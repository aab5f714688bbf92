"""From what was seen on the wire to the class of an attempt: every code and every failure."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.http_client import retry_after
from monitor.model import Outcome
from monitor.notify.verdict import SendFailure, WireTrace, verdict_of

OK, TRANSIENT, REFUSED = Outcome.OK, Outcome.TRANSIENT, Outcome.REFUSED
CHANNEL, UNCERTAIN = Outcome.CHANNEL_REFUSED, Outcome.UNCERTAIN


def http(*codes: int, failure: SendFailure = SendFailure.NONE) -> WireTrace:
    return WireTrace(protocol="http", codes=codes, failure=failure)


def smtp(*codes: int) -> WireTrace:
    return WireTrace(protocol="smtp", codes=codes)


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ((301, 302, 303, 307, 308, 304, 401, 402, 403, 404, 405, 410), CHANNEL),
        ((400, 413, 422), REFUSED),
        ((406, 408, 409, 411, 418, 425, 429, 451, 500, 501, 502, 503, 504, 529, 599, 100, 999), TRANSIENT),
    ],
)
def test_each_http_code_that_is_no_success_has_its_class(codes: tuple[int, ...], outcome: Outcome) -> None:
    verdicts = [verdict_of(http(code), accepted=False) for code in codes]
    assert [(v.outcome, v.code) for v in verdicts] == [(outcome, code) for code in codes]
    assert [str(v.code) in v.reason for v in verdicts] == [True] * len(codes)


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ((530, 534, 535, 550, 551, 553, 554), CHANNEL),
        ((552,), REFUSED),
        ((421, 450, 451, 452, 454, 500, 501, 502, 503, 504, 538, 555, 599), TRANSIENT),
    ],
)
def test_each_smtp_code_that_is_no_success_has_its_class(codes: tuple[int, ...], outcome: Outcome) -> None:
    seen = [smtp(220, 250, 250, code, 250, 221) for code in codes]  # a client resets and says goodbye
    assert [verdict_of(wire, accepted=False).outcome for wire in seen] == [outcome] * len(codes)
    assert [verdict_of(wire, accepted=False).code for wire in seen] == list(codes)


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ((554,), CHANNEL),
        ((220, 250, 250, 554, 250, 221), CHANNEL),
        ((220, 250, 250, 250, 354, 554, 250, 221), REFUSED),
    ],
    ids=["no mail service here", "relaying is denied", "it has read the mail"],
)
def test_a_mail_server_that_has_not_seen_the_mail_refuses_the_channel(codes: tuple[int, ...], outcome: Outcome) -> None:
    found = verdict_of(smtp(*codes), accepted=False)
    assert (found.outcome, found.code) == (outcome, 554)


@pytest.mark.parametrize(
    ("wire", "outcome", "code"),
    [
        (http(200), OK, 200),
        (http(204), OK, 204),
        (http(404, 200), OK, 200),
        (http(302), CHANNEL, 302),
        (smtp(220, 502, 250, 250, 250, 354, 250, 221), OK, 250),
        (WireTrace(protocol="other"), OK, None),
        (WireTrace(), CHANNEL, None),
        (WireTrace(protocol="http"), CHANNEL, None),
        (WireTrace(protocol="other", failure=SendFailure.NOT_CONNECTED), TRANSIENT, None),
        (http(failure=SendFailure.NOT_CONNECTED), TRANSIENT, None),
        (http(failure=SendFailure.UNREADABLE), UNCERTAIN, None),
        (replace(http(200), is_cut=True), OK, 200),
    ],
    ids=[
        "200",
        "204",
        "a detour that ended well",
        "a redirect taken for success",
        "mail",
        "some other protocol",
        "nothing was sent",
        "no request was sent",
        "a datagram to nowhere",
        "no connection",
        "nobody knows",
        "200 and a broken body",
    ],
)
def test_what_a_plugin_takes_for_accepted(wire: WireTrace, outcome: Outcome, code: int | None) -> None:
    assert verdict_of(wire, accepted=True).outcome is outcome
    assert verdict_of(wire, accepted=True).code == code


@pytest.mark.parametrize(
    ("wire", "outcome"),
    [
        (http(200), TRANSIENT),
        (http(401, 200), CHANNEL),
        (http(failure=SendFailure.NOT_CONNECTED), TRANSIENT),
        (http(400, failure=SendFailure.EXPECTS_TLS), TRANSIENT),
        (smtp(220, 250), TRANSIENT),
        (replace(smtp(220, 250), failure=SendFailure.NO_LOGIN), TRANSIENT),
        (http(failure=SendFailure.CUT_OR_TLS), UNCERTAIN),
        (http(failure=SendFailure.READ_TIMEOUT), UNCERTAIN),
        (http(failure=SendFailure.CONNECTION_LOST), UNCERTAIN),
        (http(200, failure=SendFailure.PLUGIN), UNCERTAIN),
        (replace(http(200), is_cut=True), UNCERTAIN),
        (replace(http(503), is_cut=True), TRANSIENT),
        (replace(http(404), is_cut=True), CHANNEL),
        (http(failure=SendFailure.UNREADABLE), UNCERTAIN),
        (smtp(220, 250, 250, 250, 354, 354), UNCERTAIN),
        (smtp(220, 250, 250, 250, 354, 334, 250), UNCERTAIN),
        (http(503, failure=SendFailure.PLUGIN), TRANSIENT),
        (http(failure=SendFailure.PLUGIN), TRANSIENT),
        (WireTrace(failure=SendFailure.PLUGIN), TRANSIENT),
        (WireTrace(), TRANSIENT),
        (smtp(), TRANSIENT),
        (smtp(220, 250, 250), TRANSIENT),
        (smtp(220, 250, 250, 250, 354), UNCERTAIN),
        (smtp(220, 250, 250, 250, 354, 451, 250, 221), TRANSIENT),
    ],
)
def test_what_no_plugin_takes_for_accepted(wire: WireTrace, outcome: Outcome) -> None:
    verdict = verdict_of(wire, accepted=False)
    assert verdict.outcome is outcome
    assert verdict.reason


@pytest.mark.parametrize("code", [200, 250, 251, 252, 299])
def test_any_2xx_after_the_text_of_a_mail_accepts_it_whatever_the_client_says(code: int) -> None:
    found = verdict_of(smtp(220, 250, 250, 250, 354, code, 221), accepted=False)
    assert (found.outcome, found.code) == (OK, code)


def test_a_plugin_that_raises_is_named_by_the_class_of_its_error() -> None:
    trace = WireTrace(failure=SendFailure.PLUGIN, error="TypeError")
    assert "(TypeError)" in verdict_of(trace, accepted=False).reason


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("86400", 86_400.0),
        ("315360000", 86_400.0),
        ("9" * 5000, 86_400.0),
        ("120, 300", 120.0),
        ("-5", None),
        ("²", None),
        ("1e9", None),
        ("", None),
        (",", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("Fri, 31 Dec 0001 23:59:59 +9999", None),
        ("Sun, 22 Nov 2026 12:01:00 GMT, later", 60.0),
    ],
)
def test_any_wish_to_wait_is_bounded_or_passed_over(value: str, seconds: float | None) -> None:
    assert retry_after(value, "Sun, 22 Nov 2026 12:00:00 GMT") == seconds


def test_the_wish_to_wait_is_handed_on() -> None:
    assert verdict_of(WireTrace(protocol="http", codes=(429,), retry_after=120.0), accepted=False).retry_after == 120.0


@given(
    protocol=st.sampled_from(["", "http", "smtp"]),
    codes=st.lists(st.integers(0, 999), max_size=5).map(tuple),
    failure=st.sampled_from(SendFailure),
    accepted=st.booleans(),
)
def test_every_combination_has_a_class_and_a_reason(
    protocol: str, codes: tuple[int, ...], failure: SendFailure, accepted: bool
) -> None:
    verdict = verdict_of(WireTrace(protocol=protocol, codes=codes, failure=failure), accepted=accepted)
    assert verdict.reason
    has_mail_reply = protocol == "smtp" and any(
        code == 354 and 200 <= after < 300 for code, after in itertools.pairwise(codes)
    )
    assert (verdict.outcome is OK) <= (accepted or has_mail_reply)
