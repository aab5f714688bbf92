"""Say who has to grant which right, where the user of the database lacks one."""

from __future__ import annotations

from monitor.store.postgresql.connection import Connection

# The schemas of the search path, also those that this user may not use: `current_schemas` leaves them out.
_PATH = """
SELECT oid, nspname AS name, pg_get_userbyid(nspowner) AS owner FROM pg_namespace, string_to_array(
    regexp_replace(replace(current_setting('search_path'), '$user', current_user), '[" ]', '', 'g'), ','
) AS path WHERE nspname = ANY (path) ORDER BY array_position(path, nspname::text)
"""
# `migration` is written by `monitor db migrate` alone.
_OF_TABLES = f"""
WITH place AS (
    SELECT * FROM ({_PATH}) AS path
    WHERE EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = path.oid AND relname = 'message_item') LIMIT 1
), lacking (owner, statement) AS (
    SELECT owner, 'USAGE ON SCHEMA %I' FROM place WHERE NOT has_schema_privilege(oid, 'USAGE')
    UNION SELECT pg_get_userbyid(relowner), 'SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I'
    FROM pg_class WHERE relnamespace IN (SELECT oid FROM place) AND relkind = 'r' AND NOT (
        has_table_privilege(oid, 'SELECT') AND (relname = 'migration' OR has_table_privilege(oid, 'INSERT')
        AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
    )
    UNION SELECT pg_get_userbyid(relowner), 'USAGE ON ALL SEQUENCES IN SCHEMA %I'
    FROM pg_class WHERE relnamespace IN (SELECT oid FROM place)
        AND CASE relkind WHEN 'S' THEN NOT has_sequence_privilege(oid, 'USAGE') ELSE FALSE END
)
SELECT lacking.owner, format('GRANT ' || statement || ' TO %I', name, current_user) FROM lacking, place
ORDER BY statement DESC
"""
_OF_SCHEMA = f"""
SELECT owner, format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', name, current_user) FROM ({_PATH}) AS path
WHERE NOT (has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE')) LIMIT 1
"""


def grants_for_work(connection: Connection) -> str:
    """Return who has to run which statements, so that this user can work with the tables; "": nobody has."""
    return _told(connection, _OF_TABLES)


def grants_for_migration(connection: Connection) -> str:
    """Return the same, so that this user can make the tables."""
    return _told(connection, _OF_SCHEMA)


def _told(connection: Connection, query: str) -> str:
    rows = connection.execute(query.encode()).fetchall()
    owners = " or ".join(dict.fromkeys(str(owner) for owner, _ in rows))
    return f"let {owners} run: {'; '.join(str(statement) for _, statement in rows)}" if rows else ""
