"""The one open alarm of an incident: whatever rings becomes part of it."""

import secrets
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from incidents.database import alarms as rows
from incidents.database.alarms import Alarm
from incidents.database.base import uuid7
from incidents.database.campaigns import Campaign
from incidents.database.incidents import Incident
from incidents.rules.lifecycle import ALARM
from incidents.services.lookup import get_incident
from incidents.work import Work


class Rung(NamedTuple):
    """What rang: `share` of its clock, and whether it wakes people."""

    kind: str
    share: int
    is_loud: bool


def add(work: Work, incident: Incident, rungs: dict[UUID, Rung]) -> None:
    """Have these ring now, in a new alarm or as part of the one that is open."""
    alarm = rows.open_alarm(work.session, incident.id) or _open(work, incident)
    alarm.about = _merged(alarm.about, rungs)
    alarm.is_loud = alarm.is_loud or any(one.is_loud for one in rungs.values())
    # Whoever rings it now rings without this: their lease ends, and it rings again at once.
    alarm.next_at, alarm.lease_until = work.now, None


def ring_halt(work: Work, campaign: Campaign) -> None:
    """A campaign has paused itself: this has no clock, and rings now until somebody hears it."""
    incident = get_incident(work, campaign.incident_id)
    add(work, incident, {campaign.id: Rung("campaign", 100, is_loud=True)})


def _open(work: Work, incident: Incident) -> Alarm:
    alarm = Alarm(
        id=uuid7(),
        incident_id=incident.id,
        mode=incident.mode,
        state=ALARM.start,
        is_loud=False,
        about=[],
        code=_new_code(rows.open_codes(work.session)),
        opened_at=work.now,
    )
    work.session.add(alarm)
    return alarm


def _new_code(taken: set[str]) -> str:
    while (code := f"{secrets.randbelow(1_000_000):06}") in taken:
        pass
    return code


def _merged(about: Iterable[dict[str, object]], rungs: dict[UUID, Rung]) -> list[object]:
    fresh = [{"id": str(key), **one._asdict()} for key, one in rungs.items()]
    ids = {one["id"] for one in fresh}
    return [*(one for one in about if one["id"] not in ids), *fresh]
