"""How many of the affected people a campaign has told, by place: what duties are met by."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from incidents.database.campaigns import Campaign, Delivery, Envelope
from incidents.database.population import Recipient


@dataclass(frozen=True, slots=True)
class Told:
    """Counts of people: all that are affected, and those told in each way."""

    place: str
    total: int
    accepted: int
    delivered: int
    announced: int


def campaigns_of(session: Session, incident_id: UUID) -> Sequence[UUID]:
    """The campaigns of an incident that were not stopped, oldest first."""
    query = select(Campaign.id).where(
        Campaign.incident_id == incident_id, Campaign.status != "stopped"
    )
    return session.scalars(query.order_by(Campaign.launched_at)).all()


def told_by_place(session: Session, incident_id: UUID, campaign_id: UUID) -> Sequence[Told]:
    """Who was told by a campaign, out of everybody affected, newcomers included."""
    rows = session.execute(_told(incident_id, campaign_id)).all()
    return [Told(place, *(int(count or 0) for count in counts)) for place, *counts in rows]


def population_by_place(session: Session, incident_id: UUID) -> dict[str, int]:
    """How many people are affected, by place."""
    query = select(Recipient.place, func.count()).where(Recipient.incident_id == incident_id)
    return {place: count for place, count in session.execute(query.group_by(Recipient.place))}


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
    no_address = and_(
        Recipient.email_index.is_(None),
        Recipient.phone_index.is_(None),
        Recipient.push_index.is_(None),
    )
    query = select(Recipient.place, func.count()).where(
        Recipient.incident_id == incident_id, or_(no_address, Recipient.id.in_(exhausted))
    )
    return {place: count for place, count in session.execute(query.group_by(Recipient.place))}


def _told(incident_id: UUID, campaign_id: UUID) -> Select[tuple[str, int, int, int, int]]:
    def counted(condition: object) -> object:
        return func.sum(case((condition, 1), else_=0))  # type: ignore[arg-type]

    current = and_(
        Delivery.campaign_id == campaign_id,
        Delivery.recipient_id == Recipient.id,
        Delivery.is_current,
    )
    inside = and_(
        Envelope.campaign_id == Delivery.campaign_id, Envelope.ordinal == Delivery.envelope
    )
    return (
        select(
            Recipient.place,
            func.count(),
            counted(and_(Delivery.outcome == "", Envelope.state == "accepted")),
            counted(Delivery.outcome == "delivered"),
            counted(and_(Delivery.channel == "announcement", Delivery.outcome == "")),
        )
        .select_from(Recipient)
        .outerjoin(Delivery, current)
        .outerjoin(Envelope, inside)
        .where(Recipient.incident_id == incident_id)
        .group_by(Recipient.place)
    )
