"""Who is in an envelope, and how one is taken apart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.orm import Session

from incidents.database.campaigns import Delivery, Envelope, rows_changed
from incidents.database.engine import is_sqlite
from incidents.database.leases import Lease
from incidents.database.population import Recipient
from incidents.database.sets import among

SealedPerson = tuple[int, bytes, bytes]
OpenPerson = tuple[int, bytes, dict[str, str | None]]

# Looked up by key: joined, the databases would read the whole population for each lease. Of the
# same mode: a row that mixed the two is simply not found.
_SEALED_SQLITE = """
    SELECT d.envelope, d.recipient_id, (
        SELECT r.sealed FROM recipient r WHERE r.id = d.recipient_id AND r.mode = 'live'
    ) FROM delivery d WHERE d.campaign_id = ? AND d.mode = 'live' AND d.envelope IN ({marks})
    ORDER BY d.envelope, d.recipient_id
"""
# All of an envelope by one walk along the index, where PostgreSQL knows how to (17 and later).
_SEALED_POSTGRESQL = """
    SELECT e.ordinal, uuid_send(r.id), r.sealed
    FROM unnest(%s::int[]) e (ordinal), LATERAL (
        SELECT r.id, r.sealed FROM recipient r WHERE r.mode = 'live' AND r.id = ANY (ARRAY(
            SELECT d.recipient_id FROM delivery d
            WHERE d.campaign_id = %s AND d.envelope = e.ordinal AND d.mode = 'live'
        ))
    ) r
"""


def live_people_in(
    session: Session, campaign_id: UUID, ordinals: Sequence[int]
) -> Sequence[SealedPerson]:
    """(envelope, recipient's bytes, sealed contact) of each person, always in the same order."""
    found = _sealed_sqlite if is_sqlite(session.connection()) else _sealed_postgresql
    return found(session.connection(), campaign_id, ordinals)


def _sealed_sqlite(
    connection: Connection, campaign_id: UUID, ordinals: Sequence[int]
) -> Sequence[SealedPerson]:
    query = _SEALED_SQLITE.format(marks=", ".join("?" * len(ordinals)))
    found = connection.exec_driver_sql(query, (campaign_id.hex, *ordinals))
    return [(ordinal, bytes.fromhex(hexed), sealed) for ordinal, hexed, sealed in found if sealed]


def _sealed_postgresql(
    connection: Connection, campaign_id: UUID, ordinals: Sequence[int]
) -> Sequence[SealedPerson]:
    # By the driver itself, in binary: a third of what the same rows cost through the ORM.
    driver: Any = connection.connection.driver_connection
    with driver.cursor(binary=True) as cursor:
        cursor.execute(_SEALED_POSTGRESQL, (list(ordinals), campaign_id))
        # They mostly come in this order, in which case it costs next to nothing.
        return sorted(cast("Sequence[SealedPerson]", cursor.fetchall()))


def drill_people_in(
    session: Session, campaign_id: UUID, ordinals: Sequence[int]
) -> Sequence[OpenPerson]:
    """(envelope, recipient's bytes, contact) of each invented person, always in the same order."""
    contact = (
        Recipient.drill_name.label("name"),
        Recipient.drill_email.label("email"),
        Recipient.drill_phone.label("phone"),
        Recipient.drill_push.label("push_token"),
    )
    same = and_(Recipient.id == Delivery.recipient_id, Recipient.mode == Delivery.mode)
    query = (
        select(Delivery.envelope, Delivery.recipient_id, *contact)
        .join(Recipient, same)
        .where(Delivery.campaign_id == campaign_id, Delivery.envelope.in_(ordinals))
        .order_by(Delivery.envelope, Delivery.recipient_id)
    )
    names = [column.name for column in contact]
    return [
        (row[0], row[1].bytes, dict(zip(names, row[2:], strict=True)))
        for row in cast("Sequence[Any]", session.execute(query).all())
    ]


def recipients_in(session: Session, campaign_id: UUID, ordinal: int) -> Sequence[UUID]:
    """The people in an envelope, always in the same order."""
    query = select(Delivery.recipient_id).where(
        Delivery.campaign_id == campaign_id, Delivery.envelope == ordinal
    )
    return session.scalars(query.order_by(Delivery.recipient_id)).all()


def halve(
    session: Session, parent: Lease, groups: Sequence[Sequence[UUID]], first: int, now: datetime
) -> None:
    """Put the people of a split envelope into one new envelope each group; `first` its number."""
    was = session.get_one(Envelope, (parent.campaign_id, parent.ordinal))
    for number, people in enumerate(groups, start=first):
        session.add(
            Envelope(
                campaign_id=parent.campaign_id,
                ordinal=number,
                mode=parent.mode,
                rung=parent.rung,
                channel=parent.channel,
                provider=parent.provider,
                locale=parent.locale,
                variant=parent.variant,
                people_count=len(people),
                is_bulk=len(people) > 1,
                awaits=was.awaits,
                mail_host=was.mail_host,
                state="ready",
                next_at=now,
            )
        )
        session.flush()
        moved = update(Delivery).where(
            Delivery.campaign_id == parent.campaign_id,
            Delivery.envelope == parent.ordinal,
            among(session, Delivery.recipient_id, people),
        )
        rows_changed(session, moved.values(envelope=number))
