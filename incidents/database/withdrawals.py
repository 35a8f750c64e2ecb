"""Taking people out of what has not left: closed to the channel, withheld, or told meanwhile."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, select, text, update
from sqlalchemy.orm import Session

from incidents.database.campaigns import Campaign, Delivery, Envelope, rows_changed
from incidents.database.population import IS_WITHHELD, Recipient
from incidents.database.sets import among
from incidents.database.waiting import state_is
from incidents.rules.ladder import BARRED

# Of the channel on which a person waits.
_BIT = case(BARRED, value=Delivery.channel, else_=0)


def waiting_envelopes(
    session: Session, campaign_id: UUID, such: ColumnElement[bool]
) -> Sequence[int]:
    """The envelopes of these deliveries that have not left; held until the end."""
    left = select(Delivery.envelope).where(such, Delivery.envelope.is_not(None))
    ready = select(Envelope.ordinal).where(
        Envelope.campaign_id == campaign_id, state_is("ready"), Envelope.ordinal.in_(left)
    )
    return session.scalars(ready.order_by(Envelope.ordinal).with_for_update()).all()


def count_again(session: Session, campaign_id: UUID, ordinals: Sequence[int], reason: str) -> None:
    """People were taken out of these envelopes: one that is empty now is cancelled."""
    inside = (
        select(func.count())
        .where(Delivery.campaign_id == campaign_id, Delivery.envelope == Envelope.ordinal)
        .correlate(Envelope)
        .scalar_subquery()
    )
    these = and_(Envelope.campaign_id == campaign_id, Envelope.ordinal.in_(ordinals))
    rows_changed(session, update(Envelope).where(these).values(people_count=inside))
    empty = update(Envelope).where(these, Envelope.people_count == 0)
    rows_changed(session, empty.values(state="cancelled", reason=reason))


def take_out_barred(
    session: Session, campaign_id: UUID, people: Collection[UUID], now: datetime
) -> list[UUID]:
    """Those of these people who wait on a channel that is closed to them leave it; gives them."""
    closed = select(Recipient.id).where(
        Recipient.id == Delivery.recipient_id, Recipient.barred.bitwise_and(_BIT) != 0
    )
    such = and_(_stand(session, campaign_id, people), closed.exists())
    off = {"outcome": "suppressed", "reason": "does not take this channel", "is_current": False}
    return _take_out(session, campaign_id, such, {**off, "outcome_at": now})


def take_out_withheld(
    session: Session, campaign_id: UUID, people: Collection[UUID], now: datetime
) -> list[UUID]:
    """Those of these people who are withheld and wait keep their rung, without an envelope."""
    why = select(Recipient.withheld).where(Recipient.id == Delivery.recipient_id)
    such = and_(_stand(session, campaign_id, people), why.where(Recipient.withheld != "").exists())
    held = {"outcome": "withheld", "reason": why.scalar_subquery(), "outcome_at": now}
    return _take_out(session, campaign_id, such, held)


def with_withheld(session: Session, campaign_id: UUID, ordinals: Collection[int]) -> set[int]:
    """Those of these envelopes in which somebody is withheld; by an index of the few who are."""
    campaign = select(Campaign.incident_id).where(Campaign.id == campaign_id).scalar_subquery()
    # Looked up one by one: joined, PostgreSQL may read all deliveries for each lease.
    place = select(Delivery.envelope).where(
        Delivery.campaign_id == campaign_id,
        Delivery.recipient_id == Recipient.id,
        Delivery.is_current,
        Delivery.outcome == "",
    )
    query = select(place.scalar_subquery()).where(
        Recipient.incident_id == campaign, text(f"recipient.{IS_WITHHELD}")
    )
    # Few are withheld, so all of theirs are read: a search by envelope would read the many.
    wanted = set(ordinals)
    return {envelope for envelope in session.scalars(query) if envelope in wanted}


def with_barred(session: Session, campaign_id: UUID, ordinals: Collection[int]) -> set[int]:
    """Those of these envelopes in which somebody waits on a channel that is closed to them."""
    # Looked up one by one, as above.
    bits = select(Recipient.barred).where(Recipient.id == Delivery.recipient_id).scalar_subquery()
    query = select(Delivery.envelope).where(
        Delivery.campaign_id == campaign_id,
        among(session, Delivery.envelope, ordinals),
        Delivery.is_current,
        Delivery.outcome == "",
        bits.bitwise_and(_BIT) != 0,
    )
    return {envelope for envelope in session.scalars(query) if envelope is not None}


def people_in(session: Session, campaign_id: UUID, ordinals: Collection[int]) -> Sequence[UUID]:
    """The people in these envelopes."""
    inside = select(Delivery.recipient_id).where(
        Delivery.campaign_id == campaign_id, Delivery.envelope.in_(ordinals)
    )
    return session.scalars(inside).all()


def let_go(session: Session, campaign_id: UUID, people: Collection[UUID]) -> list[UUID]:
    """Forget the places of people who were withheld and are not any more; gives them.

    Nothing ever left from such a place, so they can be given it again.
    """
    free = select(Recipient.id).where(
        Recipient.id == Delivery.recipient_id, Recipient.withheld == ""
    )
    gone = delete(Delivery).where(
        Delivery.campaign_id == campaign_id,
        among(session, Delivery.recipient_id, people),
        Delivery.is_current,
        Delivery.outcome == "withheld",
        free.exists(),
    )
    found = session.scalars(
        gone.returning(Delivery.recipient_id), execution_options={"synchronize_session": False}
    )
    return list(found)


def _stand(session: Session, campaign_id: UUID, people: Collection[UUID]) -> ColumnElement[bool]:
    """The places of these people for which an envelope still speaks."""
    return and_(
        Delivery.campaign_id == campaign_id,
        among(session, Delivery.recipient_id, people),
        Delivery.is_current,
        Delivery.outcome == "",
    )


def _take_out(
    session: Session, campaign_id: UUID, such: ColumnElement[bool], values: dict[str, object]
) -> list[UUID]:
    waiting = waiting_envelopes(session, campaign_id, such)
    inside = and_(such, Delivery.envelope.in_(waiting))
    out = update(Delivery).where(inside).values(**values, envelope=None)
    found = session.scalars(
        out.returning(Delivery.recipient_id), execution_options={"synchronize_session": False}
    )
    people = list(found)
    count_again(session, campaign_id, waiting, "nobody is left in it")
    return people
