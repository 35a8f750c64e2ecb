"""Bringing a database up to the tables of this release; safe for many processes at once."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, text

import incidents.database
from incidents.database.base import Base
from incidents.database.engine import is_sqlite, reading

_MIGRATION_LOCK = 0x746F_6373_696E_0002  # "tocsin", 2


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction; whoever comes second finds nothing to do."""
    with engine.begin() as connection:
        if not is_sqlite(connection):  # on SQLite the write lock, held already, does this
            connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _MIGRATION_LOCK})
        command.upgrade(_config(connection), "head")


def is_current(engine: Engine) -> bool:
    """Whether the database has exactly the tables of this release."""
    with reading(engine).connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
        return found == tuple(ScriptDirectory.from_config(_config(connection)).get_heads())


def all_tables() -> MetaData:
    """Every table that we have, whatever has been imported so far."""
    for module in iter_modules(incidents.database.__path__, "incidents.database."):
        if not module.ispkg and module.name != __name__:
            import_module(module.name)
    return Base.metadata


def _config(connection: Connection) -> Config:
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
