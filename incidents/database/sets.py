"""Many values at once: into a statement as one array on PostgreSQL, as a list on SQLite; and
out of it as the text that is wanted.

Thousands of placeholders cost PostgreSQL's driver more to read than the rows cost to write.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    String,
    Table,
    Text,
    Update,
    Uuid,
    bindparam,
    cast,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import NullType

from incidents.database.engine import is_sqlite


def among(
    session: Session, column: InstrumentedAttribute[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """Whether a column holds one of these values."""
    if is_sqlite(session.connection()):
        return column.in_(values)
    if isinstance(column.type, Uuid):  # as text: the driver takes three times as long for each
        text = ",".join([value.hex for value in values])
        return column == func.any(cast(literal(f"{{{text}}}", NullType()), ARRAY(column.type)))
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


def insert_all(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write these rows; each says all that has no default in the database."""
    connection = session.connection()
    if is_sqlite(connection):
        connection.execute(insert(table), rows)
    elif rows:
        connection.execute(insert(table).from_select(list(rows[0]), as_rows(table, rows)))


def copy_in(
    session: Session, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows of values for these columns by COPY; what is not named has a default.

    PostgreSQL only. The least work of all for many rows, but one that is there already fails
    them all.
    """
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    types = [table.c[name].type.compile(connection.dialect) for name in names]
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([name.partition("(")[0].lower() for name in types])
        for row in rows:
            copy.write_row(row)


def update_all(
    session: Session, table: Table, keys: Collection[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Give each row, found by its keys, its own values for what else stands here."""
    connection = session.connection()
    if is_sqlite(connection):
        connection.execute(_updated_one_by_one(table, keys, rows), _with_old_keys(keys, rows))
    elif rows:
        given = as_rows(table, rows).subquery()
        theirs = update(table).where(*(table.c[key] == given.c[key] for key in keys))
        connection.execute(theirs.values({n: given.c[n] for n in rows[0] if n not in keys}))


def _updated_one_by_one(
    table: Table, keys: Collection[str], rows: Sequence[Mapping[str, Any]]
) -> Update:
    these = update(table).where(*(table.c[key] == bindparam(f"old_{key}") for key in keys))
    return these.values({name: bindparam(name) for name in rows[0] if name not in keys})


def _with_old_keys(
    keys: Collection[str], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    return [{f"old_{name}" if name in keys else name: row[name] for name in row} for row in rows]
