"""Mail hosts that many people share, and what waits until they are given more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, func, select, update
from sqlalchemy.orm import Session

from incidents.database.audience import in_audience
from incidents.database.campaigns import Campaign, Delivery, Envelope, ProviderReceipt, rows_changed
from incidents.database.population import Recipient
from incidents.database.standing import chosen
from incidents.database.waiting import state_is
from incidents.rules.ramp import kept_of


class Waiting(NamedTuple):
    """So many people at large hosts who leave at one moment, and were never tried."""

    at: datetime
    people: int


def large_hosts(session: Session, campaign: Campaign, more_than: int) -> dict[int, int]:
    """Number of each mail host that more people share than that -> how many do."""
    query = (
        select(Recipient.mail_host, func.count())
        .where(
            Recipient.incident_id == campaign.incident_id,
            Recipient.mail_host != 0,
            in_audience(campaign),
        )
        .group_by(Recipient.mail_host)
        .having(func.count() > more_than)
    )
    return dict(session.execute(query).all())


def count_in(campaign: Campaign, placed: Mapping[int, int]) -> None:
    """Keep how many people of each large host have a place."""
    if kept := kept_of(campaign.ramp):
        campaign.ramp = replace(kept, placed=placed).as_kept()


def to_look_at(session: Session, mode: str, now: datetime) -> Sequence[UUID]:
    """Running campaigns of a mode whose ramp is to be looked at."""
    query = select(Campaign.id).where(
        Campaign.mode == mode, Campaign.status == "running", Campaign.ramps_at <= now
    )
    return session.scalars(query.order_by(Campaign.id)).all()


def waiting(session: Session, campaign_id: UUID) -> list[Waiting]:
    """What waits for its moment, the first one first."""
    query = (
        select(Envelope.next_at, func.sum(Envelope.people_count))
        .where(_waits(campaign_id))
        .group_by(Envelope.next_at)
    )
    rows = session.execute(query.order_by(Envelope.next_at)).all()
    return [Waiting(at, int(people)) for at, people in rows]


def put_off(session: Session, campaign_id: UUID, moved: Mapping[datetime, datetime]) -> None:
    """Let what waits leave at other moments."""
    if moved:
        at = cast("Table", Envelope.__table__).c.next_at
        later = chosen(at, moved, next(iter(moved.values())), at.type)
        these = update(Envelope).where(_waits(campaign_id), at.in_(moved))
        rows_changed(session, these.values(next_at=later))


def deferred_since(session: Session, campaign: Campaign, since: datetime) -> tuple[int, int]:
    """People at large hosts whose mail was deferred, and all who were accepted, since a moment."""
    mine = and_(Envelope.campaign_id == campaign.id, Envelope.mail_host != 0)
    sent = select(func.coalesce(func.sum(Envelope.people_count), 0)).where(
        mine, Envelope.state == "accepted", Envelope.next_at >= since
    )
    late = (
        select(func.count(ProviderReceipt.recipient_id.distinct()))
        .join(
            Delivery,
            and_(
                Delivery.campaign_id == ProviderReceipt.campaign_id,
                Delivery.recipient_id == ProviderReceipt.recipient_id,
                Delivery.rung == ProviderReceipt.rung,
            ),
        )
        .join(Envelope, and_(mine, Envelope.ordinal == Delivery.envelope))
        .where(
            ProviderReceipt.campaign_id == campaign.id,
            ProviderReceipt.kind == "deferred",
            ProviderReceipt.received_at >= since,
        )
    )
    return int(session.scalar(late) or 0), int(session.scalar(sent) or 0)


def _waits(campaign_id: UUID) -> ColumnElement[bool]:
    return and_(
        Envelope.campaign_id == campaign_id,
        state_is("ready"),
        Envelope.mail_host != 0,
        Envelope.attempt_count == 0,
    )
