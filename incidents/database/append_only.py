"""The triggers that refuse to change or delete the audit trail, for both databases.

They prevent; whoever owns the database can drop them, which the tree then tells
(`audit/verifier.py`).
"""

from datetime import timedelta
from typing import Final

# Logs are kept at least six months (Cybersecurity Law of the PRC, art. 21(3)).
KEPT_AT_LEAST: Final = timedelta(days=180)

# What makes a row of each table itself; on SQLite, INSERT OR REPLACE would go round a
# trigger on DELETE, so an insert over an existing row is refused too.
_KEYS: Final = {
    "audit_entry": "entry_id = NEW.entry_id",
    "audit_leaf": "seq = NEW.seq OR entry_id = NEW.entry_id",
    "audit_node": "level = NEW.level AND idx = NEW.idx",
    "audit_checkpoint": "size = NEW.size",
    "audit_private": "entry_id = NEW.entry_id AND name = NEW.name",
}
_ERASABLE: Final = "audit_private"


def _sqlite_triggers() -> list[str]:
    statements = []
    for table, same in _KEYS.items():
        exists_already = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "  # noqa: S608 - our names
        statements.append(_sqlite_trigger(table, "INSERT", exists_already))
        statements.append(_sqlite_trigger(table, "UPDATE", ""))
        if table == "audit_entry":
            young = f"julianday(OLD.at) > julianday('now', '-{KEPT_AT_LEAST.days} days')"
            statements.append(_sqlite_trigger(table, "DELETE", f"WHEN {young} "))
        elif table != _ERASABLE:
            statements.append(_sqlite_trigger(table, "DELETE", ""))
    return statements


def _sqlite_trigger(table: str, verb: str, when: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _postgresql_triggers() -> list[str]:
    refuse = (
        "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', "
        "ERRCODE = 'insufficient_privilege'; END $$"
    )
    statements = [refuse]
    for table in _KEYS:
        statements += _postgresql_trigger(table, "UPDATE", "ROW", "")
        if table == "audit_entry":
            young = f"OLD.at > now() - interval '{KEPT_AT_LEAST.days} days'"
            statements += _postgresql_trigger(table, "DELETE", "ROW", f"WHEN ({young}) ")
        elif table != _ERASABLE:
            statements += _postgresql_trigger(table, "DELETE", "ROW", "")
        if table != _ERASABLE:
            statements += _postgresql_trigger(table, "TRUNCATE", "STATEMENT", "")
    return statements


def _postgresql_trigger(table: str, verb: str, each: str, when: str) -> list[str]:
    name = f"{table}_no_{verb.lower()}"
    create = (
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH {each} {when}"
        "EXECUTE FUNCTION audit_is_append_only()"
    )
    # ALWAYS: `session_replication_role = replica` does not slip past it
    return [create, f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"]


# dialect -> statements, for the migration that creates the tables; `create_all` runs them too.
APPEND_ONLY: Final[dict[str, list[str]]] = {
    "sqlite": _sqlite_triggers(),
    "postgresql": _postgresql_triggers(),
}
