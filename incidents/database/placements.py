"""Giving each person a place on the ladder, in sets: no person's row passes through Python.

People are packed (database/packing) into a table of the connection's own; from there their
deliveries are written, and the envelopes that carry them.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Insert,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Uuid,
    case,
    delete,
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
from sqlalchemy.schema import CreateTable

from incidents.database import ramp
from incidents.database.audience import in_audience
from incidents.database.campaigns import Campaign, Delivery, Envelope, rows_changed
from incidents.database.engine import is_sqlite
from incidents.database.packing import by_number, packed
from incidents.database.pages import has_id_on_page, is_drawn, is_on_page
from incidents.database.population import Recipient, came_whole
from incidents.database.sets import among
from incidents.database.standing import PERSON, RESIDENCY, Placing, chosen
from incidents.database.statistics import by_hash

# Of the connection alone, and empty outside of `_place`.
PACKED = Table(
    "packed",
    MetaData(),
    Column("id", Uuid(), nullable=False),
    Column("rung", Integer, nullable=False),
    Column("held", String(40), nullable=False),
    Column("track", Integer),
    Column("words", Integer, nullable=False),
    Column("envelope", Integer),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DELETE ROWS",
)


def make_room(session: Session) -> None:
    """Let PostgreSQL sort a page in memory, in this transaction."""
    if not is_sqlite(session.connection()):
        session.execute(text("SET LOCAL work_mem = '64MB'"))


def place_page(session: Session, placing: Placing, end: UUID | None) -> int:
    """Place the people of a page who have no place yet; gives how many there were."""
    campaign = placing.campaign
    known = exists().where(
        Delivery.campaign_id == campaign.id,
        Delivery.recipient_id == Recipient.id,
        # Said once more, so that not all who have a place are read for each page.
        has_id_on_page(Delivery.recipient_id, campaign, end),
    )
    page = select(*PERSON, literal(-1).label("below")).where(is_on_page(session, campaign, end))
    meant = in_audience(campaign, lambda ids: has_id_on_page(ids, campaign, end))
    return _place(session, placing, page.where(~known, meant, came_whole(campaign.incident_id)))


def place_canary(session: Session, placing: Placing, count: int) -> int:
    """Place so many people, drawn by lot; nobody has a place yet."""
    people = select(*PERSON, literal(-1).label("below"))
    return _place(session, placing, people.where(is_drawn(placing.campaign, count)))


def move_on(session: Session, placing: Placing, moved: Sequence[UUID]) -> int:
    """Give each of these people who has no current place the next usable one up the ladder."""
    last = (
        select(
            Delivery.recipient_id,
            func.max(Delivery.rung).label("rung"),
            func.max(case((Delivery.is_current, 1), else_=0)).label("stands"),
        )
        .where(
            Delivery.campaign_id == placing.campaign.id,
            among(session, Delivery.recipient_id, moved),
        )
        .group_by(Delivery.recipient_id)
        .subquery()
    )
    people: Select[*tuple[Any, ...]] = (
        select(*PERSON, func.coalesce(last.c.rung, -1).label("below"))
        .outerjoin(last, last.c.recipient_id == Recipient.id)
        .where(among(session, Recipient.id, moved), func.coalesce(last.c.stands, 0) == 0)
    )
    return _place(session, placing, people)


def take_back_held(
    session: Session, campaign: Campaign, places: Collection[str], after: UUID | None, most: int
) -> list[UUID]:
    """Take the places back of people held for where they live; who, in order.

    places  only of those who live there, since providers may serve them now
    after   only of those who come after this one
    """
    held = select(Delivery.recipient_id).where(
        Delivery.campaign_id == campaign.id,
        Delivery.is_current,
        Delivery.outcome == "withheld",
        Delivery.reason == RESIDENCY,
        Delivery.recipient_id.in_(select(Recipient.id).where(Recipient.place.in_(places))),
    )
    if after is not None:
        held = held.where(Delivery.recipient_id > after)
    people = session.scalars(held.order_by(Delivery.recipient_id).limit(most)).all()
    rows_changed(
        session,
        delete(Delivery).where(
            Delivery.campaign_id == campaign.id,
            Delivery.is_current,
            among(session, Delivery.recipient_id, people),
        ),
    )
    return list(people)


def _place(session: Session, placing: Placing, people: Select[*tuple[Any, ...]]) -> int:
    if not placing.places:
        return 0
    session.execute(CreateTable(PACKED, if_not_exists=True))
    columns = [column.name for column in PACKED.columns]
    with by_hash(session):
        count = rows_changed(session, insert(PACKED).from_select(columns, packed(placing, people)))
    if count:
        rows_changed(session, _deliveries(placing))
        if placing.tracks:
            placing.campaign.envelope_count += rows_changed(session, _envelopes(placing))
            session.flush()
        if placing.slopes:
            _count_on_ramp(session, placing)
        session.execute(delete(PACKED) if is_sqlite(session.connection()) else _EMPTY)
    return count


def _count_on_ramp(session: Session, placing: Placing) -> None:
    """How many people of each large host have a place now, so that the next ones go on there."""
    counted = select(PACKED.c.track, func.count()).group_by(PACKED.c.track)
    total = Counter(placing.placed)
    for track, people in session.execute(counted.where(PACKED.c.track.is_not(None))):
        total[placing.tracks[track].host] += people
    del total[0]
    ramp.count_in(placing.campaign, total)
    session.flush()


_EMPTY = text("TRUNCATE packed")


def _deliveries(placing: Placing) -> Insert:
    campaign, row = placing.campaign, PACKED.c
    values = {
        "campaign_id": literal(campaign.id),
        "recipient_id": row.id,
        "rung": row.rung,
        "mode": literal(campaign.mode),
        "channel": chosen(row.rung, dict(enumerate(placing.rungs)), campaign.ladder[-1]),
        "envelope": row.envelope,
        "is_current": true(),
        "outcome": case((row.held != "", "withheld"), else_=""),
        "rank": literal(0),
        "reason": row.held,
        "outcome_at": null(),
    }
    return insert(Delivery).from_select([*values], select(*values.values()))


def _envelopes(placing: Placing) -> Insert:
    campaign, row, count = placing.campaign, PACKED.c, func.count()
    tracks = placing.tracks
    values = {
        "campaign_id": literal(campaign.id),
        "ordinal": row.envelope,
        "mode": literal(campaign.mode),
        "rung": by_number(row.track, [track.rung for track in tracks]),
        "channel": by_number(row.track, [track.channel for track in tracks]),
        "provider": by_number(row.track, [track.lane.provider for track in tracks]),
        "locale": by_number(row.words, [locale for locale, _ in placing.words]),
        "variant": by_number(row.words, [variant for _, variant in placing.words]),
        "people_count": count,
        "is_bulk": count > 1,
        "awaits": by_number(row.track, [placing.awaits(track) for track in tracks]),
        "mail_host": by_number(row.track, [track.host for track in tracks]),
        "state": literal("ready"),
        "epoch": literal(0),
        "attempt_count": literal(0),
        "next_at": by_number(row.track, [t.opens_at for t in tracks], Envelope.next_at.type),
        "reason": literal(""),
    }
    shared = (row.envelope, row.track, row.words)
    grouped = select(*values.values()).where(row.envelope.is_not(None)).group_by(*shared)
    return insert(Envelope).from_select([*values], grouped)
