"""Calls that nobody confirmed: which they are, and when their people are called again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from incidents.database.campaigns import Attempt, Delivery, Envelope, rows_changed
from incidents.database.leases import NEWEST, update_envelopes
from incidents.database.sets import among
from incidents.database.waiting import state_is
from incidents.rules.lifecycle import ENVELOPE


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A person whose newest call was in vain. calls: how many were made so far."""

    recipient_id: UUID
    rung: int
    ordinal: int
    calls: int


def unanswered(
    session: Session, campaign_id: UUID, attempts: Collection[UUID]
) -> Sequence[Unanswered]:
    """Those of these calls that are the newest of people who still wait on that rung."""
    other = Attempt.__table__.alias()
    calls = (
        select(func.count())
        .where(
            other.c.campaign_id == Envelope.campaign_id,
            other.c.ordinal == Envelope.ordinal,
            other.c.outcome == "accepted",
        )
        .scalar_subquery()
    )
    carried = and_(
        Delivery.campaign_id == Envelope.campaign_id, Delivery.envelope == Envelope.ordinal
    )
    query = (
        select(Delivery.recipient_id, Delivery.rung, Envelope.ordinal, calls.label("calls"))
        .select_from(Envelope)
        .join(Attempt, NEWEST)
        .join(Delivery, carried)
        .where(
            Envelope.campaign_id == campaign_id,
            Envelope.state == "accepted",
            among(session, Attempt.id, attempts),
            Delivery.is_current,
            Delivery.outcome == "",
        )
    )
    return [Unanswered(**row._asdict()) for row in session.execute(query.order_by("ordinal"))]


def call_again(session: Session, campaign_id: UUID, ordinals: Iterable[int], at: datetime) -> None:
    """Let these envelopes go once more, at a moment.

    Under a new epoch: a busy line may be told of before the worker records that the call was
    accepted, and that must not settle what waits to be called again.
    """
    again = {
        "state": ENVELOPE.after("accepted", "call_again"),
        "epoch": Envelope.epoch + 1,
        "next_at": at,
        "reason": "nobody answered",
    }
    update_envelopes(session, campaign_id, list(ordinals), again)


def call_no_more(session: Session, campaign_id: UUID, people: Collection[UUID]) -> None:
    """Whoever has confirmed a call is not called again: what waits for that stands as accepted."""
    confirmed = select(Delivery.envelope).where(
        Delivery.campaign_id == campaign_id,
        among(session, Delivery.recipient_id, people),
        Delivery.channel == "call",
        Delivery.outcome == "delivered",
    )
    waiting = update(Envelope).where(
        Envelope.campaign_id == campaign_id, state_is("ready"), Envelope.ordinal.in_(confirmed)
    )
    rows_changed(session, waiting.values(state="accepted", reason=""))
