"""Who a campaign is for: everybody affected, or, of a supplementary notice, who got the first."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from incidents.database.campaigns import Campaign, Delivery, Envelope
from incidents.database.population import Recipient
from incidents.database.statistics import by_hash


def in_audience(campaign: Campaign) -> ColumnElement[bool]:
    """Whether a recipient of the campaign's incident is among those it is for."""
    return true() if campaign.audience_of is None else got(campaign.audience_of)


def counts(campaign: Campaign) -> ColumnElement[bool]:
    """Whether a recipient is one of those whom the campaign's equation counts.

    Who has a place keeps it in the sum, also when the first notice turns out not to have come.
    """
    if campaign.audience_of is None:
        return true()
    place = aliased(Delivery)
    stands = exists().where(
        place.campaign_id == campaign.id, place.recipient_id == Recipient.id, place.is_current
    )
    return or_(got(campaign.audience_of), stands)


def got(campaign_id: UUID) -> ColumnElement[bool]:
    """Whether a campaign has told a recipient: delivered, or accepted and never taken back.

    Also on a rung that was silent for too long: who may hold the first notice gets the second.
    """
    first, envelope = aliased(Delivery), aliased(Envelope)
    inside = and_(envelope.campaign_id == first.campaign_id, envelope.ordinal == first.envelope)
    accepted = and_(first.outcome.in_(("", "silent")), envelope.state == "accepted")
    return (
        select(first.recipient_id)
        .outerjoin(envelope, inside)
        .where(
            first.campaign_id == campaign_id,
            first.recipient_id == Recipient.id,
            or_(first.outcome == "delivered", accepted),
        )
        .exists()
    )


def size(session: Session, incident_id: UUID, campaign_id: UUID) -> int:
    """How many people a campaign has told."""
    query = select(func.count()).where(Recipient.incident_id == incident_id, got(campaign_id))
    with by_hash(session):
        return session.scalar(query.select_from(Recipient)) or 0


def supplements_to(session: Session, campaign_id: UUID) -> list[UUID]:
    """The campaigns of notices that add to what this campaign told."""
    query = select(Campaign.id).where(
        Campaign.audience_of == campaign_id, Campaign.status != "stopped"
    )
    return list(session.scalars(query.order_by(Campaign.id)))


def campaign_of(session: Session, notice_id: UUID) -> UUID | None:
    """The campaign that told people of a notice."""
    query = select(Campaign.id).where(Campaign.notice_id == notice_id)
    return session.scalar(query.order_by(Campaign.launched_at.desc()).limit(1))
