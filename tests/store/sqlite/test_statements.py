"""Every statement fits the tables of SQLite, and reads no more of them than it has to."""

from __future__ import annotations

import re

import pytest

from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.statements import queries, split, statements

# What runs for every dump, or every record: its cost must not grow with what is stored.
HOT = [
    *(
        "dump_of_content",
        "seen_records",
        "aliases",
        "heads",
        "past_versions",
        "next_release",
        "listed_between",
        "moved_heads",
        "open_rejects",
    ),
    *("ledger_entry", "move_head", "confirm_releases", "add_seen", "settle", "close_attempt", "next_due", "claim"),
    *(
        "close_lost_attempts",
        "pending_notices",
        "events_in_messages",
        "add_message_items",
        "recent_messages",
        "save_channel_state",
        "set_tokens",
        "set_flood",
    ),
]


@pytest.mark.parametrize("name", sorted(queries()))
def test_a_query_fits_the_tables(handle: Handle, name: str) -> None:
    handle.all("begin_unindexed")  # the tables that who reads or renames makes for itself
    handle.all("begin_unindexed_words")
    handle.all("begin_unindexed_places")
    handle.all("begin_search_words")
    handle.all("begin_search_places")
    handle.all("begin_keys")
    assert _explained(handle, name, "EXPLAIN")


@pytest.mark.parametrize("name", HOT)
def test_what_runs_for_every_dump_searches_and_never_scans(handle: Handle, name: str) -> None:
    steps = [str(step[-1]) for step in _explained(handle, name, "EXPLAIN QUERY PLAN")]
    assert not [
        step for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE" not in step and "CONSTANT" not in step
    ]


def test_one_row_of_the_ledger_is_found_by_its_path(handle: Handle) -> None:
    """A search by source alone reads every path ever ingested, for every event of a file."""
    [step] = [str(step[-1]) for step in _explained(handle, "ledger_entry", "EXPLAIN QUERY PLAN")]
    assert "path=?" in step


@pytest.mark.parametrize(
    ("name", "index"),
    [
        *(("claim", "message_pending"), ("expire", "message_pending"), ("recent_messages", "message_made")),
        ("free_lost_messages", "message_leased"),
        *(("next_due", "_due"), ("backlog", "message_pending"), ("backlog", "message_item_message (message=?)")),
    ],
)
def test_what_was_sent_long_ago_costs_a_delivery_nothing(handle: Handle, name: str, index: str) -> None:
    steps = [str(step[-1]) for step in _explained(handle, name, "EXPLAIN QUERY PLAN")]
    assert any(index in step for step in steps), steps


