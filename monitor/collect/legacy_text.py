"""Judge whether bytes that are no UTF-8 are plainly Korean text in CP949 or western text in CP1252.

Nearly any bytes decode as something, and a wrong guess is a release that nobody can read. So both need evidence that
text in another encoding (GBK, Big5, Shift-JIS, EUC-JP, CP1251, KOI8-R, CP1250 …) does not give.
"""

from __future__ import annotations

import codecs
import re

# The syllables that make up nine tenths of Korean text; of Chinese text read as CP949 they make up a tenth.
_COMMON = frozenset(
    "이다의는에을가고하한지를은로기사도서리자대시정으인해어과장부일아전수그나제보라구조상원있주들만국공비여성안"
    "관중전소경위산유무동연생신화물발개회미계오선우방내외체용통업세게민실적면요마학법문치스합역진력결금단모트불"
    "행입분재가간당식의양터드강교영르타성포감추심각본차러와못출확질투차협약품강했된될할함때더까말년월일날글로벌"
    "반려친환례및등건설늘따라명번별복북남녀노농높농달담데독두라락란래량련령론료류률립막매머며명목못무바박받밝배"
    "백베변병봉북비빌사살색석설센속손송술쉬승씨습알압애액야언엄없었였예완외욕운울웃워웨월육율은음읍응임잘잡저점"
    "접족존종좋죄줄증직집참창책처천철청초총최축충취층친크키탁탄태택토특파판편평폐표풍피필하허헌현형호혼홍활황효"
    "후훈휴흥희히힘팀컨콘코카캐커케쿠큰플프티테텍텔톤팅퍼펀페펜폰폴푸픽핀핵향험혁혜혹환획횡캠카저코니너네누느능"
    "급긴김깊까께꼭꾸끝난날낮냉년념논농눈늦닌닐님닥닫대댁덕던데덴도독돌동된둘뒤듯등디딜때떠또뜻라람랑략량렉렇렌"
    "려렬렴롭룡루룹른름릉링맞맡맥맨멀멘몇몰묵물민믿밀밑밖밤번벌범법벤벽병볼봄부분붙브블빙빛빠빨뿐산삼새샘생섬섭"
    "소솔송수순숙숨쉽슈스슬승싱싸써쓰안앞약얼업엔열염영옥올옵옷왔왕욱움웅원윤융을읽잃잉작잔재쟁적절정젠족좌주"
    "죽준중즈즉즘증지진짐째찬찰찾채챙척첨첫체쳐촉촌칙칠침칭켜켓콜쾌클킹탈탐탑탕턴템톡튜틀팔패팩평폭푼플핑학핸했헬"
)
# A single letter is a bullet, as in "ㅇ 배경"; several in a row are kana of EUC-JP.
_PLAIN_PAIRS = re.compile(
    rb"(?:[\x00-\x7f]++|(?:[\xa1-\xa3\xa6-\xa9\xad-\xc8][\xa1-\xfe])++|\xa4[\xa1-\xfe](?![\xa4\xa5]))*+\Z"
)
_ASCII, _TRAILS = bytes(range(0x80)), bytes(range(0xA1, 0xFF))
_LEADS = bytes([*range(0xA1, 0xA4), *range(0xA6, 0xAA), *range(0xAD, 0xC9)])  # but for single letters
_SURROGATE = re.compile("[\ud800-\udfff]")

