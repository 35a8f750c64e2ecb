"""What is due when: open duties and tasks of every incident as one list. Only reads."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from incidents.database.base import UtcDateTime
from incidents.database.duties import Duty, DutyChange
from incidents.database.incidents import Incident
from incidents.database.tasks import Task
from incidents.rules.lifecycle import ENDED


class DeadlineRow(NamedTuple):
    """One thing that is due.

    kind       duty | task
    standing   of a duty: owed | unknown; of a task: its status
    is_target  our own target, as every task's due time is
    who        whom a duty tells; the role that a task falls to
    """

    kind: str
    id: UUID
    incident_id: UUID
    incident: str
    incident_title: str
    mode: str
    title: str
    name: str
    stage: str
    place: str
    audience: str
    who: str
    standing: str
    is_target: bool
    start_at: datetime | None
    due_at: datetime


class DutyInCalendar(NamedTuple):
    """An open duty with its incident, how often it changed since it appeared, and when last."""

    duty: Duty
    incident: Incident
    changes: int
    changed_at: datetime | None


def due_list(
    modes: Collection[str],
    *,
    incident_id: UUID | None = None,
    place: str = "",
    audience: str = "",
    until: datetime | None = None,
    hard_only: bool = False,
) -> Select[Any]:
    """A query for what is due, in the columns of `DeadlineRow`.

    place      US finds US-CA too
    until      not what is due later
    hard_only  only what a law or a contract owes for certain, by a number of its own
    """
    duties, tasks = _duties(), _tasks()
    if hard_only:
        duties = duties.where(Duty.standing == "owed", Duty.is_target.is_(False))
    if place:
        duties = duties.where(_lies_in(place))
    if audience:
        duties = duties.where(Duty.audience == audience)
    both = [duties] if hard_only or place or audience else [duties, tasks]
    asked = [query.where(Incident.mode.in_(modes)) for query in both]
    if incident_id:
        asked = [query.where(Incident.id == incident_id) for query in asked]
    found = (asked[0] if len(asked) == 1 else union_all(*asked)).subquery("deadline")
    query = select(found)
    return query.where(found.c.due_at <= until) if until else query


def rows_of(
    session: Session, query: Select[Any], *, limit: int | None = None, offset: int = 0
) -> tuple[list[DeadlineRow], int]:
    """The rows of a `due_list`, soonest first, and how many there are in all."""
    columns = query.selected_columns
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(columns.due_at, columns.incident, columns.kind, columns.id)
    rows = session.execute(ordered.limit(limit).offset(offset))
    return [DeadlineRow(*row) for row in rows], total


def duties_in_calendar(session: Session, modes: Collection[str]) -> list[DutyInCalendar]:
    """Open duties that have a due time, soonest first."""
    changes = (
        select(
            DutyChange.duty_id,
            func.count().label("times"),
            func.max(DutyChange.at, type_=UtcDateTime()).label("last_at"),
        )
        .group_by(DutyChange.duty_id)
        .subquery()
    )
    query = (
        select(Duty, Incident, func.coalesce(changes.c.times, 0), changes.c.last_at)
        .join(Incident, Incident.id == Duty.incident_id)
        .outerjoin(changes, changes.c.duty_id == Duty.id)
        .where(_is_open(), Duty.due_at.is_not(None), Incident.mode.in_(modes))
        .order_by(Duty.due_at, Duty.id)
    )
    return [DutyInCalendar(*row) for row in session.execute(query)]


def hard_dues(session: Session) -> list[datetime]:
    """When each hard clock of a live incident runs out, soonest first."""
    query = (
        select(Duty.due_at)
        .join(Incident, Incident.id == Duty.incident_id)
        .where(_is_open(), Duty.standing == "owed", Duty.is_target.is_(False))
        .where(Duty.due_at.is_not(None), Incident.mode == "live")
    )
    return [due for due in session.scalars(query.order_by(Duty.due_at)) if due]


def _duties() -> Select[Any]:
    return (
        select(
            literal("duty", String).label("kind"),
            Duty.id.label("id"),
            *_of_incident(),
            Duty.title.label("title"),
            Duty.rule.label("name"),
            Duty.stage.label("stage"),
            Duty.place.label("place"),
            Duty.audience.label("audience"),
            Duty.authority.label("who"),
            Duty.standing.label("standing"),
            Duty.is_target.label("is_target"),
            Duty.start_at.label("start_at"),
            Duty.due_at.label("due_at"),
        )
        .join(Incident, Incident.id == Duty.incident_id)
        .where(_is_open(), Duty.due_at.is_not(None))
    )


def _tasks() -> Select[Any]:
    nothing = literal("", String)
    return (
        select(
            literal("task", String).label("kind"),
            Task.id.label("id"),
            *_of_incident(),
            Task.title.label("title"),
            Task.step.label("name"),
            nothing.label("stage"),
            nothing.label("place"),
            nothing.label("audience"),
            Task.owner_role.label("who"),
            Task.status.label("standing"),
            (~false()).label("is_target"),
            null().cast(UtcDateTime()).label("start_at"),
            Task.due_at.label("due_at"),
        )
        .join(Incident, Incident.id == Task.incident_id)
        .where(Task.status.in_(("open", "in_progress")), Task.due_at.is_not(None))
        .where(Incident.status.not_in(ENDED))
    )


def _of_incident() -> tuple[ColumnElement[Any], ...]:
    return (
        Incident.id.label("incident_id"),
        Incident.number.label("incident"),
        Incident.title.label("incident_title"),
        Incident.mode.label("mode"),
    )


def _is_open() -> ColumnElement[bool]:
    return (Duty.status == "open") & (Duty.standing != "recommended")


def _lies_in(place: str) -> ColumnElement[bool]:
    return or_(Duty.place == place, Duty.place.startswith(f"{place}-", autoescape=True))
