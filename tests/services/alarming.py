"""What tests of alarms start from: people on duty, duties with clocks, pagers that remember."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any

from incidents.database.duties import Duty
from incidents.database.incidents import Incident
from incidents.database.users import User
from incidents.rules.permissions import Role
from incidents.services import alarm_schedule, alarms, rota, rota_plan
from incidents.services.rota_plan import Round
from incidents.work import Actor, Office, Work
from notifiers.paging import Contact, Page, Paged
from tests.factories import make_user, uuid7


class Died(BaseException):
    """The process was killed here."""


@dataclass
class MemoryPager:
    """Remembers whom it woke with what; `outcome` is what it answers."""

    channel: str = "email"
    outcome: Any = "accepted"
    dies: bool = False
    woken: list[tuple[Contact, Page]] = field(default_factory=list)

    def page(self, to: Contact, page: Page) -> Paged:
        if self.dies:
            raise Died
        self.woken.append((to, page))
        return Paged(self.channel, self.outcome, "")

    @property
    def names(self) -> list[str]:
        return sorted(to.name for to, _ in self.woken)

    def forget(self) -> None:
        self.woken.clear()


def ring(office: Office, *pagers: MemoryPager) -> int:
    """Ring what is due, by these pagers alone."""
    return alarms.ring_due(office, lambda _mode: pagers)


def make_on_duty(
    work: Work, name: str = "Ada", *, role: str = "commander", email: str = "", phone: str = ""
) -> User:
    """Somebody who is woken."""
    user = make_user(work, role, name=name)
    if not email and not phone:
        email, phone = f"{name.lower()}@example.com", "+12025550101"
    before, work.actor = work.actor, Actor.with_roles(user.id, name, Role(role))
    rota.set_contact(work, user.id, email=email, phone=phone)
    work.actor = before
    return user


def make_rota(work: Work, *levels: list[str]) -> None:
    """Who is woken first, who after them, for ever."""
    before, work.actor = work.actor, Actor.with_roles(uuid7(), "kim", Role.COMMANDER)
    today = (work.now - timedelta(days=1)).date()
    turns = Round(zone="UTC", handover=time(9), days=7, levels=levels, starts_on=today)
    rota_plan.create(work, "watch", turns)
    work.actor = before


def make_duty(work: Work, incident: Incident, hours: float | None = 72, **changes: Any) -> Duty:
    """A hard duty whose clock started now, with its next alarm."""
    row: dict[str, Any] = {
        "id": uuid7(),
        "incident_id": incident.id,
        "rule": f"xx-law-{uuid7().hex[-8:]}",
        "rule_version": "0" * 64,
        "stage": "initial",
        "place": "DE",
        "audience": "authority",
        "authority": "",
        "title": "Tell the authority",
        "standing": "owed",
        "status": "open",
        "is_target": False,
        "start_at": work.now,
        "due_at": work.now + timedelta(hours=hours) if hours is not None else None,
        "details": {"confidence": "high"},
        "met_when": {"report_filed": {}},
        "appeared_at": work.now,
        "status_at": work.now,
    }
    duty = Duty(**row | changes)
    work.session.add(duty)
    alarm_schedule.reschedule(work, incident, [duty])
    work.session.flush()
    return duty
