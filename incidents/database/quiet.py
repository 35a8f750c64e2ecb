"""Messages that would ring or buzz at night: put off until morning, or let go all the same."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from incidents.database.campaigns import Campaign, Delivery, Envelope, rows_changed
from incidents.database.population import Recipient
from incidents.database.sets import among
from incidents.database.waiting import state_is


def campaigns_to_shut(session: Session, mode: str, now: datetime) -> Sequence[UUID]:
    """Campaigns of a mode in which it grows late somewhere."""
    query = select(Campaign.id).where(
        Campaign.mode == mode, Campaign.status.in_(("running", "paused")), Campaign.shuts_at <= now
    )
    return session.scalars(query.order_by(Campaign.id)).all()


def places_in(session: Session, campaign_id: UUID, ordinals: Collection[int]) -> Sequence[str]:
    """Where the people in these envelopes live."""
    query = (
        select(Recipient.place)
        .join(Delivery, Delivery.recipient_id == Recipient.id)
        .where(Delivery.campaign_id == campaign_id, among(session, Delivery.envelope, ordinals))
    )
    return session.scalars(query.distinct()).all()


def put_off(
    session: Session,
    campaign_id: UUID,
    channels: Collection[str],
    places: Collection[str],
    until: datetime,
    ordinals: Collection[int] | None = None,
) -> int:
    """Let nothing that has not left reach people of these places before a moment; how much.

    ordinals  of these envelopes only; None: of all
    """
    inside = (
        select(Delivery.envelope)
        .join(Recipient, Recipient.id == Delivery.recipient_id)
        .where(
            Delivery.campaign_id == campaign_id,
            Delivery.envelope == Envelope.ordinal,
            Recipient.place.in_(places),
        )
        .correlate(Envelope)
    )
    late = and_(_ready(campaign_id, channels), Envelope.next_at < until, inside.exists())
    if ordinals is not None:
        late = and_(late, among(session, Envelope.ordinal, ordinals))
    return rows_changed(session, update(Envelope).where(late).values(next_at=until))


def opens_last(
    session: Session, campaign_id: UUID, channels: Collection[str], now: datetime
) -> datetime | None:
    """When the last of what is put off may leave; None: nothing is."""
    waits = and_(_ready(campaign_id, channels), Envelope.next_at > now)
    return session.scalar(select(func.max(Envelope.next_at)).where(waits))


def let_go(session: Session, campaign_id: UUID, channels: Collection[str], now: datetime) -> int:
    """Let what is put off leave now; how many envelopes. (What a provider put off comes too.)"""
    waits = and_(_ready(campaign_id, channels), Envelope.next_at > now)
    return rows_changed(session, update(Envelope).where(waits).values(next_at=now))


def _ready(campaign_id: UUID, channels: Collection[str]) -> ColumnElement[bool]:
    return and_(
        Envelope.campaign_id == campaign_id, state_is("ready"), Envelope.channel.in_(channels)
    )