_LETTER = rb"[\xc0-\xd6\xd8-\xf6\xf8-\xfe\x8a\x8c\x8e\x9a\x9c\x9e\x9f]"
_UPPER = rb"[\xc0-\xd6\xd8-\xde\x8a\x8c\x8e\x9f]"
_LOWER = rb"[\xdf-\xf6\xf8-\xfe\x9a\x9c\x9e]"
_TYPOGRAPHY = (
    rb"\x85\x8b\x91-\x97\x99\x9b\xa0\xa1\xab\xad\xb0\xb7\xbb\xbf\x84\x80"  # dots, quotes, dashes, NBSP, bullets
)
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_STRANGE = re.compile(
    rb"|".join(
        (
            rb"[\x81\x83\x8d\x8f\x90\x9d\xa4\xd0\xde\xf0\xfe\xff]",  # undefined, or letters of hardly any language
            _LETTER + rb"{3}|\xa1[\xa2-\xbf]",  # the second: most signs of CP949
            rb"(?<![A-Za-z\x80-\xff])" + _LETTER + rb"{2}(?![A-Za-z])",  # such as one Chinese character
            _LOWER + _UPPER,
            rb"[a-z]" + _UPPER + rb"|[A-Z]" + _UPPER + rb"[a-z]",
            # Signs of other encodings at letters: a low or an opening quote behind one, a dash before a last letter,
            # a sign of money or a diacritic at one, an ordinal or a superscript before one.
            rb"[A-Za-z](?:[\x82\x84\x88\x98\xa1\xbf]|[\x93\x94](?=[a-z])|[\x96\x97][b-hj-np-z](?![A-Za-z]))",
            rb"[a-z][\xa2-\xa6\xa8\xac\xaf\xb8\xbc-\xbe](?!\d)|[\x88\x89\x98\xaa\xb1-\xb3\xb9\xba][A-Za-z\xc0-\xff]",
            rb"[\xaa\xba][\xaa\xb2\xb3\xb9\xba]|[\xa1\xbf](?=[\n\r]|\Z)|\xa1[A-Z](?=\s*(?:[\n\r]|\Z))",
            rb"\xf1[b-df-hj-np-tv-xz]",  # no language has this but Polish, read as CP1252
            rb"(?<![A-Z])" + _UPPER + _UPPER + rb"(?![A-Z])",
            rb"[A-Za-z][\x80\x86-\x89\x95\x99\xa1-\xac\xae-\xb6\xb8-\xbf\xd7\xf7\x8b\x9b](?=[a-z])",  # signs in words
            rb"[\x82\x88\x98\xa6\xa8\xac\xaf\xb1-\xb6\xb8\xb9\xbc-\xbe\xd7\xf7](?:"
            + _LETTER
            + rb"|[\x82-\x9c\xa1-\xbf])",
            _LETTER + rb"[\x82\x88\x98\xa2-\xa6\xa8\xac\xaf\xb1-\xb6\xb8\xb9\xbc-\xbe]",
            _LETTER + rb"[" + _TYPOGRAPHY + rb"]" + _LETTER + rb"{2}",
            rb"[\x80-\x9f]" + _LETTER + rb"[\x80-\x9f]" + _LETTER,
        )
    )
)


def is_korean(content: bytes, *, is_expected: bool = False, least: int = 0) -> bool:
    """Return whether the non-ASCII bytes are pairs typical of Korean text in CP949.

    Quotes and other signs do not depend on the language: as pairs they are CP949, as single bytes CP1252. Where CP949
    is expected, since the rest of the file has it, a few rare syllables alone are enough. least: so many common ones.
    """
    text = codecs.getincrementaldecoder("cp949")("surrogateescape").decode(content, final=False)
    chars = [char for char in text if not char.isascii()]
    kinds = [_cp949_kind(char) for char in chars]
    bad, rare, hanja, hangul = map(kinds.count, ("bad", "rare", "hanja", "hangul"))
    letters = hanja + hangul + rare
    if (bad + rare) * 5 >= len(kinds) * 2 or bad * 5 >= len(kinds) or hanja * 5 > letters * 2:
        return False
    common = sum(char in _COMMON for char in chars)
    return common >= least and (common * 2 >= hangul or (is_expected and hangul < 8 and not hanja))


def is_paired(content: bytes) -> bool:
    """Return whether all bytes that are not ASCII are pairs of signs and syllables in CP949."""
    return _PLAIN_PAIRS.match(content) is not None


def paired_text(content: bytes) -> str | None:
    """Return the text of bytes that `is_paired` accepts, unless CP949 leaves one of the pairs undefined."""
    try:
        text = content.decode("cp949")
    except UnicodeDecodeError:
        return None
    high = content.translate(None, _ASCII)
    if len(high) != 2 * (len(content) - len(text)):  # the second byte of some is an ASCII letter
        return None
    if high[1::2].translate(None, _TRAILS):
        return None
    return text if not high[::2].translate(None, _LEADS) or is_paired(content) else None


def is_western(content: bytes) -> bool:
    """Return whether the non-ASCII bytes are signs and single letters as western languages use them in CP1252."""
    return _STRANGE.search(near_high(content)) is None


def near_high(content: bytes) -> bytes:
    """Return the non-ASCII bytes with what stands at them, each such place once: a twentieth of most texts."""
    content += b"\n"  # the end of the text is the end of its last line
    places = {content[max(0, run.start() - 1) : run.end() + 3] for run in _HIGH_RUN.finditer(content)}
    return b"\0".join((*places, b""))


def _cp949_kind(char: str) -> str:
    """Classify a character decoded as CP949; the second byte of a rare syllable may be an ASCII letter."""
    if _SURROGATE.match(char):
        return "bad"
    lead, trail = char.encode("cp949")
    if lead < 0xA1 or trail < 0xA1:
        return "rare"
    if lead in (0xA4, 0xA5, 0xAA, 0xAB, 0xAC) and (lead, trail) != (0xA4, 0xFD):  # jamo, Greek, kana, Cyrillic; not ㆍ
        return "hanja"
    return "sign" if lead < 0xB0 else "hangul" if lead < 0xC9 else "hanja"
