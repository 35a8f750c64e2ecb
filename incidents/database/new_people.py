"""Adding people to an incident, by the fastest way that each database has.

Whether somebody is there already, the unique index says: people are added as if they were
all new, and only where the index refuses are they looked up.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from struct import Struct
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from incidents.database.engine import is_sqlite
from incidents.database.population import Recipient
from incidents.database.sets import among


class AlreadyThere(Exception):
    """Somebody of those to be added has been added before."""


class NewPerson(NamedTuple):
    """A person about to be added to a live incident, already sealed.

    id  the bytes of a UUID: nothing on the way to the table needs an object of it
    """

    id: bytes
    person_key: bytes
    locale: str
    place: str
    sealed: bytes
    email_index: bytes | None
    phone_index: bytes | None
    push_index: bytes | None
    post_index: bytes | None
    mail_host: int


class NewInvented(NamedTuple):
    """An invented person about to be added to a drill."""

    id: UUID
    person_key: bytes
    locale: str
    place: str
    email_index: bytes | None
    phone_index: bytes | None
    push_index: bytes | None
    post_index: bytes | None
    mail_host: int
    drill_name: str | None
    drill_email: str | None
    drill_phone: str | None
    drill_push: str | None


_NEW = ("incident_id", "import_id", "mode", "withheld", *NewPerson._fields)


def is_empty(session: Session, incident_id: UUID) -> bool:
    """Whether an incident has nobody yet, not even of an import that is being taken back."""
    somebody = select(Recipient.id).where(Recipient.incident_id == incident_id).limit(1)
    return session.scalar(somebody) is None


def keys_there(session: Session, incident_id: UUID, keys: Sequence[bytes]) -> set[bytes]:
    """Which of these people are in the incident already."""
    query = select(Recipient.person_key).where(
        Recipient.incident_id == incident_id, among(session, Recipient.person_key, keys)
    )
    return set(session.scalars(query))


def add_strangers(
    session: Session, incident_id: UUID, import_id: UUID, people: Sequence[NewPerson]
) -> None:
    """Add people of whom nobody should be there.

    Raises  AlreadyThere  somebody is; some may have been added, so take the transaction back
    """
    try:
        add_live(session, incident_id, import_id, people)
    except (IntegrityError, UniqueViolation) as error:
        raise AlreadyThere from error


def add_live(
    session: Session, incident_id: UUID, import_id: UUID, people: Sequence[NewPerson]
) -> None:
    """Add sealed people to a live incident; none of them may be there."""
    if people:
        add = _insert if is_sqlite(session.connection()) else _copy
        add(session, incident_id, import_id, people)


def add_drill(
    session: Session, incident_id: UUID, import_id: UUID, people: Iterable[NewInvented]
) -> None:
    """Add invented people to a drill; the database refuses who could be real."""
    same = {"incident_id": incident_id, "import_id": import_id, "mode": "drill", "withheld": ""}
    if rows := [same | person._asdict() for person in people]:
        session.execute(insert(Recipient), rows)


# SQLite keeps the pages that a statement changes until its end, to take them back; nearly each
# person's key is on another one.
_MOST_AT_ONCE = 500
_BY_KEY = itemgetter(NewPerson._fields.index("person_key"))


def _insert(
    session: Session, incident_id: UUID, import_id: UUID, people: Sequence[NewPerson]
) -> None:
    # As one value: the driver takes the interpreter's lock for each row that it is given, and who
    # reads the next people stands still. By key: neighbours in the index are on one page.
    ordered = sorted(people, key=_BY_KEY)
    for first in range(0, len(ordered), _MOST_AT_ONCE):
        rows = _joined(ordered[first : first + _MOST_AT_ONCE])
        same = (incident_id.hex, import_id.hex)
        session.connection().exec_driver_sql(_INSERT_JOINED, (rows, *same))


# What a row has before what is sealed: the width of all of it, six values of 16 bytes (zeros:
# none), locale, place, host. Numbers are decimal, since SQLite reads no others out of bytes.
_HEAD = 9 + 6 * 16 + 20 + 10 + 6


def _joined(people: Sequence[NewPerson]) -> bytes:
    """The rows as `_INSERT_JOINED` cuts them."""
    none = bytes(16)
    return b"".join(
        b"%9d%b%b%b%b%b%b%-20b%-10b%6d%b"
        % (_HEAD + len(sealed), row_id, key, email or none, phone or none, push or none,
           post or none, locale.encode(), place.encode(), host, sealed)
        for row_id, key, locale, place, sealed, email, phone, push, post, host in people
    )  # fmt: skip


def _bytes_at(start: int) -> str:
    return f"nullif(substr(?1, at + {start}, 16), zeroblob(16))"


_WIDTH_OF_ROW = "CAST(substr(?1, at, 9) AS INTEGER)"
_INSERT_JOINED = f"""
INSERT INTO recipient ({", ".join(_NEW)})
WITH RECURSIVE person (at) AS (
    SELECT 1 UNION ALL SELECT at + {_WIDTH_OF_ROW} FROM person WHERE at < length(?1)
)
SELECT ?2, ?3, 'live', '', lower(hex({_bytes_at(9)})), {_bytes_at(25)},
    rtrim(CAST(substr(?1, at + 105, 20) AS TEXT)), rtrim(CAST(substr(?1, at + 125, 10) AS TEXT)),
    substr(?1, at + {_HEAD}, {_WIDTH_OF_ROW} - {_HEAD}),
    {_bytes_at(41)}, {_bytes_at(57)}, {_bytes_at(73)}, {_bytes_at(89)},
    CAST(substr(?1, at + 135, 6) AS INTEGER)
FROM person WHERE at < length(?1)
"""  # noqa: S608 our own names


def _copy(
    session: Session, incident_id: UUID, import_id: UUID, people: Sequence[NewPerson]
) -> None:
    driver: Any = session.connection().connection.driver_connection
    same = (incident_id.bytes, import_id.bytes, b"live", b"")
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY recipient ({', '.join(_NEW)}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(_packed(same, people))


# COPY's binary format: a UUID is its 16 bytes and a text its UTF-8, each after its length.
# https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"
_HEADER, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_WIDTH = Struct(">h").pack(len(_NEW))
_length, _number = Struct(">i").pack, Struct(">ih").pack
_NULL, _SIXTEEN = _length(-1), _length(16)


def _packed(same: Sequence[bytes], people: Sequence[NewPerson]) -> bytes:
    """The rows as COPY takes them, those columns first that are the `same` in each."""
    first = _WIDTH + b"".join(map(_value, same)) + _SIXTEEN
    texts = {person.locale for person in people} | {person.place for person in people}
    where = {text: _value(text.encode()) for text in texts}
    rows = [
        b"%b%b%b%b%b%b%b%b%b%b%b%b%b"
        % (first, row_id, _SIXTEEN, key, where[locale], where[place], _length(len(sealed)), sealed,
           _index(email), _index(phone), _index(push), _index(post), _number(2, host))
        for row_id, key, locale, place, sealed, email, phone, push, post, host in people
    ]  # fmt: skip
    return b"".join((_HEADER, *rows, _END))


def _value(value: bytes) -> bytes:
    return _length(len(value)) + value


def _index(index: bytes | None) -> bytes:
    return _SIXTEEN + index if index else _NULL
