"""What PostgreSQL knows of how large its tables are, where they grow by leaps.

A plan that was made for an empty table counts a million people by nested loops, and holds an
incident for hours. Its own daemon looks once a minute; a campaign is over by then.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from incidents.database.engine import is_sqlite

GROWING = ("recipient", "delivery", "envelope", "attempt", "receipt")
_GROWN = text(
    "SELECT relname FROM pg_stat_user_tables"
    " WHERE relname = ANY(:names) AND n_mod_since_analyze > 500 + n_live_tup"
)


def refresh(session: Session, tables: Iterable[str]) -> None:
    """Look at these tables again; what this transaction has written counts."""
    names = ", ".join(tables)
    if names and not is_sqlite(session.connection()):
        session.execute(text(f"ANALYZE {names}"))


def grown(session: Session) -> Sequence[str]:
    """The tables in which as many rows have changed since as there are: no plan is that wrong."""
    if is_sqlite(session.connection()):
        return []
    return session.scalars(_GROWN, {"names": list(GROWING)}).all()


@contextmanager
def by_hash(session: Session) -> Iterator[None]:
    """Join whole populations in here by hash, whatever PostgreSQL knows of their sizes.

    Right after an import it has not counted the people yet, and would go through one set of
    them for each person of another: minutes for a page, hours for a count.
    """
    plans = not is_sqlite(session.connection())
    if plans:
        session.execute(text("SET LOCAL enable_nestloop = off"))
    yield
    if plans:
        session.execute(text("SET LOCAL enable_nestloop = on"))
