"""The query language, row by row: what is read, what a query finds, and what is refused with which words."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.match.nodes import And, Count, Link, Near, Not, Or, Scoped, Term, to_query
from monitor.match.query import DEPTH, LENGTH, QueryFault, alias_fault, alias_faults, ambiguity_warning, parse
from tests.examples import examples
from tests.match.queries import ALIASES, queries
from tests.match.samples import WITHOUT_DISK, asked

a, b, c, d = (Term(text=text) for text in "abcd")
DEAL = Or(parts=tuple(Term(text=text, is_quoted=True) for text in ("FTA", "free trade agreement", "자유무역협정")))

TREES = [
    ("a", a),
    ("a OR b OR c", Or(parts=(a, b, c))),
    ("a AND b OR c", Or(parts=(And(parts=(a, b)), c))),
    ("a OR b AND c", Or(parts=(a, And(parts=(b, c))))),
    ("(a OR b) AND c", And(parts=(Or(parts=(a, b)), c))),
    ("a NOT b", And(parts=(a, Not(part=b)))),
    ("a -b", And(parts=(a, Not(part=b)))),
    ("a AND NOT b", And(parts=(a, Not(part=b)))),
    ("NOT b AND a", And(parts=(Not(part=b), a))),
    ("a NOT b OR c", Or(parts=(And(parts=(a, Not(part=b))), c))),
    ("a NOT (b AND c)", And(parts=(a, Not(part=And(parts=(b, c)))))),
    ("a NEAR/5 b", Near(parts=(a, b), links=(Link(distance=5),))),
    ("a NEAR/5 b AND c", And(parts=(Near(parts=(a, b), links=(Link(distance=5),)), c))),
    (
        "a ONEAR/0 (b OR c) NEAR/100 d",
        Near(parts=(a, Or(parts=(b, c)), d), links=(Link(distance=0, is_ordered=True), Link(distance=100))),
    ),
    ("title:a", Scoped(field="title", part=a)),
    ("title: a", Scoped(field="title", part=a)),
    (
        "title:(a OR b) AND body:c",
        And(parts=(Scoped(field="title", part=Or(parts=(a, b))), Scoped(field="body", part=c))),
    ),
    ("=US", Term(text="US", is_exact=True)),
    ('="Free Trade"', Term(text="Free Trade", is_exact=True, is_quoted=True)),
    ("“free trade”", Term(text="free trade", is_quoted=True)),
    ('"a AND b"', Term(text="a AND b", is_quoted=True)),
    ("ATLEAST/3(a OR b)", Count(least=3, part=Or(parts=(a, b)))),
    ("((a))", a),
    ("a OR (b OR c) OR a", Or(parts=(a, b, c))),
    ("a AND (b AND c)", And(parts=(a, b, c))),
    ("a\n  AND\tb", And(parts=(a, b))),
    ("high-tech OR R&D OR U.S.", Or(parts=tuple(Term(text=text) for text in ("high-tech", "R&D", "U.S.")))),
    ("FTA", DEAL),
    ('"FTA" OR =FTA', Or(parts=(Term(text="FTA", is_quoted=True), Term(text="FTA", is_exact=True)))),
]


@pytest.mark.parametrize(("text", "tree"), TREES, ids=[row[0] for row in TREES])
def test_a_query_is_read_by_precedence_and_shown_so_that_it_reads_the_same(text: str, tree: object) -> None:
    node = parse(text, ALIASES)

    assert node == tree
    assert parse(to_query(node), ALIASES) == node


def test_it_is_shown_with_every_bracket_written_out() -> None:
    text = 'semiconductor* AND (U.S. OR Japan) NOT "photo news" OR title:(a -b) OR ATLEAST/2(c NEAR/3 (d OR e))'

    assert to_query(parse(text)) == (
        '(semiconductor* AND (U.S. OR Japan) AND NOT "photo news") OR title:(a AND NOT b) '
        "OR ATLEAST/2(c NEAR/3 (d OR e))"
    )


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("a AND b OR c", "(a AND b) OR c"),
        ("x AND (a OR b AND c)", "x AND (a OR (b AND c))"),
        ("(a AND b) OR c", None),
        ("a AND b NOT c", None),
        ("a -b OR c", None),
    ],
)
def test_and_beside_or_is_unclear_without_brackets(text: str, warning: str | None) -> None:
    assert ambiguity_warning(text) == (warning and f"AND and OR are mixed without brackets; read as {warning}")


ALONE = "NOT alone would match nearly every release; add a word that must be there"
CLOSED = "this bracket is never closed; put ) where it ends"
OPENED = "this bracket was never opened; leave it out, or open it with ("
CHAIN = "a chain of more than 5 NEAR; join two shorter ones with AND"
JOIN = "or quote the phrase"
WRONG = [
    ("", 1, "the query is empty; write a word or a phrase"),
    ("  ", 1, "the query is empty; write a word or a phrase"),
    ("a «japan", 0, f"put AND or OR before 'japan', {JOIN}"),
    ('chips «"photo news"', 0, f"put AND or OR before 'photo news', {JOIN}"),
    ("chips «(a OR b)", 0, f"put AND or OR before '(', {JOIN}"),
    ("chips «title:a", 0, f"put AND or OR before 'title:', {JOIN}"),
    ("chips «=US", 0, f"put AND or OR before '=', {JOIN}"),
    ("a «and b", 0, "'and' in lower case is a word; write AND, or quote the phrase"),
    ("a AND «not", 0, "'not' in lower case is a word; write NOT, or quote the word"),
    ("korea «near/5 FTA", 0, "'near/5' in lower case is a word; write NEAR/5, or quote the phrase"),
    ("a «& b", 0, "'&' is no operator; write AND"),
    ("a «|| b", 0, "'||' is no operator; write OR"),
    ("a «- b", 0, "'-' is no operator; write NOT"),
    ("x AND «(a OR (b)", 0, CLOSED),
    ("«(", 0, CLOSED),
    ("a OR b«)", 0, OPENED),
    ("«)", 0, OPENED),
    ("a OR «()", 0, "there is nothing in these brackets; write a word or leave them out"),
    ('a OR «"free trade', 0, "this quote is never closed; put another one where the phrase ends"),
    ("a AND«", 0, "the query ends after AND; write the word that belongs there"),
    ("a OR (b OR «)", 0, "a word is missing between OR and this bracket"),
    ("«AND a", 0, "AND is at the beginning; write a word before it, or quote it if it is one"),
    ("(«OR a)", 0, "OR is at the beginning; write a word before it, or quote it if it is one"),
    ("a OR «OR b", 0, "a word is missing between OR and OR"),
    ("a OR «AND b", 0, "a word is missing between OR and AND"),
    ("«NOT a", 0, ALONE),
    ("«-a -b", 0, ALONE),
    ("«a OR NOT b", 0, ALONE),
    ("a NOT «NOT b", 0, "NOT is here twice; remove one"),
    ("NOT a «NEAR/5 b", 0, "NEAR/5 would be next to a NOT; write NOT (a NEAR/5 b)"),
    ("a NEAR/5 «-b", 0, "NOT cannot be next to NEAR; write a NEAR/5 b NOT c"),
    ("a «NEAR b", 0, "NEAR needs a number; write NEAR/5"),
    ("a «NEAR/101 b", 0, "NEAR/0 to NEAR/100 only; 'NEAR/101' is none of them"),
    ("a «NEAR/x b", 0, "NEAR/0 to NEAR/100 only; 'NEAR/x' is none of them"),
    ("a «ONEAR/-1 b", 0, "ONEAR/0 to ONEAR/100 only; 'ONEAR/-1' is none of them"),
    ("a NEAR/5 «(b AND c)", 0, "only words, phrases and OR can be next to NEAR; a chain needs no brackets"),
    ("a NEAR/1 b NEAR/1 c NEAR/1 d NEAR/1 e NEAR/1 f «NEAR/1 g", 0, CHAIN),
    ("«title:a NEAR/5 b", 0, "a field is next to NEAR; write title:(a NEAR/5 b)"),
    ("«ATLEAST/2 a", 0, "ATLEAST/2 needs brackets; write ATLEAST/2(word)"),
    ("«ATLEAST(a)", 0, "ATLEAST needs a number; write ATLEAST/5"),
    ("«ATLEAST/0(a)", 0, "ATLEAST/1 to ATLEAST/1000 only; 'ATLEAST/0' is none of them"),
    ("«ATLEAST/2(a AND b)", 0, "ATLEAST/2 counts words and phrases; AND, NOT and ATLEAST cannot be in its brackets"),
    ("a OR «titel:b", 0, "unknown field 'titel:' — did you mean title:?"),
    ("a OR «titel:(b)", 0, "unknown field 'titel:' — did you mean title:?"),
    ("«Title:b", 0, "unknown field 'Title:' — did you mean title:?"),
    ("«xyz:(b)", 0, "unknown field 'xyz:' — the fields are title:, body: and category:"),
    ("a OR «title:", 0, "nothing follows title:; write title:word or title:(this OR that)"),
    ("title:(a OR «body:b)", 0, "body: is inside title:(…); a word is in one field, so write one of them"),
    ("a OR «=", 0, "nothing follows '='; write =word without a space"),
    ("a OR «*b", 0, "'*b' covers too many words; use 3 letters or more (2 syllables in Korean)"),
    ("a OR «semi*tor", 0, "'*' is allowed only at the beginning or the end of a keyword; remove the others"),
    ("a OR «why?", 0, "'?' is not a wildcard; remove it, or end the word with * for any letters"),
    ('a OR «"—"', 0, "there is no letter or digit to search for; write a word or a phrase"),
    ("a AND «LOOP", 0, "alias LOOP cannot be used: alias LOOP refers to itself; leave this entry out"),
    ("(" * DEPTH + "«(a", 0, f"brackets nest more than {DEPTH} deep; take some out"),
    ("a " * 2 + "«", 3, f"put AND or OR before 'a', {JOIN}"),
    (f"«{'a' * (LENGTH + 1)}", LENGTH + 1, f"longer than {LENGTH} characters; split it into several watchlists"),
    (
        f'«"{"a " * 26}"',
        0,
        "a phrase of 26 words; use at most 25, a few rare ones in a row find the same",
    ),
]


@pytest.mark.parametrize(("row", "column", "message"), WRONG, ids=[row[0][:30] for row in WRONG])
def test_a_wrong_query_is_refused_with_its_place_its_cause_and_its_cure(row: str, column: int, message: str) -> None:
    before, _, after = row.partition("«")
    with pytest.raises(QueryFault) as refused:
        parse(before + after, {**ALIASES, "LOOP": ["b", "OTHER"], "OTHER": ["LOOP"]})

    assert (refused.value.message, refused.value.column) == (message, column or len(before) + 1)


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        (["free trade agreement", "OTHER"], None),
        (["free trade", "FTA"], (1, "alias FTA refers to itself; leave this entry out")),
        (["title:a"], (0, "an alias holds words and phrases; write the field where the alias is used")),
    ],
)
def test_an_alias_may_lead_to_others_but_not_to_itself(entries: list[str], fault: tuple[int, str] | None) -> None:
    assert alias_fault("FTA", entries, {"FTA": entries, "OTHER": ["KORUS"]}) == fault


def test_an_alias_brings_what_its_aliases_bring_each_once() -> None:
    aliases = {"FTA": ["KORUS", "deal"], "KORUS": ["Korea-US deal", "deal"]}

    assert to_query(parse("FTA", aliases)) == '"FTA" OR "KORUS" OR "deal" OR "Korea-US deal"'


# (group, query, title, body, category, the words found, joined by " | "; None: no match)
ROWS = [
    ("boolean", "chips AND Japan", "Chips", "to Japan", None, "Chips | Japan"),
    ("boolean", "chips AND Japan", "Chips", "to Korea", None, None),
    ("boolean", "chips OR Japan", "Chips", "to Korea", None, "Chips"),
    ("boolean", "chips NOT Japan", "Chips", "to Korea", None, "Chips"),
    ("boolean", "chips NOT Japan", "Chips", "to Japan", None, None),
    ("boolean", "chips -Japan", "Chips", "to Korea", "Japan", None),
    ("boolean", "(chips OR cars) AND (Japan OR Korea)", "Cars", "Korea, Japan", None, "Cars | Korea | Japan"),
    ("boolean", "chips AND Japan OR cars", "Cars", "Japan", None, "Cars"),
    ("boolean", "chips AND (Japan OR cars)", "Cars", "Japan", None, None),
    ("boolean", "chips NOT (Japan AND Korea)", "Chips", "Japan", None, "Chips"),
    ("boolean", "chips NOT (Japan AND Korea)", "Chips", "Japan", "Korea", None),
    ("boolean", "Japan AND (chips OR (cars NOT used))", "Used cars", "Japan", None, None),
    ("boolean", '"and" OR "OR"', "This and that", "", None, "and"),
    ("boolean", "semiconductor* AND (U.S. OR Japan)", "Semiconductors", "in the US", None, "Semiconductors | US"),
    ("boolean", 'chips AND -"photo news"', "Chips", "Photo-news", None, None),
    ("case", "IT AND =Apple", "It", "apple", None, None),
    ("case", "IT AND =Apple", "IT", "Apple apple", None, "IT | Apple"),
    ("case", "US NOT us", "US", "tell them", None, None),
    ("phrase", '"free trade" AND talks', "Free-trade talks", "", None, "Free-trade | talks"),
    ("phrase", '"free trade agree*"', "A free trade agreement", "", None, "free trade agreement"),
    ("phrase", '"free trade"', "free", "trade", None, None),
    ("near", "korea NEAR/1 FTA", "Korea signs FTA", "", None, "Korea | FTA"),
    ("near", "korea NEAR/0 FTA", "Korea signs FTA", "", None, None),
    ("near", "korea NEAR/1 FTA", "FTA of Korea", "", None, "FTA | Korea"),
    ("near", "korea ONEAR/1 FTA", "FTA of Korea", "", None, None),
    ("near", "korea ONEAR/1 FTA", "Korea's FTA", "", None, "Korea | FTA"),
    ("near", "korea NEAR/5 FTA", "Korea", "FTA", None, None),
    ("near", "korea NEAR/5 korea", "Korea", "", None, None),
    ("near", "korea NEAR/5 korea", "Korea and Korea", "", None, "Korea | Korea"),
    ("near", "korea NEAR/1 FTA", "Korea. FTA far away from the rest of it: Korea", "", None, "Korea | FTA"),
    (
        "near",
        "(US OR Japan) NEAR/2 (chips OR cars)",
        "Cars to Japan",
        "US and more and more chips",
        None,
        "Cars | Japan",
    ),
    ("near", '"free trade" NEAR/1 deal', "a deal on free trade", "", None, "deal | free trade"),
    ("near", "a1 NEAR/1 b1 NEAR/1 c1", "b1 a1 x c1", "", None, None),
    ("near", "a1 NEAR/5 b1 NEAR/1 c1", "a1 c1 b1", "", None, "a1 | c1 | b1"),
    ("near", "a1 ONEAR/3 b1 ONEAR/3 c1", "a1 b1 c1 b1 a1", "", None, "a1 | b1 | c1"),
    ("near", "semi* NEAR/1 export", "Semiconductor exports", "", None, "Semiconductor | exports"),
    ("near", "FTA NEAR/0 체결", "FTA를 체결했다", "", None, "FTA | 체결"),
    ("near", "IT NEAR/1 sector", "it sector", "the IT sector", None, "IT | sector"),
    (
        "wildcard",
        "*conductor AND *duct*",
        "Superconductors",
        "products",
        None,
        "Superconductors | products",
    ),
    ("wildcard", "semi* NOT semifinal", "Semifinal", "", None, None),
    ("field", "title:chips", "Chips", "chips", "chips", "Chips"),
    ("field", "title:chips", "Cars", "chips", "chips", None),
    ("field", "title:chips AND body:Japan", "Chips", "Japan", None, "Chips | Japan"),
    ("field", "title:chips AND body:Japan", "Japan", "chips", None, None),
    ("field", "title:(chips OR cars) AND Japan", "Cars", "Japan", None, "Cars | Japan"),
    ("field", "title:(chips AND Japan)", "Chips", "Japan", None, None),
    ("field", "title:(chips NEAR/1 Japan)", "Chips to Japan", "", None, "Chips | Japan"),
    ("field", "category:FTA AND talks", "Talks", "", "FTA/Economic Cooperation", "Talks | FTA"),
    ("field", "chips NOT title:Japan", "Chips", "Japan", None, "Chips"),
    ("field", "title:=Chips", "Chips chips", "", None, "Chips"),
    ("field", "title:(chips NOT Japan)", "Chips", "Japan", None, "Chips"),
    ("count", "ATLEAST/2(chips)", "Chips", "chip", None, "Chips | chip"),
    ("count", "ATLEAST/2(chips)", "Chips", "", None, None),
    ("count", "ATLEAST/2(chips OR cars)", "Chips", "cars", None, "Chips | cars"),
    ("count", 'ATLEAST/2(trade OR "trade deal")', "Trade deal", "", None, None),
    ("count", "ATLEAST/2(title:chips)", "Chips", "chips chips", None, None),
    ("count", "title:ATLEAST/2(chips)", "Chips, chips", "chips", None, "Chips | chips"),
    ("count", "ATLEAST/4(chips NEAR/1 Japan)", "Chips to Japan", "Japan chips", None, "Chips | Japan | Japan | chips"),
    ("count", "ATLEAST/3(chips) AND Japan", "Chips chips", "Japan", None, None),
    ("alias", "FTA AND Korea", "Korea", "자유무역협정을", None, "Korea | 자유무역협정"),
    ("alias", "FTA AND Korea", "Korea", "Free-trade agreements", None, "Korea | Free-trade agreements"),
    ("alias", '"FTA" AND Korea', "Korea", "free trade agreement", None, None),
    ("alias", "title:FTA", "Talks", "free trade agreement", None, None),
    ("alias", "FTA NEAR/2 Korea", "free trade agreement of Korea", "", None, "free trade agreement | Korea"),
    ("alias", "FTA NEAR/1 Korea", "free trade agreement is of Korea", "", None, None),
    ("Korean", "반도체 AND 수출", "반도체가", "수출이 늘었다", None, "반도체 | 수출"),
    ("Korean", "반도체 NOT 일본", "반도체가", "일본은", None, None),
    ("Korean", "원전 OR 반도체", "자원전쟁", "차세대AI반도체", None, "반도체"),
    ("Korean", '*원전* AND "반도체 수출"', "자원전쟁", "반도체의 수출", None, "자원전쟁 | 반도체의 수출"),
    ("Korean", "반도체 NEAR/1 수출", "반도체 대미 수출이", "", None, "반도체 | 수출"),
    ("boundary", "AI OR EV", "They said every level", "Dubai", None, None),
    ("inflection", "company AND tax", "Companies", "taxes", None, "Companies | taxes"),
]


@pytest.mark.parametrize(
    ("group", "query", "title", "body", "category", "expected"), ROWS, ids=[f"{r[0]}: {r[1]} in {r[2]}" for r in ROWS]
)
def test_a_query_matches_and_finds_its_words(
    group: str, query: str, title: str, body: str, category: str | None, expected: str | None
) -> None:
    hits = asked(query, title, body, category)

    assert (" | ".join(hits) if hits else None) == expected, group


@WITHOUT_DISK
@given(queries())
def test_every_query_reads_the_same_after_it_was_shown(text: str) -> None:
    node = parse(text, ALIASES)

    assert parse(to_query(node), ALIASES) == node


PIECES = st.sampled_from(
    [
        *'()"“”=-*?:& ',
        " ",
        "AND ",
        "OR ",
        "NOT ",
        "NEAR/3 ",
        "ONEAR/200 ",
        "ATLEAST/2",
        "title:",
        "x:",
        "a ",
        "반도체 ",
        "FTA ",
    ]
)


@settings(WITHOUT_DISK, max_examples=examples(2_000))
@example("(x:)")
@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=40))
def test_whatever_is_written_is_read_or_refused_at_a_place_of_its_own(text: str) -> None:
    column = refused_at(text)

    assert column is None or 1 <= column <= len(text) + 1


def refused_at(text: str) -> int | None:
    try:
        node = parse(text, ALIASES)
    except QueryFault as fault:
        return fault.column
    assert parse(to_query(node), ALIASES) == node
    return None


@pytest.mark.parametrize(
    "unit",
    [
        "a OR ",
        "a AND ",
        "(a) OR ",
        "-a ",
        '"a b" OR ',
        "a NEAR/3 ",
        "FTA OR ",
        "title:a OR ",
        "=a OR ",
        "((((",
        "NOT ",
        "=",
    ],
)
def test_reading_takes_steps_in_proportion_to_the_length(unit: str) -> None:
    one, ten = (steps_of(unit * (LENGTH // 10 // len(unit) * times)) for times in (1, 10))

    assert ten <= 11 * one + 1_000


def steps_of(text: str) -> int:
    """How many lines of Python the parser runs for a text that it reads or refuses."""
    count = 0

    def counting(*_: object) -> object:
        nonlocal count
        count += 1
        return counting

    before = sys.gettrace()
    sys.settrace(counting)  # type: ignore[arg-type]  # typeshed's name for it is private
    try:
        parse(text + "b", ALIASES)
    except QueryFault:
        pass
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "aliases",
    [
        {"A": ["B"], "B": ["C"], "C": ["A", "x"], "D": ["A"], "E": ["x"]},
        {"A": ["A"], "B": ["A"]},
        {"A": ["B", "C"], "B": ["D"], "C": ["D"], "D": ["x"]},
        {"A": ["B"], "B": ["A", "C"], "C": ["D"], "D": ["C"], "E": ["B", "D"]},
    ],
)
def test_all_aliases_at_once_have_the_faults_of_each(aliases: dict[str, list[str]]) -> None:
    assert alias_faults(aliases) == {name: alias_fault(name, entries, aliases) for name, entries in aliases.items()}


class Asked(dict[str, list[str]]):
    """Aliases that count how often their entries are looked up."""

    count = 0

    def __getitem__(self, name: str) -> list[str]:
        self.count += 1
        return super().__getitem__(name)


@pytest.mark.parametrize("last", [["x"], ["A0"]], ids=["chain", "ring"])
def test_aliases_that_lead_on_and_on_are_each_looked_up_once(last: list[str]) -> None:
    aliases = Asked({f"A{n}": [f"A{n + 1}"] for n in range(300)} | {"A300": last})
    alias_faults(aliases)
    assert aliases.count <= 2 * len(aliases)
