"""One message for each situation people can meet in a mailbox or a chat; the golden files show how they read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from monitor.model import Item, Kind, Message, Occasion, RelatedRelease
from monitor.notify.compose import DEFAULT_PART_LIMIT, in_parts, trial_message
from tests.notify.facts import item, keep, message, note, snippet, swap

NEW = item(
    title="Korea and the EU Hold the Fifth Round of Digital Trade Talks in Seoul",
    watchlists=("fta",),
    words=("FTA", "free trade agreement"),
    snippets=(
        snippet("… both sides agreed to build on the Korea-EU ", "FTA", ", in force since 2011, and to settle the …"),
        snippet("", "FTA", "/Economic Cooperation", "category"),
    ),
    lead="The fifth round of digital trade talks between Korea and the European Union ended in Seoul on Friday. Over "
    "three days, negotiators went through the chapters on data flows, source code and online …",
    dump="motie_20240701.txt",
)
FIGURES = item(
    number=18,
    kind=Kind.CHANGED,
    title="Exports Rise 5.3 Percent in June",
    category="Trade/Investment",
    watchlists=("semiconductor",),
    words=("semiconductors",),
    snippets=(snippet("In June exports of ", "semiconductors", " rose 5.3 percent on year to 13.4 billion dollars …"),),
    edits=(
        keep("Exports Rise ", "title"),
        swap("5.1", "5.3", "title"),
        keep(" Percent in June", "title"),
        keep("In June exports of semiconductors rose "),
        swap("5.1", "5.3"),
        keep(" percent on year to "),
        swap("13.2", "13.4"),
        keep(" billion dollars, the highest … figure of any June so far, driven by memory "),
        swap("and displays ", ""),
        keep("chips."),
    ),
    numbers=(("5.1", "5.3"), ("5.1", "5.3"), ("13.2", "13.4")),
    reason="the title is nearly the same and the day is; 3 figures differ: 5.1 → 5.3, 5.1 → 5.3, 13.2 → 13.4",
    lead="In June exports of semiconductors rose 5.3 percent on year to 13.4 billion dollars, the highest monthly "
    "figure of any June so far, driven by memory chips.",
    dump="motie_20240701.txt",
)
DETAILED = replace(
    FIGURES,
    totals=(("semiconductor", 3),),
    numbers=(("5.1", "5.3"), ("5.1", "5.3"), ("13.2", "13.4")),
    source="motie",
    url="https://example.org/a?no=18",
    ref="18",
    related=(12, 4),
    twins=(RelatedRelease(number=12, title="Exports in May"),),
    lead="Exports rose in June, the ministry said …",
    body="Exports rose.\n\nThey rose in June.",
    dump="press_2024-07-02.txt",
)
EDITED = item(
    number=21,
    kind=Kind.CHANGED,
    title="Minister Meets Battery Makers",
    category="Industry",
    watchlists=("battery",),
    words=("battery",),
    snippets=(snippet("The minister met the heads of four ", "battery", " makers in Daejeon …"),),
    edits=(
        swap("Minister Visits", "Minister Meets", "title"),
        keep(" Battery Makers", "title"),
        keep("The minister met the heads of "),
        swap("three", "four"),
        keep(" battery makers in "),
        swap("Seoul", "Daejeon"),
        keep(" on Thursday to hear what they need from the … industry and the ministry will meet again "),
        swap("", "in September "),
        keep("to take stock."),
    ),
    reason="same day and nearly the same text; the text differs in 3 places, the title is another",
    lead="The minister met the heads of four battery makers in Daejeon on Thursday to hear what they need from the "
    "ministry. He said …",
    dump="motie_20240702.txt",
)
COMPLETED = item(
    number=19,
    kind=Kind.COMPLETED,
    title="Trade Minister Ends Visit to Chile",
    category=None,
    words=("FTAs",),
    snippets=(snippet("… and spoke of upgrading two ", "FTAs", " before the year is out."),),
    edits=(
        keep("… the delegation left "),
        swap("", "for home and spoke of upgrading two FTAs before the year is out."),
    ),
    reason="same title, same day; the text goes on where it was cut",
    lead="The trade minister ended a visit of three days to Chile on Monday. In Santiago he met …",
    dump="motie_20240701.txt",
)
ENRICHED = item(
    number=20,
    kind=Kind.ENRICHED,
    title="Plan for Offshore Wind Announced",
    category="Energy",
    words=("offshore wind",),
    snippets=(snippet("The plan for ", "offshore wind", " names six sites …"),),
    edits=(swap("", "Energy", "category"),),
    reason="same title and text; the category became known",
    lead="The plan for offshore wind names six sites off the southern coast, of which two lie in waters that …",
    dump="motie_20240702.txt",
)
MOVED = item(
    number=23,
    kind=Kind.CHANGED,
    title="Plan for Offshore Wind Announced",
    category="Energy/Climate",
    words=("offshore wind",),
    snippets=(snippet("The plan for ", "offshore wind", " names six sites …"),),
    edits=(swap("2024-07-01", "2024-07-02", "date"), swap("Energy", "Energy/Climate", "category")),
    reason="same title and text; date 2024-07-01 → 2024-07-02, category Energy → Energy/Climate",
    day=date(2024, 7, 2),
    lead="The plan for offshore wind names six sites off the southern coast, of which two lie in waters that …",
    dump="motie_20240702.txt",
)
TITLE_ONLY = item(
    number=24,
    title="Minister to Speak at FTA Forum",
    words=("FTA",),
    snippets=(snippet("Minister to Speak at ", "FTA", " Forum", "title"),),
    lead="The minister opens a forum in Busan on Tuesday. About 300 people from companies have registered.",
    dump="motie_20240701.txt",
)
WITHDRAWN = item(
    number=22,
    kind=Kind.WITHDRAWN,
    title="Joint Statement on Supply Chains",
    words=("FTA",),
    snippets=(snippet("… beyond the ", "FTA", " of 2011 …"),),
    reason="the listing press shows older and newer releases and no longer this one",
    lead="Korea and three partners agreed on Monday to share warnings about supply chains.",
    dump="press_20240703.txt",
)
REAPPEARED = item(
    number=22,
    kind=Kind.REAPPEARED,
    title="Joint Statement on Supply Chains",
    words=("FTA",),
    snippets=(snippet("… beyond the ", "FTA", " of 2011 …"),),
    reason="same title and text; it was withdrawn and is back",
    lead="Korea and three partners agreed on Monday to share warnings about supply chains.",
    dump="press_20240704.txt",
)
REVERTED = replace(
    FIGURES,
    title="Exports Rise 5.1 Percent in June",
    edits=(keep("In June exports of semiconductors rose "), swap("5.3", "5.1"), keep(" percent on year.")),
    numbers=(("5.3", "5.1"),),
    snippets=(),
    reason="same day and nearly the same text; one figure differs: 5.3 → 5.1; this is an earlier text again",
    lead="In June exports of semiconductors rose 5.1 percent on year.",
    is_reverted=True,
)
TWIN = item(
    number=31,
    title="[Photo] Vice Minister at the Chip Forum",
    category="Photo News",
    watchlists=("semiconductor",),
    words=("chip",),
    snippets=(snippet("The vice minister spoke at the ", "chip", " forum in Seoul …"),),
    related=(12, 4),
    twins=(
        RelatedRelease(number=12, title="Vice Minister Speaks at the Chip Forum"),
        RelatedRelease(number=4, title="[Photo] Vice Minister at the Chip Forum"),
    ),
    reason="no known release has this title and text, though it resembles 2 others",
    lead="The vice minister spoke at the chip forum in Seoul on Monday.",
    dump="motie_20240701.txt",
)
SEVERAL = item(
    number=33,
    title="Chip Makers Ask for an FTA With the Gulf States",
    watchlists=("fta", "gulf", "semiconductor"),
    words=("chip", "FTA", "Gulf"),
    snippets=(
        snippet("", "Chip", " makers asked the ministry on Monday to speed up …"),
        snippet("… a free trade agreement (", "FTA", ") with the …"),
        snippet("… the six ", "Gulf", " states, which buy …"),
    ),
    lead="Chip makers asked the ministry on Monday to speed up talks with their largest customers in the Middle East …",
    dump="motie_20240701.txt",
)
KOREAN = item(
    number=41,
    title="반도체 수출 5.3% 증가, 6월 기준 역대 최대",
    category="무역/투자",
    kind=Kind.CHANGED,
    watchlists=("반도체",),
    words=("반도체가", "자유무역협정"),
    snippets=(snippet("6월 수출은 ", "반도체", "가 크게 늘어 역대 최대 실적을 기록했으며, 한-EU 자유무역협정 …"),),
    edits=(
        keep("6월 반도체 수출은 전년 대비 "),
        swap("5.1%", "5.3%"),
        keep(" 증가한 "),
        swap("132억", "134억"),
        keep(" 달러"),
    ),
    numbers=(("5.1%", "5.3%"), ("132", "134")),
    reason="same day and nearly the same text; 2 figures differ: 5.1% → 5.3%, 132 → 134",
    lead="6월 반도체 수출은 전년 대비 5.3% 증가한 134억 달러로 집계되었다. "
    "산업통상자원부는 1일 「2024년 6월 수출입 동향」을 발표하였다 …",
    dump="motir_20240701.txt",
)
KOREAN_NEW = item(
    number=42,
    title="한-칠레 자유무역협정 개선 협상 재개",
    category="통상",
    watchlists=("반도체", "fta"),
    words=("자유무역협정", "반도체가"),
    snippets=(snippet("… 양측은 ", "반도체가", " 포함된 공급망 협력을 …"),),
    totals=(("반도체", 1), ("fta", 3)),
    lead="산업통상자원부는 칠레와의 자유무역협정을 개선하기 위한 협상을 서울에서 다시 열었다고 밝혔다. "
    "양측은 디지털 교역과 핵심 광물 …",
    dump="motir_20240701.txt",
    day=date(2024, 7, 4),
    related=(12, 4),
    twins=(RelatedRelease(number=12, title="한-칠레 통상장관 회담 개최"),),
)
KOREAN_WITHDRAWN = replace(
    KOREAN_NEW, release=43, kind=Kind.WITHDRAWN, title="공급망 공동성명", words=(), snippets=(), twins=(), related=()
)
LONG_BODY = (
    "The fifth round of digital trade talks between Korea and the European Union ended in Seoul on Friday.\n\n"
    "Over three days, negotiators went through the chapters on data flows, source code and online consumers. "
    "Both sides agreed to build on the Korea-EU FTA, in force since 2011, and to settle the rest by the autumn.\n"
    "- The next round is planned for Brussels.\n- Business groups will be heard before."
)
HOSTILE = item(
    number=66,
    title="</b><script>alert(1)</script> \u202egnp.exe [click](javascript:alert(1)) <!channel>\r\nBcc: all@example.org",
    category='"><img src=x onerror=alert(1)>',
    kind=Kind.CHANGED,
    watchlists=("fta' onmouseover='x",),
    words=("<@U1>", "||spoiler||", "@everyone"),
    snippets=(
        snippet("</p><style>*{display:none}</style> ", "<b>FTA</b>", " ```code``` <https://evil.example|motie> @here"),
    ),
    edits=(
        keep("</del></table><a href='//evil.example'>x</a> "),
        swap("<ins>5&amp;1", "</ins>5&lt;3"),
        keep(" \x1b[31m\x00 end"),
    ),
    numbers=(("<b>5", "\u202e3<"),),
    reason="<iframe src=//evil.example> &#x3c;script&#x3e;",
    lead="[-5.1-]{+5.3+} </p><script>alert(1)</script> \u202egnp.exe <@U1> @here",
    dump="../<b>.txt",
    related=(4,),
    twins=(RelatedRelease(number=4, title="<svg/onload=alert(1)> ![x](http://evil.example/p.png)"),),
)


def several(count: int) -> tuple[Item, ...]:
    """That many new releases on three sources, those of one source together."""
    return tuple(
        replace(NEW, release=100 + n, title=f"Release {n} of a Busy Day", source=("motie", "kita", "kotra")[n % 3])
        for n in sorted(range(1, count + 1), key=lambda n: (n - 1) % 3)
    )


def digest(*items: Item) -> Message:
    occasion = Occasion(cause="digest", at="2026-11-23T08:30")
    return Message(channel="desk", kind="digest", source="", items=items, occasion=occasion)


def parts_of(whole: Message, items: tuple[Item, ...]) -> tuple[Message, ...]:
    return in_parts(whole, items, DEFAULT_PART_LIMIT)


def _from(source: str, *items: Item) -> tuple[Item, ...]:
    return tuple(replace(one, source=source) for one in items)


_SUMMARY = Message(channel="desk", kind="summary", source="", occasion=Occasion(cause="flood", limit=60))

SITUATIONS: dict[str, Message] = {
    "new": message(NEW),
    "changed_figures": message(FIGURES),
    "changed_words": message(EDITED),
    "completed": message(COMPLETED),
    "enriched": message(ENRICHED),
    "moved": message(MOVED),
    "title_only": message(TITLE_ONLY),
    "full_text": message(replace(NEW, body=LONG_BODY)),
    "korean_words": replace(message(KOREAN, KOREAN_NEW, KOREAN_WITHDRAWN), language="ko"),
    "korean_words_new": replace(message(KOREAN_NEW), language="ko"),
    "korean_words_digest": replace(digest(*_from("motie", NEW, MOVED), *_from("kita", KOREAN)), language="ko"),
    "withdrawn": message(WITHDRAWN),
    "reappeared": message(REAPPEARED),
    "reverted": message(REVERTED),
    "related": message(TWIN),
    "related_by_number_alone": message(replace(TWIN, twins=())),
    "several_watchlists": message(SEVERAL),
    "several_items": message(NEW, FIGURES, COMPLETED),
    "linked": message(
        replace(NEW, url="https://reporter@www.example.org/kor/article/169401/view?no=1&page=2"),
        replace(FIGURES, url="https://example.org/소식/<6월>"),
        replace(COMPLETED, url="javascript:alert(1)"),
    ),
    "korean": message(KOREAN),
    "bare": message(item(title="", day=None, category=None, words=(), reason="")),
    "long_part_2_of_3": parts_of(message(), several(50))[1],
    "digest": digest(*_from("motie", NEW, FIGURES), *_from("kita", KOREAN, WITHDRAWN)),
    "digest_missed": replace(
        digest(*_from("motie", replace(NEW, date=date(2024, 6, 28)))),
        occasion=Occasion(cause="digest", since="2026-11-20T17:00", at="2026-11-23T08:30", is_late=True),
    ),
    "digest_stored_by_an_older_version": replace(
        digest(*_from("motie", NEW)), occasion=None, label="digest of Mon 23 Nov 08:30, sent late"
    ),
    "summary": parts_of(_SUMMARY, several(70))[0],
    "system": note("channel team is failing\nsince Mon 23 Nov 08:30: 503 (Service Unavailable) from the service\n"
                   "12 messages wait; `monitor status` shows them"),
    "test": trial_message("desk"),
    "korean_words_test": replace(trial_message("desk"), language="ko"),
    "hostile": message(HOSTILE),
    "hostile_system": note("a dump was rejected </b><script>\r\n<img src=x> [x](javascript:y) @everyone"),
}  # fmt: skip
