"""Decide where a Korean word ends: which particles, endings and compounds may follow a keyword without a space.

No dictionary is asked: the lists below are the rule, and docs/watchlists.md shows it to the reader.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_LONG = 3  # syllables from which a keyword is hardly ever the mere beginning of another word

JOINT = "·"  # in the form of a lone syllable that a dot or a hyphen joins to the next: 한·미국 is 한·미 and 미국
# Case particles, of which two may follow each other (에서조차), a particle that may be glued to them (까지도,
# 로부터의), and those that stand alone.
_CASE = """
    에서부터 으로부터 로부터 에게서 에서 에게 한테 께서 께 에 으로서 으로써 로서 로써 으로 로 까지 부터 와 과 만
    보다 처럼 마다 조차 마저 뿐 대로 만큼 같이
"""
_SECOND = """
    은 는 도 만 의 이 가 을 를 까지 부터 라도 이나 인 이며 이고 이다 이라는 이라고 이었다
"""
_ALONE = """
    은 는 이 가 을 를 의 도 밖에 하고 이랑 랑 이나 나 이든 든 이든지 든지 이야말로 야말로
"""
_COPULA = """
    이란 란 이라 라 이라는 라는 이라고 라고 이라며 라며 이라면 라면 이라도 라도 이라서 라서 인 인데 인지 일 임을
    이며 며 이고 고 이자 이다 이었다 였다 이었던 였던 이지만 지만 이므로 이어서 여서 이기도 입니다 이었습니다
    였습니다
"""
# Endings of one syllable, and tails of compounds; they may follow each other (수출기업들).
_ENDINGS = """
    산 측 내 외 간 용 형 별 등 들 발 향 행 제 식 업 계 국 품 액 량 율 률 사 법 망 료 값 재 입 중 시 후 전 급 권
    당 문 소 청 당국 국내 이외
"""
_TAILS = """
    산업 기업 시장 수출 수입 수출입 정부 협정 정책 기술 분야 업계 업체 제품 품목 경제 무역 통상 투자 협력 협상
    회담 회의 사업 시설 설비 장비 소재 부품 생산 공장 공급 공급망 수요 가격 요금 규제 관세 세율 대책 지원 개발
    연구 연구소 연구원 전략 계획 법안 법률 제도 위원회 대사 대사관 장관 차관 총리 대통령 대표 대표단 사절단 기관
    단체 협회 조합 공사 공단 재단 센터 단지 클러스터 생태계 인력 인재 금융 은행 증시 지수 동향 실적 현황 통계
    전망 보고서 포럼 세미나 박람회 전시회 행사 안보 외교 관계 갈등 분쟁 전쟁 제재 조치 조사 판정 부과 인하 인상
    철폐 개방 진출 유치 체결 타결 발효 서명 이행 개정 개최 추진 국민 국가 현지 지역 전역 최대 의회 언론 소비자
    기업인 근로자 노동자 관광객 유학생 해협 화학 용품 자원 발전 발전소 인프라 반도체 자동차 배터리 철강 조선
    원전 에너지 전력 전기 가스 석유 원유 농산물 식품 바이오 로봇 항공 해운 건설 물류 디지털
    교섭 통제 물가 수지 보험 충전 충전소 본부 본부장
"""
# Verbs that 하다, 되다 and 시키다 make of a noun: 수출했다 speaks of 수출.
_VERB = (
    "하(?=다|는|고|며|면|여|였|기|지|려|게|도록|자|시|던|니|나|므로|거나|세)|한다|한데|한(?![가-힣])|할(?![가-힣])|할지"
    "|함(?=$|에|으로|을|은|이|과|께)|합니|해(?=$|서|야|도|왔|온|오|주|준|나|낸|냈)|했|되|된|될|됨|됩|돼|됐|시키|시킨|시킬|시킴|시켰|시켜"
)
# Names whose verb is another word: 인도하다 is to hand over, 오만하다 is to be arrogant.
NO_VERB = frozenset({"인도", "오만", "통상"})
# Words that begin like a keyword with its ending and are other words.
_OTHER_WORDS = ("카타르시스", "러시아워", "그리스도인", "그리스도교", "수소문")


# What may follow a Korean word without a space; each allows what the ones before it do. Plain numbers, as every word of
# a rule is hashed with its own.
Endings = int
NOTHING: Final = 0
PARTICLES: Final = 1  # behind one syllable, or where inflection is off
NAME: Final = 2  # also the listed endings and compounds
LISTED: Final = 3  # also the verbs
ANYTHING: Final = 4  # behind three syllables


def _any_of(*lists: str) -> str:
    words = sorted({word for words in lists for word in words.split()}, key=lambda word: (-len(word), word))
    return "|".join(words)


_PARTICLES = f"(?:(?:{_any_of(_CASE)}){{1,2}}(?:{_any_of(_SECOND)})?|{_any_of(_ALONE, _COPULA)})"
_ONLY_PARTICLES = re.compile(_PARTICLES)
# Possessive: a tail that fits is taken, so the cost grows with the length alone.
_COMPOUND = f"(?:{_any_of(_ENDINGS, _TAILS)})*+"
_NAME = re.compile(f"{_COMPOUND}{_PARTICLES}?")
_LISTED = re.compile(f"{_COMPOUND}(?:{_PARTICLES}?|(?:{_VERB}).*)", re.DOTALL)


LONE: Final = -1  # nothing, behind one syllable: a joint may be there
def endings_behind(stem: str) -> Endings:
    """Return what may follow a keyword: the shorter it is, the more other words begin like it."""
    if len(stem) == 1:
        return PARTICLES
    if len(stem) >= _LONG:
        return ANYTHING
    return NAME if stem in NO_VERB else LISTED


def is_particle(run: str) -> bool:
    """Return whether a run of syllables is a particle, or two of them, and nothing else."""
    return _ONLY_PARTICLES.fullmatch(run) is not None


def is_word(form: str, stem: str, endings: Endings, *, is_open_left: bool = False) -> bool:
    """Return whether a word is the stem with what may follow it; before an open one anything may stand."""
    if not is_open_left:
        return form.startswith(stem) and _may_follow(form[len(stem) :], endings) and not _is_other(form, stem)
    return any(_may_follow(form[found.end() :], endings) for found in re.finditer(re.escape(stem), form))


@lru_cache(maxsize=20_000)
def _may_follow(rest: str, endings: Endings) -> bool:
    if not rest or endings == ANYTHING or rest[0] == JOINT:
        return True
    if endings <= NOTHING:
        return False
    pattern = {PARTICLES: _ONLY_PARTICLES, NAME: _NAME, LISTED: _LISTED}[endings]
    return pattern.fullmatch(rest) is not None


def _is_other(form: str, stem: str) -> bool:
    return form.startswith(_OTHER_WORDS) and any(
        form.startswith(other) and len(stem) < len(other) for other in _OTHER_WORDS
    )


def without_particle(word: str, stem: str) -> str:
    """Return a word without the particle behind it, as far as the stem in it stays whole."""
    ends = range(word.rfind(stem) + len(stem), len(word))
    return next((word[:end] for end in ends if is_particle(word[end:])), word)
