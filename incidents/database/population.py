"""What is kept of affected people: sealed contact data, and what may be counted without opening it.

A live recipient's contact data is one sealed blob. A drill's people are invented, and the
database itself sees to that: a drill row holds its contact data in the open, and a CHECK
refuses every address that is not reserved for fiction.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    and_,
    case,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.imports import PopulationImport
from incidents.database.sets import among

# Reserved for fiction: RFC 2606/6761 `.invalid`, and NANP 555-0100 to 555-0199. No push
# service gives out a token that begins so.
_DRILL_ROW_IS_SYNTHETIC = (
    "mode = 'live' OR (sealed IS NULL"
    " AND (drill_email IS NULL OR drill_email LIKE '%_@_%.drill.invalid')"
    " AND (drill_phone IS NULL OR drill_phone LIKE '+1___55501__')"
    " AND (drill_push IS NULL OR drill_push LIKE 'drill-%'))"
)
_LIVE_ROW_IS_SEALED = (
    "mode = 'drill' OR (sealed IS NOT NULL AND drill_name IS NULL"
    " AND drill_email IS NULL AND drill_phone IS NULL AND drill_push IS NULL)"
)


# Written out in queries too: a partial index is not used for a parameter.
IS_WITHHELD = "withheld <> ''"


class Recipient(Base):
    """One affected person.

    sealed       JSON of those of CONTACT_FIELDS that are known, AES-256-GCM
    person_key   blind index of who they are: one row per person and incident
    *_index      blind index of the normalised address; NULL: not reachable that way
    mail_host    number of the host of their e-mail (rules.mail_hosts), by which a ramp counts;
                 0: no e-mail, or taken in before there were numbers
    barred       a bit for each channel that may not be used for them (rules.ladder.BARRED)
    withheld     why nothing may be sent to them (a police hold, their safety); empty: nothing
    """

    __tablename__ = "recipient"
    __table_args__ = (
        UniqueConstraint("incident_id", "person_key"),
        ForeignKeyConstraint(["incident_id", "mode"], ["incident.id", "incident.mode"]),
        # Few are, so it costs next to nothing; it is asked before each call to a provider.
        Index(
            "ix_recipient_withheld",
            "incident_id",
            sqlite_where=text(IS_WITHHELD),
            postgresql_where=text(IS_WITHHELD),
        ),
        CheckConstraint(_DRILL_ROW_IS_SYNTHETIC, name="drill_is_synthetic"),
        CheckConstraint(_LIVE_ROW_IS_SEALED, name="live_is_sealed"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID]
    mode: Mapped[str] = mapped_column(String(5))
    # No foreign key and no index: they would double what PostgreSQL works for each person.
    # Only an import writes people, and finds its own by their ids, which are later than its id.
    import_id: Mapped[UUID]
    person_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    locale: Mapped[str] = mapped_column(String(20))
    place: Mapped[str] = mapped_column(String(10))
    sealed: Mapped[bytes | None]
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    push_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    post_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    mail_host: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    barred: Mapped[int] = mapped_column(default=0, server_default="0")
    withheld: Mapped[str] = mapped_column(String(40), default="")
    drill_name: Mapped[str | None] = mapped_column(String(200))
    drill_email: Mapped[str | None] = mapped_column(String(254))
    drill_phone: Mapped[str | None] = mapped_column(String(20))
    drill_push: Mapped[str | None] = mapped_column(String(200))


CONTACT_FIELDS = ("name", "email", "phone", "push_token", "postal_address", "fields")
Contact = dict[str, Any]


class Reach(NamedTuple):
    """How many people of one place and locale have the same kinds of address (1: they have it)."""

    place: str
    locale: str
    email: int
    phone: int
    push: int
    post: int
    people: int


ADDRESS_INDEXES = (
    Recipient.email_index,
    Recipient.phone_index,
    Recipient.push_index,
    Recipient.post_index,
)


def are_people_of(incident_id: UUID) -> ColumnElement[bool]:
    """The condition that a recipient belongs to an incident, by an import that is complete."""
    return and_(Recipient.incident_id == incident_id, came_whole(incident_id))


def came_whole(incident_id: UUID) -> ColumnElement[bool]:
    """The condition that a recipient of an incident came by an import that is complete.

    Rows of an import that still runs, or is being taken back, are nobody yet.
    """
    complete = select(PopulationImport.id).where(
        PopulationImport.incident_id == incident_id, PopulationImport.status == "done"
    )
    return Recipient.import_id.in_(complete)


def person_with_key(session: Session, incident_id: UUID, key: bytes) -> Sequence[UUID]:
    """The person of an incident who is known as `key`, if there is one."""
    query = select(Recipient.id).where(Recipient.person_key == key)
    return session.scalars(query.where(are_people_of(incident_id))).all()


def people_at(session: Session, incident_id: UUID, email_index: bytes) -> Sequence[UUID]:
    """The people of an incident at a mailbox, two at the most: enough to know of several."""
    query = select(Recipient.id).where(Recipient.email_index == email_index)
    return session.scalars(query.where(are_people_of(incident_id)).limit(2)).all()


def remove_people(session: Session, import_id: UUID, most: int) -> int:
    """Take back people whom an import added, so many at the most; how many it were."""
    later = select(Recipient.id).where(Recipient.id > import_id, Recipient.import_id == import_id)
    some = later.order_by(Recipient.id).limit(most)
    removed = delete(Recipient).where(Recipient.id.in_(some)).returning(Recipient.id)
    return len(session.execute(removed).all())


def withhold(session: Session, incident_id: UUID, keys: Sequence[bytes], reason: str) -> list[UUID]:
    """Say why nothing may be sent to these people; who of them there is."""
    held = (
        update(Recipient)
        .where(Recipient.incident_id == incident_id, Recipient.person_key.in_(keys))
        .values(withheld=reason)
        .returning(Recipient.id)
    )
    return list(session.scalars(held))


def sealed_contacts(session: Session, people: Collection[UUID]) -> Sequence[tuple[UUID, bytes]]:
    """The sealed contact data of these people, by id; those of a drill have none."""
    query = select(Recipient.id, Recipient.sealed).where(
        among(session, Recipient.id, people), Recipient.sealed.is_not(None)
    )
    rows = session.execute(query.order_by(Recipient.id)).all()
    return cast("Sequence[tuple[UUID, bytes]]", rows)


def people_by_place(session: Session, incident_id: UUID) -> Counter[str]:
    """How many people there are in each place, as the imports counted them."""
    counted = select(PopulationImport.by_place).where(
        PopulationImport.incident_id == incident_id, PopulationImport.status == "done"
    )
    total: Counter[str] = Counter()
    for by_place in session.scalars(counted):
        total.update(by_place)
    return total


def reach(session: Session, incident_id: UUID) -> list[Reach]:
    """How many people there are for each place, locale and set of addresses."""
    # Grouped by yes and no, so that SQLite, which sorts to group, keeps little of each row.
    has = [case((index.is_(None), 0), else_=1) for index in ADDRESS_INDEXES]
    key = (Recipient.place, Recipient.locale, *has)
    query = select(*key, func.count()).where(are_people_of(incident_id)).group_by(*key)
    return [Reach._make(row) for row in session.execute(query)]


class Shared(NamedTuple):
    """How many addresses belong to more than one person, and how many people the busiest has."""

    addresses: int
    most_people: int


def shared_mailboxes(session: Session, incident_id: UUID) -> Shared:
    """Mailboxes of several people."""
    return _shared(session, incident_id, Recipient.email_index)


def shared_phones(session: Session, incident_id: UUID) -> Shared:
    """Telephone numbers of several people."""
    return _shared(session, incident_id, Recipient.phone_index)


def _shared(
    session: Session, incident_id: UUID, index: InstrumentedAttribute[bytes | None]
) -> Shared:
    shared = (
        select(func.count().label("people"))
        .where(are_people_of(incident_id), index.is_not(None))
        .group_by(index)
        .having(func.count() > 1)
        .subquery()
    )
    found = session.execute(select(func.count(), func.max(shared.c.people))).one()
    return Shared(found[0], found[1] or 0)
