"""Random queries that the language accepts, from few words that collide."""

from __future__ import annotations

from hypothesis import strategies as st

ALIASES = {"FTA": ["free trade agreement", "자유무역협정"]}
WORDS = (
    "FTA US U.S. us IT trade trades company companies tax new news semi* *conductor* *ment export korea's chips "
    "반도체 수출 *원전* high-tech =IT =Korea industry minister percent"
)
PHRASES = ['"free trade"', '="Free Trade"', '"trade agree*"', '"반도체 수출"', '"high tech"', '"Korea\'s exports"']
_TERMS = st.sampled_from([*WORDS.split(), *PHRASES])


def queries(terms: st.SearchStrategy[str] = _TERMS) -> st.SearchStrategy[str]:
    """Every form of the grammar; something always has to be there."""
    choices = st.lists(terms, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})")
    ends = terms | choices
    chains = st.builds(_chain, ends, st.lists(st.tuples(_LINKS, ends), min_size=1, max_size=2))
    counted = st.builds("ATLEAST/{}({})".format, st.integers(1, 4), terms | choices | chains)
    scoped = st.builds("{}:{}".format, st.sampled_from(["title", "body", "category"]), terms | choices | counted)
    leaves = terms | chains.map("({})".format) | counted | scoped
    return st.recursive(leaves, _joined, max_leaves=8)


_LINKS = st.builds("{}NEAR/{}".format, st.sampled_from(["", "O"]), st.sampled_from([0, 1, 2, 5, 30]))


def _chain(first: str, rest: list[tuple[str, str]]) -> str:
    return " ".join([first, *(f"{link} {part}" for link, part in rest)])


def _joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({}) AND ({})".format, parts, parts),
        st.builds("({}) OR ({})".format, parts, parts),
        st.builds("({}) NOT ({})".format, parts, parts),
        st.builds("{} OR {}".format, parts, parts),
        st.builds("({} AND {})".format, parts, parts),
    )
