"""Going through a campaign's population, a page at a time, and noticing who came later."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from incidents.database.audience import in_audience
from incidents.database.campaigns import Campaign, Delivery
from incidents.database.engine import is_sqlite
from incidents.database.imports import PopulationImport
from incidents.database.population import Recipient, are_people_of
from incidents.database.sets import among

# A locale and a place: all of a person that decides on words and providers.
Kind = tuple[str, str]


def added_people(session: Session, incident_id: UUID) -> int:
    """How many people all imports of an incident have added."""
    total = func.coalesce(func.sum(PopulationImport.added_count), 0)
    done = and_(PopulationImport.incident_id == incident_id, PopulationImport.status == "done")
    found = session.scalar(select(total).where(done))
    return int(found or 0)


def not_placed_through(session: Session, mode: str) -> Sequence[UUID]:
    """Running campaigns of a mode in which somebody may have no place yet.

    While a canary is out, the others have none, and wait.
    """
    query = select(Campaign.id).where(
        Campaign.mode == mode,
        Campaign.status == "running",
        Campaign.gate == "open",
        Campaign.population_count.is_(None),
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


def places_of(session: Session, incident_id: UUID) -> Sequence[str]:
    """The places of everybody affected."""
    return sorted({place for _, place in kinds_of(session, incident_id)})


def kinds_of(session: Session, incident_id: UUID) -> list[Kind]:
    """The locales and places of everybody affected."""
    mine = Recipient.incident_id == incident_id
    query = select(Recipient.locale, Recipient.place).where(mine)
    return _noted_kinds(session, incident_id) or _kinds(session, query)


def _noted_kinds(session: Session, incident_id: UUID) -> list[Kind]:
    """What the imports noted of them, each with the people it added; none if not all did."""
    noted = session.scalars(
        select(PopulationImport.kinds).where(
            PopulationImport.incident_id == incident_id, PopulationImport.status != "failed"
        )
    ).all()
    if None in noted:
        return []
    return sorted({(locale, place) for kinds in noted for locale, place in kinds or ()})


def end_of_page(session: Session, campaign: Campaign, size: int) -> UUID | None:
    """The last person of the next page of the population; None: the rest fits on it."""
    people = select(Recipient.id).where(is_on_page(session, campaign, None)).order_by(Recipient.id)
    return session.scalar(people.offset(size - 1).limit(1))


def is_on_page(session: Session, campaign: Campaign, end: UUID | None) -> ColumnElement[bool]:
    """Whether a recipient is on the campaign's next page, which ends with `end`."""
    incident: ColumnElement[UUID] | InstrumentedAttribute[UUID] = Recipient.incident_id
    if is_sqlite(session.connection()):
        # A plus keeps SQLite from sorting everybody of the incident for each page.
        incident = literal_column("+recipient.incident_id", Recipient.incident_id.type)
    mine = incident == campaign.incident_id
    return and_(mine, has_id_on_page(Recipient.id, campaign, end))


def has_id_on_page(
    column: ColumnElement[UUID] | InstrumentedAttribute[UUID], campaign: Campaign, end: UUID | None
) -> ColumnElement[bool]:
    """Whether a recipient's id lies between the last page and the end of this one."""
    after = true() if campaign.placed_to is None else column > campaign.placed_to
    return after if end is None else and_(after, column <= end)


def kinds_on_page(session: Session, campaign: Campaign, end: UUID | None) -> list[Kind]:
    """The locales and places of the people on a page; where they are known, of all."""
    page = select(Recipient.locale, Recipient.place).where(is_on_page(session, campaign, end))
    return _noted_kinds(session, campaign.incident_id) or _kinds(session, page)


def kinds_among(session: Session, people: Sequence[UUID]) -> list[Kind]:
    """The locales and places of these people."""
    these = among(session, Recipient.id, people)
    return _kinds(session, select(Recipient.locale, Recipient.place).where(these))


def is_drawn(campaign: Campaign, count: int) -> ColumnElement[bool]:
    """Whether a recipient is among so many of the campaign's people, as good as drawn by lot.

    A person's key is a keyed hash of who they are: its order has nothing to do with that of the
    list. There is an index of it, so no more rows are read than are wanted.
    """
    ours = and_(are_people_of(campaign.incident_id), in_audience(campaign))
    mine = select(Recipient.id).where(ours)
    return Recipient.id.in_(mine.order_by(Recipient.person_key).limit(count))


def kinds_drawn(session: Session, campaign: Campaign, count: int) -> list[Kind]:
    """The locales and places of those who were drawn."""
    drawn = is_drawn(campaign, count)
    return _kinds(session, select(Recipient.locale, Recipient.place).where(drawn))


def _kinds(session: Session, query: Select[str, str]) -> list[Kind]:
    return [(locale, place) for locale, place in session.execute(query.distinct())]


def held_by_place(session: Session, campaign_id: UUID, reason: str) -> dict[str, int]:
    """How many people of each place a campaign holds back for this reason."""
    query = (
        select(Recipient.place, func.count().label("people"))
        .join(Delivery, Delivery.recipient_id == Recipient.id)
        .where(
            Delivery.campaign_id == campaign_id,
            Delivery.is_current,
            Delivery.outcome == "withheld",
            Delivery.reason == reason,
        )
    )
    found = session.execute(query.group_by(Recipient.place).order_by(Recipient.place))
    return {row.place: row.people for row in found}
