"""Sentences that many releases share say little about which release a record shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from monitor.model import Kind, Release
from tests.compare.scenario import Lab, dump

COMMON = (
    " The ministry supports small exporters through its regional centres and answers questions on working days between"
    " nine and six. Forms and guidance are found on the website of the ministry, and interpreters can be booked free of"
    " charge by anybody who runs a company with fewer than fifty employees."
)
TOPICS = ("steel pipes", "rice wine", "ship engines", "solar panels", "hand tools")
BEEF = (
    "Applications for the beef quota open in Busan and close once every share has been given to a registered importer."
)
FISH = (
    "A course on catch documents for frozen fish begins in Mokpo, where inspectors show how each certificate is read."
)


def notice(text: str, title: str = "Notice to exporters") -> Release:
    return Release(title=title, body=text + COMMON, date=date(2024, 7, 1))


OTHERS = [notice(f"News about {topic} and the people who sell {topic} abroad.", f"On {topic}") for topic in TOPICS]


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (notice(FISH), Kind.NEW),
        (notice(BEEF.replace("Busan", "Incheon")), Kind.CHANGED),
        (
            notice(BEEF + " The deadline has been moved to the end of the week at the request of several importers."),
            Kind.CHANGED,
        ),
        (notice(BEEF.split(" and close")[0] + "."), Kind.CHANGED),
    ],
    ids=["another notice", "a word", "a sentence more", "half a sentence less"],
)
def test_only_their_own_sentences_tell_two_notices_apart(after: Release, kind: Kind, lab: Lab) -> None:
    lab.drop(dump(notice(BEEF), *OTHERS)).drop(dump(after))

    assert lab.change.kind is kind


def test_two_short_notices_are_two_however_long_their_common_sentences_are(lab: Lab) -> None:
    beef, fish = (
        replace(notice(text), body=text + COMMON + COMMON)
        for text in (
            "부산항에 새로운 크레인 세 대가 내년 봄부터 들어와 무거운 화물을 옮긴다고 밝혔다.",
            "남부 지방의 농민들은 지난 몇 주 동안 우박으로 입은 과수원 피해에 대해 보상을 받는다.",
        )
    )
    lab.drop(dump(beef, *OTHERS)).drop(dump(fish))

    assert lab.change.kind is Kind.NEW


def test_a_template_whose_figures_were_corrected_is_one_release(lab: Lab) -> None:
    made = "Price of crude oil: {} dollars; of gas: {} dollars; of coal: {} dollars; of uranium: {} dollars."
    titles = [f"Prices {number}" for number in range(5)]
    daily = [notice(made.format(*range(n, n + 4)), title) for n, title in enumerate(titles, start=20)]
    lab.drop(dump(*daily)).drop(dump(replace(daily[0], body=made.format(71, 72, 73, 74) + COMMON)))

    assert lab.change.kind is Kind.CHANGED


def test_without_other_releases_nothing_is_boilerplate(lab: Lab) -> None:
    lab.drop(dump(notice(BEEF))).drop(dump(notice(FISH)))

    assert lab.change.kind is Kind.CHANGED
