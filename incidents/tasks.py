"""What a bell asks for. A task is one call, takes an id at the most, and may run twice.

The same table serves Celery's workers and the threads of an embedded process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from celery import Celery

from incidents.services import review
from incidents.work import TOCSIN, Office

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a task has at hand.

    wake_senders  have the threads that send look now
    """

    office: Office
    wake_senders: Callable[[], None]


Task = Callable[[Desk, UUID | None], None]


def review_incident(desk: Desk, subject_id: UUID | None) -> None:
    """Look at an incident again: what is owed now, and what comes next."""
    if subject_id is not None:
        with desk.office.work(TOCSIN) as work:
            review.review(work, subject_id)


def pump_campaigns(desk: Desk, _subject_id: UUID | None) -> None:
    """Send what is ready; done at once, since the senders have threads of their own."""
    desk.wake_senders()


TASKS: dict[str, Task] = {
    "incidents.review": review_incident,
    "campaigns.pump": pump_campaigns,
}


def run(desk: Desk, name: str, subject_id: UUID | None) -> None:
    """Run one task; a failure is a log line, since a sweep will look again."""
    try:
        TASKS[name](desk, subject_id)
    except Exception:
        log.exception("a task failed", task=name, subject=str(subject_id or ""))


def give_to(app: Celery, desk: Desk) -> None:
    """Register every task with a worker's app."""
    for name in TASKS:
        app.task(_heard_by(desk, name), name=name)


def _heard_by(desk: Desk, name: str) -> Callable[[str | None], None]:
    def heard(subject_id: str | None = None) -> None:
        run(desk, name, UUID(subject_id) if subject_id else None)

    return heard
