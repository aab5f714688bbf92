"""Hold the fixed words of an alert in each language that a channel may have.

Names of sources, watchlists and channels, and what was scraped, are never translated. In a template, `{}` is filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime

from monitor.frozen import dataclass
from monitor.model import Edit, Kind, Occasion

_WEEKDAYS = "월화수목금토일"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The fixed words of an alert in one language."""

    code: str  # as in a configuration and in HTML's `lang`
    new: str
    changed: str
    completed: str
    enriched: str
    reread: str
    cosmetic: str
    stale: str
    unchanged: str
    withdrawn: str
    reappeared: str
    rejected: str
    counted: str  # how many items there are of a kind: count, kind
    more: str  # items that a headline leaves out
    more_listed: str  # others that a list leaves out
    more_places: str  # that changed
    no_title: str
    undated: str
    none: str  # a figure that one of two texts lacks
    matched: str
    watchlists: str
    figures: str
    resembles: str
    source: str
    field_title: str
    field_date: str
    field_category: str
    digest: str  # the reason why a message has several items: local time
    held_by_quiet_hours: str
    held_by_mute: str
    several: str  # the first and the last of several times
    sent_late: str  # the reason
    over_limit: str  # of messages an hour
    limit_reached: str  # the limit, local time
    summary: str  # kinds of messages whose reason is unknown
    digest_kind: str
    part: str  # number, count
    release: str  # a link to it: number
    omitted: str  # count, what lists them
    listed_by: str  # the command that lists them
    show_note: str  # what a command does that stands before it
    show_argument: str  # of that command
    sent_by: str  # channel
    trial: str  # a message that only shows whether its channel works: channel
    reverted: str  # notes on a change
    may_be_older: str
    completed_note: str
    reread_note: str
    withdrawn_note: str
    reappeared_note: str
    day: Callable[[date], str]
    moment: Callable[[datetime], str]  # local time

    def kind(self, kind: Kind) -> str:
        """Return the word for what became of a release."""
        word: str = getattr(self, kind.value)
        return word

    def field(self, name: str) -> str:
        """Return the word for a field of a release; `""` for its text, which needs none."""
        known = {"body": "", "title": self.field_title, "date": self.field_date, "category": self.field_category}
        return known.get(name, name)

    def occasion(self, occasion: Occasion) -> str:
        """Return why a message has the items of several dumps, or is the last one for a while."""
        if occasion.cause == "flood":
            return self.over_limit.format(occasion.limit)
        at = datetime.fromisoformat(occasion.at)
        if occasion.cause == "limit":
            return self.limit_reached.format(occasion.limit, f"{at:%H:%M}")
        causes = {"digest": self.digest, "quiet hours": self.held_by_quiet_hours, "mute": self.held_by_mute}
        said = causes[occasion.cause].format(self._period(occasion.since, at))
        return self.sent_late.format(said) if occasion.is_late else said

    def _period(self, since: str, at: datetime) -> str:
        """Return such as `Mon 23 Nov 08:30`, or from the first to the last of several windows."""
        end = self.moment(at)
        if not since:
            return end
        first = datetime.fromisoformat(since)
        return self.several.format(self.moment(first), f"{at:%H:%M}" if first.date() == at.date() else end)

    def dated(self, edits: Iterable[Edit]) -> tuple[Edit, ...]:
        """Return edits whose days are written as this language has them."""
        return tuple(
            replace(edit, old=self._day_of(edit.old), new=self._day_of(edit.new)) if edit.field == "date" else edit
            for edit in edits
        )

    def _day_of(self, text: str) -> str:
        try:
            return self.day(date.fromisoformat(text)) if text else ""
        except ValueError:  # the mark of a list of edits that was cut
            return text


def words_of(language: str) -> Words:
    """Return the words of a language; English for an unknown one."""
    return KOREAN if language == KOREAN.code else ENGLISH


def _korean_day(day: date) -> str:
    """Return a day as Korean offices write it."""
    return f"{day.year}. {day.month}. {day.day}.({_WEEKDAYS[day.weekday()]})"


