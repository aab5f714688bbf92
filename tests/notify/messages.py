"""Messages that hypothesis makes: any facts, hostile text in each."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from monitor.model import Edit, Item, Kind, Message, RelatedRelease, Snippet

_MARKUP = st.text(st.sampled_from("<>&*_~`|!@#:[]()/\\\"' \n\t\r\u200b\u202e\x00ax5가🚢{}$"), max_size=60)
_SCRAPED = st.sampled_from(
    ("<!channel>", "@here", "*loud*", "_sly_", "~gone~", "`code`", "```", "> quote", ":skull:", "<https://x|y>", "&lt;")
)


def scraped(most: int = 300) -> st.SearchStrategy[str]:
    """Text of any kind; lone surrogates and control characters too."""
    return st.one_of(_MARKUP, _SCRAPED, st.text(max_size=most), st.text(st.characters(codec=None), max_size=most))


def _edits() -> st.SearchStrategy[Edit]:
    fields = st.sampled_from(("title", "body", "category", "date"))
    kept = st.builds(lambda field, text: Edit(field=field, op="keep", old=text, new=text), fields, scraped())
    changed = st.builds(Edit, field=fields, op=st.just("replace"), old=scraped(), new=scraped())
    return st.one_of(kept, changed)


def items() -> st.SearchStrategy[Item]:
    """One release of a message."""
    numbers = st.integers(1, 10**9)
    return st.builds(
        Item,
        release=numbers,
        version=st.integers(0, 99),
        kind=st.sampled_from(Kind),
        title=scraped(),
        date=st.one_of(st.none(), st.dates(min_value=date(1990, 1, 1))),
        category=st.one_of(st.none(), scraped()),
        watchlists=st.lists(scraped(40), max_size=3).map(tuple),
        words=st.lists(scraped(80), max_size=4).map(tuple),
        totals=st.lists(st.tuples(scraped(40), st.integers(0, 99)), max_size=3).map(tuple),
        snippets=st.lists(
            st.builds(
                Snippet,
                field=st.sampled_from(("title", "body", "category")),
                before=scraped(), hit=scraped(80), after=scraped(),
            ),
            max_size=3,
        ).map(tuple),
        edits=st.lists(_edits(), max_size=6).map(tuple),
        numbers=st.lists(st.tuples(scraped(20), scraped(20)), max_size=3).map(tuple),
        related=st.lists(numbers, max_size=3).map(tuple),
        reason=scraped(),
        source=st.sampled_from(("", "motie", "kita")),
        url=st.one_of(st.none(), scraped(), st.just("https://example.org/a?b=1&c=2")),
        ref=st.one_of(st.none(), scraped()),
        twins=st.lists(st.builds(RelatedRelease, number=numbers, title=scraped()), max_size=2).map(tuple),
        lead=scraped(),
        body=st.one_of(st.just(""), st.text(max_size=4_000), scraped()),
        dump=scraped(60),
    )  # fmt: skip


def messages(most: int = 4) -> st.SearchStrategy[Message]:
    """A message about releases, or about the monitor itself."""
    return st.one_of(
        st.builds(
            Message,
            channel=st.sampled_from(("team", "채널")),
            kind=st.sampled_from(("instant", "digest", "summary")),
            source=st.just("motie"),
            items=st.lists(items(), min_size=1, max_size=most).map(tuple),
            part=st.integers(1, 3),
            parts=st.integers(3, 9),
            label=scraped(),
            page=st.sampled_from(("", "https://press.example.org/")),
            language=st.sampled_from(("en", "ko")),
        ),
        st.builds(
            Message,
            channel=st.just("team"), kind=st.sampled_from(("system", "test")), source=st.just(""), text=scraped(),
        ),
    )  # fmt: skip
