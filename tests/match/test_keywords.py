"""Keywords against texts, row by row: what is found, what is left alone, and what is refused."""

from __future__ import annotations

import unicodedata

import pytest

from monitor.errors import UsageError
from monitor.match.document import FIELDS, Document
from monitor.match.hits import all_locations
from monitor.match.keywords import keyword_fault, read_keyword
from tests.match.samples import found, release

NFD_CHIPS = unicodedata.normalize("NFD", "반도체")
NFD_PLANT = unicodedata.normalize("NFD", "원전")

# (group, keyword, text, the words found in it, joined by " | "; "" for none)
ROWS = [
    ("boundary", "AI", "AI chips", "AI"),
    ("boundary", "AI", "They said it again in Dubai", ""),
    ("boundary", "AI", "an (AI)-driven plan", "AI"),
    ("boundary", "EV", "every level", ""),
    ("boundary", "export", "exporters", ""),
    ("boundary", "export", "“export”, she said", "export"),
    ("boundary", "5G", "the 5G network, not 15G", "5G"),
    ("boundary", "FTA", "FTA, FTA; FTA", "FTA | FTA | FTA"),
    ("boundary", "CO2", "CO₂ emissions", "CO₂"),
    ("boundary", "102", "about 10² units", ""),
    ("inflection", "semiconductor", "Semiconductors rose", "Semiconductors"),
    ("inflection", "semiconductors", "a semiconductor plant", "semiconductor"),
    ("inflection", "company", "two companies", "companies"),
    ("inflection", "companies", "a company", "company"),
    ("inflection", "tax", "new taxes", "taxes"),
    ("inflection", "taxes", "a tax", "tax"),
    ("inflection", "FTA", "three FTAs", "FTAs"),
    ("inflection", "FTAs", "one FTA", "FTA"),
    ("inflection", "EV", "EVs and an EV", "EVs | EV"),
    ("inflection", "new", "the news", ""),
    ("inflection", "news", "a new plan", ""),
    ("inflection", "customs", "a custom part", ""),
    ("inflection", "custom", "the Customs Service", ""),
    ("inflection", "goods", "a good year", ""),
    ("inflection", "arm", "small arms", ""),
    ("inflection", "AIDS", "foreign aid", ""),
    ("inflection", "GA", "natural gas", ""),
    ("inflection", "free trade agreement", "free trade agreements", "free trade agreements"),
    ("inflection", "trade agreement", "trades agreement", ""),
    ("inflection", "=semiconductor", "semiconductors", ""),
    ("inflection", "Korea's exports", "Korea’s export volume", "Korea’s export"),
    ("case", "fta", "an FTA", "FTA"),
    ("case", "FTA", "an fta", ""),
    ("case", "OPECs", "the opec, OPEC and OPECs", "OPEC | OPECs"),
    ("case", "LEDs", "talks led to LEDs and an LED", "LEDs | LED"),
    ("case", "M&A", "I'm a broker of M&A, m&a", "M&A"),
    ("case", "R&D", "Q&A on R&D, R & D", "R&D | R & D"),
    ("case", "LED", "talks led to LEDs and an LED", "LEDs | LED"),
    ("case", "LED", "a well-led team, LED-lit", "LED"),
    ("case", "LED", "DELEGATION LED BY HER", "LED"),
    ("case", "SET", "a date was set, a SET, Set", "SET"),
    ("case", "N.E.T.", "a net gain of the NET and N.E.T.", "NET | N.E.T."),
    ("case", "ASEAN", "Asean", "Asean"),
    ("case", "led", "an LED", "LED"),
    ("case", "LED*", "LEDs led ledgers", "LEDs"),
    ("case", "LED exports", "talks led exports; LED exports", "LED exports"),
    ("case", "exports of LED", "exports of LEDs", "exports of LEDs"),
    ("case", "FREE TRADE AGREEMENT", "a free trade agreement", "free trade agreement"),
    ("case", "K-POP", "K-pop", "K-pop"),
    ("case", "G20", "the g20", "g20"),
    ("case", "Korea", "KOREA and korea", "KOREA | korea"),
    ("case", "US", "it gives us time", ""),
    ("case", "US", "the US and us", "US"),
    ("case", "us", "the US and us", "US | us"),
    ("case", "IT", "It is an IT item, isn't it?", "IT"),
    ("case", "WHO", "Those who met the WHO", "WHO"),
    ("case", "ACT", "the acts, the ACTs", "ACTs"),
    ("case", "IT", "ITs", ""),
    ("case", "US exports", "us exports, US exports", "US exports"),
    ("case", "CHIPS", "the CHIPS Act, chips, Chips", "CHIPS"),
    ("case", "=Apple", "an apple from Apple", "Apple"),
    ("case", "=it", "It is it", "it"),
    ("phrase", "high tech", "High-Tech and high\u00a0tech", "High-Tech | high\u00a0tech"),
    ("phrase", "high-tech", "high\ntech, high/tech", "high\ntech | high/tech"),
    ("phrase", "high tech", "hightech", ""),
    ("phrase", "high tech", "high and tech", ""),
    ("phrase", "trade trade deal", "trade trade trade deal", "trade trade deal"),
    ("phrase", "South Korea", "South", ""),
    ("phrase", "Samsung Electronics Co. Ltd", "Samsung Electronics Co., Ltd.", "Samsung Electronics Co., Ltd"),
    ("phrase", "Korea exports", "Korea's exports", "Korea's exports"),
    ("phrase", '"free trade"', "free trade", "free trade"),
    ("dotted", "U.S.", "US, U.S and U.S.-led", "US | U.S | U.S."),
    ("dotted", "US", "to the U.S. and the U.S.'s", "U.S. | U.S."),
    ("dotted", "U.S.", "give us", ""),
    ("dotted", "USA", "U.S.A.", "U.S.A."),
    ("dotted", "US", "U.S.A.", ""),
    ("dotted", "AI", "A.I. is here", "A.I."),
    ("dotted", "U.S. exports", "US exports", "US exports"),
    ("accents", "cafe", "Café", "Café"),
    ("accents", "Café", "CAFE", "CAFE"),
    ("accents", "Zürich", "Zu\u0308rich", "Zu\u0308rich"),
    ("accents", "strasse", "Straße", "Straße"),
    ("accents", "FTA", "ＦＴＡ", "ＦＴＡ"),
    ("accents", "semiconductor", "semi\u00adconductor", "semi\u00adconductor"),
    ("Hangul", "반도체", "반도체가 늘었다", "반도체"),
    ("Hangul", "반도체", f"{NFD_CHIPS} 수출", NFD_CHIPS),
    ("Hangul", NFD_CHIPS, "반도체 수출", "반도체"),
    ("Hangul", "원전", "자원전쟁", ""),
    ("Hangul", "원전", "원전을 짓다", "원전"),
    ("Hangul", "원전", f"{NFD_PLANT}을", NFD_PLANT),
    ("Hangul", "반도체", "차세대AI반도체", "반도체"),
    ("Hangul", "FTA", "FTA를 체결", "FTA"),
    ("Hangul", "한미 FTA", "한미FTA가", "한미FTA"),
    ("Hangul", "FTA 체결", "FTA를 체결했다", "FTA를 체결"),
    ("Hangul", "FTA 체결", "FTA 를 체결했다", ""),
    ("Hangul", "반도체 수출", "반도체의 수출이", "반도체의 수출"),
    ("Hangul", "=원전", "원전을, 원전", "원전"),
    ("figures", "232", "1,232 and 0.232, 232.5, 2,320, 02-2100-232, 044-232-1000, (02)2100-0232", ""),
    ("figures", "232", "Sections 232, 301; 232. (232)", "232 | 232 | 232"),
    ("figures", "1232", "1,232 and 1232, １，２３２", "1,232 | 1232 | １，２３２"),
    ("figures", "1,232", "1232 firms", "1232"),
    ("figures", "12.5", "12.5% and 12,5", "12.5"),
    ("figures", "12", "12.5 percent in 12 towns", "12"),
    ("figures", "123", "1,23", ""),
    ("figures", "500", "1,500명이 500명을", "500"),
    ("figures", "3.5%p", "3.5%p 상승", "3.5%p"),
    ("figures", "10", "10²", "10"),
    ("figures", "2024", "2024-2025, 2023–2024, mid-2024", "2024 | 2024 | 2024"),
    ("figures", "2024", "2024-07-01, 2024.7.1., 2023,2024", "2024 | 2024 | 2024"),
    ("figures", "232", "FAX-02-2100-232", ""),
    (
        "figures",
        "2024",
        "2023.07.01-2024.07.01, a-2024.7.1, 2024-07, 2023-07-01~2024-07-01",
        "2024 | 2024 | 2024 | 2024",
    ),
    ("figures", "2024", "2024.12., 2024.7월, 2024.7(잠정), 2024.7.1-7.5", "2024 | 2024 | 2024 | 2024"),
    ("figures", "2024", "044-203-2024, 2024.5 points, 2,024.5, 12024", ""),
    ("figures", "5 달러", "5억 달러, 5 달러", "5 달러"),
    ("figures", "3일", "3명, 3일", "3일"),
    ("figures", "100엔", "100 won, 100엔", "100엔"),
    ("figures", "02-2100-232", "02–2100–232, 021 00 232", "02–2100–232"),
    (
        "names with numbers",
        "COVID-19",
        "COVID19, Covid-19, covid 19, COVID‑19",
        "COVID19 | Covid-19 | covid 19 | COVID‑19",
    ),
    ("names with numbers", "COVID19", "COVID-19, COVID 19", "COVID-19"),
    ("names with numbers", "COVID 19", "COVID-19", "COVID-19"),
    ("names with numbers", "COVID", "COVID-19 and COVID19", "COVID"),
    ("names with numbers", "19", "COVID-19, G-19", ""),
    ("names with numbers", "G20", "the G-20 and g20, a G 20", "G-20 | g20"),
    ("names with numbers", "KF-21", "KF21, KF-21과", "KF21 | KF-21"),
    ("names with numbers", "5G", "5G, 5-G", "5G | 5-G"),
    ("names with numbers", "year", "a 10-year plan", "year"),
    ("names with numbers", "232", "Section-232 duties", "232"),
    ("names with numbers", "A4", "a 4 percent rise", ""),
    ("scripts", "IRA", "美IRA, IRA法, 新IRA는", "IRA | IRA | IRA"),
    ("scripts", "FTA", "日本のFTA戦略, FTAпереговоры, ΣFTA, FTAالحرة, ข้อตกลงFTA", "FTA | FTA | FTA | FTA | FTA"),
    ("scripts", "日本", "日本の戦略", "日本"),
    ("scripts", "반도체", "美반도체, 자동차ㆍ반도체ᆞ배터리", "반도체 | 반도체"),
    ("scripts", "자동차ㆍ반도체", "자동차·반도체", "자동차·반도체"),
    ("scripts", "한-미", "한ㆍ미, 한·미, 한미", "한ㆍ미 | 한·미 | 한미"),
    ("joints", "한미", "한·미는, 한ㆍ미, 한-미, 한․미 FTA, 한미의", "한·미 | 한ㆍ미 | 한-미 | 한․미 | 한미"),
    ("joints", "한미", "한 미, 한, 미, 한·미국, 요청한·미, 한-중·미, 한·인도", ""),
    ("joints", "노사정", "노·사·정이, 노·사정, 노사정", "노·사·정 | 노·사정 | 노사정"),
    ("joints", "한·중·일", "한중일, 한ㆍ중ㆍ일, 한 중 일", "한중일 | 한ㆍ중ㆍ일 | 한 중 일"),
    (
        "joints",
        "한미 정상회담",
        "한·미 정상회담, 한·미정상회담, 한미정상회담",
        "한·미 정상회담 | 한·미정상회담 | 한미정상회담",
    ),
    ("joints", "한미정상회담", "한·미 정상회담이, 한-미정상회담", "한·미 정상회담 | 한-미정상회담"),
    ("joints", "제1차 한미 FTA", "제1차 한·미 FTA", "제1차 한·미 FTA"),
    ("joints", "장차관", "장·차관 회의", "장·차관"),
    ("joints", "대중", "대·중소기업", ""),
    ("joints", "인도", "한·인도, 인도·중국", "인도 | 인도"),
    ("joints", "=한", "한·미와 한은", "한"),
    ("joints", "=한미", "한·미", ""),
    ("particles", "이란", "FTA이란, 협정(FTA)이란 무엇인가", ""),
    ("particles", "이란", "이란의 원유, 미·이란, 美이란, (이란), 이란이란", "이란 | 이란 | 이란 | 이란 | 이란"),
    ("particles", "FTA 체결", "‘FTA’를 체결", "FTA’를 체결"),
    ("particles", "10만", "10만 명", "10만"),
    (
        "Korean endings",
        "인도",
        "인도, 인도는 인도에서도 인도산 인도정부가 인도시장",
        "인도 | 인도 | 인도 | 인도 | 인도 | 인도",
    ),
    ("Korean endings", "인도", "인도네시아와 인도적 인도양 인도주의 인도했다", ""),
    ("Korean endings", "오만", "오만하다는 오만한", ""),
    ("Korean endings", "대만", "대만족", ""),
    ("Korean endings", "수소", "수소문 수소차", ""),
    ("Korean endings", "조선", "조선일보 조선시대", ""),
    ("Korean endings", "통상", "통상적으로", ""),
    ("Korean endings", "가스", "가스라이팅", ""),
    ("Korean endings", "전기", "전기차", ""),
    ("Korean endings", "가나", "가나다순", ""),
    ("Korean endings", "로마", "로마자", ""),
    ("Korean endings", "러시아", "러시아워", ""),
    ("Korean endings", "수출", "수출한 수출했다 수출하는 수출되며 수출기업들이 수출입", " | ".join(["수출"] * 6)),
    ("Korean endings", "반도체", "반도체특별법 반도체용 반도체인력을", "반도체 | 반도체 | 반도체"),
    ("Korean endings", "반도체", "시스템반도체", ""),
    (
        "Korean endings",
        "미국",
        "미국엔 미국에선 미국에서조차 미국만의 미국뿐이다 미국과는 미국처럼",
        " | ".join(["미국"] * 7),
    ),
    (
        "Korean endings",
        "수출",
        "수출하겠다 수출시켰다 수출하길 수출받은 수출합시다 수출하에서도",
        " | ".join(["수출"] * 6),
    ),
    ("Korean endings", "투자", "투자자들이 투자단 투자심사 투자심을", "투자 | 투자 | 투자"),
    ("Korean endings", "유가", "유가족 유가증권", ""),
    ("Korean endings", "=반도체", "반도체산업 반도체가", ""),
    ("Korean spaces", "자유무역협정", "자유 무역 협정, 자유무역 협정문", "자유 무역 협정 | 자유무역 협정"),
    ("Korean spaces", "자유 무역 협정", "자유무역협정의", "자유무역협정"),
    ("Korean spaces", "반도체 산업", "반도체산업을", "반도체산업"),
    (
        "Korean spaces",
        "탄소국경조정제도",
        "탄소국경 조정제도, 탄소 국경조정 제도, 탄소 국경 조정 제도",
        "탄소국경 조정제도 | 탄소 국경조정 제도",
    ),
    ("Korean spaces", "원전", "5만 원 전액", ""),
    ("Korean spaces", "=자유무역협정", "자유 무역 협정", ""),
    ("Korean spaces", "한 인도", "한-인도네시아", ""),
    ("wildcard", "semi*", "semiconductor, semifinal, semi", "semiconductor | semifinal | semi"),
    ("wildcard", "*conductor", "Semiconductor, superconductors", "Semiconductor | superconductors"),
    ("wildcard", "*conductor", "conductors' conductorship", "conductors"),
    ("wildcard", "*duct*", "products", "products"),
    ("wildcard", "free trade agree*", "a Free Trade Agreement", "Free Trade Agreement"),
    ("wildcard", "ACT*", "acting on an Act of ACTA", "ACTA"),
    ("wildcard", "*national trade", "international trade", "international trade"),
    ("wildcard", "*원전*", "자원전쟁", "자원전쟁"),
    ("wildcard", "*원전", "자원전쟁, 신규원전을", "신규원전"),
    ("wildcard", "*반도체", "시스템반도체산업의", "시스템반도체"),
    ("wildcard", "원전*", "자원전쟁, 원전을", "원전을"),
]


