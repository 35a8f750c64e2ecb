"""What is due in one incident becomes one alarm: a new one, or part of the one that is open."""

from uuid import UUID

from incidents.database.alarm_clocks import Due, due_in
from incidents.database.incidents import Incident
from incidents.services import open_alarm
from incidents.services.alarm_schedule import ring_duty, ring_owner, ring_task
from incidents.services.lookup import get_incident
from incidents.services.open_alarm import Rung
from incidents.work import Work


def gather(work: Work, incident_id: UUID) -> bool:
    """Make an alarm of all that is due now; each of it waits for its next rung from here on.

    Returns  False when another process was faster
    """
    incident = get_incident(work, incident_id)
    due = due_in(work.session, incident, work.now)
    if not due:
        return False
    open_alarm.add(work, incident, _note_rungs(work, incident, due))
    return True


def _note_rungs(work: Work, incident: Incident, due: Due) -> dict[UUID, Rung]:
    rungs = {duty.id: ring_duty(work, duty) for duty in due.duties}
    rungs |= {task.id: ring_task(work, task) for task in due.tasks}
    if due.owner:
        rungs[incident.id] = ring_owner(work, incident)
    return rungs
