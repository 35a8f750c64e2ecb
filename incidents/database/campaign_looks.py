"""What is looked at again and again while a campaign runs, so that others need not count."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, and_, exists, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base
from incidents.database.campaigns import Campaign, Envelope, ProviderReceipt, rows_changed
from incidents.database.waiting import state_is
from incidents.rules.brake import Sample

_COMPLAINED = "complained"
# A person who asks for no more messages has been reached.
_REACHED = ("opted_out",)


class CampaignLook(Base):
    """When a campaign was looked at last, and what was seen; a row of its own, so that nobody
    waits for it who moves people.

    braked_at   when its brake was looked at
    counted_at  when its people were counted; None: not yet
    buckets     people by bucket, as they were then; `total` is everybody
    holds       whether everybody was in exactly one bucket
    """

    __tablename__ = "campaign_look"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    braked_at: Mapped[datetime]
    counted_at: Mapped[datetime | None]
    buckets: Mapped[dict[str, Any]] = mapped_column(default=dict)
    total: Mapped[int] = mapped_column(default=0)
    holds: Mapped[bool] = mapped_column(default=True)


def with_canary_out(session: Session, mode: str) -> Sequence[UUID]:
    """Running campaigns of a mode whose others still wait for their canary."""
    query = select(Campaign.id).where(
        Campaign.mode == mode, Campaign.status == "running", Campaign.gate != "open"
    )
    return session.scalars(query.order_by(Campaign.id)).all()


def is_telling(session: Session, campaign_id: UUID, now: datetime) -> bool:
    """Whether somebody placed so far is yet to be tried.

    Who was never tried and whose hour has not come is waited for only if nobody has been told.
    """
    mine = Envelope.campaign_id == campaign_id
    trying = or_(
        state_is("leased"),
        and_(state_is("ready"), or_(Envelope.attempt_count > 0, Envelope.next_at <= now)),
    )
    waits = exists().where(mine, state_is("ready"))
    told = exists().where(mine, Envelope.state == "accepted")
    tries = exists().where(mine, trying)
    return bool(session.scalar(select(or_(tries, and_(waits, ~told)))))


def campaigns_to_brake(session: Session, mode: str) -> Sequence[Any]:
    """(campaign, envelopes, when looked at last) of running campaigns that have a brake."""
    query = (
        select(Campaign.id, Campaign.envelope_count, CampaignLook.braked_at)
        .join(CampaignLook, CampaignLook.campaign_id == Campaign.id)
        .where(Campaign.mode == mode, Campaign.status == "running")
    )
    return session.execute(query.order_by(Campaign.id)).all()


def claim_brake(session: Session, campaign_id: UUID, before: datetime, now: datetime) -> bool:
    """Take one look at a brake; of several processes one gets it."""
    mine = and_(CampaignLook.campaign_id == campaign_id, CampaignLook.braked_at == before)
    return rows_changed(session, update(CampaignLook).where(mine).values(braked_at=now)) == 1


def campaigns_to_count(session: Session, mode: str) -> Sequence[tuple[Campaign, CampaignLook]]:
    """Those that move, or ended since they were counted last."""
    ended = and_(Campaign.finished_at.is_not(None), Campaign.finished_at > CampaignLook.counted_at)
    moves = Campaign.status.in_(("running", "paused"))
    query = (
        select(Campaign, CampaignLook)
        .join(CampaignLook, CampaignLook.campaign_id == Campaign.id)
        .where(Campaign.mode == mode, or_(moves, ended, CampaignLook.counted_at.is_(None)))
    )
    return [(campaign, look) for campaign, look in session.execute(query.order_by(Campaign.id))]


def claim_count(
    session: Session, campaign_id: UUID, before: datetime | None, now: datetime
) -> CampaignLook | None:
    """Take one count of a campaign's people; of several processes one gets it."""
    mine = and_(
        CampaignLook.campaign_id == campaign_id,
        CampaignLook.counted_at.is_not_distinct_from(before),
    )
    if rows_changed(session, update(CampaignLook).where(mine).values(counted_at=now)) == 0:
        return None
    return session.get_one(CampaignLook, campaign_id)


def counted_lately(session: Session, since: datetime) -> Sequence[tuple[Campaign, CampaignLook]]:
    """Campaigns that run, or ended since then, with what was counted of them last."""
    query = (
        select(Campaign, CampaignLook)
        .join(CampaignLook, CampaignLook.campaign_id == Campaign.id)
        .where(or_(Campaign.finished_at.is_(None), Campaign.finished_at > since))
        .where(CampaignLook.counted_at.is_not(None))
    )
    return [(campaign, look) for campaign, look in session.execute(query)]


def broken_equations(session: Session) -> int:
    """Of how many campaigns somebody was in no bucket, or in two, when they were counted last."""
    return session.scalar(select(func.count()).where(~CampaignLook.holds)) or 0


def sample(session: Session, campaign_id: UUID) -> Sample:
    """How many people were accepted and refused, and what came back."""
    mine = and_(Envelope.campaign_id == campaign_id, Envelope.state.in_(("accepted", "refused")))
    people = func.sum(Envelope.people_count)
    states: dict[str, int] = {
        state: int(count)
        for state, count in session.execute(
            select(Envelope.state, people).where(mine).group_by(Envelope.state)
        )
    }
    back = _came_back(session, campaign_id)
    complained = back.pop(_COMPLAINED, 0)
    return Sample(
        accepted=states.get("accepted", 0),
        refused=states.get("refused", 0),
        failed=sum(back.values()),
        complained=complained,
    )


def _came_back(session: Session, campaign_id: UUID) -> dict[str, int]:
    query = (
        select(ProviderReceipt.kind, func.count())
        .where(
            ProviderReceipt.campaign_id == campaign_id,
            ProviderReceipt.permanent,
            ProviderReceipt.kind.not_in(_REACHED),
        )
        .group_by(ProviderReceipt.kind)
    )
    return dict(session.execute(query).all())
