"""Decide where a Korean word ends: which particles, endings and compounds may follow a keyword without a space.

No dictionary is asked: the lists below are the rule, and docs/watchlists.md shows it to the reader.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

_LONG = 3  # syllables from which a keyword is hardly ever the mere beginning of another word

JOINT = "·"  # in the form of a lone syllable that a dot or a hyphen joins to the next: 한·미국 is 한·미 and 미국
# Case particles, of which two may follow each other (에서조차), a particle that may be glued to them (까지도,
# 로부터의), and those that stand alone.
_CASE = """
    에서부터 으로부터 로부터 에게서 에서 에게 한테 께서 께 에 으로서 으로써 로서 로써 으로 로 까지 부터 와 과 만
    보다 처럼 마다 조차 마저 뿐 대로 만큼 같이 치고 하에 하에서
"""
_SECOND = """
    은 는 도 만 의 이 가 을 를 까지 부터 라도 이라도 이나 나 이든 든지 야 이야 이며 이고 이다 인 이라 라 이라는 라는
    이라고 라고 이라면 라면 이란 란 이지만 지만 이었다 였다 입니다
"""
_ALONE = """
    은 는 이 가 을 를 의 도 밖에 하고 이랑 랑 이나 나 이든 든 이든지 든지 이야말로 야말로 커녕 은커녕 는커녕
    엔 에선 에겐 께선 으론 으로선 로선
"""
_COPULA = """
    이란 란 이라 라 이라는 라는 이라고 라고 이라며 라며 이라면 라면 이라도 라도 이라서 라서 이라던 라던 인 인데 인지
    인가 인가요 인들 일 일지 일까 임 임을 임이 임에도 이며 며 이고 고 이자 이다 이었다 였다 이었던 였던 이었고 였고
    이었으며 였으며 이었는데 였는데 이었지만 였지만 이지만 지만 이므로 이니 이니까 이냐 이어서 여서 이어야 여야
    이기 이기도 이긴 이신 입니다 이었습니다 였습니다 이에요 예요
"""
# Endings of one syllable, and tails of compounds; they may follow each other (수출기업들).
_ENDINGS = """
    산 측 내 외 간 용 형 별 등 들 발 향 행 제 식 업 계 국 품 액 량 율 률 사 법 망 료 값 재 입 중 시 후 전 급 권
    당 문 소 청 자 단 팀 관 세 비 선 안 당국 국내 이외
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
    정상 특사 총재 의원 의장 행정부 재무부 상무부 국무부 외교부 법원 검찰 국회 상원 하원 연합
    연맹 동맹 진영 재계 노조 법인 지사 지점 대선 총선 선거 방문 방한 순방 본토 국채 주식 달러 통화 환율 금리 펀드
    기금 예산 자금 자본 자산 부채 채무 채권 이자 소득 수익 이익 적자 흑자 손실 비용 원가 단가 금액 총액 물량 수량
    비중 비율 규모 수준 점유율 증가 감소 증가율 확대 축소 회복 부진 호조 둔화 상승 상승률 하락 하락률 급증
    급감 급등 급락 강세 약세 증대 촉진 활성화 다변화 자유화 고도화 현지화 국산화 보호 보호무역 의존 의존도 경쟁
    경쟁력 경쟁국 우위 합의 합의문 협의 협의체 협의회 논의 대화 대응 대비 대상 대상국 방안 방향 방침 과제 쟁점 현안
    이슈 문제 사태 위기 위험 우려 불안 충격 영향 효과 성과 성공 실패 목표 원칙 기준 요건 조건 자격 권한 의무 책임
    권리 허가 승인 인가 신고 등록 신청 검사 검역 인증 심사 심의 평가 점검 감독 단속 통관 절차 면제 감면 환급 할당
    쿼터 폭탄 장벽 마찰 압박 공세 보복 제소 소송 재판 판결 관련 관계자 담당 담당자 실무자 전문가 종사자 당사국
    상대국 회원국 구조 체계 체제 질서 환경 여건 기반 기지 거점 특구 지구 구역 권역 항만 항로 항공기 선박 운송 운반
    저장 저장소 배관 판매 구매 거래 거래소 계약 수주 발주 입찰 낙찰 준공 착공 가동 운영 운전 정비 해체 폐기 폐기물
    재료 원료 연료 전지 촉매 합금 강판 강관 제조 제조업 가공 조립 유통 소비 소비량 사용 사용량 이용 활용 보급 확산
    도입 적용 시스템 솔루션 플랫폼 서비스 프로그램 프로젝트 로드맵 플랜트 터미널 상담회 설명회 간담회 토론회 공청회
    바우처 컨소시엄 확장 신규 상호 공동 자유 자율 의정서 각서 선언 성명 문서 서류 정보 자료 제철 전자 섬유 의류
    의약품 광물 곡물 축산물 수산물 화장품 콘텐츠 관리 관리자 분석 조정 개혁 혁신 전환 육성 강국 대국
    완화 강화 증설 신설 개설 양성 진흥 진흥청 진흥원 비축 비축기지 안전 안정 안정화 활동 확보 진입 참여 참가 가입 탈퇴
    재개 중단 중지 종료 시작 시행 시험 검증 교류 교역 교역량 동반자 파트너 양국 양자 다자 각국 주요국 신흥국 선진국
    해군 공군 육군 방산 방위 방어 미사일 위성 우주 항공사 공항 철도 도로 교통 관광 여행 노동 고용 복지 의료 보건 교육
    훈련 문화 농업 축산 어업 수산 식량 양극재 음극재 전해질 분리막 모듈 패널 웨이퍼 메모리 디스플레이 소프트웨어
    인공지능 데이터 수도권 본사 자회사 계열사 협력사 운영사 사업자 제조사 판매량 생산량 수출량 수입량 매출 매출액
