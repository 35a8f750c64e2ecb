"""Campaigns in which something waits, to be sent or for an answer; and those in which nothing does.

What is asked here each second is found by the partial indices of envelopes, whatever the size of
the campaign.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from incidents.database.campaigns import AWAITING, OPEN_STATES, Campaign, Envelope, rows_changed


def state_is(state: str) -> ColumnElement[bool]:
    """The state of an envelope, written out: a partial index is not used for a parameter."""
    return Envelope.state == literal(state, literal_execute=True)


def campaigns_to_send(session: Session, mode: str, now: datetime) -> Sequence[UUID]:
    """The running campaigns of a mode in which something is ready."""
    ready = exists().where(
        Envelope.campaign_id == Campaign.id, state_is("ready"), Envelope.next_at <= now
    )
    query = select(Campaign.id).where(Campaign.mode == mode, Campaign.status == "running", ready)
    return session.scalars(query.order_by(Campaign.id)).all()


# Built once, since it is asked before each request to many people: half of what it costs.
_STATUS = select(Campaign.status).where(Campaign.id == bindparam("id"))


def is_running(connection: Connection, campaign_id: UUID) -> bool:
    """Whether a campaign runs."""
    return bool(connection.scalar(_STATUS, {"id": campaign_id}) == "running")


def is_open() -> ColumnElement[bool]:
    """Whether anything of a campaign waits, is under way or is unknown."""
    return exists().where(Envelope.campaign_id == Campaign.id, text(f"envelope.{OPEN_STATES}"))


def settled(session: Session, mode: str) -> Sequence[UUID]:
    """Campaigns not marked as ended in which nothing waits, is under way or is unknown, and
    nobody's silence is waited out."""
    awaiting = exists().where(Envelope.campaign_id == Campaign.id, text(f"envelope.{AWAITING}"))
    placed = and_(Campaign.status == "running", Campaign.population_count.is_not(None))
    query = select(Campaign.id).where(
        Campaign.mode == mode,
        Campaign.finished_at.is_(None),
        or_(placed, Campaign.status == "stopped"),
        ~is_open(),
        or_(~awaiting, Campaign.status == "stopped"),
    )
    return session.scalars(query.order_by(Campaign.id)).all()


def stopped_with_ready(session: Session, mode: str) -> Sequence[UUID]:
    """Stopped campaigns to which something came back that was not sent in time."""
    ready = exists().where(Envelope.campaign_id == Campaign.id, state_is("ready"))
    query = select(Campaign.id).where(
        Campaign.mode == mode, Campaign.status == "stopped", Campaign.finished_at.is_(None), ready
    )
    return session.scalars(query.order_by(Campaign.id)).all()


def cancel_ready(session: Session, campaign_id: UUID) -> int:
    """Take every envelope back that has not left; how many."""
    statement = update(Envelope).where(Envelope.campaign_id == campaign_id, state_is("ready"))
    return rows_changed(session, statement.values(state="cancelled", reason="stopped"))
