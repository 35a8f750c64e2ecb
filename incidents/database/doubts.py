"""Envelopes of which nobody knows yet whether they left: leases that ran out, unknown outcomes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base
from incidents.database.campaigns import Attempt, Campaign, Delivery, Envelope, rows_changed
from incidents.database.engine import upsert
from incidents.database.leases import LEASED, NEWEST, Lease, update_envelopes, with_attempt
from incidents.database.sets import among
from incidents.database.waiting import state_is


class InDoubt(Base):
    """Somebody of whom no evidence ever said whether a campaign told them.

    Kept apart from their place: it may be sent again, split, left or taken back since.
    """

    __tablename__ = "in_doubt"

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient_id: Mapped[UUID] = mapped_column(primary_key=True)


def remember(session: Session, campaign_id: UUID, ordinals: Collection[int]) -> None:
    """No evidence will come of these envelopes: whom they carried stays in doubt for good."""
    carried = select(Delivery.campaign_id, Delivery.recipient_id).where(
        Delivery.campaign_id == campaign_id, Delivery.envelope.in_(ordinals)
    )
    # In one order, so that two such inserts do not wait for each other.
    given = upsert(session, InDoubt).from_select(
        ["campaign_id", "recipient_id"], carried.order_by(Delivery.recipient_id)
    )
    rows_changed(session, given.on_conflict_do_nothing())


def campaigns_with_lost_leases(session: Session, mode: str, now: datetime) -> Sequence[UUID]:
    """Campaigns of a mode in which a lease has run out."""
    return _with(session, mode, and_(state_is("leased"), Envelope.lease_until < now))


def campaigns_with_looks_due(session: Session, mode: str, now: datetime) -> Sequence[UUID]:
    """Campaigns of a mode in which it is time to look an unknown envelope up."""
    return _with(session, mode, and_(state_is("unknown"), Envelope.next_at <= now))


def _with(session: Session, mode: str, such: ColumnElement[bool]) -> Sequence[UUID]:
    inside = exists().where(Envelope.campaign_id == Campaign.id, such)
    query = select(Campaign.id).where(Campaign.mode == mode, Campaign.finished_at.is_(None), inside)
    return session.scalars(query.order_by(Campaign.id)).all()


def expired(
    session: Session, campaign_id: UUID, now: datetime
) -> list[tuple[Lease, Attempt | None]]:
    """Leases that ran out, each with its attempt if one had been written; held until the end."""
    query = (
        select(Attempt, *LEASED)
        .outerjoin(Attempt, NEWEST)
        .where(
            Envelope.campaign_id == campaign_id,
            state_is("leased"),
            Envelope.lease_until < now,
        )
        .order_by(Envelope.ordinal)
        .with_for_update(skip_locked=True, of=Envelope)
    )
    return [with_attempt(row._asdict()) for row in session.execute(query)]


def barren(
    session: Session, campaign_id: UUID, leases: Sequence[Lease], most: int
) -> Sequence[int]:
    """The ordinals of those that were leased so often without an attempt that came of it."""
    query = select(Envelope.ordinal).where(
        Envelope.campaign_id == campaign_id,
        among(session, Envelope.ordinal, [one.ordinal for one in leases]),
        Envelope.epoch - Envelope.attempt_count >= most,
    )
    return session.scalars(query).all()


def due_unknown(
    session: Session, campaign_id: UUID, *, limit: int, now: datetime, again_at: datetime
) -> list[tuple[Lease, Attempt]]:
    """Unknown envelopes whose turn to be looked up has come, each with its attempt.

    again_at  others leave them alone until then
    """
    query = (
        select(Attempt, *LEASED)
        .join(Attempt, NEWEST)
        .where(
            Envelope.campaign_id == campaign_id,
            state_is("unknown"),
            Envelope.next_at <= now,
        )
        .order_by(Envelope.next_at, Envelope.ordinal)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Envelope)
    )
    found = [with_attempt(row._asdict()) for row in session.execute(query)]
    update_envelopes(session, campaign_id, [one.ordinal for one, _ in found], {"next_at": again_at})
    return found


def held(
    session: Session, campaign_id: UUID, *, after: int, limit: int, only: Collection[int] = ()
) -> list[tuple[Lease, Attempt | None]]:
    """Envelopes that wait for somebody's decision, each with its attempt if it had one.

    after  the ordinal of the last one seen
    only   those of these; empty: all
    """
    query = (
        select(Attempt, *LEASED)
        .outerjoin(Attempt, NEWEST)
        .where(Envelope.campaign_id == campaign_id, state_is("held"), Envelope.ordinal > after)
        .order_by(Envelope.ordinal)
        .limit(limit)
        .with_for_update(of=Envelope)
    )
    these = query.where(Envelope.ordinal.in_(only)) if only else query
    return [with_attempt(row._asdict()) for row in session.execute(these)]


def why_held(session: Session, campaign_id: UUID, limit: int) -> Sequence[Any]:
    """(envelope, channel, provider, people, reason, in_doubt) of what is held; in_doubt: it may
    have left.
    """
    query = (
        select(
            Envelope.ordinal.label("envelope"),
            Envelope.channel,
            Envelope.provider,
            Envelope.people_count.label("people"),
            Envelope.reason,
            Attempt.id.is_not(None).label("in_doubt"),
        )
        .outerjoin(Attempt, NEWEST)
        .where(Envelope.campaign_id == campaign_id, state_is("held"))
    )
    return session.execute(query.order_by(Envelope.ordinal).limit(limit)).all()


def were_unresolved(session: Session, campaign_id: UUID, ordinals: Collection[int]) -> set[int]:
    """Those of these envelopes that an attempt without evidence was made for before."""
    query = select(Attempt.ordinal).where(
        Attempt.campaign_id == campaign_id,
        Attempt.ordinal.in_(ordinals),
        Attempt.outcome == "unresolved",
    )
    return set(session.scalars(query))


def note_look(
    session: Session, one: Lease, attempt_id: UUID, evidence: dict[str, Any], next_at: datetime
) -> None:
    """Keep what a look at the provider's records showed, and when to look again.

    What has been settled since the look began keeps what settled it.
    """
    looks = {"look_up_count": Attempt.look_up_count + 1, "evidence": evidence}
    doubted = update(Attempt).where(Attempt.id == attempt_id, Attempt.outcome == "unknown")
    rows_changed(session, doubted.values(**looks))
    still = (
        update(Envelope)
        .where(
            Envelope.campaign_id == one.campaign_id,
            Envelope.ordinal == one.ordinal,
            Envelope.epoch == one.epoch,
            state_is("unknown"),
        )
        .values(next_at=next_at)
    )
    rows_changed(session, still)


def settled_so(session: Session, campaign_id: UUID, ordinals: Sequence[int], by: str) -> set[int]:
    """Those of these envelopes of which an attempt was settled in this way."""
    query = select(Attempt.ordinal).where(
        Attempt.campaign_id == campaign_id,
        Attempt.ordinal.in_(ordinals),
        Attempt.outcome == "unresolved",
        Attempt.evidence["by"].as_string() == by,
    )
    return set(session.scalars(query))


def settled_by(session: Session, campaign_id: UUID) -> dict[tuple[str, str], int]:
    """Attempts that were, or are, unknown: how many by outcome and by what settled them."""
    by = func.coalesce(Attempt.evidence["by"].as_string(), "")
    query = (
        select(Attempt.outcome, by, func.count())
        .where(
            Attempt.campaign_id == campaign_id,
            or_(Attempt.outcome.in_(("unknown", "unresolved")), by != ""),
        )
        .group_by(Attempt.outcome, by)
    )
    return {(outcome, told): count for outcome, told, count in session.execute(query)}