"""
# Verbs that 하다, 되다 and 시키다 make of a noun: 수출했다 speaks of 수출.
_VERB = (
    "하(?=다|는|고|며|면|여|였|기|지|려|게|도록|자|시|던|니|나|므로|거나|세|겠|길|되|라|신|십|느|더|네|셨)"
    "|한다|한데|한지|한(?![가-힣])|할(?![가-힣])|할지|할수|할까|함(?=$|에|으로|을|은|이|과|께|도|의)|합니|합시"
    "|해(?=$|서|야|도|왔|온|오|주|준|나|낸|냈|요|져|졌|놓|둔|봤)|했|되|된|될|됨|됩|돼|됐|시[키킨킬킴킵켰켜]|받(?=[는은을아았고지기도으])"
)
# Names whose verb is another word: 인도하다 is to hand over, 오만하다 is to be arrogant.
NO_VERB = frozenset({"인도", "오만", "통상"})
# Words that begin like a keyword with its ending and are other words.
_OTHER_WORDS = ("카타르시스", "러시아워", "그리스도인", "그리스도교", "수소문", "로마자")


# What may follow a Korean word without a space; each allows what the ones before it do. Plain numbers, as every word of
# a rule is hashed with its own.
Endings = int
NOTHING: Final = 0
LONE: Final = -1  # nothing, behind one syllable: a joint may be there
PARTICLES: Final = 1  # behind one syllable, or where inflection is off
NAME: Final = 2  # also the listed endings and compounds
LISTED: Final = 3  # also the verbs
ANYTHING: Final = 4  # behind three syllables


def _any_of(*lists: str) -> str:
    words = sorted({word for words in lists for word in words.split()}, key=lambda word: (-len(word), word))
    return "|".join(words)


_PARTICLES = f"(?:(?:{_any_of(_CASE)}){{1,2}}(?:{_any_of(_SECOND)})?|{_any_of(_ALONE, _COPULA)})"
# Possessive: a tail that fits is taken, so the cost grows with the length alone.
_COMPOUND = f"(?:(?!시[키킨킬킴킵켰켜])(?:{_any_of(_ENDINGS, _TAILS)}))*+"
_PATTERNS = {
    PARTICLES: _PARTICLES,
    NAME: f"{_COMPOUND}{_PARTICLES}?",
    LISTED: f"{_COMPOUND}(?:{_PARTICLES}?|(?:{_VERB}).*)",
}


def endings_behind(stem: str) -> Endings:
    """Return what may follow a keyword: the shorter it is, the more other words begin like it."""
    if len(stem) == 1:
        return PARTICLES
    if len(stem) >= _LONG:
        return ANYTHING
    return NAME if stem in NO_VERB else LISTED


def is_particle(run: str) -> bool:
    """Return whether a run of syllables is a particle, or two of them, and nothing else."""
    return _pattern(PARTICLES).fullmatch(run) is not None


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
    return _pattern(endings).fullmatch(rest) is not None


@cache
def _pattern(endings: Endings) -> re.Pattern[str]:
    """Compile what may follow a keyword, at its first use: it takes 8 ms in all, and English texts need none."""
    return re.compile(_PATTERNS[endings], re.DOTALL)


def _is_other(form: str, stem: str) -> bool:
    return form.startswith(_OTHER_WORDS) and any(
        form.startswith(other) and len(stem) < len(other) for other in _OTHER_WORDS
    )


def without_particle(word: str, stem: str) -> str:
    """Return a word without the particle behind it, as far as the stem in it stays whole."""
    ends = range(word.rfind(stem) + len(stem), len(word))
    return next((word[:end] for end in ends if is_particle(word[end:])), word)