def test_how_often_a_content_was_taken_in_is_told_by_its_index(handle: Handle) -> None:
    steps = [str(step[-1]) for step in _explained(handle, "add_dump", "EXPLAIN QUERY PLAN")]
    assert any(step.startswith("SEARCH same USING COVERING INDEX") for step in steps), steps


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("count_events", "event"),
        ("count_days", "event"),
        ("count_sources", "dump"),
        ("count_messages", "message"),
        ("count_notices", "message_item"),
    ],
)
def test_status_reads_no_row_of_a_large_table(handle: Handle, name: str, table: str) -> None:
    """With a million events: 0.15 s by the index, many times that by the rows."""
    steps = [str(step[-1]) for step in _explained(handle, name, "EXPLAIN QUERY PLAN")]
    assert [step for step in steps if table in step and "INDEX" in step]
    assert not [step for step in steps if "release" in step]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("event_ids", "SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("newest_event_ids", "SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("matched_ids", "SEARCH matched USING PRIMARY KEY (watchlist=? AND event>? AND event<?)"),
        ("newest_matched_ids", "SEARCH matched USING PRIMARY KEY (watchlist=? AND event>? AND event<?)"),
        ("events_by_id", "SEARCH event USING INTEGER PRIMARY KEY (rowid=?)"),
        ("release_events", "SEARCH event USING INDEX event_release (release=? AND rowid>?)"),
        ("versions", "SEARCH version USING INDEX sqlite_autoindex_version_1 (release=? AND seq>?)"),
        ("dumps_showing", "SEARCH shown USING PRIMARY KEY (block=? AND dump>?)"),
        ("newest_dumps_showing", "SEARCH shown USING PRIMARY KEY (block=? AND dump<?)"),
        ("messages", "SEARCH message USING INTEGER PRIMARY KEY (rowid>?)"),
        ("newest_messages", "SEARCH message USING INTEGER PRIMARY KEY (rowid<?)"),
        ("last_messages", "SEARCH message USING INDEX message_made (channel=?)"),
        ("dumps", "SEARCH dump USING INDEX dump_at (at>?)"),
        ("dumps", "SEARCH file USING INDEX file_duplicate ("),
        ("newest_dumps", "SEARCH dump USING INDEX dump_at (at<?)"),
        ("newest_dumps", "SEARCH file USING INDEX file_duplicate ("),
        ("rejects", "SEARCH reject USING INTEGER PRIMARY KEY (rowid>?)"),
        ("newest_rejects", "SEARCH reject USING INTEGER PRIMARY KEY (rowid<?)"),
        ("current_heads", "SEARCH release USING INTEGER PRIMARY KEY (rowid>?)"),
        ("newest_heads", "SEARCH release USING INTEGER PRIMARY KEY (rowid<?)"),
        ("current_releases", "SEARCH release USING INTEGER PRIMARY KEY (rowid=?)"),
        ("unindexed_heads", "SEARCH version USING INTEGER PRIMARY KEY (rowid>?)"),
    ],
)
def test_a_page_is_sought_and_neither_scanned_for_nor_sorted(handle: Handle, name: str, step: str) -> None:
    steps = [str(found[-1]) for found in _explained(handle, name, "EXPLAIN QUERY PLAN")]
    assert [found for found in steps if found.startswith(step)], steps
    assert not [found for found in steps if "TEMP B-TREE" in found], steps


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("events_between", "SEARCH event USING COVERING INDEX event_time (at>? AND at<?)"),
        ("newest_event_time", "SEARCH event USING COVERING INDEX event_time (at<?)"),
        ("count_by_kind_and_source", "SEARCH event USING COVERING INDEX event_time (at>? AND at<?)"),
        ("count_notified_by_kind_and_source", "SEARCH event USING COVERING INDEX event_notified (at>? AND at<?)"),
        ("event_times", "SEARCH event USING COVERING INDEX event_time (at>? AND at<?)"),
        ("notified_times", "SEARCH event USING COVERING INDEX event_notified (at>? AND at<?)"),
        ("newest_notified_ids", "SCAN event USING INDEX event_notified"),
        ("matched_times", "SEARCH matched USING PRIMARY KEY (watchlist=? AND event>? AND event<?)"),
        ("watchlist_times", "SEARCH matched USING PRIMARY KEY (watchlist=? AND event>? AND event<?)"),
        ("count_matched_by_kind_and_source", "SEARCH matched USING PRIMARY KEY (watchlist=? AND event>? AND event<?)"),
        ("last_matched_ids", "SEARCH matched USING PRIMARY KEY (watchlist=?)"),
        ("deliveries", "SEARCH message_item USING INDEX message_item_event (event=?)"),
        ("newest_message_ids_in_state", "SCAN message USING COVERING INDEX message_due"),
        ("delivery_times", "SEARCH message USING INDEX message_made (channel=? AND created_at>? AND created_at<?)"),
        ("waiting_since", "SEARCH message USING INDEX message_due (channel=? AND state=?)"),
        ("listed_between", "SEARCH release USING INDEX release_listed (source=? AND date>? AND date<?)"),
        ("last_dumps", "SEARCH file USING COVERING INDEX file_last (source=? AND at>?)"),
        ("ledger", "SCAN file"),  # of one source after another, each row is read; an index would only be a detour
        ("kinds_by_dump", "SEARCH event USING INDEX event_release (release=? AND rowid>? AND rowid<?)"),
        ("events_of_dump", "SEARCH event USING COVERING INDEX event_dump (dump=?)"),
        ("newest_heads_by_facet", "SEARCH release USING INTEGER PRIMARY KEY (rowid<?)"),
        ("attempts", "SEARCH attempt USING PRIMARY KEY (message=?)"),
        ("texts", "SEARCH former USING INDEX sqlite_autoindex_version_1 (release=? AND seq=?)"),
    ],
)
def test_what_a_page_counts_reads_an_index_or_its_own_rows(handle: Handle, name: str, step: str) -> None:
    steps = [str(found[-1]) for found in _explained(handle, name, "EXPLAIN QUERY PLAN")]
    assert [found for found in steps if found.startswith(step)], steps
    assert (
        not [found for found in steps if found == "SCAN event" or found.startswith("SCAN message ")] or "SCAN" in step
    )


def _explained(handle: Handle, name: str, verb: str) -> list[tuple[object, ...]]:
    statement = queries()[name]
    values = dict.fromkeys(re.findall(r":(\w+)", statement), "[]")
    return [tuple(row) for row in handle._connection.execute(f"{verb} {statement}", values)]


@pytest.mark.parametrize(("name", "tables"), [("schema.sql", 14), ("delivery.sql", 2)])
def test_a_migration_is_cut_into_whole_statements(name: str, tables: int) -> None:
    found = statements(name)
    assert all(statement.startswith(("CREATE TABLE", "CREATE INDEX", "ALTER TABLE")) for statement in found)
    assert len([statement for statement in found if statement.startswith("CREATE TABLE")]) == tables


SCRIPT = """
-- A comment; with a semicolon, and it's got a quote.
CREATE TABLE a (t TEXT DEFAULT 'x;y--z'); -- another; one
/* and; this */ CREATE TRIGGER b AFTER INSERT ON a BEGIN
    UPDATE a SET t = ';'; -- inside
    DELETE FROM a WHERE t = 'it''s; --';
END;
INSERT INTO a VALUES ('"; /*'), (";");
SELECT 1
"""


def test_semicolons_in_texts_comments_and_triggers_end_no_statement() -> None:
    found = list(split(SCRIPT))
    starts = ["CREATE TABLE a", "CREATE TRIGGER", "INSERT INTO a", "SELECT 1"]
    assert [statement[: len(start)] for statement, start in zip(found, starts, strict=True)] == starts
    assert found[0].endswith("DEFAULT 'x;y--z');")
    assert found[1].endswith("END;")
    assert list(split("-- nothing; but a comment")) == []
