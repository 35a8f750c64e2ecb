"""What a sentinel watches over: a clock that runs, and somebody to wake."""

from __future__ import annotations

from datetime import datetime, timedelta

from incidents.rules.permissions import Role
from incidents.services import alarm_schedule, rota
from incidents.work import TOCSIN, Actor, Office
from tests import factories


def somebody_on_duty(office: Office) -> None:
    """A commander who said how they are reached."""
    with office.work(TOCSIN) as work:
        user = factories.make_user(work, "commander", name="Ada Example")
    with office.work(Actor.with_roles(user.id, user.name, Role.COMMANDER)) as work:
        rota.set_contact(work, user.id, email="ada@example.com")


def clock_at_half(office: Office, half_at: datetime) -> str:
    """An incident whose only duty has run half of its clock at a moment; gives its number."""
    half = timedelta(hours=36)
    with office.work(TOCSIN) as work:
        incident = factories.make_incident(work, review_due=False)
        duty = factories.make_duty(
            work,
            incident,
            rule="eu-gdpr-33",
            title="Notify the supervisory authority",
            start_at=half_at - half,
            due_at=half_at + half,
        )
        alarm_schedule.reschedule(work, incident, [duty])
        return incident.number
