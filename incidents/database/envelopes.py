"""Who is in an envelope, and how one is taken apart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, and_, select, update
from sqlalchemy.orm import Session

from incidents.database.campaigns import Delivery, Envelope, rows_changed
from incidents.database.leases import Lease
from incidents.database.population import Recipient
from incidents.database.sets import among

SealedPerson = tuple[int, int, UUID, bytes]
OpenPerson = tuple[int, int, UUID, dict[str, str | None]]


def live_people_in(
    session: Session, campaign_id: UUID, ordinals: Sequence[int]
) -> Sequence[SealedPerson]:
    """(envelope, rung, recipient, sealed contact) of each person, always in the same order."""
    query = _people(
        select(Delivery.envelope, Delivery.rung, Delivery.recipient_id, Recipient.sealed)
    )
    return cast("Sequence[SealedPerson]", _run(session, query, campaign_id, ordinals))


def drill_people_in(
    session: Session, campaign_id: UUID, ordinals: Sequence[int]
) -> Sequence[OpenPerson]:
    """(envelope, rung, recipient, contact) of each invented person, always in the same order."""
    contact = (
        Recipient.drill_name.label("name"),
        Recipient.drill_email.label("email"),
        Recipient.drill_phone.label("phone"),
        Recipient.drill_push.label("push_token"),
    )
    query = _people(select(Delivery.envelope, Delivery.rung, Delivery.recipient_id, *contact))
    rows = _run(session, query, campaign_id, ordinals)
    names = [column.name for column in contact]
    return [(*row[:3], dict(zip(names, row[3:], strict=True))) for row in rows]


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


def _people(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    # Of the same mode: a row that mixed the two would simply not be found.
    same = and_(Recipient.id == Delivery.recipient_id, Recipient.mode == Delivery.mode)
    return query.join(Recipient, same).order_by(Delivery.envelope, Delivery.recipient_id)


def _run(
    session: Session,
    query: Select[*tuple[Any, ...]],
    campaign_id: UUID,
    ordinals: Sequence[int],
) -> Sequence[Any]:
    inside = and_(Delivery.campaign_id == campaign_id, Delivery.envelope.in_(ordinals))
    # As plain rows: the session's own would cost a third more.
    return session.connection().execute(query.where(inside)).all()
