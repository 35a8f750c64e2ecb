"""Giving each person a place on the ladder, in sets: no person's row passes through Python.

One statement finds the first usable rung of each of some people, packs those of e-mail into
shared envelopes and everybody else into envelopes of their own, and writes the deliveries; a
second one writes the envelopes. The same SQL runs on SQLite and PostgreSQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    text,
    true,
)
from sqlalchemy.orm import Session

from incidents.database.campaigns import Campaign, Delivery, Envelope, rows_changed
from incidents.database.engine import is_sqlite
from incidents.database.imports import PopulationImport
from incidents.database.population import Recipient
from incidents.database.sets import among

# The column that says whether a person can be reached on a channel.
ADDRESS_INDEX = {
    "email": "email_index",
    "sms": "phone_index",
    "call": "phone_index",
    "push": "push_index",
    "letter": "post_index",
}


@dataclass(frozen=True, slots=True)
class Placing:
    """How people are placed.

    size     people in one shared envelope at the most
    locales  person's locale -> locale of the words they get; others get `default_locale`
    """

    campaign: Campaign
    size: int
    locales: Mapping[str, str]
    default_locale: str
    now: datetime


def added_people(session: Session, incident_id: UUID) -> int:
    """How many people all imports of an incident have added."""
    total = func.coalesce(func.sum(PopulationImport.added_count), 0)
    done = and_(PopulationImport.incident_id == incident_id, PopulationImport.status == "done")
    found = session.scalar(select(total).where(done))
    return int(found or 0)


def is_importing(session: Session, incident_id: UUID) -> bool:
    """Whether people are being added right now."""
    running = exists().where(
        PopulationImport.incident_id == incident_id, PopulationImport.status == "running"
    )
    return bool(session.scalar(select(running)))


def not_placed_through(session: Session, mode: str) -> Sequence[UUID]:
    """Running campaigns of a mode in which somebody may have no place yet."""
    query = select(Campaign.id).where(
        Campaign.mode == mode, Campaign.status == "running", Campaign.population_count.is_(None)
    )
    return session.scalars(query.order_by(Campaign.id)).all()


def with_newcomers(session: Session, mode: str) -> Sequence[UUID]:
    """Campaigns that went through their population before the last people were added to it."""
    imports = PopulationImport.incident_id == Campaign.incident_id
    added = (
        select(func.coalesce(func.sum(PopulationImport.added_count), 0))
        .where(imports, PopulationImport.status == "done")
        .correlate(Campaign)
        .scalar_subquery()
    )
    query = select(Campaign.id).where(
        Campaign.mode == mode,
        Campaign.status.in_(("running", "paused", "finished")),
        Campaign.population_count != added,
        ~exists().where(imports, PopulationImport.status == "running"),
    )
    return session.scalars(query.order_by(Campaign.id)).all()


def locales_of(session: Session, incident_id: UUID) -> Sequence[str]:
    """The locales of everybody affected."""
    query = select(Recipient.locale).where(Recipient.incident_id == incident_id)
    return session.scalars(query.distinct().order_by(Recipient.locale)).all()


def locales_among(session: Session, people: Sequence[UUID]) -> Sequence[str]:
    """The locales of these people."""
    query = select(Recipient.locale).where(among(session, Recipient.id, people))
    return session.scalars(query.distinct()).all()


def end_of_page(session: Session, campaign: Campaign, size: int) -> UUID | None:
    """The last person of the next page of the population; None: the rest fits on it."""
    people = select(Recipient.id).where(_after(campaign)).order_by(Recipient.id)
    return session.scalar(people.offset(size - 1).limit(1))


def locales_of_page(session: Session, campaign: Campaign, end: UUID | None) -> Sequence[str]:
    """The locales of the people on a page."""
    return session.scalars(select(Recipient.locale).where(_page(campaign, end)).distinct()).all()


def make_room(session: Session) -> None:
    """Let PostgreSQL sort a page in memory, in this transaction."""
    if not is_sqlite(session.connection()):
        session.execute(text("SET LOCAL work_mem = '64MB'"))


def place_page(session: Session, placing: Placing, end: UUID | None) -> int:
    """Place the people of a page who have no place yet; gives how many there were."""
    campaign = placing.campaign
    known = exists().where(
        Delivery.campaign_id == campaign.id, Delivery.recipient_id == Recipient.id
    )
    people = select(Recipient, literal(-1).label("below")).where(_page(campaign, end), ~known)
    return _place(session, placing, people)


def move_on(session: Session, placing: Placing, moved: Sequence[UUID]) -> int:
    """Give each of these people who has no current place the next usable one up the ladder."""
    campaign = placing.campaign
    last = (
        select(Delivery.recipient_id, func.max(Delivery.rung).label("below"))
        .where(Delivery.campaign_id == campaign.id, among(session, Delivery.recipient_id, moved))
        .group_by(Delivery.recipient_id)
        .having(func.max(case((Delivery.is_current, 1), else_=0)) == 0)
        .subquery()
    )
    people: Select[*tuple[Any, ...]] = select(Recipient, last.c.below)
    people = people.join(last, last.c.recipient_id == Recipient.id)
    return _place(session, placing, people)


def _after(campaign: Campaign) -> ColumnElement[bool]:
    mine = Recipient.incident_id == campaign.incident_id
    return mine if campaign.placed_to is None else and_(mine, Recipient.id > campaign.placed_to)


def _page(campaign: Campaign, end: UUID | None) -> ColumnElement[bool]:
    return _after(campaign) if end is None else and_(_after(campaign), Recipient.id <= end)


def _place(session: Session, placing: Placing, people: Select[*tuple[Any, ...]]) -> int:
    columns = ("campaign_id", "recipient_id", "rung", "mode", "channel", "envelope")
    more = ("is_current", "outcome", "rank", "reason", "outcome_at")
    placed = insert(Delivery).from_select([*columns, *more], _packed(placing, people))
    count = rows_changed(session, placed)
    if count:
        placing.campaign.envelope_count += rows_changed(session, _envelopes(placing))
        session.flush()
    return count


def _envelopes(placing: Placing) -> Insert:
    """The envelopes of the deliveries that have just been given a number above the last one."""
    campaign = placing.campaign
    count = func.count()
    provider = case(campaign.routes, value=Delivery.channel, else_="")
    packed = (
        select(
            literal(campaign.id),
            Delivery.envelope,
            literal(campaign.mode),
            Delivery.rung,
            Delivery.channel,
            provider,
            func.min(_reads(placing)),
            count,
            count > 1,
            literal("ready"),
            literal(0),
            literal(0),
            literal(placing.now, Envelope.next_at.type),
            literal(""),
        )
        .join(Recipient, Recipient.id == Delivery.recipient_id)
        .where(Delivery.campaign_id == campaign.id, Delivery.envelope > campaign.envelope_count)
        .group_by(Delivery.envelope, Delivery.rung, Delivery.channel)
    )
    columns = ("campaign_id", "ordinal", "mode", "rung", "channel", "provider", "locale")
    more = ("people_count", "is_bulk", "state", "epoch", "attempt_count", "next_at", "reason")
    return insert(Envelope).from_select([*columns, *more], packed)


def _packed(placing: Placing, people: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Deliveries of these people, each with the ordinal of its envelope."""
    campaign = placing.campaign
    person = _on_rung(placing, people).subquery()
    # The second person at an address must not stand in the first one's envelope: all first
    # ones are packed together, all second ones, and so on.
    layer = func.row_number().over(
        partition_by=[person.c.rung, person.c.email_index], order_by=person.c.id
    )
    layered = select(person, layer.label("layer")).subquery()
    sent = and_(layered.c.withheld == "", layered.c.channel != "announcement")
    shared = case((layered.c.channel == "email", layered.c.layer), else_=0)
    place = func.row_number().over(
        partition_by=[case((sent, 1), else_=0), shared, layered.c.rung, layered.c.reads],
        order_by=layered.c.id,
    )
    lined = select(
        layered,
        case((sent, 1), else_=0).label("sent"),
        shared.label("shared"),
        place.label("place"),
    ).subquery()
    group = case((lined.c.shared > 0, (lined.c.place - 1) // placing.size), else_=lined.c.place)
    ordinal = func.dense_rank().over(
        partition_by=lined.c.sent,
        order_by=[lined.c.rung, lined.c.shared, lined.c.reads, group],
    )
    return select(
        literal(campaign.id),
        lined.c.id,
        lined.c.rung,
        literal(campaign.mode),
        lined.c.channel,
        case((lined.c.sent == 1, ordinal + campaign.envelope_count), else_=null()),
        true(),
        case((lined.c.withheld != "", "withheld"), else_=""),
        literal(0),
        lined.c.withheld,
        null(),
    )


def _on_rung(placing: Placing, people: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Each of these people with the first rung above `below` that reaches them."""
    ladder = placing.campaign.ladder
    person = people.subquery()
    rungs = [
        (and_(person.c.below < rung, person.c[ADDRESS_INDEX[channel]].is_not(None)), rung)
        for rung, channel in enumerate(ladder[:-1])
    ]
    # The last rung, the announcement, needs no address: it is open to everybody.
    last = len(ladder) - 1
    chosen = select(
        person, case(*rungs, else_=last).label("rung") if rungs else literal(last).label("rung")
    ).subquery()
    channel = case(dict(enumerate(ladder)), value=chosen.c.rung)
    return select(
        chosen.c.id,
        chosen.c.email_index,
        chosen.c.withheld,
        chosen.c.rung,
        channel.label("channel"),
        _reads(placing, chosen.c.locale).label("reads"),
    )


def _reads(placing: Placing, locale: ColumnElement[str] | None = None) -> ColumnElement[str]:
    """The locale of the words that a person of a locale gets."""
    column = Recipient.locale if locale is None else locale
    if not placing.locales:
        return literal(placing.default_locale)
    return case(placing.locales, value=column, else_=placing.default_locale)
