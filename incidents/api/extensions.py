"""Lengthened clocks over HTTP: what waits for a second person, and what they answer."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from incidents.api.door import LookWork, OpenWork, Page, Shape, View, WantedPage, needs, router_for
from incidents.api.shapes import Reason
from incidents.database.duties import Duty
from incidents.database.extensions import Extension
from incidents.rules.permissions import Permission
from incidents.services import extensions

router = router_for("duties")


class ExtensionView(View):
    """A due time that would move later, or did: who asked and why, who answered and why.

    asked_by      all zeros: nobody answered for it yet, so two persons are needed
    after_due_at  null: the clock would stop
    """

    id: UUID
    incident_id: UUID
    duty_id: UUID
    status: str
    asked_at: datetime
    asked_by: UUID
    reason: str
    facts: list[str]
    fact_id: UUID | None
    before_due_at: datetime
    after_due_at: datetime | None
    decided_at: datetime | None
    decided_by: UUID | None
    decision: str


class ExtensionOfDuty(ExtensionView):
    """An extension, and the duty that it is of."""

    rule: str
    title: str
    place: str


class Answer(Shape):
    """What a second person says; a refusal says why."""

    reason: Reason = ""


class AskForIt(Shape):
    """Why a clock may move later."""

    reason: Reason


@router.get("/extensions", **needs(Permission.READ_INCIDENT))
def list_extensions(
    work: LookWork,
    page: WantedPage,
    status: Literal["", "pending", "confirmed", "refused", "moot"] = "pending",
) -> Page[ExtensionOfDuty]:
    """Due times that would move later, of all incidents: those that wait, the oldest first."""
    query = extensions.find(work, status=status)
    rows, total, following = page.rows(work.session, query, Extension.id)
    duties = extensions.duties_behind(work, rows)
    items = [_of_duty(row, duties[row.duty_id]) for row in rows]
    return Page(items=items, total=total, next=following)


def _of_duty(extension: Extension, duty: Duty) -> ExtensionOfDuty:
    view = ExtensionView.model_validate(extension)
    about = {"rule": duty.rule, "title": duty.title, "place": duty.place}
    return ExtensionOfDuty(**view.model_dump(), **about)


@router.post("/duties/{duty_id}/extensions", status_code=201, **needs(Permission.CHANGE_DUTY))
def ask_for_extension(duty_id: UUID, body: AskForIt, work: OpenWork) -> ExtensionView:
    """Ask by hand for the later time that the law answers, where it was refused or never asked."""
    return ExtensionView.model_validate(extensions.ask(work, duty_id, body.reason))


@router.post("/duties/{duty_id}/extensions/{extension_id}/confirm", **needs(Permission.CHANGE_DUTY))
def confirm_extension(
    duty_id: UUID, extension_id: UUID, body: Answer, work: OpenWork
) -> ExtensionView:
    """Agree, as a second person, that a clock moves later. Whoever asked may not."""
    return ExtensionView.model_validate(
        extensions.confirm(work, duty_id, extension_id, body.reason)
    )


@router.post("/duties/{duty_id}/extensions/{extension_id}/refuse", **needs(Permission.CHANGE_DUTY))
def refuse_extension(
    duty_id: UUID, extension_id: UUID, body: Answer, work: OpenWork
) -> ExtensionView:
    """Let the earlier time stand, and say why."""
    return ExtensionView.model_validate(extensions.refuse(work, duty_id, extension_id, body.reason))