@pytest.mark.parametrize(
    ("group", "keyword", "text", "expected"),
    ROWS,
    ids=[f"{group}: {keyword} in {text}" for group, keyword, text, _ in ROWS],
)
def test_a_keyword_finds_its_words_and_no_others(group: str, keyword: str, text: str, expected: str) -> None:
    assert " | ".join(found(keyword, text)) == expected, group


@pytest.mark.parametrize(
    ("keyword", "case", "text", "expected"),
    [
        ("US", "ignore", "give us", "us"),
        ("FTA", "exact", "fta FTA FTAs F.T.A.", "FTA | FTAs | F.T.A."),
        ("Company", "exact", "companies, Companies", "Companies"),
        ("us", "exact", "US us", "us"),
        ("semi*", "exact", "Semifinal semifinal", "semifinal"),
        ("=US", "ignore", "us US", "US"),
    ],
)
def test_the_case_option_overrides_smart_case(keyword: str, case: str, text: str, expected: str) -> None:
    assert " | ".join(found(keyword, text, case=case)) == expected


def test_without_inflection_only_the_word_itself_is_found() -> None:
    assert found("semiconductor", "semiconductors and a Semiconductor", inflect=False) == ["Semiconductor"]
    assert found("자유무역협정", "자유 무역 협정, 자유무역협정문, 자유무역협정을", inflect=False) == ["자유무역협정"]
    assert found("COVID-19", "COVID19, COVID-19", inflect=False) == ["COVID-19"]


