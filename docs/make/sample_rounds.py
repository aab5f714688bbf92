"""List dumps of a few weeks for pictures of the page: the samples of `seeds/`, and a second publisher's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Record(NamedTuple):
    """One release as a listing shows it."""

    day: str
    category: str
    title: str
    body: str

    def text(self) -> str:
        """Return it in the text layout."""
        return f"-\n{self.category}\n{self.title}\n{self.body} date{self.day}\n"


class Round(NamedTuple):
    """One dump, and when it was dropped."""

    days_ago: int
    time: str  # in the configured zone
    name: str  # "": what `seeds` names
    shown: str = ""  # keys of RECORDS
    seeds: str = ""  # a file of the samples


_TEN_DAYS = (
    "Exports from July 1 to 10 came to {} billion dollars, {} percent more than a year before, the ministry said on "
    "Thursday. Semiconductors rose 61.0 percent and ships 12.3 percent; cars fell 2.1 percent. Imports grew by 1.4 "
    "percent, because oil was dearer than in the same days of last year."
)
_BATTERIES = (
    "배터리 제조사와 소재 기업, 연구기관이 참여하는 이차전지 공급망 협의체가 서울에서 첫 회의를 열었다. 참여 기업은 "
    "핵심 광물 확보와 재활용에 2028년까지 {}억 원을 투자하기로 했다. 산업통상자원부는 하반기에 지원 방안을 내놓을 "
    "예정이다."
)
_CHIPS = (
    "Four makers of semiconductors and nine of their suppliers will share a test line in Anseong. Each may book it for "
    "six weeks a year{}"
)
RECORDS: Mapping[str, Record] = {
    "grid": Record(
        "2024-07-02",
        "Energy",
        "Power grid is ready for a hot July",
        "Reserves will stay above 10 gigawatts even on the hottest afternoon. Two gas plants and a nuclear reactor "
        "return from maintenance before the holidays. Exports of power equipment are not affected.",
    ),
    "office": Record(
        "2024-07-04",
        "Industry",
        "Office for small exporters opens in Busan",
        "Small firms find advice on customs, insurance and free trade agreements under one roof. The FTA desk is open "
        "on Saturdays as well.",
    ),
    "carriers": Record(
        "2024-07-05",
        "Industry",
        "Three yards share an order for gas carriers",
        "Eleven carriers for liquefied natural gas will be built by 2028. The order is worth 2.9 billion dollars and "
        "brings exports of ships to a record 6.1 billion dollars in the quarter.",
    ),
    "hydrogen": Record(
        "2024-07-08",
        "Energy",
        "Plan for hydrogen trucks asks for 60 more stations",
        "Trucks that run on hydrogen are to reach every port by 2030. The plan names supply chains for fuel cells and "
        "an agreement with Australia on imports. Sixty stations are to be built along the motorways first.",
    ),
    "test-line": Record("2024-07-09", "Industry", "Chip makers share a test line", _CHIPS.format("")),
    "test-line-whole": Record(
        "2024-07-09",
        "Industry",
        "Chip makers share a test line",
        _CHIPS.format(". The line opens in spring, and the semiconductor institute runs it."),
    ),
    "gulf": Record(
        "2024-07-10",
        "FTA/Economic Cooperation",
        "Free trade agreement with the Gulf states is signed",
        "The FTA opens six markets for cars, medicines and games. Duties on nine of ten goods end within fifteen "
        "years. Both parliaments still have to agree.",
    ),
    "ten-days": Record(
        "2024-07-11",
        "Trade/Investment",
        "Exports of the first ten days of July up 8.4 percent",
        _TEN_DAYS.format("15.2", "8.4"),
    ),
    "ten-days-corrected": Record(
        "2024-07-11",
        "Trade/Investment",
        "Exports of the first ten days of July up 8.6 percent",
        _TEN_DAYS.format("15.3", "8.6"),
    ),
    "batteries": Record("2024-07-11", "Industry", "이차전지 공급망 협의체 출범", _BATTERIES.format("4천")),
    "batteries-corrected": Record("2024-07-11", "Industry", "이차전지 공급망 협의체 출범", _BATTERIES.format("6천")),
    "minerals": Record(
        "2024-07-12",
        "Trade/Investment",
        "Stocks of critical minerals are to last for 100 days",
        "Lithium, cobalt and ten rare earths will be stored in Saemangeum. Makers of batteries and semiconductors may "
        "borrow from the stock when a supply chain breaks.",
    ),
    "nuclear": Record(
        "2024-07-15",
        "Energy",
        "Talks on nuclear cooperation with the Czech Republic go on",
        "Both sides want an agreement on fuel, safety and training. Exports of reactors would be the largest order "
        "since 2009.",
    ),
    "ict": Record(
        "2024-07-16",
        "Trade/Investment",
        "Exports of electronics reach 19.1 billion dollars in June",
        "Exports of electronics rose 31.8 percent in June. It is the eighth gain in a row, and the first in which all "
        "of the larger goods took part. Semiconductors came to 13.4 billion dollars, more than in any other June.",
    ),
    "wind": Record(
        "2024-07-17",
        "Energy",
        "Wind parks at sea get a common grid",
        "Four parks off the coast share one line to the land. Cooperation with the gas network saves a second one, and "
        "exports of towers are to grow.",
    ),
}
_EARLIER = "office carriers hydrogen test-line-whole gulf"  # what every later dump shows as well
ROUNDS: tuple[Round, ...] = (
    Round(27, "10:02", "", seeds="2024-07-01_press.txt"),
    Round(26, "16:40", "", seeds="2024-07-02_headlines.txt"),
    Round(25, "09:31", "", seeds="2024-07-03_press.txt"),
    Round(23, "11:05", "", seeds="2024-07-04_보도자료.txt"),
    Round(22, "14:20", "press_2024-07-05.txt", "grid office carriers"),
    Round(20, "10:12", "", seeds="2024-07-05_feed.xml"),
    Round(16, "15:03", "press_2024-07-09.txt", "grid office carriers hydrogen test-line"),
    Round(13, "09:47", "press_2024-07-10.txt", "grid office carriers hydrogen test-line-whole gulf"),
    Round(9, "11:30", "press_2024-07-11.txt", "grid office carriers hydrogen test-line-whole gulf ten-days batteries"),
    Round(6, "17:15", "press_2024-07-12.txt", f"{_EARLIER} ten-days batteries minerals"),
    Round(3, "14:11", "press_2024-07-15.txt", f"{_EARLIER} ten-days batteries minerals nuclear"),
    Round(2, "13:55", "press_2024-07-16.txt", f"{_EARLIER} ten-days-corrected batteries-corrected minerals nuclear"),
    Round(
        1, "10:12", "press_2024-07-17.txt", f"{_EARLIER} ten-days-corrected batteries-corrected minerals nuclear ict"
    ),
)
LAST = Round(0, "", "press_2024-07-18.txt", f"{_EARLIER} ten-days-corrected batteries-corrected minerals ict wind")


def dump(keys: Iterable[str]) -> str:
    """Return a dump that shows these records."""
    return "".join(RECORDS[key].text() for key in keys)
