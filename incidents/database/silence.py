"""Who was told and says nothing: accepted, and neither delivered nor failed for too long."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, text, update
from sqlalchemy.orm import Session

from incidents.database.campaigns import AWAITING, Campaign, Delivery, Envelope, rows_changed
from incidents.database.population import Recipient
from incidents.database.standing import ADDRESS_INDEX
from incidents.database.waiting import is_open
from incidents.rules.ladder import BARRED

# Written out: a partial index is not used for a parameter.
_AWAITS = text(f"envelope.{AWAITING}")


def campaigns_with_silence(session: Session, mode: str) -> Sequence[UUID]:
    """Running campaigns of a mode in which some silence may come to mean something."""
    awaiting = exists().where(Envelope.campaign_id == Campaign.id, _AWAITS)
    query = select(Campaign.id).where(Campaign.mode == mode, Campaign.status == "running", awaiting)
    return session.scalars(query.order_by(Campaign.id)).all()


def silent_since(
    session: Session, campaign_id: UUID, rung: int, moment: datetime, limit: int
) -> Sequence[int]:
    """Envelopes of a rung that were accepted before a moment, longest first."""
    query = select(Envelope.ordinal).where(
        Envelope.campaign_id == campaign_id,
        _AWAITS,
        Envelope.rung == rung,
        # An accepted envelope keeps here when it was accepted.
        Envelope.next_at <= moment,
    )
    return session.scalars(query.order_by(Envelope.next_at).limit(limit)).all()


def leave(
    session: Session,
    campaign: Campaign,
    rung: int,
    ordinals: Sequence[int],
    reason: str,
    now: datetime,
) -> list[UUID]:
    """The silent people of these envelopes leave their rung, if another one reaches them."""
    further = [
        and_(getattr(Recipient, ADDRESS_INDEX[channel]).is_not(None), _is_free(channel))
        for channel in campaign.ladder[rung + 1 : -1]
    ]
    reached = select(Recipient.id).where(
        Recipient.id == Delivery.recipient_id, Recipient.withheld == "", or_(*further)
    )
    gone = (
        update(Delivery)
        .where(_silent(campaign.id, ordinals), reached.exists())
        .values(outcome="silent", reason=reason, outcome_at=now, is_current=False)
        .returning(Delivery.recipient_id)
    )
    people = list(session.scalars(gone, execution_options={"synchronize_session": False}))
    _awaits_no_more(session, campaign.id, ordinals)
    return people


def close_answered(session: Session, campaign_id: UUID, limit: int) -> int:
    """Await nothing of envelopes whose people have all been heard of; how many, of the oldest.

    If the oldest holds somebody silent the campaign waits for them, whoever else was heard of.
    """
    oldest = select(Envelope.ordinal).where(Envelope.campaign_id == campaign_id, _AWAITS)
    ordinals = session.scalars(oldest.order_by(Envelope.next_at).limit(limit)).all()
    still = select(Delivery.envelope).where(_silent(campaign_id, ordinals)).distinct()
    answered = sorted(set(ordinals) - {ordinal for ordinal in session.scalars(still) if ordinal})
    _awaits_no_more(session, campaign_id, answered)
    return len(answered)


def is_resting(session: Session, campaign_id: UUID) -> bool:
    """Whether nothing waits to be sent or is under way in a campaign."""
    query = select(Campaign.id).where(
        Campaign.id == campaign_id, Campaign.population_count.is_not(None), ~is_open()
    )
    return session.scalar(query) is not None


def _silent(campaign_id: UUID, ordinals: Sequence[int]) -> ColumnElement[bool]:
    return and_(
        Delivery.campaign_id == campaign_id,
        Delivery.envelope.in_(ordinals),
        Delivery.is_current,
        Delivery.outcome == "",
    )


def _is_free(channel: str) -> ColumnElement[bool]:
    return Recipient.barred.bitwise_and(BARRED[channel]) == 0


def _awaits_no_more(session: Session, campaign_id: UUID, ordinals: Sequence[int]) -> None:
    these = and_(Envelope.campaign_id == campaign_id, Envelope.ordinal.in_(ordinals))
    rows_changed(session, update(Envelope).where(these).values(awaits=False))
