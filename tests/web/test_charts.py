"""Charts say in words what they draw, and nothing of them needs a style."""

from __future__ import annotations

from datetime import date

import html5lib

from monitor.web import charts

NOVEMBER = [charts.Day(date(2026, 11, day), events, notified) for day, events, notified in [(1, 4, 1), (2, 0, 0)]]


def test_each_day_with_events_is_a_link_that_says_its_counts() -> None:
    found = charts.day_bars(NOVEMBER, lambda day: f"/?on={day}&kind=new", current=date(2026, 11, 1))
    links = list(html5lib.parseFragment(found, namespaceHTMLElements=False).iter("{http://www.w3.org/2000/svg}a"))
    assert [link.attrib["href"] for link in links] == ["/?on=2026-11-01&kind=new"]
    assert links[0][0].text == "1 Nov: 4 events, 1 notified"
    assert links[0].attrib["aria-current"] == "true"
    assert 'aria-label="4 events in 2 days, 1 notified"' in found


def test_the_bar_of_those_notified_is_in_proportion() -> None:
    found = charts.day_bars(NOVEMBER, str)
    assert '<path class="bar-2" d="M0 39v-39h6v39z"/><path class="bar" d="M0 39v-10h6v10z"/>' in found


def test_a_single_event_among_many_is_seen() -> None:
    assert "v-2h3v2z" in charts.sparkline([1000, 1])


def test_a_chart_without_counts_is_a_line() -> None:
    for found in (charts.day_bars([], str), charts.sparkline([]), charts.bars([], "none")):
        assert found.count("<path") == 1


def test_months_without_counts_are_gaps() -> None:
    found = charts.month_bars({"2024-11": (2, 1), "2025-02": (1,)}, ("bar-3", "bar-lost"), link=lambda m: f"?month={m}")
    rows = found.splitlines()[1:-1]
    assert [row[row.index("20") :][:7] for row in rows[1:3]] == ["2024-12", "2025-01"]
    assert all(row.endswith(">·</span></li>") for row in rows[1:3])
    assert '<a href="?month=2024-11">2024-11</a>' in rows[0]
    assert "rect" not in rows[1]


def test_a_gap_in_small_bars_stays_empty_and_each_has_its_class() -> None:
    found = charts.bars([0.5, None, 1.5], "latency", names=["bar-good", "bar", "bar-warn"])
    assert found.count("<path") == 3
    assert 'class="bar-warn" d="M12' in found


def test_no_text_and_no_address_leaves_its_attribute() -> None:
    hostile = '"><script>\u202e'
    found = charts.sparkline([1], hostile) + charts.day_bars(NOVEMBER, lambda _day: hostile)
    tags = {str(each.tag).rpartition("}")[2] for each in html5lib.parseFragment(found).iter()}
    assert tags == {"DOCUMENT_FRAGMENT", "svg", "path", "a", "title"}
    assert "style=" not in found
