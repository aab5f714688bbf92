"""Check which normal forms are computed once: a merged view that says what its record says has the record's form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from monitor.compare.fingerprint import normal_form
from monitor.compare.form_cache import FormCache
from monitor.model import Release
from tests.compare.record_lab import record_of, shown
from tests.compare.scenario import SOURCE, TALKS

SHOWN = shown("7")


@pytest.mark.parametrize(
    ("view", "is_shared"),
    [
        (replace(SHOWN), True),
        (replace(SHOWN, url="https://example.org/7"), True),
        (replace(SHOWN, ref="8"), False),
        (replace(SHOWN, is_day_of_update=True), False),
        (replace(SHOWN, date=date(2020, 1, 1)), False),
        (replace(SHOWN, body=TALKS.body + " More."), False),
    ],
)
def test_a_merged_view_has_the_form_of_its_record_where_both_say_the_same(view: Release, *, is_shared: bool) -> None:
    record = record_of(SHOWN)
    form_cache = FormCache([record], source=SOURCE)
    form = form_cache.of_view(view, record)
    assert form == normal_form(view)
    assert (form is form_cache.of_record(record.digest)) is is_shared
