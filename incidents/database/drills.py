"""What is kept of a drill: what was played, by whom, how long, and how well.

A drill belongs to an incident of mode `drill`, and the database sees to it that a mode never
changes: no row that has one, whatever its table, can be moved from one mode to the other.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    ForeignKeyConstraint,
    Select,
    String,
    Table,
    and_,
    event,
    func,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.announcements import Announcement
from incidents.database.base import Base, uuid7
from incidents.database.campaigns import Attempt, Campaign, Delivery, Envelope
from incidents.database.imports import PopulationImport
from incidents.database.notices import Notice, NoticeApproval
from incidents.database.population import Recipient
from incidents.database.reports import Filing, Report


class Drill(Base):
    """One run of one scenario.

    sha256        of the scenario as it was played
    people        how many were invented
    started_at    on the clock on the wall; `seen_at` is when it was last heard of
    played_from   on the drill's own clock; `played_to` stays empty when it was broken off
    participants  who took part: role, name, acts, from when to when
    score         rules/drill_score.Scorecard; empty while it is being played
    """

    __tablename__ = "drill"
    __table_args__ = (
        ForeignKeyConstraint(["incident_id", "mode"], ["incident.id", "incident.mode"]),
        CheckConstraint("mode = 'drill'", name="is_drill"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(unique=True)
    mode: Mapped[str] = mapped_column(String(5), default="drill")
    scenario: Mapped[str] = mapped_column(String(60), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    seed: Mapped[int] = mapped_column(BigInteger)
    people: Mapped[int]
    run_by: Mapped[UUID]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    played_from: Mapped[datetime]
    played_to: Mapped[datetime | None]
    participants: Mapped[list[Any]] = mapped_column(default=list)
    score: Mapped[dict[str, Any]] = mapped_column(default=dict)


def drills(scenario: str = "") -> Select[Drill]:
    """A query for the drills that were run, of one scenario if it is named."""
    return select(Drill).where(Drill.scenario == scenario) if scenario else select(Drill)


def drill_before(session: Session, drill: Drill) -> Drill | None:
    """The last run of the same scenario before this one that was played to its end."""
    query = drills(drill.scenario).where(Drill.id < drill.id, Drill.played_to.is_not(None))
    return session.scalar(query.order_by(Drill.id.desc()).limit(1))


def drill_under_way(session: Session, since: datetime) -> Drill | None:
    """The drill that is being played, if one was heard of since a moment."""
    query = select(Drill).where(Drill.finished_at.is_(None), Drill.seen_at >= since)
    return session.scalar(query.limit(1))


def moments_of(session: Session, incident_id: UUID) -> dict[str, datetime]:
    """When each milestone that rows tell of was reached first."""
    campaigns = Campaign.incident_id == incident_id
    first = {
        "population_imported": select(func.min(PopulationImport.finished_at)).where(
            PopulationImport.incident_id == incident_id, PopulationImport.status == "done"
        ),
        "notice_approved": select(func.min(NoticeApproval.approved_at)).where(
            NoticeApproval.notice_id.in_(select(Notice.id).where(Notice.incident_id == incident_id))
        ),
        "campaign_launched": select(func.min(Campaign.launched_at)).where(campaigns),
        "everyone_attempted": select(func.min(Campaign.finished_at)).where(campaigns),
        "announcement_published": select(func.min(Announcement.published_at)).where(
            Announcement.incident_id == incident_id
        ),
        "first_report_filed": select(func.min(Filing.filed_at)).where(
            Filing.report_id.in_(select(Report.id).where(Report.incident_id == incident_id))
        ),
    }
    found = {name: session.scalar(query) for name, query in first.items()}
    return {name: moment for name, moment in found.items() if moment is not None}


def next_moment(session: Session, incident_id: UUID) -> datetime | None:
    """When the next thing happens by itself in the running campaigns of an incident."""
    running = and_(Campaign.incident_id == incident_id, Campaign.status == "running")
    waits = Envelope.state.in_(("ready", "unknown"))
    query = select(func.min(Envelope.next_at)).join(Campaign, Campaign.id == Envelope.campaign_id)
    return session.scalar(query.where(running, waits))


def reached_within(
    session: Session, campaign_id: UUID, since: datetime, spans: Sequence[timedelta]
) -> list[int]:
    """How many people had a message delivered so long after a moment."""
    delivered = and_(Delivery.campaign_id == campaign_id, Delivery.outcome == "delivered")
    return [
        session.scalar(
            select(func.count(Delivery.recipient_id.distinct())).where(
                delivered, Delivery.outcome_at <= since + span
            )
        )
        or 0
        for span in spans
    ]


def accepted_deliveries(
    incident_id: UUID, *, person: UUID | None = None, channel: str = ""
) -> Select[Delivery, Envelope, Attempt]:
    """A query for each message that the sandbox took: delivery, envelope, attempt; in order."""
    query = (
        select(Delivery, Envelope, Attempt)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .join(
            Envelope,
            and_(
                Envelope.campaign_id == Delivery.campaign_id, Envelope.ordinal == Delivery.envelope
            ),
        )
        .join(
            Attempt,
            and_(
                Attempt.campaign_id == Envelope.campaign_id,
                Attempt.ordinal == Envelope.ordinal,
                Attempt.outcome == "accepted",
            ),
        )
        .where(Campaign.incident_id == incident_id, Campaign.mode == "drill")
    )
    if person is not None:
        query = query.where(Delivery.recipient_id == person)
    return query.where(Delivery.channel == channel) if channel else query


def person_with_key(session: Session, incident_id: UUID, key: bytes) -> UUID | None:
    """The invented person behind a blind index of who they are."""
    query = select(Recipient.id).where(
        Recipient.incident_id == incident_id, Recipient.person_key == key, Recipient.mode == "drill"
    )
    return session.scalar(query)


def places_of(session: Session, people: Sequence[UUID]) -> dict[UUID, str]:
    """Where these people live."""
    query = select(Recipient.id, Recipient.place).where(Recipient.id.in_(people))
    return dict(session.execute(query).all())


def page_of(
    session: Session, query: Select[Delivery, Envelope, Attempt], limit: int, offset: int
) -> tuple[Sequence[tuple[Delivery, Envelope, Attempt]], int]:
    """A page of accepted deliveries, in the order of people and rungs, and how many there are."""
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Delivery.envelope, Delivery.recipient_id, Delivery.campaign_id)
    found = session.execute(ordered.limit(limit).offset(offset))
    return [(delivery, envelope, attempt) for delivery, envelope, attempt in found], total


def fixed_modes(dialect: str, tables: Iterable[str]) -> Iterator[str]:
    """Statements that make the mode of a row in each of these tables unchangeable."""
    if dialect == "postgresql":
        yield _REFUSE
    for table in tables:
        name, when = f"{table}_mode_is_fixed", "WHEN (OLD.mode <> NEW.mode)"
        head = f"CREATE TRIGGER {name} BEFORE UPDATE OF mode ON {table} FOR EACH ROW {when}"
        if dialect == "sqlite":
            yield f"{head} BEGIN SELECT RAISE(ABORT, 'the mode of a {table} is fixed'); END"
        else:
            yield f"{head} EXECUTE FUNCTION mode_is_fixed()"
            # ALWAYS: `session_replication_role = replica` does not slip past it
            yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"


_REFUSE = (
    "CREATE OR REPLACE FUNCTION mode_is_fixed() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION USING MESSAGE = 'the mode of a ' || TG_TABLE_NAME || ' is fixed', "
    "ERRCODE = 'check_violation'; END $$"
)


@event.listens_for(Base.metadata, "after_create")
def _fix_modes(
    _metadata: object, connection: Connection, tables: Collection[Table], **_: Any
) -> None:
    moded = sorted(one.name for one in tables if "mode" in one.columns)
    for statement in fixed_modes(connection.dialect.name, moded):
        connection.exec_driver_sql(statement)
