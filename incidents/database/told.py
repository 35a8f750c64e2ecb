"""Counts of the affected people: how many there are, who cannot be reached, who was told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from incidents.database.campaigns import Attempt, Campaign, Delivery, Envelope
from incidents.database.population import ADDRESS_INDEXES, Recipient, are_people_of
from incidents.database.statistics import by_hash


@dataclass(frozen=True, slots=True)
class Told:
    """Counts of people: all that are affected, and those told in each way."""

    place: str
    total: int
    accepted: int
    delivered: int
    announced: int


def told_by_place(
    session: Session, incident_id: UUID, campaigns: Collection[UUID]
) -> Sequence[Told]:
    """Who was told by a campaign, out of everybody affected, newcomers included.

    campaigns  it, and those that were stopped before it where it is for whom they did not reach:
               the newest in which somebody has a place says what became of them
    """
    current = and_(
        Delivery.campaign_id.in_(campaigns),
        Delivery.recipient_id == Recipient.id,
        Delivery.is_current,
    )
    if len(campaigns) > 1:
        newer = aliased(Delivery)
        stands_in_newer = exists().where(
            newer.campaign_id.in_(campaigns),
            newer.campaign_id > Delivery.campaign_id,
            newer.recipient_id == Delivery.recipient_id,
            newer.is_current,
        )
        current = and_(current, ~stands_in_newer)
    inside = and_(
        Envelope.campaign_id == Delivery.campaign_id, Envelope.ordinal == Delivery.envelope
    )
    query = (
        select(
            Recipient.place,
            func.count(),
            _counted(and_(Delivery.outcome == "", Envelope.state == "accepted")),
            _counted(Delivery.outcome == "delivered"),
            _counted(and_(Delivery.channel == "announcement", Delivery.outcome == "")),
        )
        .select_from(Recipient)
        .outerjoin(Delivery, current)
        .outerjoin(Envelope, inside)
        .where(are_people_of(incident_id))
        .group_by(Recipient.place)
    )
    with by_hash(session):
        return [Told(*row) for row in session.execute(query)]


def _counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def population_by_place(session: Session, incident_id: UUID) -> dict[str, int]:
    """How many people are affected, by place."""
    query = select(Recipient.place, func.count()).where(are_people_of(incident_id))
    return dict(session.execute(query.group_by(Recipient.place)).all())


def readers_by_place(session: Session, incident_id: UUID) -> dict[str, int]:
    """How many people a notice goes to, by place: everybody affected but those withheld."""
    query = select(Recipient.place, func.count()).where(
        are_people_of(incident_id), Recipient.withheld == ""
    )
    return dict(session.execute(query.group_by(Recipient.place)).all())


def first_told(session: Session, incident_id: UUID) -> tuple[datetime, UUID] | None:
    """When a provider first took a notice to affected people, and the attempt that says so."""
    query = select(Attempt.ended_at, Attempt.id).where(
        Attempt.outcome == "accepted",
        Attempt.ended_at.is_not(None),
        Attempt.campaign_id.in_(select(Campaign.id).where(Campaign.incident_id == incident_id)),
    )
    row = session.execute(query.order_by(Attempt.ended_at, Attempt.id).limit(1)).first()
    return (row[0], row[1]) if row and row[0] else None


def people_count(session: Session, incident_id: UUID) -> int:
    """How many people are affected."""
    query = select(func.count()).select_from(Recipient).where(are_people_of(incident_id))
    return session.scalar(query) or 0


def people_by_kind(session: Session, incident_id: UUID) -> Sequence[tuple[str, str, int]]:
    """How many people read each locale in each place; '' where it is not known."""
    kind = (Recipient.locale, Recipient.place)
    query = select(*kind, func.count()).where(are_people_of(incident_id))
    rows = session.execute(query.group_by(*kind).order_by(*kind))
    return [(locale, place, count) for locale, place, count in rows]


def unreachable_by_place(session: Session, incident_id: UUID) -> dict[str, int]:
    """People whom no channel reaches, by place: no usable address, or every rung exhausted."""
    exhausted = select(Delivery.recipient_id).where(
        Delivery.is_current,
        Delivery.channel == "announcement",
        Delivery.campaign_id.in_(
            select(Campaign.id).where(
                Campaign.incident_id == incident_id, Campaign.status != "stopped"
            )
        ),
    )
    no_address = and_(*(index.is_(None) for index in ADDRESS_INDEXES))
    query = select(Recipient.place, func.count()).where(
        are_people_of(incident_id), or_(no_address, Recipient.id.in_(exhausted))
    )
    with by_hash(session):
        return dict(session.execute(query.group_by(Recipient.place)).all())
