"""Duties as people handle them: read with their why, waived with a reason, told again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select

from incidents.audit import log as audit
from incidents.database.duties import Duty, DutyChange, Evidence, changes_of, duties_of, evidence_of
from incidents.database.extensions import pending_of
from incidents.database.incidents import Incident
from incidents.rules.lifecycle import DUTY
from incidents.rules.permissions import Permission
from incidents.rules.reasons import must_say_why
from incidents.services import alarm_schedule, due_times, timeline
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import Work, require


def of_incident(work: Work, incident_id: UUID) -> Sequence[Duty]:
    """Every duty of an incident, soonest first."""
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    return duties_of(work.session, incident_id)


def just_opened(work: Work, incident: Incident) -> Sequence[Duty]:
    """What is owed for an incident that this very actor opened, whatever else they may read."""
    require(work.actor, Permission.OPEN_INCIDENT)
    return duties_of(work.session, incident.id)


def radar(work: Work, *, status: str = "open") -> Select[Duty]:
    """A query for the duties of all incidents that the actor may know of."""
    require(work.actor, Permission.READ_INCIDENT)
    query = select(Duty).join(Incident, Incident.id == Duty.incident_id)
    if work.actor.drills_only:
        query = query.where(Incident.mode == "drill")
    return query.where(Duty.status == status) if status else query


def read(work: Work, duty_id: UUID) -> Duty:
    """One duty."""
    require(work.actor, Permission.READ_INCIDENT)
    return get_of_incident(work, Duty, duty_id, "duty")


def history(work: Work, duty_id: UUID) -> Sequence[DutyChange]:
    """Every change of a duty: moves of its due time, waivers, ends; each with who and why."""
    return changes_of(work.session, read(work, duty_id).id)


def proof(work: Work, duty_id: UUID) -> Sequence[Evidence]:
    """The evidence that stands for a duty."""
    return evidence_of(work.session, read(work, duty_id).id)


def waive(work: Work, duty_id: UUID, reason: str) -> Duty:
    """Decide, with a reason, that a duty need not be met; it stays visible for ever."""
    return _decide(work, duty_id, "waive", reason)


def reopen(work: Work, duty_id: UUID, reason: str) -> Duty:
    """Take a waiver back."""
    return _decide(work, duty_id, "reopen", reason)


def _decide(work: Work, duty_id: UUID, action: str, reason: str) -> Duty:
    require(work.actor, Permission.CHANGE_DUTY)
    must_say_why(reason)
    duty = get_of_incident(work, Duty, duty_id, "duty")
    before = duty.status
    duty.status = DUTY.after(before, action)
    duty.status_reason, duty.status_at = reason, work.now
    alarm_schedule.reschedule(work, get_incident(work, duty.incident_id), [duty])
    due_times.keep_change(work, duty, action, {"status": before}, {"status": duty.status}, reason)
    audit.record(
        work,
        f"duty.{action}",
        incident_id=duty.incident_id,
        subject_type="duty",
        subject_id=duty.id,
        private={"reason": reason},
        rule=duty.rule,
        stage=duty.stage,
        before=before,
        after=duty.status,
    )
    timeline.note(work, duty.incident_id, "duty", f"{duty.title}: {action}: {reason}")
    waiting = pending_of(work.session, duty.incident_id).get(duty.id)
    if waiting is not None and duty.status != "open":
        due_times.lapse(work, duty, waiting, f"the duty is {duty.status}")
    work.ring("incidents.review", duty.incident_id)
    return duty
