"""When duties, tasks and ownerless incidents ring next; kept on their own rows.

Whoever changes one of them asks here, in the same transaction: what is open and due always has
a next alarm. That it is so is looked at again and again, and mended with a shout if it is not.
"""

from collections.abc import Iterable

import structlog
from sqlalchemy import func, select, update

from incidents.audit import log as audit
from incidents.database import alarm_clocks as rows
from incidents.database.duties import Duty
from incidents.database.incidents import Incident
from incidents.database.tasks import Task
from incidents.rules.alarm_times import (
    DAILY,
    HOURLY,
    OWNER_WITHIN,
    AlarmClock,
    Waiting,
    is_loud,
    rung,
    scheduled,
)
from incidents.rules.lifecycle import ENDED
from incidents.rules.permissions import Permission
from incidents.services import timeline
from incidents.services.lookup import get_incident
from incidents.services.open_alarm import Rung
from incidents.work import Work, require

log = structlog.get_logger(__name__)

_SILENT = Waiting()
_MENDED_AT_ONCE = 200


def reschedule(work: Work, incident: Incident, duties: Iterable[Duty]) -> None:
    """Give each duty its next alarm, after anything about it or its incident may have changed.

    The incident too, if nobody owns it.
    """
    schedule_owner(work, incident)
    for duty in duties:
        clock = clock_of(duty)
        if clock is None or duty.status != "open" or incident.status in ENDED:
            _wait(duty, _SILENT)
        else:
            before = Waiting(duty.alarm_heard or 0, duty.next_alarm_at)
            _wait(duty, scheduled(clock, before, work.now))


def reschedule_tasks(work: Work, incident: Incident, tasks: Iterable[Task]) -> None:
    """The same for tasks: they ring when they are due, and then once a day."""
    for task in tasks:
        clock = clock_of_task(task)
        if clock is None or not is_to_be_done(task) or incident.status in ENDED:
            _wait(task, _SILENT)
        else:
            before = Waiting(task.alarm_heard or 0, task.next_alarm_at)
            _wait(task, scheduled(clock, before, work.now))


def schedule_owner(work: Work, incident: Incident) -> None:
    """Ring for an owner after 15 minutes without one, and hourly from then on."""
    if incident.owner_id is not None or incident.status in ENDED:
        incident.owner_alarm_at = None
    elif incident.owner_alarm_at is None:
        incident.owner_alarm_at = max(work.now, incident.opened_at + OWNER_WITHIN)


def clock_of(duty: Duty) -> AlarmClock | None:
    """The clock of a duty; None while it has no due time."""
    if duty.due_at is None:
        return None
    every = HOURLY if duty.standing == "owed" and is_hard(duty) else DAILY
    return AlarmClock(duty.start_at or duty.appeared_at, duty.due_at, every)


def clock_of_task(task: Task) -> AlarmClock | None:
    """The clock of a task: nothing rings before it is due."""
    return AlarmClock(task.due_at, task.due_at, DAILY) if task.due_at else None


def owner_clock(incident: Incident) -> AlarmClock:
    """The clock of an incident that nobody owns."""
    within = incident.opened_at + OWNER_WITHIN
    return AlarmClock(within, within, HOURLY)


def is_hard(duty: Duty) -> bool:
    """Whether a law that we are sure of gives the number, and not a target of ours."""
    return not duty.is_target and duty.details.get("confidence") != "low"


def note_of(duty: Duty) -> str:
    """Why a duty rings softly, in few words; empty for a hard clock."""
    if duty.is_target:
        return "a target of ours"
    if duty.details.get("confidence") == "low":
        return "a law we are not sure of"
    return {"unknown": "not known yet whether owed", "recommended": "recommended"}.get(
        duty.standing, ""
    )


def ring_duty(work: Work, duty: Duty) -> Rung:
    """Note that a duty rings now; it waits for its next rung from here."""
    clock = clock_of(duty)
    if clock is None:
        raise ValueError(f"{duty.id} has no clock to ring for")
    was_overdue = duty.alarm_heard >= 100
    after = rung(clock, work.now)
    _wait(duty, after)
    loud = is_loud(
        duty.standing,
        is_target=duty.is_target,
        is_sure=is_hard(duty),
        share=after.heard,
        overdue=was_overdue and after.heard >= 100,
    )
    return Rung("duty", after.heard, loud)


def ring_task(work: Work, task: Task) -> Rung:
    """Note that a task rings now, softly. No edit of the task: its version stays what it was."""
    clock = clock_of_task(task)
    after = rung(clock, work.now) if clock else _SILENT
    values = {"alarm_heard": after.heard, "next_alarm_at": after.next_at}
    work.session.execute(update(Task.__table__).where(Task.id == task.id).values(**values))  # type: ignore[arg-type]
    return Rung("task", 100, is_loud=False)


def ring_owner(work: Work, incident: Incident) -> Rung:
    """Note that an incident rings now for want of an owner; no edit of it either."""
    following = owner_clock(incident).following(work.now)
    table = Incident.__table__
    these = update(table).where(table.c.id == incident.id)  # type: ignore[arg-type]
    work.session.execute(these.values(owner_alarm_at=following))
    return Rung("owner", 100, is_loud=True)


def lag(work: Work) -> float:
    """For how many seconds the alarm that waits longest should have rung; live ones only."""
    require(work.actor, Permission.WORK_UNSEEN)
    since = rows.oldest_due(work.session, work.now)
    return (work.now - since).total_seconds() if since else 0.0


def uncovered(work: Work) -> int:
    """How many duties are open and due and have no next alarm: always 0, or something is wrong."""
    require(work.actor, Permission.WORK_UNSEEN)
    counted = select(func.count()).select_from(rows.uncovered_duties().subquery())
    return work.session.scalar(counted) or 0


def mend(work: Work) -> int:
    """Give an alarm to each duty that lacks one, and shout; how many there were."""
    require(work.actor, Permission.WORK_UNSEEN)
    # A review that waits will look at its incident anyway.
    query = rows.uncovered_duties().where(~Incident.review_due).limit(_MENDED_AT_ONCE)
    found = work.session.scalars(query).all()
    for duty in found:
        incident = get_incident(work, duty.incident_id)
        reschedule(work, incident, [duty])
        log.error("a duty had no alarm", incident=incident.number, rule=duty.rule, stage=duty.stage)
        timeline.note(work, incident.id, "alarm", f"Had no alarm, and has one now: {duty.title}")
        audit.record(
            work,
            "alarm.mend",
            incident_id=incident.id,
            subject_type="duty",
            subject_id=duty.id,
            rule=duty.rule,
            stage=duty.stage,
        )
    return len(found)


def is_to_be_done(task: Task) -> bool:
    """Whether somebody has to do it now."""
    return task.status in {"open", "in_progress"}


def _wait(row: Duty | Task, waiting: Waiting) -> None:
    row.alarm_heard, row.next_alarm_at = waiting