FIELD_ROWS = [
    ("FTA", "title body category"),
    ("title:FTA", "title"),
    ("title: FTA", "title"),
    ("body:FTA", "body"),
    ("category:FTA", "category"),
    ("title:=FTA", "title"),
    ("title:FTA*", "title"),
    ("talks FTA", ""),
]


@pytest.mark.parametrize(("keyword", "fields"), FIELD_ROWS, ids=[row[0] for row in FIELD_ROWS])
def test_a_keyword_looks_where_it_was_told(keyword: str, fields: str) -> None:
    looked_at = Document(release("FTA talks", "FTA talks", "FTA/Economic Cooperation"))

    assert " ".join(field for field, _, _ in all_locations([read_keyword(keyword)], looked_at)) == fields


def test_a_phrase_never_crosses_from_one_field_into_the_next() -> None:
    split = Document(release("Free trade", "agreement signed", "free"))

    assert list(all_locations([read_keyword("free trade agreement")], split)) == []


def test_a_field_before_the_keyword_wins_over_the_fields_of_the_list() -> None:
    assert read_keyword("category:FTA", fields=("title",)).fields == ("category",)


LITERAL = "keywords are literal; a rule with operators goes under query:, or write one keyword per entry"
EMPTY = "there is no letter or digit to search for; write a word or a phrase"
MIDDLE = "'*' is allowed only at the beginning or the end of a keyword; remove the others"
TOUCH = "'*' must touch a letter or a digit; remove what is between"

