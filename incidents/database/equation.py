"""Counting a campaign's people: every one of them in exactly one bucket, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from incidents.database.audience import counts
from incidents.database.campaigns import Attempt, Campaign, Delivery, Envelope
from incidents.database.population import Recipient
from incidents.database.statistics import by_hash

# What becomes of a person as long as their envelope speaks for them.
BUCKET_OF = {
    "ready": "waiting",
    "leased": "in_flight",
    "unknown": "unknown",
    "held": "unknown",
    "accepted": "accepted",
    "cancelled": "suppressed",
}


@dataclass(frozen=True, slots=True)
class Group:
    """So many people on one rung in one bucket."""

    rung: int
    channel: str
    bucket: str
    people: int


def people_by_bucket(session: Session, campaign: Campaign) -> tuple[list[Group], int]:
    """People with a place, by rung and bucket, and all people, from one look at the rows."""
    inside = and_(
        Envelope.campaign_id == Delivery.campaign_id, Envelope.ordinal == Delivery.envelope
    )
    placed = (
        select(Delivery.rung, Delivery.channel, bucket().label("bucket"), func.count())
        .outerjoin(Envelope, inside)
        .where(Delivery.campaign_id == campaign.id, Delivery.is_current)
        .group_by(Delivery.rung, Delivery.channel, "bucket")
    )
    everybody = select(literal(-1), null(), literal("total"), func.count()).where(
        Recipient.incident_id == campaign.incident_id, counts(campaign)
    )
    with by_hash(session):
        rows: Sequence[Any] = session.execute(union_all(placed, everybody)).all()
    groups = [Group(*row) for row in rows if row[2] != "total"]
    return groups, next(row[3] for row in rows if row[2] == "total")


def left_behind(session: Session, campaign_id: UUID) -> Sequence[Any]:
    """(rung, outcome, reason, people) of the places that people have left."""
    key = (Delivery.rung, Delivery.outcome, Delivery.reason)
    query = select(*key, func.count()).where(
        Delivery.campaign_id == campaign_id, ~Delivery.is_current
    )
    return session.execute(query.group_by(*key)).all()


def withheld(session: Session, campaign_id: UUID) -> Sequence[Any]:
    """(rung, reason, people) of those to whom nothing is sent."""
    key = (Delivery.rung, Delivery.reason)
    query = select(*key, func.count()).where(
        Delivery.campaign_id == campaign_id, Delivery.is_current, Delivery.outcome == "withheld"
    )
    return session.execute(query.group_by(*key)).all()


@dataclass(frozen=True, slots=True)
class Envelopes:
    """So many envelopes of one provider in one state, for one reason where there is one.

    next_at  the earliest of theirs (database/campaigns.Envelope)
    """

    state: str
    provider: str
    reason: str
    envelopes: int
    people: int
    next_at: datetime


def envelopes_by_state(session: Session, campaign_id: UUID) -> list[Envelopes]:
    """A campaign's envelopes: a quick view that opens no person's row."""
    key = (Envelope.state, Envelope.provider, Envelope.reason)
    query = (
        select(*key, func.count(), func.sum(Envelope.people_count), func.min(Envelope.next_at))
        .where(Envelope.campaign_id == campaign_id)
        .group_by(*key)
    )
    return [Envelopes(*row[:4], int(row[4]), row[5]) for row in session.execute(query)]


def accepted_since(session: Session, campaign_id: UUID, moment: datetime) -> int:
    """People whose envelopes were accepted since a moment."""
    query = (
        select(func.coalesce(func.sum(Envelope.people_count), 0))
        .join(
            Attempt,
            and_(Attempt.campaign_id == Envelope.campaign_id, Attempt.ordinal == Envelope.ordinal),
        )
        .where(
            Envelope.campaign_id == campaign_id,
            Attempt.outcome == "accepted",
            Attempt.ended_at > moment,
        )
    )
    return int(session.scalar(query) or 0)


def bucket() -> ColumnElement[str]:
    """The bucket that a delivery, joined to its envelope, puts its person in."""
    return case(
        (Delivery.outcome == "delivered", "delivered"),
        (Delivery.outcome == "withheld", "withheld"),
        (Delivery.outcome == "suppressed", "suppressed"),
        (Delivery.channel == "announcement", "exhausted"),
        (Delivery.outcome == "failed", "exhausted"),
        else_=case(BUCKET_OF, value=Envelope.state, else_="waiting"),
    )