ENGLISH = Words(
    code="en",
    new="new",
    changed="changed",
    completed="completed",
    enriched="enriched",
    reread="reread",
    cosmetic="cosmetic",
    stale="stale",
    unchanged="unchanged",
    withdrawn="withdrawn",
    reappeared="reappeared",
    rejected="rejected",
    counted="{} {}",
    more="+{} more",
    more_listed="{} more",
    more_places="… and {} more places",
    no_title="(no title)",
    undated="undated",
    none="none",
    matched="matched",
    watchlists="watchlists",
    figures="figures",
    resembles="resembles",
    source="from",
    field_title="title",
    field_date="date",
    field_category="category",
    digest="digest of {}",
    held_by_quiet_hours="held by quiet hours until {}",
    held_by_mute="held by mute until {}",
    several="{} to {}",
    sent_late="{}, sent late",
    over_limit="more than {} messages an hour",
    limit_reached="limit of {} an hour, the rest at {}",
    summary="summary",
    digest_kind="digest",
    part="part {} of {}",
    release="release {}",
    omitted="and {} more: {}",
    listed_by="`monitor alerts` lists them",
    show_note="prints a release whole, with its history.",
    show_argument="NUMBER",
    sent_by="Sent by monitor to the channel {}.",
    trial="A test message from monitor: if you read this, the channel '{}' works.",
    reverted="this is an earlier version again",
    may_be_older="this dump may be older than what was known",
    completed_note="the text goes on where it was cut",
    reread_note="another mapping reads it",
    withdrawn_note="the listing no longer shows it",
    reappeared_note="it was withdrawn and is back",
    day=date.isoformat,
    moment=lambda at: f"{at:%a %d %b %H:%M}",
)

KOREAN = Words(
    code="ko",
    new="신규",
    changed="변경",
    completed="본문 보완",
    enriched="정보 추가",
    reread="재판독",
    cosmetic="표기 수정",
    stale="이전 판",
    unchanged="변경 없음",
    withdrawn="게시 중단",
    reappeared="재게시",
    rejected="판독 불가",
    counted="{1} {0}건",
    more="외 {}건",
    more_listed="외 {}건",
    more_places="… 외 {}곳",
    no_title="(제목 없음)",
    undated="날짜 없음",
    none="없음",
    matched="일치 단어",
    watchlists="관심 목록",
    figures="수치",
    resembles="비슷한 자료",
    source="출처",
    field_title="제목",
    field_date="날짜",
    field_category="분류",
    digest="{} 모아보기",
    held_by_quiet_hours="방해 금지 시간으로 {}까지 보류",
    held_by_mute="알림 중지로 {}까지 보류",
    several="{}부터 {}까지",
    sent_late="{}, 지연 발송",
    over_limit="시간당 {}건 초과",
    limit_reached="시간당 {}건 한도 도달, 나머지는 {} 발송",
    summary="요약",
    digest_kind="모아보기",
    part="{1}개 중 {0}번째",
    release="자료 {}",
    omitted="외 {}건: {}",
    listed_by="`monitor alerts`로 볼 수 있습니다",
    show_note="자료 전문과 변경 이력을 봅니다.",
    show_argument="번호",
    sent_by="monitor가 ‘{}’ 채널로 보낸 알림입니다.",
    trial="monitor 시험 메시지입니다. 이 글이 보이면 ‘{}’ 채널이 정상입니다.",
    reverted="이전에 게시된 내용으로 되돌아갔습니다",
    may_be_older="이 파일은 이미 알려진 내용보다 오래된 것일 수 있습니다",
    completed_note="잘려 있던 본문의 뒷부분이 확인되었습니다",
    reread_note="새 매핑으로 다시 읽은 내용입니다",
    withdrawn_note="목록에서 더 이상 보이지 않습니다",
    reappeared_note="게시가 중단되었다가 다시 올라왔습니다",
    day=_korean_day,
    moment=lambda at: f"{at.month}월 {at.day}일({_WEEKDAYS[at.weekday()]}) {at:%H:%M}",
)
