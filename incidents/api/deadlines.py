"""Deadlines over HTTP: the list of what is due, and the address of one's own calendar of it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from incidents.api.door import (
    LookWork,
    OpenWork,
    Page,
    Shape,
    View,
    WantedPage,
    needs,
    router_for,
)
from incidents.rules.permissions import Permission
from incidents.services import calendar_feed, deadlines

router = router_for("deadlines")

Place = Annotated[str, Query(max_length=10, pattern=r"^[A-Z0-9-]*$", description="US finds US-CA.")]
Audience = Annotated[str, Query(max_length=40, pattern=r"^[a-z_]*$")]
Within = Annotated[float | None, Query(ge=0, le=87_600, description="Hours; overdue ones too.")]
Hard = Annotated[bool, Query(description="Only what is owed for certain by a number of the law.")]


class DeadlineView(View):
    """One thing that is due: a duty, or a task of a playbook."""

    kind: Literal["duty", "task"]
    id: UUID
    incident_id: UUID
    incident: str
    incident_title: str
    mode: Literal["live", "drill"]
    title: str
    name: str
    stage: str
    place: str
    audience: str
    who: str
    standing: str
    is_target: bool
    start_at: datetime | None
    due_at: datetime


class MakeCalendar(Shape):
    """What the calendar should hold besides the duties of live incidents."""

    drills: bool = False


class CalendarView(View):
    """A calendar of deadlines; its address was shown once, when it was made."""

    drills: bool
    created_at: datetime


class NewCalendarView(CalendarView):
    """A calendar with its secret address: give it to a calendar program, and to nobody else."""

    url: str


@router.get("/deadlines", **needs(Permission.READ_INCIDENT))
def list_deadlines(
    work: LookWork,
    page: WantedPage,
    incident: UUID | None = None,
    place: Place = "",
    audience: Audience = "",
    mode: Literal["", "live", "drill"] = "",
    within_hours: Within = None,
    hard_only: Hard = False,
) -> Page[DeadlineView]:
    """What is due of all incidents, soonest first: open duties, and tasks with a due time."""
    wanted = deadlines.Wanted(incident, place, audience, mode, within_hours, hard_only)
    rows, total = deadlines.listed(work, wanted, limit=page.limit, offset=page.offset)
    items = [DeadlineView.model_validate(row) for row in rows]
    return Page(items=items, total=total, next=page.next(total))


@router.post("/me/calendar-feed", status_code=201, **needs(Permission.READ_INCIDENT))
def make_calendar(work: OpenWork, body: MakeCalendar) -> NewCalendarView:
    """A secret address of one's own for a calendar program; the one before it ends."""
    feed, secret = calendar_feed.make(work, drills=body.drills)
    url = f"{work.settings.public_url.rstrip('/')}/calendar/{secret}.ics"
    return NewCalendarView(drills=feed.drills, created_at=feed.created_at, url=url)


@router.get("/me/calendar-feed", **needs(Permission.READ_SELF))
def read_calendar(work: LookWork) -> CalendarView:
    """Whether one has a calendar, and since when; never its address."""
    return CalendarView.model_validate(calendar_feed.read(work))


@router.delete("/me/calendar-feed", status_code=204, **needs(Permission.READ_SELF))
def revoke_calendar(work: OpenWork) -> None:
    """End the address of one's calendar at once."""
    calendar_feed.revoke(work)
