"""What providers said, kept once, and folded into the people's rows in sets."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple, cast
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import ColumnElement, Table, and_, case, exists, null, select, update
from sqlalchemy.orm import Session, aliased

from incidents.database.campaigns import (
    Attempt,
    Delivery,
    ProviderReceipt,
    rows_changed,
)
from incidents.database.engine import is_sqlite, upsert
from incidents.database.sets import among, as_rows, copy_in
from incidents.database.withdrawals import count_again, waiting_envelopes

_RECEIPT = cast("Table", ProviderReceipt.__table__)
_IS_OPEN = Attempt.outcome.in_(("", "unknown", "unresolved", "retry"))
_EARLIER = "reached on an earlier rung"
# A savepoint and its end cost more than the copying of fewer rows saves.
_WORTH_A_COPY = 500


class Kept(NamedTuple):
    """What is kept of a receipt; in the place of an id None, if it tells of what we do not know."""

    dedupe_key: str
    provider: str
    campaign_id: UUID | Any
    attempt_id: UUID | Any
    recipient_id: UUID | Any
    rung: int | Any
    kind: str
    rank: int
    permanent: bool
    code: str
    provider_ref: str
    at: datetime
    received_at: datetime


class Behind(NamedTuple):
    """An attempt that a receipt tells of. is_open: no acceptance of it is on record."""

    campaign_id: UUID
    is_open: bool


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt of which no acceptance is on record."""

    id: UUID
    campaign_id: UUID
    ordinal: int
    epoch: int
    sha256: str


def keep_new(session: Session, receipts: Iterable[Kept]) -> set[str]:
    """Keep the receipts that are not known yet; gives their keys."""
    # In one order, so that two posts of the same events do not wait for each other.
    ordered = sorted(receipts, key=attrgetter("dedupe_key"))
    if len(ordered) >= _WORTH_A_COPY and _all_are_new(session, ordered):
        return {receipt.dedupe_key for receipt in ordered}
    rows = [receipt._asdict() for receipt in ordered]
    if not rows:
        return set()
    if is_sqlite(session.connection()):
        new = upsert(session, ProviderReceipt).on_conflict_do_nothing()
        return set(session.scalars(new.returning(ProviderReceipt.dedupe_key), rows))
    given = upsert(session, _RECEIPT).from_select(list(Kept._fields), as_rows(_RECEIPT, rows))
    new_rows = given.on_conflict_do_nothing().returning(_RECEIPT.c.dedupe_key)
    return set(session.connection().scalars(new_rows))


def _all_are_new(session: Session, receipts: Sequence[Kept]) -> bool:
    """Keep these as if none were known; False if one is, and none was kept."""
    if is_sqlite(session.connection()):
        return False
    try:
        with session.begin_nested():
            copy_in(session, _RECEIPT, Kept._fields, receipts)
    except UniqueViolation:
        return False
    return True


def behind(session: Session, attempts: Collection[UUID]) -> dict[UUID, Behind]:
    """What is on record of these attempts, as far as they are ours."""
    columns = (Attempt.id, Attempt.campaign_id, _IS_OPEN.label("is_open"))
    found = session.execute(select(*columns).where(among(session, Attempt.id, attempts)))
    return {attempt: Behind(campaign_id, is_open) for attempt, campaign_id, is_open in found}


def not_yet_accepted(session: Session, attempts: Collection[UUID]) -> list[OpenAttempt]:
    """Those of these attempts that are open, unknown, or thought not to have gone."""
    columns = (Attempt.id, Attempt.campaign_id, Attempt.ordinal, Attempt.epoch, Attempt.sha256)
    query = select(*columns).where(among(session, Attempt.id, attempts), _IS_OPEN)
    return [OpenAttempt(**row._asdict()) for row in session.execute(query.order_by(Attempt.id))]


def deliver(
    session: Session, campaign_id: UUID, rung: int, people: Sequence[UUID], rank: int, now: datetime
) -> list[UUID]:
    """These people were reached on a rung; gives those who had been moved on from it."""
    here = _weaker(session, campaign_id, rung, people, rank)
    told = {"outcome": "delivered", "rank": rank, "reason": "", "outcome_at": now}
    reached = update(Delivery).where(here).values(**told)
    # Of those who stood here nothing is told: to read an id takes the driver long.
    had_left = case((Delivery.is_current, null()), else_=Delivery.recipient_id)
    options = {"synchronize_session": False}
    told_of = session.scalars(reached.returning(had_left), execution_options=options)
    return [person for person in told_of if person]


def fail(
    session: Session,
    campaign_id: UUID,
    rung: int,
    people: Sequence[UUID],
    *,
    rank: int,
    reason: str,
    now: datetime,
) -> list[UUID]:
    """A rung is done with for these people; gives those who stood on it and must move on."""
    here = _weaker(session, campaign_id, rung, people, rank)
    leaving = session.scalars(select(Delivery.recipient_id).where(here, Delivery.is_current)).all()
    failed = {"outcome": "failed", "rank": rank, "reason": reason[:100], "outcome_at": now}
    rows_changed(session, update(Delivery).where(here).values(**failed, is_current=False))
    return list(leaving)


def fail_envelopes(
    session: Session, campaign_id: UUID, reasons: Mapping[int, str], outcome: str, now: datetime
) -> list[UUID]:
    """The people of refused or unresolved envelopes must move on; gives them."""
    inside = and_(
        Delivery.campaign_id == campaign_id, Delivery.envelope.in_(reasons), Delivery.is_current
    )
    people = list(session.scalars(select(Delivery.recipient_id).where(inside)))
    for ordinal, reason in reasons.items():
        failed = {"outcome": outcome, "reason": reason[:100], "outcome_at": now}
        these = update(Delivery).where(inside, Delivery.envelope == ordinal)
        rows_changed(session, these.values(**failed, is_current=False))
    return people


def stand_again(
    session: Session, campaign_id: UUID, rung: int, people: Sequence[UUID], now: datetime
) -> None:
    """People reached late on a rung they had left: what has not left above it is withdrawn."""
    later = and_(
        Delivery.campaign_id == campaign_id,
        among(session, Delivery.recipient_id, people),
        Delivery.rung > rung,
        Delivery.is_current,
        Delivery.outcome != "delivered",
    )
    withdrawn = waiting_envelopes(session, campaign_id, later)
    aside = {"outcome": "suppressed", "reason": _EARLIER, "outcome_at": now}
    out = case((Delivery.envelope.in_(withdrawn), null()), else_=Delivery.envelope)
    rows_changed(
        session, update(Delivery).where(later).values(**aside, envelope=out, is_current=False)
    )
    count_again(session, campaign_id, withdrawn, _EARLIER)
    other = aliased(Delivery)
    stands = exists().where(
        other.campaign_id == campaign_id,
        other.recipient_id == Delivery.recipient_id,
        other.is_current,
    )
    back = update(Delivery).where(
        Delivery.campaign_id == campaign_id,
        among(session, Delivery.recipient_id, people),
        Delivery.rung == rung,
        ~stands,
    )
    rows_changed(session, back.values(is_current=True))


def _weaker(
    session: Session, campaign_id: UUID, rung: int, people: Sequence[UUID], rank: int
) -> ColumnElement[bool]:
    """The rows of these people on a rung of which nothing as strong has been said."""
    return and_(
        Delivery.campaign_id == campaign_id,
        Delivery.rung == rung,
        among(session, Delivery.recipient_id, people),
        Delivery.rank < rank,
    )
