"""Playbooks and their tasks over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field

from incidents.api.door import IfMatch, LookWork, OpenWork, Shape, View, etag, needs, router_for
from incidents.rules.permissions import Permission
from incidents.services import playbook_runs

router = router_for("tasks")


class StartPlaybook(Shape):
    """Which playbook to start."""

    playbook: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class ChangeTask(Shape):
    """What somebody does to a task."""

    action: Literal["start", "complete", "skip", "reopen"]
    note: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")] = ""


class PlaybookView(View):
    """A playbook in the library."""

    id: str
    title: str
    version: int
    kinds: list[str]
    summary: str
    steps: int
    sha256: str


class RunView(View):
    """A playbook at work on an incident."""

    id: UUID
    incident_id: UUID
    playbook: str
    sha256: str
    started_at: datetime


class TaskView(View):
    """One task."""

    id: UUID
    incident_id: UUID
    run_id: UUID
    step: str
    title: str
    help: str
    owner_role: str
    mandatory: bool
    automatic: bool
    status: str
    why: str
    waits_for: list[str]
    due_at: datetime | None
    result: dict[str, Any]
    done_at: datetime | None
    done_by: UUID | None
    note: str
    version: int


@router.get("/playbooks", **needs(Permission.READ_INCIDENT))
def list_playbooks(work: LookWork) -> list[PlaybookView]:
    """The library."""
    return [
        PlaybookView(
            id=book.id,
            title=book.title,
            version=book.version,
            kinds=list(book.kinds),
            summary=book.summary,
            steps=len(book.steps),
            sha256=book.sha256,
        )
        for book in playbook_runs.library(work)
    ]


@router.post(
    "/incidents/{incident_id}/playbook-runs",
    status_code=201,
    **needs(Permission.START_PLAYBOOK),
)
def start_playbook(incident_id: UUID, body: StartPlaybook, work: OpenWork) -> RunView:
    """Start another playbook on an incident."""
    return RunView.model_validate(playbook_runs.start(work, incident_id, body.playbook))


@router.get("/incidents/{incident_id}/tasks", **needs(Permission.READ_INCIDENT))
def list_tasks(incident_id: UUID, work: LookWork) -> list[TaskView]:
    """The tasks of an incident, in the order of its playbooks."""
    return [TaskView.model_validate(task) for task in playbook_runs.of_incident(work, incident_id)]


@router.post("/tasks/{task_id}/changes", **needs(Permission.DO_TASK))
def change_task(
    task_id: UUID, body: ChangeTask, version: IfMatch, work: OpenWork, response: Response
) -> TaskView:
    """Start, complete, skip (with a reason) or reopen a task."""
    task = playbook_runs.change(work, task_id, body.action, version, note=body.note)
    etag(response, task.version)
    return TaskView.model_validate(task)
