"""Many values at once: into a statement as one array on PostgreSQL, as a list on SQLite; and
out of it as the text that is wanted.

Thousands of placeholders cost PostgreSQL's driver more to read than the rows cost to write.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    String,
    Table,
    Text,
    cast,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

from incidents.database.engine import is_sqlite


def among(
    session: Session, column: InstrumentedAttribute[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """Whether a column holds one of these values."""
    if is_sqlite(session.connection()):
        return column.in_(values)
    return column == func.any(literal(list(values), ARRAY(column.type)))


def moment_text(session: Session, column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """A moment as `audit.details.moment` writes it, '' where there is none.

    A date for each of millions of rows, made only to be written out again, costs more than all
    else that is read of them.
    """
    if is_sqlite(session.connection()):
        text = func.replace(type_coerce(column, String), " ", "T") + "Z"
    else:
        text = func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    return func.coalesce(text, "")


def as_rows(table: Table, rows: Sequence[Mapping[str, Any]]) -> Select[*tuple[Any, ...]]:
    """These rows as something to select from; PostgreSQL only.

    As one JSON text: the driver makes arrays of a dozen columns value by value, which takes
    it several times as long as the database takes to read them.
    """
    text = cast(literal(orjson.dumps(rows).decode(), Text), JSON)
    columns = [named(name, table.c[name].type) for name in rows[0]]
    given = func.json_to_recordset(text).table_valued(*columns).render_derived(with_types=True)
    return select(*(given.c[name] for name in rows[0]))