FAULTS = [
    ("FTA", None),
    ("R&D", None),
    ("free and fair trade", None),
    ("Co., Ltd.", None),
    ("-5 percent", None),
    ("Note: exports", None),
    ("KORUS 2:1", None),
    ("=title", None),
    ("title:FTA", None),
    ("semi*", None),
    ("*원전*", None),
    ("U.S.A.*", None),
    ("*반도체 exports*", None),
    ("", EMPTY),
    ("  — ", EMPTY),
    ("=", EMPTY),
    ("*", EMPTY),
    ("title:", EMPTY),
    ("japan AND chips", f"{LITERAL} (found 'AND')"),
    ("chips OR EV", f"{LITERAL} (found 'OR')"),
    ("NOT japan", f"{LITERAL} (found 'NOT')"),
    ("korea NEAR/5 FTA", f"{LITERAL} (found 'NEAR/5')"),
    ("korea NEAR FTA", f"{LITERAL} (found 'NEAR')"),
    ("korea ONEAR/5 FTA", f"{LITERAL} (found 'ONEAR/5')"),
    ("ATLEAST/2(chips)", f"{LITERAL} (found 'ATLEAST/2')"),
    ("(chips)", f"{LITERAL} (found '(')"),
    ("title:(chips, EV)", f"{LITERAL} (found '(')"),
    ("-japan", f"{LITERAL} (found '-')"),
    ("titel:FTA", "unknown field 'titel:' — did you mean title:?"),
    ("titel: FTA", "unknown field 'titel:' — did you mean title:?"),
    ("Title:FTA", "unknown field 'Title:' — did you mean title:?"),
    ("categorie:FTA", "unknown field 'categorie:' — did you mean category:?"),
    ("ISO:9001", "unknown field 'ISO:' — the fields are title:, body: and category:; a literal colon needs a space"),
    ("title:body:FTA", "'body:' must come first and alone; write body:word or body:=word"),
    ("=title:FTA", "'title:' must come first and alone; write title:word or title:=word"),
    ("why?", "'?' is not a wildcard; remove it, or end the word with * for any letters"),
    ("semi*tor", MIDDLE),
    ("semi**", MIDDLE),
    ("free* trade", MIDDLE),
    ("trade *", TOUCH),
    ("Korea's*", TOUCH),
    ("*/trade", TOUCH),
    ("*a", "'*a' covers too many words; use 3 letters or more (2 syllables in Korean)"),
    ("ab*", "'ab*' covers too many words; use 3 letters or more (2 syllables in Korean)"),
    ("*ab*", "'*ab*' covers too many words; use 3 letters or more (2 syllables in Korean)"),
    ("*원", "'*원' covers too many words; use 3 letters or more (2 syllables in Korean)"),
    ("free trade a*", "'a*' covers too many words; use 3 letters or more (2 syllables in Korean)"),
]


@pytest.mark.parametrize(("keyword", "fault"), FAULTS, ids=[repr(row[0]) for row in FAULTS])
def test_a_faulty_keyword_is_refused_with_its_cure(keyword: str, fault: str | None) -> None:
    assert keyword_fault(keyword) == fault


@pytest.mark.parametrize("keyword", [row[0] for row in FAULTS if row[1]])
def test_what_has_a_fault_is_never_looked_for(keyword: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_keyword(keyword)

    assert refused.value.where == keyword
    assert refused.value.message == keyword_fault(keyword)


def test_the_fields_are_told_in_the_order_title_body_category() -> None:
    assert FIELDS == ("title", "body", "category")
