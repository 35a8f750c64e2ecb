"""What is due in one incident becomes one alarm: a new one, or part of the one that is open."""

import secrets
from collections.abc import Iterable
from uuid import UUID

from incidents.database import alarms as rows
from incidents.database.alarm_clocks import Due, due_in
from incidents.database.alarms import Alarm
from incidents.database.base import uuid7
from incidents.database.campaigns import Campaign
from incidents.database.incidents import Incident
from incidents.rules.lifecycle import ALARM
from incidents.services.alarm_schedule import Rung, ring_duty, ring_owner, ring_task
from incidents.services.lookup import get_incident
from incidents.work import Work


def gather(work: Work, incident_id: UUID) -> bool:
    """Make an alarm of all that is due now; each of it waits for its next rung from here on.

    Returns  False when another process was faster
    """
    incident = get_incident(work, incident_id)
    due = due_in(work.session, incident, work.now)
    if not due:
        return False
    _add(work, incident, _note_rungs(work, incident, due))
    return True


def ring_halt(work: Work, campaign: Campaign) -> None:
    """A campaign has paused itself: this has no clock, and rings now until somebody hears it."""
    incident = get_incident(work, campaign.incident_id)
    _add(work, incident, {campaign.id: Rung("campaign", 100, is_loud=True)})


def _add(work: Work, incident: Incident, rungs: dict[UUID, Rung]) -> None:
    alarm = rows.open_alarm(work.session, incident.id) or _open(work, incident)
    alarm.about = _merged(alarm.about, rungs)
    alarm.is_loud = alarm.is_loud or any(one.is_loud for one in rungs.values())
    # Whoever rings it now rings without this: their lease ends, and it rings again at once.
    alarm.next_at, alarm.lease_until = work.now, None


def _note_rungs(work: Work, incident: Incident, due: Due) -> dict[UUID, Rung]:
    rungs = {duty.id: ring_duty(work, duty) for duty in due.duties}
    rungs |= {task.id: ring_task(work, task) for task in due.tasks}
    if due.owner:
        rungs[incident.id] = ring_owner(work, incident)
    return rungs


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
