"""How the database is reached: SQLite in WAL mode or PostgreSQL, the same to all above."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import QueuePool


def open_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine for `url`, with each database's own settings made safe.

    pool_size  connections kept; as many again may be opened in a rush
    """
    if url.startswith("sqlite"):
        return _open_sqlite(url, pool_size)
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,  # an error may be logged; what somebody wrote may not
        connect_args={"options": "-c timezone=UTC"},
    )


def reading(engine: Engine) -> Engine:
    """The same engine for work that only reads: on SQLite it takes no write lock."""
    return engine.execution_options(writes=False)


def is_sqlite(connection: Connection | Engine) -> bool:
    """Whether the single-writer rules of SQLite hold here."""
    return connection.dialect.name == "sqlite"


def _open_sqlite(url: str, pool_size: int) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 60},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "cache_size = -32000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that starts by reading could not be upgraded while another writes; so it
    # says at once that it will write, and waits its turn instead of failing halfway.
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
