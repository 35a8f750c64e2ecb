"""Handing envelopes that surely never left to another provider, in sets."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from incidents.database.campaigns import Attempt, Campaign, Delivery, Envelope, rows_changed
from incidents.database.leases import update_envelopes
from incidents.database.population import Recipient
from incidents.database.providers import Lane as Pair
from incidents.database.sets import among
from incidents.database.waiting import state_is
from incidents.rules.tracks import Lane

Stranded = tuple[UUID, str, str]  # campaign, provider, channel


def stranded(session: Session, mode: str, lanes: Collection[Pair]) -> Sequence[Stranded]:
    """The running campaigns in which something waits for one of these."""
    query = (
        select(Envelope.campaign_id, Envelope.provider, Envelope.channel)
        .join(Campaign, Campaign.id == Envelope.campaign_id)
        .where(
            Campaign.mode == mode,
            Campaign.status == "running",
            state_is("ready"),
            tuple_(Envelope.provider, Envelope.channel).in_(sorted(lanes)),
        )
        .distinct()
    )
    return cast("Sequence[Stranded]", session.execute(query).all())


def reroute(
    session: Session, campaign: Campaign, provider: str, channel: str, lane: Lane, now: datetime
) -> int:
    """Hand what waits for a provider to another; how many envelopes were handed over.

    The caller holds the campaign. Envelopes of which anything may ever have left stay, and so do
    those with somebody inside whom the other may not serve. Too large ones are taken apart.
    """
    movable = _movable(campaign, provider, channel, lane)
    large = select(Envelope.ordinal).where(movable, Envelope.people_count > lane.max_people)
    apart = session.scalars(large.order_by(Envelope.ordinal).with_for_update()).all()
    fitting = update(Envelope).where(movable, Envelope.people_count <= lane.max_people)
    next_at = Envelope.next_at if _may_sleep(campaign, channel) else _unless_on_ramp(now)
    count = rows_changed(
        session, fitting.values(provider=lane.provider, next_at=next_at, reason="")
    )
    if apart:
        _take_apart(session, campaign, apart, lane, now)
    return count + len(apart)


def _may_sleep(campaign: Campaign, channel: str) -> bool:
    """Whether what waits may wait for the morning: then it keeps its time, trouble or not."""
    return channel in campaign.quiet.get("channels", ())


def _unless_on_ramp(now: datetime) -> ColumnElement[datetime]:
    """This moment; a later one of what has not been tried, and waits for its mail host's ramp."""
    waits = and_(Envelope.mail_host != 0, Envelope.attempt_count == 0, Envelope.next_at > now)
    return case((waits, Envelope.next_at), else_=literal(now, Envelope.next_at.type))


def _movable(campaign: Campaign, provider: str, channel: str, lane: Lane) -> ColumnElement[bool]:
    inside = and_(
        Delivery.campaign_id == Envelope.campaign_id, Delivery.envelope == Envelope.ordinal
    )
    may_have_left = exists().where(
        Attempt.campaign_id == Envelope.campaign_id,
        Attempt.ordinal == Envelope.ordinal,
        Attempt.outcome != "retry",
    )
    waits = and_(
        Envelope.campaign_id == campaign.id,
        state_is("ready"),
        Envelope.provider == provider,
        Envelope.channel == channel,
        ~may_have_left,
    )
    if not lane.never:
        return waits
    barred = exists().where(
        inside, Recipient.id == Delivery.recipient_id, Recipient.place.in_(sorted(lane.never))
    )
    return and_(waits, ~barred)


def _take_apart(
    session: Session, campaign: Campaign, ordinals: Sequence[int], lane: Lane, now: datetime
) -> None:
    """Put the people of large envelopes into ones that the lane can carry."""
    parts = _parts(session, campaign, ordinals, lane.max_people).subquery()
    made = rows_changed(session, _envelopes(campaign, parts, lane, now))
    envelope = update(cast("Table", Delivery.__table__)).where(
        Delivery.campaign_id == campaign.id,
        Delivery.recipient_id == parts.c.recipient_id,
        Delivery.rung == parts.c.rung,
    )
    rows_changed(session, envelope.values(envelope=parts.c.ordinal))
    gone = {"state": "split", "reason": "its provider is in trouble"}
    update_envelopes(session, campaign.id, ordinals, gone)
    campaign.envelope_count += made
    session.flush()


def _parts(
    session: Session, campaign: Campaign, ordinals: Sequence[int], size: int
) -> Select[*tuple[Any, ...]]:
    """Each person in these envelopes with the ordinal of the new one."""
    place = func.row_number().over(partition_by=Delivery.envelope, order_by=Delivery.recipient_id)
    lined = (
        select(
            Delivery.recipient_id,
            Delivery.rung,
            Delivery.envelope.label("parent"),
            ((place - 1) // size).label("part"),
        )
        .where(Delivery.campaign_id == campaign.id, among(session, Delivery.envelope, ordinals))
        .subquery()
    )
    rank = func.dense_rank().over(order_by=[lined.c.parent, lined.c.part])
    return select(lined, (rank + campaign.envelope_count).label("ordinal"))


def _envelopes(campaign: Campaign, parts: Any, lane: Lane, now: datetime) -> Any:
    count = func.count()
    kept = ("campaign_id", "mode", "rung", "channel", "locale", "variant", "awaits", "mail_host")
    columns = [cast("Table", Envelope.__table__).c[name] for name in kept]
    values: dict[str, Any] = {
        "ordinal": parts.c.ordinal,
        "provider": literal(lane.provider),
        "people_count": count,
        "is_bulk": count > 1,
        "state": literal("ready"),
        "epoch": literal(0),
        "attempt_count": literal(0),
        "next_at": case(
            (Envelope.channel.in_(campaign.quiet.get("channels", ())), func.max(Envelope.next_at)),
            else_=func.max(_unless_on_ramp(now)),
        ),
        "reason": literal(""),
    }
    inside = and_(Envelope.campaign_id == campaign.id, Envelope.ordinal == parts.c.parent)
    grouped = (
        select(*columns, *values.values())
        .select_from(parts.join(Envelope, inside))
        .group_by(*columns, parts.c.ordinal)
    )
    return insert(Envelope).from_select([*kept, *values], grouped)
