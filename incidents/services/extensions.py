"""Lengthened clocks before a second person: what waits, agreed to or refused, with the reason."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select

from incidents.database import extensions as rows
from incidents.database.duties import Duty
from incidents.database.extensions import Extension
from incidents.errors import Conflict, NotFound, NotPermitted
from incidents.rules.lifecycle import EXTENSION
from incidents.rules.permissions import Permission
from incidents.rules.reasons import must_say_why
from incidents.services import alarm_schedule, due_times
from incidents.services.due_times import Change, tell_extension
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import TOCSIN, Work, require


def find(work: Work, *, status: str = "pending") -> Select[Extension]:
    """A query for the extensions of all incidents that the actor may know of."""
    require(work.actor, Permission.READ_INCIDENT)
    return rows.extensions(status=status, drills_only=work.actor.drills_only)


def duties_behind(work: Work, found: Collection[Extension]) -> dict[UUID, Duty]:
    """The duties that these extensions are of, by id."""
    require(work.actor, Permission.READ_INCIDENT)
    return rows.duties_by_id(work.session, {one.duty_id for one in found})


def of_duties(work: Work, duty_ids: Collection[UUID]) -> dict[UUID, list[Extension]]:
    """Everything that was ever asked for these duties, oldest first."""
    require(work.actor, Permission.READ_INCIDENT)
    return rows.extensions_of(work.session, duty_ids)


def ask(work: Work, duty_id: UUID, reason: str) -> Extension:
    """Ask by hand for the later time that the law answers, where it was refused or never asked."""
    require(work.actor, Permission.CHANGE_DUTY)
    must_say_why(reason)
    duty = get_of_incident(work, Duty, duty_id, "duty")
    later, standing = duty.law_due_at, duty.standing_due_at
    if duty.status != "open" or later is None or standing is None or later <= standing:
        raise Conflict("by what is known, the law gives this duty no later time than it has")
    if duty.id in rows.pending_of(work.session, duty.incident_id):
        raise Conflict("this is asked for already, and waits for a second person")
    trigger = str(duty.details.get("trigger") or "")
    return due_times.ask(work, duty, later, Change(work.actor.id, reason, {}), trigger)


def confirm(work: Work, duty_id: UUID, extension_id: UUID, reason: str = "") -> Extension:
    """Agree, as a second person, that a clock moves later; then it does.

    Where nobody had answered for it yet, whoever agrees first does, with a reason; and it waits
    for another.
    """
    require(work.actor, Permission.CHANGE_DUTY)
    duty, extension = _decided_upon(work, duty_id, extension_id)
    after = EXTENSION.after(extension.status, "confirm")
    if extension.asked_by == TOCSIN.id:
        return _adopt(work, duty, extension, reason)
    extension.status = after
    _decide(work, extension, reason)
    tell_extension(work, "confirm", duty, extension, reason)
    due_times.move(work, duty, extension.after_due_at, "extend", extension.reason)
    _start_with(duty)
    _look_again(work, duty)
    return extension


def refuse(work: Work, duty_id: UUID, extension_id: UUID, reason: str) -> Extension:
    """Let the earlier time stand, and say why."""
    require(work.actor, Permission.CHANGE_DUTY)
    must_say_why(reason)
    duty, extension = _decided_upon(work, duty_id, extension_id)
    extension.status = EXTENSION.after(extension.status, "refuse")
    _decide(work, extension, reason)
    tell_extension(work, "refuse", duty, extension, reason)
    return extension


def _decided_upon(work: Work, duty_id: UUID, extension_id: UUID) -> tuple[Duty, Extension]:
    extension = get_of_incident(work, Extension, extension_id, "extension")
    if extension.duty_id != duty_id:
        raise NotFound("there is no such extension of this duty")
    if work.actor == TOCSIN:
        raise NotPermitted("a clock moves later only where two persons agree")
    if extension.asked_by == work.actor.id:
        raise NotPermitted("you asked for it yourself; a second person must answer")
    return work.session.get_one(Duty, duty_id), extension


def _adopt(work: Work, duty: Duty, extension: Extension, reason: str) -> Extension:
    must_say_why(reason)
    extension.asked_by, extension.reason = work.actor.id, reason
    tell_extension(work, "adopt", duty, extension, reason)
    return extension


def _decide(work: Work, extension: Extension, reason: str) -> None:
    extension.decided_at, extension.decided_by = work.now, work.actor.id
    extension.decision = reason


def _start_with(duty: Duty) -> None:
    """From here on the clock counts from where the law counts it."""
    started = duty.details.get("start_at")
    duty.start_at = datetime.fromisoformat(started) if started else None
    duty.counts_from = None


def _look_again(work: Work, duty: Duty) -> None:
    incident = get_incident(work, duty.incident_id)
    incident.review_due = True
    alarm_schedule.reschedule(work, incident, [duty])
    work.ring("incidents.review", incident.id)
    work.session.flush()
