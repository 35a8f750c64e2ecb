"""Playbooks at work: the plan fixed at the start, tasks moved as facts arrive, steps acted on.

Every step is kept before it acts, and may act twice safely: what an action makes is found
again, not made anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database.base import uuid7
from incidents.database.incidents import Incident
from incidents.database.tasks import PlaybookRun, Task, runs_of, tasks_of
from incidents.errors import Conflict, InvalidInput, NotFound, Problem
from incidents.rules.lifecycle import ENDED, TASK
from incidents.rules.permissions import Permission
from incidents.services import alarm_schedule, automation, facts, timeline
from incidents.services.edits import check_version
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import Work, require
from playbooks.engine import Action, Snapshot, StepState, next_actions, plan
from playbooks.loader import load
from playbooks.playbook import AskFact, Playbook, Step, for_kind

# An action that makes another step ready is followed at once; this bounds the chain.
_MOST_ROUNDS = 50


def start_fitting(work: Work, incident: Incident, known: Mapping[str, Any]) -> PlaybookRun | None:
    """Start the playbook that fits the kind of a new incident, if there is one."""
    playbook = for_kind(load(), incident.kind)
    return _start(work, incident, playbook, known) if playbook else None


def start(work: Work, incident_id: UUID, playbook_id: str) -> PlaybookRun:
    """Start another playbook on an incident."""
    require(work.actor, Permission.START_PLAYBOOK)
    incident = get_incident(work, incident_id)
    playbook = load().get(playbook_id)
    if playbook is None:
        raise NotFound(f"there is no playbook {playbook_id!r}; there are {', '.join(load())}")
    if incident.status in ENDED:
        raise Conflict(f"{incident.number} is {incident.status}: reopen it first")
    if any(run.playbook == playbook_id for run in runs_of(work.session, incident_id)):
        raise Conflict(f"{playbook_id} runs on {incident.number} already")
    return _start(work, incident, playbook, facts.known(work, incident_id))


def _start(
    work: Work, incident: Incident, playbook: Playbook, known: Mapping[str, Any]
) -> PlaybookRun:
    snapshot = plan(playbook, known, {"started_at": work.now})
    run = PlaybookRun(
        id=uuid7(),
        incident_id=incident.id,
        playbook=playbook.id,
        sha256=snapshot.sha256,
        snapshot=snapshot.model_dump(mode="json", by_alias=True),
        started_at=work.now,
        started_by=work.actor.id,
    )
    tasks = [_task(run, position, step) for position, step in enumerate(snapshot.playbook.steps)]
    work.session.add(run)
    work.session.flush()
    work.session.add_all(tasks)
    audit.record(
        work,
        "playbook.start",
        incident_id=incident.id,
        subject_type="playbook_run",
        subject_id=run.id,
        playbook=playbook.id,
        content=snapshot.sha256,
        steps=len(tasks),
    )
    timeline.note(work, incident.id, "playbook", f"Playbook started: {playbook.title}")
    _advance(work, incident, snapshot, tasks, known)
    return run


def _task(run: PlaybookRun, position: int, step: Step) -> Task:
    return Task(
        id=uuid7(),
        incident_id=run.incident_id,
        run_id=run.id,
        step=step.id,
        position=position,
        title=step.title,
        help=step.help or (step.do.question if isinstance(step.do, AskFact) else ""),
        owner_role=step.owner.value,
        mandatory=step.mandatory,
        automatic=step.automatic,
        status=TASK.start,
        waits_for=[],
        result={},
    )


def advance(work: Work, incident: Incident, known: Mapping[str, Any]) -> None:
    """Move every task to where the facts put it, and carry out the automatic ones that are ready.

    Twice with the same facts changes nothing.
    """
    for run in runs_of(work.session, incident.id):
        tasks = tasks_of(work.session, incident.id, run.id)
        _advance(work, incident, Snapshot.model_validate(run.snapshot), tasks, known)


def _advance(
    work: Work,
    incident: Incident,
    snapshot: Snapshot,
    tasks: Sequence[Task],
    known: Mapping[str, Any],
) -> None:
    by_step = {task.step: task for task in tasks}
    done_before = {task.step for task in tasks if task.status == "done"}
    for _ in range(_MOST_ROUNDS):
        states = {step: task.status for step, task in by_step.items()}
        actions = next_actions(snapshot, states, known, work.now)
        moved = [_follow(work, by_step[one.step.id], one, known) for one in actions]
        acted = [_act(work, incident, by_step[one.step.id], one) for one in actions]
        if not any(moved) and not any(acted):
            break
    for step in snapshot.playbook.steps:
        if step.id in done_before and step.do.action == "open_report":
            _follow_up(work, incident, step, by_step[step.id])
    alarm_schedule.reschedule_tasks(work, incident, tasks)
    work.session.flush()


def _follow_up(work: Work, incident: Incident, step: Step, task: Task) -> None:
    """A duty that became owed after the reports were opened gets its report too."""
    result = automation.carry_out(work, incident, step.do) or {}
    reports = {*task.result.get("reports", []), *result.get("reports", [])}
    task.result = {"reports": sorted(reports)}


def _follow(work: Work, task: Task, action: Action, known: Mapping[str, Any]) -> bool:
    task.why = action.why[:1000]
    task.due_at = action.due_at
    task.waits_for = [*action.missing, *action.waits_for, *_asked(action, known)]
    if action.move is None:
        return False
    before, task.status = task.status, TASK.after(task.status, action.move)
    if task.status == "done":
        _finish(work, task, before, result={"answered_by": "facts"})
    return task.status != before


def _asked(action: Action, known: Mapping[str, Any]) -> list[str]:
    """The facts that an open question still waits for."""
    do = action.step.do
    if not isinstance(do, AskFact) or action.state != StepState.OPEN:
        return []
    return [name for name in do.facts if name not in known]


def _act(work: Work, incident: Incident, task: Task, action: Action) -> bool:
    if task.status != "open" or not task.automatic:
        return False
    result = automation.carry_out(work, incident, action.step.do)
    if result is None:
        return False
    before, task.status = task.status, TASK.after(task.status, "complete")
    _finish(work, task, before, result=result)
    return True


def _finish(work: Work, task: Task, before: str, *, result: Mapping[str, Any]) -> None:
    task.result = dict(result)
    task.done_at, task.done_by = work.now, work.actor.id
    audit.record(
        work,
        "task.complete",
        incident_id=task.incident_id,
        subject_type="task",
        subject_id=task.id,
        step=task.step,
        run_id=task.run_id,
        automatic=task.automatic,
        before=before,
    )
    timeline.note(work, task.incident_id, "task", f"Done: {task.title}")


def library(work: Work) -> list[Playbook]:
    """Every playbook there is, by its id."""
    require(work.actor, Permission.READ_INCIDENT)
    return list(load().values())


def of_incident(work: Work, incident_id: UUID) -> Sequence[Task]:
    """The tasks of an incident in the order of its playbooks."""
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    return tasks_of(work.session, incident_id)


def blocking_tasks(work: Work, incident_id: UUID) -> list[Task]:
    """The mandatory tasks that are not through: they keep the incident open."""
    passed = {"done", "skipped", "not_applicable"}
    return [
        task
        for task in tasks_of(work.session, incident_id)
        if task.mandatory and task.status not in passed
    ]


def change(work: Work, task_id: UUID, action: str, version: int, *, note: str = "") -> Task:
    """A person starts, completes, skips or reopens a task; skipping needs a reason."""
    require(work.actor, Permission.DO_TASK)
    task = get_of_incident(work, Task, task_id, "task")
    check_version(task.version, version)
    if action == "skip" and not note.strip():
        raise InvalidInput(
            "say why it is skipped", Problem("note", "is empty", "say in a sentence why")
        )
    before, task.status = task.status, TASK.after(task.status, action)
    task.note = note or task.note
    is_over = task.status in {"done", "skipped"}
    task.done_at, task.done_by = (work.now, work.actor.id) if is_over else (None, None)
    audit.record(
        work,
        f"task.{action}",
        incident_id=task.incident_id,
        subject_type="task",
        subject_id=task.id,
        private={"note": note} if note else None,
        step=task.step,
        run_id=task.run_id,
        automatic=False,
        before=before,
    )
    timeline.note(work, task.incident_id, "task", f"{action.capitalize()}: {task.title}")
    work.session.flush()
    incident = _change_reviewed(work, task)
    advance(work, incident, facts.known(work, incident.id))
    return task


def _change_reviewed(work: Work, task: Task) -> Incident:
    incident = get_incident(work, task.incident_id)
    incident.review_due = True
    work.ring("incidents.review", incident.id)
    return incident
