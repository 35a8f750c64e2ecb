"""Bringing a database up to the tables of this release; safe for many processes at once."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, MetaData, inspect, text

import incidents.database
from incidents.database.base import Base
from incidents.database.engine import is_sqlite, reading

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x746F_6373_696E_0002  # "tocsin", 2


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction; whoever comes second finds nothing to do."""
    with engine.begin() as connection:
        if not is_sqlite(connection):  # on SQLite the write lock, held already, does this
            connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _MIGRATION_LOCK})
        if _revision(connection) != newest():
            _run(connection)


def is_current(engine: Engine) -> bool:
    """Whether the database has exactly the tables of this release."""
    with reading(engine).connect() as connection:
        return _revision(connection) == newest()


def newest() -> str | None:
    """The revision of this release: the files are numbered, each following the one before."""
    files = sorted((_FOLDER / "versions").glob("[0-9]*.py"))
    return files[-1].name[:4] if files else None


def all_tables() -> MetaData:
    """Every table that we have, whatever has been imported so far."""
    for module in iter_modules(incidents.database.__path__, "incidents.database."):
        if not module.ispkg and module.name != __name__:
            import_module(module.name)
    return Base.metadata


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _run(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  see alembic_config

    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> "Config":
    """What Alembic needs to know: where the migrations are, and what to run them on."""
    # Not at the top: every worker asks what is current, and none needs these 10 MB for it.
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config
