"""How the database is reached: SQLite in WAL mode or PostgreSQL, the same to all above."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

# What asking a database raises that is away, or has no connection left for whoever asks …
AWAY = (OperationalError, InterfaceError, NoConnection)
# … and all that says nothing of what it was asked about.
NO_ANSWER = (DBAPIError, NoConnection)
_SQLITE_LOCK_SECONDS = 60.0  # a writer waits so long for the one before it
# So large, 128 MB, the log grows before its pages go to the file. Those of an index that an import
# touches again and again go there once in its stead: a fifth more people a second than by 1,000.
_SQLITE_LOG_PAGES = 32_000


def open_engine(url: str, *, pool_size: int = 10, answer_seconds: float | None = None) -> Engine:
    """An engine for `url`, with each database's own settings made safe.

    pool_size       connections kept; as many again may be opened in a rush
    answer_seconds  how long to wait for a connection, a lock or an answer; None: as long as
                    it takes
    """
    if url.startswith("sqlite"):
        return _open_sqlite(url, pool_size, answer_seconds or _SQLITE_LOCK_SECONDS)
    impatient = _impatience(answer_seconds) if answer_seconds else {}
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,  # an error may be logged; what somebody wrote may not
        connect_args={"options": "-c timezone=UTC"} | impatient,
    )


def reading(engine: Engine) -> Engine:
    """The same engine for work that only reads.

    On SQLite it takes no write lock; PostgreSQL refuses to write.
    """
    options = {} if is_sqlite(engine) else {"postgresql_readonly": True}
    return engine.execution_options(writes=False, **options)


def asking(engine: Engine) -> Engine:
    """The same engine for questions without a transaction: each sees what is true by then."""
    if is_sqlite(engine):
        return engine.execution_options(begins=False)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def only_reads(session: Session) -> bool:
    """Whether a session is for work that only reads."""
    return not session.get_bind().get_execution_options().get("writes", True)


def end_reading(session: Session) -> None:
    """End what only read, by COMMIT where one can be had.

    At each ROLLBACK psycopg forgets all that it prepared, and PostgreSQL has to read and plan
    every query anew.
    """
    if session.in_transaction() and not is_sqlite(session.get_bind()):
        session.expunge_all()  # what was changed in passing stays unwritten
        session.commit()


def is_sqlite(connection: Connection | Engine) -> bool:
    """Whether the single-writer rules of SQLite hold here."""
    return connection.dialect.name == "sqlite"


def upsert(session: Session, table: Any) -> sqlite.Insert | postgresql.Insert:
    """An insert that may say what happens where a row is there already."""
    if is_sqlite(session.get_bind()):
        return sqlite.insert(table)
    return postgresql.insert(table)


def _impatience(seconds: float) -> dict[str, Any]:
    # Half-open connections, too: a machine that lost its power says nothing at all.
    milliseconds = int(seconds * 1000)
    return {
        "connect_timeout": max(2, int(seconds)),  # libpq takes no less
        "tcp_user_timeout": milliseconds,
        "keepalives_idle": max(1, int(seconds)),
        "options": f"-c timezone=UTC -c statement_timeout={milliseconds}",
    }


def _open_sqlite(url: str, pool_size: int, lock_seconds: float) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_use_lifo=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": lock_seconds},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        f"wal_autocheckpoint = {_SQLITE_LOG_PAGES}",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "cache_size = -8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that starts by reading could not be upgraded while another writes; so it
    # says at once that it will write, and waits its turn instead of failing halfway.
    options = connection.get_execution_options()
    if options.get("begins", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", True) else "BEGIN")
