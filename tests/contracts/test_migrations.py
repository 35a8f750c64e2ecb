"""The migrations make exactly the tables that the code declares, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from incidents.database.engine import is_sqlite
from incidents.database.migrate import all_tables, is_current, upgrade

# What autogenerate does not compare: checks, the conditions of indexes, triggers.
SQLITE = "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql <> ''"
POSTGRESQL = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace
    UNION SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION SELECT tgname, pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger
     WHERE NOT tgisinternal
     ORDER BY 1, 2
"""


def test_the_migrated_tables_are_the_declared_tables(office):
    with office.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, all_tables()) == []
        migrated = guards(connection)
        all_tables().drop_all(connection)
        all_tables().create_all(connection)
        declared = guards(connection)
        connection.rollback()
    assert migrated == declared
    assert "audit_entry_no_update" in migrated


def test_a_second_upgrade_finds_nothing_to_do(office):
    assert is_current(office.engine)
    upgrade(office.engine)
    assert is_current(office.engine)


def test_an_empty_database_is_not_current(office):
    with office.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    assert not is_current(office.engine)


def guards(connection):
    """Name -> definition of each check, index and trigger."""
    if not is_sqlite(connection):
        found = dict(connection.execute(text(POSTGRESQL)).all())
        return {name: what for name, what in found.items() if not name.startswith("alembic")}
    found = dict(connection.execute(text(SQLITE)).all())
    for table in all_tables().tables:
        for check in inspect(connection).get_check_constraints(table):
            found[f"{table}.{check['name']}"] = check["sqltext"]
    return found
