"""What a campaign's proof is made from: people on rungs, what carried them, what was answered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, literal, select, tuple_
from sqlalchemy.orm import Session

from incidents.database.audience import in_audience
from incidents.database.campaigns import Attempt, Campaign, Delivery, Envelope, ProviderReceipt
from incidents.database.engine import is_sqlite
from incidents.database.equation import bucket
from incidents.database.population import Recipient
from incidents.database.sets import among, moment_text

PAGE = 2_048  # people's rows held at once; eight tiles of the tree
# Whoever has no place yet, or will never get one, stands on no rung.
_NO_RUNG = -1
_DRILL = (
    Recipient.drill_name.label("name"),
    Recipient.drill_email.label("email"),
    Recipient.drill_phone.label("phone"),
    Recipient.drill_push.label("push_token"),
)
Query = Select[*tuple[Any, ...]]


def stand_still(session: Session) -> None:
    """Let all that this transaction reads be of one moment; its first statement."""
    if not is_sqlite(session.get_bind()):
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def placed(session: Session, campaign: Campaign) -> Iterator[Sequence[Any]]:
    """Everybody on each rung that they ever stood on, by person and rung, a page at a time."""
    return _pages(session, _placed(session, campaign), _after_place)


def placed_of(session: Session, campaign: Campaign, recipient_id: UUID) -> Sequence[Any]:
    """One person on each rung that they ever stood on."""
    query = _placed(session, campaign).where(Delivery.recipient_id == recipient_id)
    return session.connection().execute(query).all()


def placeless(session: Session, campaign: Campaign) -> Iterator[Sequence[Any]]:
    """Everybody who stands on no rung, by person, a page at a time."""
    return _pages(session, _placeless(campaign), _after_person)


def placeless_of(session: Session, campaign: Campaign, recipient_id: UUID) -> Sequence[Any]:
    """One person, if they stand on no rung."""
    query = _placeless(campaign).where(Recipient.id == recipient_id)
    return session.connection().execute(query).all()


def carried_by(session: Session, campaign_id: UUID, ordinals: Collection[int]) -> Sequence[Any]:
    """(ordinal, provider, locale, variant) of envelopes."""
    columns = (Envelope.ordinal, Envelope.provider, Envelope.locale, Envelope.variant)
    query = select(*columns).where(
        Envelope.campaign_id == campaign_id, among(session, Envelope.ordinal, ordinals)
    )
    return session.connection().execute(query).all()


def attempts_at(session: Session, campaign_id: UUID, ordinals: Collection[int]) -> Sequence[Any]:
    """The calls made for envelopes, oldest first."""
    query = select(
        Attempt.ordinal,
        Attempt.id,
        Attempt.epoch,
        moment_text(session, Attempt.started_at).label("began"),
        moment_text(session, Attempt.ended_at).label("ended"),
        Attempt.sha256,
        Attempt.outcome,
        Attempt.http_status,
        Attempt.provider_ref,
        Attempt.evidence,
    ).where(Attempt.campaign_id == campaign_id, among(session, Attempt.ordinal, ordinals))
    return session.connection().execute(query.order_by(Attempt.ordinal, Attempt.epoch)).all()


def heard_of(session: Session, campaign_id: UUID, first: UUID, last: UUID) -> Sequence[Any]:
    """What providers said later of the people from `first` to `last`, in the order it happened."""
    receipt = ProviderReceipt
    query = select(
        receipt.recipient_id,
        receipt.rung,
        receipt.kind,
        receipt.code,
        receipt.provider_ref,
        moment_text(session, receipt.at).label("at"),
    ).where(receipt.campaign_id == campaign_id, receipt.recipient_id.between(first, last))
    in_order = query.order_by(receipt.recipient_id, receipt.at, receipt.dedupe_key)
    return session.connection().execute(in_order).all()


def _placed(session: Session, campaign: Campaign) -> Query:
    inside = and_(
        Envelope.campaign_id == Delivery.campaign_id, Envelope.ordinal == Delivery.envelope
    )
    who = and_(Recipient.id == Delivery.recipient_id, Recipient.mode == Delivery.mode)
    columns = (
        Delivery.recipient_id,
        Delivery.rung,
        Delivery.channel,
        Delivery.envelope,
        Delivery.is_current,
        Delivery.outcome,
        Delivery.reason,
        moment_text(session, Delivery.outcome_at).label("settled"),
        bucket().label("bucket"),
        *_contact(campaign),
    )
    return (
        select(*columns)
        .outerjoin(Envelope, inside)
        .outerjoin(Recipient, who)  # somebody may have been erased since they were told
        .where(Delivery.campaign_id == campaign.id)
        .order_by(Delivery.recipient_id, Delivery.rung)
    )


def _placeless(campaign: Campaign) -> Query:
    stands = exists().where(
        Delivery.campaign_id == campaign.id, Delivery.recipient_id == Recipient.id
    )
    rest = "suppressed" if campaign.status == "stopped" else "planned"
    columns = (
        Recipient.id.label("recipient_id"),
        literal(_NO_RUNG).label("rung"),
        literal("").label("channel"),
        literal(None).label("envelope"),
        literal(True).label("is_current"),
        literal("").label("outcome"),
        literal("").label("reason"),
        literal("").label("settled"),
        literal(rest).label("bucket"),
        *_contact(campaign),
    )
    mine = Recipient.incident_id == campaign.incident_id
    return select(*columns).where(mine, in_audience(campaign), ~stands).order_by(Recipient.id)


def _contact(campaign: Campaign) -> Sequence[Any]:
    return (Recipient.sealed,) if campaign.mode == "live" else _DRILL


def _after_place(last: Any) -> Any:
    return tuple_(Delivery.recipient_id, Delivery.rung) > tuple_(
        literal(last.recipient_id, Delivery.recipient_id.type), literal(last.rung)
    )


def _after_person(last: Any) -> Any:
    return Recipient.id > last.recipient_id


def _pages(session: Session, query: Query, after: Callable[[Any], Any]) -> Iterator[Sequence[Any]]:
    page = session.connection().execute(query.limit(PAGE)).all()
    while page:
        yield page
        if len(page) < PAGE:
            return
        page = session.connection().execute(query.where(after(page[-1])).limit(PAGE)).all()
