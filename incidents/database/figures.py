"""Counts of rows for whoever watches from outside; each by its labels."""

from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from incidents.database.alarms import Alarm, AlarmPage
from incidents.database.duties import Duty
from incidents.database.incidents import Incident
from incidents.rules.lifecycle import ENDED

Counts: TypeAlias = dict[tuple[str, ...], int]

_RUNNING = Incident.status.not_in(ENDED)


def open_incidents(session: Session) -> Counts:
    """How many incidents are not over, by mode."""
    return _counted(session, select(Incident.mode, func.count()).where(_RUNNING), Incident.mode)


def open_duties(session: Session) -> Counts:
    """How many duties are open, by mode and standing."""
    return _counted(session, _duties(), Incident.mode, Duty.standing)


def overdue_duties(session: Session, now: datetime) -> Counts:
    """How many open duties are past their due time, by mode and standing."""
    return _counted(session, _duties().where(Duty.due_at <= now), Incident.mode, Duty.standing)


def _duties() -> Select[*tuple[Any, ...]]:
    query = select(Incident.mode, Duty.standing, func.count())
    query = query.join(Incident, Incident.id == Duty.incident_id)
    return query.where(Duty.status == "open", _RUNNING)


def open_alarms(session: Session) -> Counts:
    """How many alarms nobody has acknowledged, by mode and by whether they are loud."""
    query = select(Alarm.mode, Alarm.is_loud, func.count()).where(Alarm.state == "open")
    found = session.execute(query.group_by(Alarm.mode, Alarm.is_loud))
    return {(mode, "yes" if loud else "no"): count for mode, loud, count in found}


def pages(session: Session) -> Counts:
    """How many people were woken so far in live incidents, by channel and outcome."""
    query = select(AlarmPage.channel, AlarmPage.outcome, func.count())
    query = query.where(AlarmPage.mode == "live")
    return _counted(session, query, AlarmPage.channel, AlarmPage.outcome)


def last_ring(session: Session) -> datetime | None:
    """When a live alarm rang last."""
    return session.scalar(select(func.max(Alarm.rang_at)).where(Alarm.mode == "live"))


def _counted(
    session: Session, query: Select[*tuple[Any, ...]], *labels: ColumnElement[Any] | Any
) -> Counts:
    return {tuple(key): count for *key, count in session.execute(query.group_by(*labels))}
