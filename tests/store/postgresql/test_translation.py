"""Statements of queries.sql in the spelling of psycopg and PostgreSQL."""

from __future__ import annotations

import pytest

from monitor.store.postgresql.translation import translated

LIST = "(SELECT {} FROM json_array_elements_text(%(ids)s::json) AS value)"


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("SELECT 1", "SELECT 1"),
        ("WHERE id = :id AND v > :v_2", "WHERE id = %(id)s AND v > %(v_2)s"),
        ("SET n = n + :n, m = :n", "SET n = n + %(n)s, m = %(n)s"),
        ("WHERE id IN (SELECT value FROM json_each(:ids))", f"WHERE id IN {LIST.format('value::bigint')}"),
        ("IN (SELECT CAST(value AS TEXT) FROM json_each(:ids))", f"IN {LIST.format('CAST(value AS TEXT)')}"),
        ("WHERE digest IN (:keys)", "WHERE digest = ANY(%(keys)b)"),
        ("SELECT id::text, :id::bigint", "SELECT id::text, %(id)s::bigint"),
        ("SELECT '12:30', ':no', 'it''s :no'", "SELECT '12:30', ':no', 'it''s :no'"),
        ('SELECT "a:b" -- :no, nor \'\nWHERE :yes', 'SELECT "a:b" -- :no, nor \'\nWHERE %(yes)s'),
        ("/* :no\n' */ :yes", "/* :no\n' */ %(yes)s"),
        ("SELECT 7 % 2, '100 %', :x -- 5 %", "SELECT 7 %% 2, '100 %%', %(x)s -- 5 %%"),
        ("k >= 'silent:' AND k < 'silent;'", "k >= 'silent:' AND k < 'silent;'"),
        ("(:a IS NULL OR x >= :a) AND y", "(x >= %(a)s OR %(a)s IS NULL) AND y"),
        ("(:a IS NULL OR (x = ')') = :a)", "((x = ')') = %(a)s OR %(a)s IS NULL)"),
        (
            "(:a IS NULL OR d IN (SELECT id FROM d WHERE (:b IS NULL OR n = :b) AND m = :a))",
            "(d IN (SELECT id FROM d WHERE (n = %(b)s OR %(b)s IS NULL) AND m = %(a)s) OR %(a)s IS NULL)",
        ),
        ("SELECT CAST(a.p AS BLOB) AS p, CAST(p || q AS BLOB)", "SELECT a.p AS p, p || q"),
        (
            "FROM a CROSS JOIN b ON b.x = a.x\nCROSS JOIN c AS d ON d.x = 1",
            "FROM a JOIN b ON b.x = a.x\nJOIN c AS d ON d.x = 1",
        ),
        ("FROM a CROSS JOIN b WHERE a.x = 1", "FROM a CROSS JOIN b WHERE a.x = 1"),
        ("FROM event INDEXED BY event_at WHERE x", "FROM event WHERE x"),
    ],
)
def test_only_what_is_no_text_and_no_comment_is_translated(written: str, spelled: str) -> None:
    assert translated(written) == spelled
